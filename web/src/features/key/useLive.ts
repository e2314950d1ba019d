// Keeps the key in view up to date: by the stream if this tab has it, by polling if not.
import { useQueryClient } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { live, type LiveMode } from "../../api/live";
import { storeUsage } from "../../api/queries";
import { usageClient } from "../../api/transport";
import { useVisible } from "../../lib/visible";
import { session } from "../session/session";

export interface Live {
  mode: LiveMode;
  pollMs: number;
  // When the stream last spoke.
  heardAt?: number;
}

const pollMs = 3_000;
// What the stream leaves out, such as the last use, may change without a payment.
const besideStreamMs = 60_000;

export function useLive(apiKeyId: string): Live {
  const queries = useQueryClient();
  const visible = useVisible();
  const [mode, setMode] = useState<LiveMode>("connecting");
  const [heardAt, setHeardAt] = useState<number>();

  useEffect(() => {
    if (!visible) return;
    const stop = new AbortController();
    void live({
      client: usageClient,
      apiKeyId,
      signal: stop.signal,
      locks: navigator.locks,
      onMode: setMode,
      onUsage: (message) => {
        setHeardAt(Date.now());
        storeUsage(queries, apiKeyId, message);
      },
      onSignedOut: session.ended,
    });
    return () => stop.abort();
  }, [apiKeyId, visible, queries]);

  return { mode, pollMs: mode === "stream" ? besideStreamMs : pollMs, heardAt };
}
