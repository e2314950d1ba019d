// Has what stands around a key (its chart, history and changes) read again when
// the key has changed, however that became known.
import { useQueryClient } from "@tanstack/react-query";
import { useEffect, useRef } from "react";
import { invalidateAround } from "../../api/queries";

// A busy key changes four times a second; its history is read this often.
const everyMs = 2_000;

export function useAround(apiKeyId: string, revision: bigint | undefined): void {
  const queries = useQueryClient();
  const seen = useRef(revision);
  const last = useRef(0);
  const due = useRef<ReturnType<typeof setTimeout>>(undefined);

  useEffect(() => {
    const first = seen.current === undefined;
    const changed = seen.current !== revision;
    seen.current = revision;
    if (first || !changed || due.current !== undefined) return;
    const run = () => {
      due.current = undefined;
      last.current = Date.now();
      invalidateAround(queries, apiKeyId);
    };
    due.current = setTimeout(run, Math.max(0, last.current + everyMs - Date.now()));
  }, [apiKeyId, revision, queries]);

  useEffect(() => () => clearTimeout(due.current), []);
}
