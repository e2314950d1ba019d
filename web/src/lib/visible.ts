// Whether somebody may be looking: what is live stops while the page is hidden.
import { useSyncExternalStore } from "react";

const subscribe = (changed: () => void) => {
  document.addEventListener("visibilitychange", changed);
  return () => document.removeEventListener("visibilitychange", changed);
};

export const useVisible = (): boolean => useSyncExternalStore(subscribe, () => document.visibilityState !== "hidden");

// One clock for each pace, however many words on the page depend on it: a list of
// a thousand keys has a thousand of them.
interface Clock {
  ticks: number;
  listeners: Set<() => void>;
  subscribe: (listener: () => void) => () => void;
}

const clocks = new Map<number, Clock>();

function clockOf(everyMs: number): Clock {
  const found = clocks.get(everyMs);
  if (found) return found;
  let timer: ReturnType<typeof setInterval> | undefined;
  const tick = () => {
    if (document.visibilityState === "hidden") return;
    clock.ticks++;
    for (const listener of clock.listeners) listener();
  };
  const clock: Clock = {
    ticks: 0,
    listeners: new Set(),
    subscribe: (listener) => {
      if (clock.listeners.size === 0) {
        timer = setInterval(tick, everyMs);
        document.addEventListener("visibilitychange", tick);
      }
      clock.listeners.add(listener);
      return () => {
        clock.listeners.delete(listener);
        if (clock.listeners.size > 0) return;
        clearInterval(timer);
        document.removeEventListener("visibilitychange", tick);
      };
    },
  };
  clocks.set(everyMs, clock);
  return clock;
}

// useNow is a clock that ticks, for words such as "in 3 min".
export function useNow(everyMs = 10_000): Date {
  const clock = clockOf(everyMs);
  useSyncExternalStore(clock.subscribe, () => clock.ticks);
  // And not the time of the tick: what happened since would lie in the future.
  return new Date();
}
