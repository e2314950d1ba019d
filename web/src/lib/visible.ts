// Whether somebody may be looking: what is live stops while the page is hidden.
import { useEffect, useState, useSyncExternalStore } from "react";

const subscribe = (changed: () => void) => {
  document.addEventListener("visibilitychange", changed);
  return () => document.removeEventListener("visibilitychange", changed);
};

export const useVisible = (): boolean => useSyncExternalStore(subscribe, () => document.visibilityState !== "hidden");

// useNow is a clock that ticks, for words such as "in 3 min".
export function useNow(everyMs = 10_000): Date {
  const visible = useVisible();
  const [now, setNow] = useState(() => new Date());
  useEffect(() => {
    if (!visible) return;
    setNow(new Date());
    const timer = setInterval(() => setNow(new Date()), everyMs);
    return () => clearInterval(timer);
  }, [everyMs, visible]);
  return now;
}
