// The unit that amounts are shown in, for this browser.
import { useSyncExternalStore } from "react";
import type { Unit } from "../lib/sats";

const name = "satcap.unit";
const listeners = new Set<() => void>();

function read(): Unit {
  try {
    return localStorage.getItem(name) === "btc" ? "btc" : "sats";
  } catch {
    return "sats"; // storage may be switched off
  }
}

let unit: Unit = read();

export function setUnit(next: Unit): void {
  unit = next;
  try {
    localStorage.setItem(name, next);
  } catch {
    // It holds until the page is closed.
  }
  for (const listener of listeners) listener();
}

const subscribe = (listener: () => void) => {
  listeners.add(listener);
  return () => listeners.delete(listener);
};

export const useUnit = (): Unit => useSyncExternalStore(subscribe, () => unit);
