import { expect, test } from "vitest";
import { LimitWindow } from "../gen/satcap/v1/usage_pb";
import { fourWindows, usage } from "./testing";
import { bindingOf, levelOf, mostAllowed, rowOf, WINDOWS } from "./windows";

test("the table has the four windows in the order of the API, with their exact lengths", () => {
  expect(WINDOWS.map((w) => [w.window, w.seconds])).toEqual([
    [LimitWindow.DAILY, 86_400],
    [LimitWindow.WEEKLY, 604_800],
    [LimitWindow.MONTHLY, 2_592_000],
    [LimitWindow.ANNUAL, 31_536_000],
  ]);
});

test("a window of a newer server is left out, and not mistaken for another", () => {
  expect(rowOf(9 as LimitWindow)).toBeUndefined();
  expect(bindingOf([usage(9 as LimitWindow, { limit: 1n, spent: 1n })])).toBeUndefined();
});

test.each([
  [0n, "ok"],
  [699n, "ok"],
  [700n, "watch"],
  [899n, "watch"],
  [900n, "near"],
  [999n, "near"],
  [1000n, "blocked"],
  [5000n, "blocked"],
] as const)("%s of 1000 is %s", (spent, level) => {
  expect(levelOf(usage(LimitWindow.DAILY, { limit: 1000n, spent }))).toBe(level);
});

test("holds count against a limit", () => {
  expect(levelOf(usage(LimitWindow.DAILY, { limit: 1000n, spent: 500n, held: 500n }))).toBe("blocked");
});

test("the binding window is the fullest one", () => {
  const keys = fourWindows({ limit: 100n, spent: 50n }, { limit: 1000n, spent: 820n }, {}, { limit: 10_000n, spent: 820n });
  expect(bindingOf(keys)?.window).toBe(LimitWindow.WEEKLY);
});

test("of equally full windows the one with the least left binds", () => {
  expect(bindingOf(fourWindows({}, { limit: 1000n, spent: 500n }, { limit: 100n, spent: 50n }))?.window).toBe(LimitWindow.MONTHLY);
});

test("shares are compared exactly, beyond what a number holds", () => {
  const limit = 2_100_000_000_000_000n;
  expect(bindingOf(fourWindows({ limit, spent: limit - 2n }, { limit, spent: limit - 1n }))?.window).toBe(LimitWindow.WEEKLY);
});

test("without a limit nothing binds, and any amount fits", () => {
  expect(bindingOf(fourWindows({ spent: 5n }))).toBeUndefined();
  expect(mostAllowed(fourWindows({ spent: 5n }))).toBeUndefined();
});

test("what fits is the least that is left in any window", () => {
  expect(mostAllowed(fourWindows({ limit: 100n, spent: 10n }, { limit: 1000n, spent: 950n }))).toBe(50n);
  expect(mostAllowed(fourWindows({ limit: 100n, spent: 300n }))).toBe(0n);
});
