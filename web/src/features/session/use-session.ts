import { useCallback, useEffect, useState } from "react";
import { call } from "../../api/call";
import { failureOf, isSignedOut } from "../../api/errors";
import { queryClient } from "../../api/queries";
import { ApiKeyService } from "../../gen/satcap/v1/api_key_service_pb";
import { exchangeCode, readSession, readUi, setBearer, signOut, takeCode, type Ui } from "./session";

export type SessionState =
  | { kind: "starting" }
  | { kind: "out"; ui: Ui; problem?: "badCode" | "refused" | "expired" | "away" }
  | { kind: "in"; ui: Ui; subject: string };

export function useSession() {
  const [state, setState] = useState<SessionState>({ kind: "starting" });

  useEffect(() => {
    void start().then(setState);
  }, []);

  const ui = state.kind === "starting" ? undefined : state.ui;

  const useToken = useCallback(
    async (token: string) => {
      if (!ui) return;
      setBearer(token);
      const problem = await probe();
      if (problem) setBearer("");
      setState(problem ? { kind: "out", ui, problem } : { kind: "in", ui, subject: "" });
    },
    [ui],
  );

  // The page around this one hands in a token, if the server knows its origin.
  useEffect(() => {
    if (!ui || window.parent === window) return;
    const listen = (event: MessageEvent) => {
      if (!ui.embedOrigins.includes(event.origin) || event.source !== window.parent) return;
      const data = event.data as { type?: unknown; token?: unknown } | null;
      if (data?.type === "satcap.token" && typeof data.token === "string") void useToken(data.token);
    };
    addEventListener("message", listen);
    for (const origin of ui.embedOrigins) window.parent.postMessage({ type: "satcap.ready" }, origin);
    return () => removeEventListener("message", listen);
  }, [ui, useToken]);

  // A call that is refused as a whole ends the session, and what was read goes with it.
  useEffect(() => {
    if (state.kind !== "in") return;
    const ended = (error: unknown) => {
      if (!isSignedOut(error)) return;
      leave({ kind: "out", ui: state.ui, problem: "expired" });
    };
    const stopQueries = queryClient.getQueryCache().subscribe((e) => e.type === "updated" && ended(e.query.state.error));
    const stopMutations = queryClient.getMutationCache().subscribe((e) => ended(e.mutation?.state.error));
    return () => {
      stopQueries();
      stopMutations();
    };
  }, [state]);

  function leave(next: SessionState): void {
    setBearer("");
    setState(next);
    setTimeout(() => queryClient.clear());
  }

  async function leaveForGood(): Promise<void> {
    await signOut();
    if (ui) leave({ kind: "out", ui });
  }

  return { state, useToken, signOut: leaveForGood, retry: () => void start().then(setState) };
}

async function start(): Promise<SessionState> {
  const code = takeCode();
  const ui = await readUi();
  const exchanged = code ? await exchangeCode(code).catch(() => false) : undefined;
  const session = await readSession();
  if (session) return { kind: "in", ui, subject: session.subject };
  return { kind: "out", ui, problem: exchanged === false ? "badCode" : undefined };
}

/** Asks for the smallest thing there is, to learn whether a token is taken. */
async function probe(): Promise<"refused" | "away" | undefined> {
  try {
    await call(ApiKeyService.method.listApiKeys, { pageSize: 1 });
    return undefined;
  } catch (error) {
    return failureOf(error).offline ? "away" : "refused";
  }
}
