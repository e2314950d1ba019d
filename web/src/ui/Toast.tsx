// Short notices of what worked. What failed stays where it failed.
import { useSyncExternalStore } from "react";

interface Notice {
  id: number;
  text: string;
}

const showMs = 5_000;
let notices: Notice[] = [];
let next = 1;
const listeners = new Set<() => void>();

function set(change: Notice[]): void {
  notices = change;
  for (const listener of listeners) listener();
}

export function toast(text: string): void {
  const id = next++;
  set([...notices.slice(-2), { id, text }]);
  setTimeout(() => set(notices.filter((n) => n.id !== id)), showMs);
}

const subscribe = (listener: () => void) => {
  listeners.add(listener);
  return () => listeners.delete(listener);
};

// Toasts is there from the start: a screen reader only speaks what changes
// within a region that it knows.
export function Toasts() {
  const shown = useSyncExternalStore(subscribe, () => notices);
  return (
    <div className="toasts" role="status">
      {shown.map((n) => (
        <p key={n.id}>{n.text}</p>
      ))}
    </div>
  );
}
