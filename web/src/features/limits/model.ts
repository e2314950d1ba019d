// Limits as a form has them: typed text on one side, updates for the server on
// the other. Pure, for it is tested.
import type { WindowUsage } from "../../gen/satcap/v1/usage_pb";
import { editSats, parseSats, type ParseProblem, type Unit } from "../../lib/sats";
import { rowOf, usedOf, WINDOWS, type Slug, type WindowRow } from "../../lib/windows";

// A limit that is undefined is no limit.
export type Limits = Record<Slug, bigint | undefined>;
export type Draft = Record<Slug, string>;
export interface Read {
  sats?: bigint;
  problem?: ParseProblem;
}
export type Reads = Record<Slug, Read>;

function perWindow<T>(value: (row: WindowRow) => T): Record<Slug, T> {
  return Object.fromEntries(WINDOWS.map((row) => [row.slug, value(row)])) as Record<Slug, T>;
}

export function limitsOf(usage: readonly WindowUsage[]): Limits {
  return perWindow((row) => usage.find((u) => u.window === row.window)?.limitSats);
}

export const draftOf = (limits: Limits, unit: Unit): Draft =>
  perWindow(({ slug }) => {
    const limit = limits[slug];
    return limit === undefined ? "" : editSats(limit, unit);
  });

// readDraft reads what is typed. An empty field is no limit.
export const readDraft = (draft: Draft, unit: Unit): Reads =>
  perWindow(({ slug }) => {
    const read = parseSats(draft[slug], unit);
    return read.problem === "empty" ? {} : read;
  });

export const hasProblem = (reads: Reads): boolean => WINDOWS.some(({ slug }) => reads[slug].problem);

export const isUnlimited = (reads: Reads): boolean =>
  WINDOWS.every(({ slug }) => reads[slug].sats === undefined && !reads[slug].problem);

export interface Change {
  row: WindowRow;
  from: bigint | undefined;
  to: bigint | undefined;
}

// changesBetween lists the windows whose limit differs.
export const changesBetween = (from: Limits, to: Limits): Change[] =>
  WINDOWS.filter(({ slug }) => from[slug] !== to[slug]).map((row) => ({ row, from: from[row.slug], to: to[row.slug] }));

export const readLimits = (reads: Reads): Limits => perWindow(({ slug }) => reads[slug].sats);

// loosens says whether a change lets the key spend more.
export const loosens = ({ from, to }: Change): boolean => from !== undefined && (to === undefined || to > from);

// updatesOf is what UpdateLimits is asked for.
export const updatesOf = (changes: Change[]) =>
  changes.map(({ row, to }) => ({
    window: row.window,
    limit: to === undefined ? ({ case: "unlimited", value: true } as const) : ({ case: "limitSats", value: to } as const),
  }));

// shadowOf is the longer window that makes a limit pointless: whatever is spent
// in the shorter one is spent in the longer one too, so a limit that is not
// below the longer one's can never be the one that refuses.
export function shadowOf(row: WindowRow, limits: Limits): WindowRow | undefined {
  const own = limits[row.slug];
  if (own === undefined) return undefined;
  return WINDOWS.find((longer) => {
    const other = limits[longer.slug];
    return longer.seconds > row.seconds && other !== undefined && own >= other;
  });
}

// usedIn is what already counts in a window.
export function usedIn(row: WindowRow, usage: readonly WindowUsage[]): bigint {
  const found = usage.find((u) => rowOf(u.window) === row);
  return found ? usedOf(found) : 0n;
}

// rebase takes over what somebody else changed into fields that were not
// touched here, and keeps what was typed.
export function rebase(draft: Draft, base: Limits, theirs: Limits, unit: Unit): Draft {
  const untouched = draftOf(base, unit);
  const fresh = draftOf(theirs, unit);
  return perWindow(({ slug }) => (draft[slug] === untouched[slug] ? fresh[slug] : draft[slug]));
}
