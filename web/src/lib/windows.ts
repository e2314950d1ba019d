import { LimitWindow, type WindowUsage } from "../gen/satcap/v1/usage_pb";
import { permille } from "./sats";
import { msOf } from "./time";

/** Everything that differs between windows. List, form and chart are driven by it. */
export const WINDOWS = [
  { window: LimitWindow.DAILY, id: "daily", seconds: 86_400, bucketSeconds: 3_600 },
  { window: LimitWindow.WEEKLY, id: "weekly", seconds: 604_800, bucketSeconds: 21_600 },
  { window: LimitWindow.MONTHLY, id: "monthly", seconds: 2_592_000, bucketSeconds: 86_400 },
  { window: LimitWindow.ANNUAL, id: "annual", seconds: 31_536_000, bucketSeconds: 432_000 },
] as const;

export type WindowRow = (typeof WINDOWS)[number];
export type WindowId = WindowRow["id"];

export function rowOf(window: LimitWindow): WindowRow {
  return WINDOWS.find((row) => row.window === window) ?? WINDOWS[0];
}

export function usageOf(usage: readonly WindowUsage[], row: WindowRow): WindowUsage | undefined {
  return usage.find((u) => u.window === row.window);
}

export type Tone = "ok" | "watch" | "near" | "blocked";

export function usedOf(u: WindowUsage): bigint {
  return u.spentSats + u.heldSats;
}

/** How close a window is to its limit. Undefined: it has none. */
export function toneOf(u: WindowUsage): Tone | undefined {
  if (u.limitSats === undefined) return undefined;
  if (u.remainingSats === 0n) return "blocked";
  const share = permille(usedOf(u), u.limitSats);
  return share >= 900 ? "near" : share >= 700 ? "watch" : "ok";
}

/** The window that leaves the least; of equal ones the one with the larger share used. */
export function bindingWindow(usage: readonly WindowUsage[]): WindowUsage | undefined {
  let best: WindowUsage | undefined;
  for (const u of usage) {
    if (u.limitSats === undefined || u.remainingSats === undefined) continue;
    const left = best?.remainingSats;
    const share = best && permille(usedOf(best), best.limitSats ?? 0n);
    if (
      left === undefined ||
      u.remainingSats < left ||
      (u.remainingSats === left && permille(usedOf(u), u.limitSats) > (share ?? 0))
    ) {
      best = u;
    }
  }
  return best;
}

/** The window whose limit is used up the most: the closest to refusing. */
export function closestWindow(usage: readonly WindowUsage[]): WindowUsage | undefined {
  let best: WindowUsage | undefined;
  let most = -1;
  for (const u of usage) {
    if (u.limitSats === undefined) continue;
    const share = permille(usedOf(u), u.limitSats);
    if (share > most) {
      best = u;
      most = share;
    }
  }
  return best;
}

function releaseMs(u: WindowUsage): number {
  return u.nextReleaseTime ? msOf(u.nextReleaseTime) : Number.POSITIVE_INFINITY;
}

/** What fits into a window once its next release has happened, if nothing else is spent. */
export function fitsAfterRelease(u: WindowUsage): bigint {
  if (u.limitSats === undefined) return 0n;
  const left = u.limitSats - usedOf(u) + u.nextReleaseSats;
  return left > 0n ? left : 0n;
}

export type Verdict =
  | { kind: "unlimited" }
  | { kind: "within"; usage: WindowUsage }
  | { kind: "blocked"; usage: WindowUsage };

export function verdictOf(usage: readonly WindowUsage[]): Verdict {
  const binding = bindingWindow(usage);
  if (!binding) return { kind: "unlimited" };
  if (binding.remainingSats === 0n) {
    // Of the windows that refuse, the one that frees up last decides for how long.
    const blocked = usage.filter((u) => u.remainingSats === 0n);
    return { kind: "blocked", usage: blocked.reduce((a, b) => (releaseMs(b) >= releaseMs(a) ? b : a)) };
  }
  return { kind: "within", usage: closestWindow(usage) ?? binding };
}
