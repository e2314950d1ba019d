// Holds the page where it is: while a secret is shown that nobody has stored, or
// an answer is on its way that may carry one, neither a link nor the back
// button nor an ended session may take it away.
import { useEffect } from "react";

let holds = 0;
const waiting = new Set<() => void>();

export const isHeld = (): boolean => holds > 0;

// whenFree runs work now, or when nothing holds the page any more.
export function whenFree(work: () => void): void {
  if (holds === 0) work();
  else waiting.add(work);
}

export function hold(): () => void {
  holds++;
  let over = false;
  return () => {
    if (over) return;
    over = true;
    if (--holds > 0) return;
    const due = [...waiting];
    waiting.clear();
    for (const work of due) work();
  };
}

export function useHold(active: boolean): void {
  useEffect(() => {
    if (!active) return undefined;
    const release = hold();
    // One hold may follow another in the same step: no gap between them.
    return () => queueMicrotask(release);
  }, [active]);
}
