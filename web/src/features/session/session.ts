// Who is signed in. A bearer token stays in this variable and nowhere else.
import { API_URL } from "../../api/url";

export type SignIn = "development" | "oidc" | "token";
export type Ui = { signIn: SignIn; embedOrigins: string[] };
export type Session = { subject: string; authentication: string };

let token = "";

export function bearer(): string {
  return token;
}

export function setBearer(value: string): void {
  token = value.trim();
}

const url = (path: string) => `${API_URL}/${path}`;

async function ask(path: string, init?: RequestInit): Promise<Response> {
  return fetch(url(path), { ...init, credentials: "same-origin", cache: "no-store" });
}

/** How this server lets people in. A server without sessions takes tokens. */
export async function readUi(): Promise<Ui> {
  const fallback: Ui = { signIn: "token", embedOrigins: [] };
  try {
    const response = await ask("ui.json");
    if (!response.ok || !isJson(response)) return fallback;
    const ui = (await response.json()) as Partial<Ui>;
    return { signIn: ui.signIn ?? "token", embedOrigins: ui.embedOrigins ?? [] };
  } catch {
    return fallback;
  }
}

export async function readSession(): Promise<Session | undefined> {
  try {
    const response = await ask("session");
    return response.ok && isJson(response) ? ((await response.json()) as Session) : undefined;
  } catch {
    return undefined;
  }
}

/** Takes a one-time code out of the fragment, so that it is in no history and no reload. */
export function takeCode(): string {
  const code = new URLSearchParams(location.hash.replace(/^#\/?/, "")).get("code") ?? "";
  if (code) history.replaceState(null, "", `${location.pathname}${location.search}#/keys`);
  return code;
}

export async function exchangeCode(code: string): Promise<boolean> {
  const response = await ask("session", {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ code }),
  });
  return response.ok;
}

export async function signOut(): Promise<void> {
  const hadToken = token !== "";
  token = "";
  if (!hadToken) await ask("session", { method: "DELETE" }).catch(() => undefined);
}

export function loginUrl(): string {
  return url("session/login");
}

function isJson(response: Response): boolean {
  return response.headers.get("content-type")?.startsWith("application/json") ?? false;
}
