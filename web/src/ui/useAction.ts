// Runs what a button does, once at a time, and keeps why it failed. Not the
// query library's mutations: those would keep answers, and an answer may be a secret.
import { useEffect, useRef, useState } from "react";
import { isSignedOut } from "../api/errors";
import { useHold } from "../lib/hold";
import { session } from "../features/session/session";

export interface Action {
  busy: boolean;
  error: unknown;
  run: (work: () => Promise<void>) => Promise<void>;
  clear: () => void;
}

export function useAction(): Action {
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>();
  // The answer must find this component still there.
  useHold(busy);
  const running = useRef(false);
  const mounted = useRef(true);
  useEffect(() => {
    mounted.current = true;
    return () => void (mounted.current = false);
  }, []);

  const run = async (work: () => Promise<void>) => {
    // A ref, as a second click comes before the next render.
    if (running.current) return;
    running.current = true;
    setBusy(true);
    setError(undefined);
    try {
      await work();
    } catch (thrown) {
      if (isSignedOut(thrown)) session.ended();
      else if (mounted.current) setError(thrown);
    } finally {
      running.current = false;
      if (mounted.current) setBusy(false);
    }
  };
  return { busy, error, run, clear: () => setError(undefined) };
}
