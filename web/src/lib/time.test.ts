import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import { expect, test } from "vitest";
import { dateOf, formatMoment, formatSpan, formatWhen } from "./time";

const now = new Date(2026, 10, 24, 11, 0, 0);
const at = (ms: number) => new Date(now.getTime() + ms);
const min = 60_000;
const h = 60 * min;
const d = 24 * h;

test("dateOf keeps milliseconds, and nothing stays nothing", () => {
  expect(dateOf(timestampFromMs(1_700_000_000_123))?.getTime()).toBe(1_700_000_000_123);
  expect(dateOf(undefined)).toBeUndefined();
});

test.each([
  [new Date(2026, 10, 24, 14, 5), "14:05"],
  [new Date(2026, 10, 24, 0, 5), "00:05"],
  [new Date(2026, 10, 25, 0, 0), "tomorrow 00:00"],
  [new Date(2026, 10, 23, 23, 59), "yesterday 23:59"],
  [new Date(2026, 10, 26, 14, 5), "Nov 26, 14:05"],
  [new Date(2027, 0, 2, 14, 5), "Jan 2, 2027"],
])("a moment at %s", (moment, words) => expect(formatMoment(moment, now, "en-US")).toBe(words));

test.each([
  [new Date(2026, 10, 24, 14, 5), "at 14:05"],
  [new Date(2026, 10, 25, 9, 0), "tomorrow at 09:00"],
  [new Date(2026, 10, 27, 9, 0), "on Nov 27, 09:00"],
])("within a sentence: %s", (moment, words) => expect(formatWhen(moment, now, "en-US")).toBe(words));

test.each([
  [3 * h, "in 3 h"],
  [2 * h + 1, "in 3 h"],
  [12 * min, "in 12 min"],
  [30 * h, "in 30 h"],
  [3 * d, "in 3 d"],
  [1, "in 1 s"],
  [0, "now"],
  [-500, "now"],
  [-12.9 * min, "12 min ago"],
  [-47 * h, "47 h ago"],
  [-2 * d, "2 d ago"],
])("a span of %s ms", (ms, words) => expect(formatSpan(at(ms), now)).toBe(words));
