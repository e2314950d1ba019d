import { expect, test } from "vitest";
import { LimitWindow } from "../../gen/satcap/v1/usage_pb";
import { fourWindows } from "../../lib/testing";
import { WINDOWS } from "../../lib/windows";
import { changesBetween, draftOf, hasProblem, isUnlimited, limitsOf, loosens, readDraft, readLimits, rebase, shadowOf, updatesOf } from "./model";

const none = { day: undefined, week: undefined, month: undefined, year: undefined };
const day = WINDOWS[0]!;
const week = WINDOWS[1]!;

test("what a form shows of limits reads back as the same limits", () => {
  const limits = limitsOf(fourWindows({ limit: 100_000n }, {}, { limit: 2_100_000_000_000_000n }));
  for (const unit of ["sats", "btc"] as const) {
    expect(readLimits(readDraft(draftOf(limits, unit), unit))).toEqual(limits);
  }
});

test("an empty field is no limit, and not a mistake", () => {
  const reads = readDraft({ day: "", week: " ", month: "", year: "" }, "sats");
  expect(hasProblem(reads)).toBe(false);
  expect(isUnlimited(reads)).toBe(true);
});

test("a mistake is neither a limit nor its absence", () => {
  const reads = readDraft({ day: "1.5", week: "", month: "", year: "" }, "sats");
  expect(hasProblem(reads)).toBe(true);
  expect(isUnlimited(reads)).toBe(false);
});

test("only what changed is asked for", () => {
  const changes = changesBetween({ ...none, day: 5n, week: 9n }, { ...none, day: 5n, week: undefined, month: 7n });
  expect(updatesOf(changes)).toEqual([
    { window: LimitWindow.WEEKLY, limit: { case: "unlimited", value: true } },
    { window: LimitWindow.MONTHLY, limit: { case: "limitSats", value: 7n } },
  ]);
});

test.each([
  [5n, 6n, true],
  [5n, undefined, true],
  [5n, 4n, false],
  [undefined, 5n, false],
] as const)("%s to %s loosens: %s", (from, to, expected) => expect(loosens({ row: day, from, to })).toBe(expected));

test("a limit that is not below a longer window's is pointless", () => {
  expect(shadowOf(day, { ...none, day: 10n, week: 10n })).toBe(week);
  expect(shadowOf(day, { ...none, day: 9n, week: 10n })).toBeUndefined();
  expect(shadowOf(week, { ...none, day: 1n, week: 10n })).toBeUndefined();
  expect(shadowOf(day, { ...none, week: 10n })).toBeUndefined();
  expect(shadowOf(day, { ...none, day: 10n })).toBeUndefined();
});

test("after somebody else's change what was typed stays, and the rest is theirs", () => {
  const base = { ...none, day: 100n, week: 500n };
  const typed = { ...draftOf(base, "sats"), day: "150" };
  const theirs = { ...none, day: 120n, week: 600n };
  expect(rebase(typed, base, theirs, "sats")).toEqual({ day: "150", week: "600", month: "", year: "" });
});
