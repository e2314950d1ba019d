// What the limit fields of both forms hold, and what it means.
import type { WindowUsage } from "../../gen/satcap/v1/usage_pb";
import { type AmountProblem, editText, parseAmount, type Unit } from "../../lib/sats";
import { usageOf, usedOf, WINDOWS, type WindowId, type WindowRow } from "../../lib/windows";

export type Draft = Record<WindowId, string>;
/** undefined: unlimited. */
export type Limits = Record<WindowId, bigint | undefined>;

export const EMPTY: Draft = { daily: "", weekly: "", monthly: "", annual: "" };

/** Limits that go together: what a day allows, weeks and longer allow more of. */
export const PRESETS = [10_000n, 100_000n, 1_000_000n] as const;
const MULTIPLES: Record<WindowId, bigint> = { daily: 1n, weekly: 5n, monthly: 15n, annual: 100n };

export function presetDraft(daily: bigint, unit: Unit): Draft {
  return map((row) => editText(daily * MULTIPLES[row.id], unit));
}

export function draftOf(limits: Limits, unit: Unit): Draft {
  return map((row) => {
    const limit = limits[row.id];
    return limit === undefined ? "" : editText(limit, unit);
  });
}

export function limitsOf(usage: readonly WindowUsage[]): Limits {
  return map((row) => usageOf(usage, row)?.limitSats);
}

export type Reading = {
  limits: Limits;
  problems: Partial<Record<WindowId, AmountProblem>>;
  valid: boolean;
};

export function readDraft(draft: Draft, unit: Unit): Reading {
  const problems: Reading["problems"] = {};
  const limits = map((row) => {
    if (draft[row.id].trim() === "") return undefined;
    const parsed = parseAmount(draft[row.id], unit);
    if ("sats" in parsed) return parsed.sats;
    problems[row.id] = parsed.problem;
    return undefined;
  });
  return { limits, problems, valid: Object.keys(problems).length === 0 };
}

export type Warning = { kind: "below" } | { kind: "order"; longer: WindowRow };

/** Warns of limits that do not do what they seem to. They are allowed. */
export function warningsOf(limits: Limits, usage: readonly WindowUsage[]): Partial<Record<WindowId, Warning[]>> {
  const out: Partial<Record<WindowId, Warning[]>> = {};
  WINDOWS.forEach((row, i) => {
    const limit = limits[row.id];
    if (limit === undefined) return;
    const list: Warning[] = [];
    const now = usageOf(usage, row);
    if (now && limit < usedOf(now)) list.push({ kind: "below" });
    const longer = WINDOWS.slice(i + 1).find((other) => {
      const otherLimit = limits[other.id];
      return otherLimit !== undefined && otherLimit < limit;
    });
    if (longer) list.push({ kind: "order", longer });
    if (list.length > 0) out[row.id] = list;
  });
  return out;
}

export type Change = { row: WindowRow; from: bigint | undefined; to: bigint | undefined; loosens: boolean };

export function changesOf(from: Limits, to: Limits): Change[] {
  return WINDOWS.filter((row) => from[row.id] !== to[row.id]).map((row) => {
    const [a, b] = [from[row.id], to[row.id]];
    return { row, from: a, to: b, loosens: a !== undefined && (b === undefined || b > a) };
  });
}

function map<T>(value: (row: WindowRow) => T): Record<WindowId, T> {
  return Object.fromEntries(WINDOWS.map((row) => [row.id, value(row)])) as Record<WindowId, T>;
}
