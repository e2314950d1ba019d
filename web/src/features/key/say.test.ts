import { expect, test } from "vitest";
import { LimitWindow } from "../../gen/satcap/v1/usage_pb";
import { fourWindows, usage } from "../../lib/testing";
import { say } from "./say";

const now = new Date(2026, 10, 24, 11, 0);
const amount = (sats: bigint) => `${sats} sats`;
const at = new Date(2026, 10, 24, 14, 5);
const day = usage(LimitWindow.DAILY, { limit: 100n, spent: 100n });
const week = usage(LimitWindow.WEEKLY, { limit: 100n, spent: 100n });
const words = (verdict: Parameters<typeof say>[0]) => {
  const { title, detail } = say(verdict, amount, now);
  return detail ? `${title} ${detail}` : title;
};

test("within limits", () => {
  const closest = fourWindows({}, { limit: 100n, spent: 82n })[1]!;
  expect(words({ kind: "within", closest, level: "watch", percent: 82, most: 18n })).toBe(
    "Within limits: closest is 7 days, 82 %. Up to 18 sats fit now.",
  );
});

test("blocked, and when what fits again", () => {
  expect(words({ kind: "blocked", by: [day], back: { at, fits: 60_000n, frees: 60_000n } })).toBe(
    "Blocked by 24 hours: 60000 sats fit again at 14:05 (in 4 h).",
  );
});

test("blocked by two, and what leaves is not enough", () => {
  expect(words({ kind: "blocked", by: [day, week], back: { at, fits: 0n, frees: 5n } })).toBe(
    "Blocked by 24 hours and 7 days: 5 sats leave at 14:05 (in 4 h), which is not enough yet.",
  );
});

test("blocked with nothing that leaves by itself", () => {
  expect(words({ kind: "blocked", by: [day] })).toBe("Blocked by 24 hours: nothing leaves by itself, so only a higher limit unblocks it.");
});

test("states, and no limits as a warning", () => {
  expect(say({ kind: "unlimited" }, amount, now).tone).toBe("warn");
  expect(words({ kind: "revoked", at: new Date(2026, 10, 23, 9, 0) })).toBe("Revoked: this key never spends again. Since yesterday 09:00.");
  expect(words({ kind: "paused" })).toBe("Paused: nothing new is held until it is resumed.");
});
