// The windows. This one table drives the list, the forms and the charts.
import { LimitWindow, type WindowUsage } from "../gen/satcap/v1/usage_pb";
import { shareOf } from "./sats";

export type Slug = "day" | "week" | "month" | "year";

export interface WindowRow {
  window: LimitWindow;
  slug: Slug;
  seconds: number;
  // The marks under the chart: so many hours or days ago.
  axis: { unit: "h" | "d"; steps: number[] };
}

const day = 86_400;

export const WINDOWS: readonly WindowRow[] = [
  { window: LimitWindow.DAILY, slug: "day", seconds: day, axis: { unit: "h", steps: [24, 18, 12, 6, 0] } },
  { window: LimitWindow.WEEKLY, slug: "week", seconds: 7 * day, axis: { unit: "d", steps: [7, 5, 3, 1, 0] } },
  { window: LimitWindow.MONTHLY, slug: "month", seconds: 30 * day, axis: { unit: "d", steps: [30, 20, 10, 0] } },
  { window: LimitWindow.ANNUAL, slug: "year", seconds: 365 * day, axis: { unit: "d", steps: [365, 270, 180, 90, 0] } },
];

export function rowOf(window: LimitWindow): WindowRow | undefined {
  return WINDOWS.find((row) => row.window === window);
}

export type Level = "ok" | "watch" | "near" | "blocked";

// usedOf is what counts against a limit.
export const usedOf = (u: WindowUsage): bigint => u.spentSats + u.heldSats;

// levelOf says how close a limited window is to refusing.
export function levelOf(u: WindowUsage): Level {
  if (u.limitSats === undefined) return "ok";
  if (usedOf(u) >= u.limitSats) return "blocked";
  const share = shareOf(usedOf(u), u.limitSats);
  return share >= 900 ? "near" : share >= 700 ? "watch" : "ok";
}

export const limited = (usage: readonly WindowUsage[]): WindowUsage[] =>
  usage.filter((u) => u.limitSats !== undefined && rowOf(u.window));

// bindingOf is the window that is closest to its limit; undefined when there is
// no limit. Of equally full windows it is the one with the least left.
export function bindingOf(usage: readonly WindowUsage[]): WindowUsage | undefined {
  let best: WindowUsage | undefined;
  for (const u of limited(usage)) {
    if (!best || closer(u, best)) best = u;
  }
  return best;
}

function closer(a: WindowUsage, b: WindowUsage): boolean {
  // a/A > b/B without division, which would round.
  const left = usedOf(a) * (b.limitSats ?? 1n);
  const right = usedOf(b) * (a.limitSats ?? 1n);
  if (left !== right) return left > right;
  return (a.remainingSats ?? 0n) < (b.remainingSats ?? 0n);
}

// mostAllowed is the largest amount that fits now; undefined when unlimited.
export function mostAllowed(usage: readonly WindowUsage[]): bigint | undefined {
  let most: bigint | undefined;
  for (const u of limited(usage)) {
    const left = u.remainingSats ?? 0n;
    if (most === undefined || left < most) most = left;
  }
  return most;
}
