// Who is signed in, and how that came to be.
import { useSyncExternalStore } from "react";
import { isSignedOut } from "../../api/errors";
import { hasBearer, keyClient, sameOrigin, server, setBearer } from "../../api/transport";
import { whenFree } from "../../lib/hold";
import { takeCode } from "./code";
import { readSettings, type Settings } from "./settings";

export interface SessionState {
  status: "checking" | "out" | "in";
  settings: Settings;
  subject?: string;
  // Why there is a sign-in to see: the link was refused, the session is over.
  notice?: "codeRefused" | "unavailable" | "ended";
  embedded: boolean;
}

let state: SessionState = {
  status: "checking",
  settings: { signIn: "token", embedOrigins: [] },
  embedded: false,
};
const listeners = new Set<() => void>();

function set(change: Partial<SessionState>): void {
  state = { ...state, ...change };
  for (const listener of listeners) listener();
}

const subscribe = (listener: () => void) => {
  listeners.add(listener);
  return () => listeners.delete(listener);
};

export const useSession = (): SessionState => useSyncExternalStore(subscribe, () => state);

// silent says that an answer decides nothing: there is none, or the server cannot
// tell who is signed in now.
const silent = (answer: Response | undefined): boolean => !answer || answer.status >= 500 || answer.status === 429;

async function call(method: string, body?: unknown): Promise<Response | undefined> {
  try {
    return await fetch(`${server}/session`, {
      method,
      credentials: "same-origin",
      headers: body === undefined ? {} : { "Content-Type": "application/json" },
      body: body === undefined ? undefined : JSON.stringify(body),
      signal: AbortSignal.timeout(15_000),
    });
  } catch {
    return undefined;
  }
}

// The code of the link, until the server has judged it.
let code: string | undefined;

// start finds out who is signed in, again if the server did not say so before.
// look reads the page again if another person signed in, in another tab: the cookie
// is everybody's, and what is on the page is not.
async function look(): Promise<void> {
  if (document.visibilityState === "hidden" || state.status !== "in" || !state.subject) return;
  const answer = await call("GET");
  if (!answer?.ok || hasBearer()) return;
  const { subject } = (await answer.json().catch(() => state)) as { subject?: string };
  if (subject !== state.subject) whenFree(() => location.reload());
}

async function start(): Promise<void> {
  const taken = takeCode(location.hash);
  code = taken.code ?? code;
  if (taken.rest !== location.hash) history.replaceState(null, "", taken.rest);
  // The cookie is for the server's own pages; others bring a token.
  const settings = sameOrigin ? await readSettings(server) : state.settings;
  const embedded = window.parent !== window && settings.embedOrigins.length > 0;
  const listens = state.embedded;
  set({ settings, embedded });
  if (embedded && !listens) listenToParent(settings.embedOrigins);
  if (!sameOrigin) return set({ status: "out" });

  let notice: SessionState["notice"];
  if (code !== undefined) {
    const answer = await call("POST", { code });
    if (!answer?.ok) notice = silent(answer) ? "unavailable" : "codeRefused";
    if (notice !== "unavailable") code = undefined;
  }
  const answer = await call("GET");
  if (hasBearer()) return; // the embedding page was quicker
  if (!answer?.ok) return set({ status: "out", notice: silent(answer) ? "unavailable" : notice });
  const { subject } = (await answer.json().catch(() => ({}))) as { subject?: string };
  set({ status: "in", subject, notice: undefined });
}

// listenToParent takes a token from the page that this one is embedded in, if
// the server lists its origin.
function listenToParent(origins: string[]): void {
  addEventListener("message", (event: MessageEvent<unknown>) => {
    if (event.source !== window.parent || !origins.includes(event.origin)) return;
    const data = event.data as { type?: unknown; token?: unknown } | null;
    if (data?.type !== "satcap.token" || typeof data.token !== "string" || data.token === "") return;
    setBearer(data.token);
    set({ status: "in", subject: undefined, notice: undefined });
  });
  askParent(origins);
}

// askParent tells the page around this one that a token is wanted. Only a listed
// origin is told; the others never learn that this is satcap.
function askParent(origins: string[]): void {
  for (const origin of origins) window.parent.postMessage({ type: "satcap.ready" }, origin);
}

// signInWithToken signs in with a token that was typed. It answers whether it counts.
async function signInWithToken(token: string): Promise<"in" | "refused"> {
  // A header could not carry it, which would look like a server that is gone.
  if (!/^[!-~]+$/.test(token)) return "refused";
  setBearer(token);
  try {
    await keyClient.listApiKeys({ pageSize: 1 });
  } catch (error) {
    setBearer(undefined);
    if (isSignedOut(error)) return "refused";
    throw error;
  }
  set({ status: "in", subject: undefined, notice: undefined });
  return "in";
}

// ended is for a server that no longer knows the caller.
function ended(): void {
  whenFree(end);
}

function end(): void {
  if (state.status !== "in") return;
  setBearer(undefined);
  set({ status: "out", subject: undefined, notice: "ended" });
  // A page around this one may have a newer token.
  if (state.embedded) askParent(state.settings.embedOrigins);
}

async function signOut(): Promise<boolean> {
  const byToken = hasBearer();
  setBearer(undefined);
  const answer = byToken || !sameOrigin ? undefined : await call("DELETE");
  set({ status: "out", subject: undefined, notice: undefined });
  return byToken || answer?.ok === true;
}

document.addEventListener("visibilitychange", () => void look());

export const session = { start, ended, signOut, signInWithToken };
