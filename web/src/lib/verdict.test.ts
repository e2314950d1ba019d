import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import { expect, test } from "vitest";
import { ApiKey_State } from "../gen/satcap/v1/api_key_pb";
import { LimitWindow } from "../gen/satcap/v1/usage_pb";
import { fourWindows } from "./testing";
import { verdictOf } from "./verdict";

const soon = new Date("2026-11-24T14:05:00Z");
const later = new Date("2026-11-25T09:00:00Z");
const active = (usage: ReturnType<typeof fourWindows>) => verdictOf({ state: ApiKey_State.ACTIVE, usage });

test("within: the closest window, its percentage, and what fits", () => {
  const v = active(fourWindows({ limit: 100n, spent: 10n }, { limit: 1000n, spent: 700n, held: 129n }));
  expect(v).toMatchObject({ kind: "within", percent: 82, level: "watch", most: 90n, closest: { window: LimitWindow.WEEKLY } });
});

test("blocked: by which window, and what fits again when", () => {
  const v = active(fourWindows({ limit: 100n, spent: 100n, release: [soon, 60n] }, { limit: 1000n, spent: 100n }));
  expect(v).toMatchObject({ kind: "blocked", back: { at: soon, fits: 60n } });
  expect(v.kind === "blocked" && v.by.map((u) => u.window)).toEqual([LimitWindow.DAILY]);
});

test("blocked: a window that refuses nothing now still caps what fits", () => {
  expect(active(fourWindows({ limit: 100n, spent: 100n, release: [soon, 60n] }, { limit: 120n, spent: 100n }))).toMatchObject({
    back: { fits: 20n },
  });
});

test("blocked by two windows: capacity is back when the later one gives it", () => {
  const v = active(
    fourWindows({ limit: 100n, spent: 100n, release: [soon, 60n] }, { limit: 100n, spent: 100n, release: [later, 40n] }),
  );
  expect(v).toMatchObject({ kind: "blocked", back: { at: later, fits: 40n } });
});

test("blocked over the limit: what leaves first is not enough", () => {
  expect(active(fourWindows({ limit: 100n, spent: 200n, release: [soon, 60n] }))).toMatchObject({
    kind: "blocked",
    back: { at: soon, fits: 0n, frees: 60n },
  });
});

test("no limit at all is a verdict of its own", () => expect(active(fourWindows({ spent: 5n }))).toEqual({ kind: "unlimited" }));

test("the state comes before the limits", () => {
  const usage = fourWindows({ limit: 1n, spent: 1n });
  expect(verdictOf({ state: ApiKey_State.PAUSED, usage })).toEqual({ kind: "paused" });
  expect(verdictOf({ state: ApiKey_State.REVOKED, usage, revokeTime: timestampFromDate(soon) })).toEqual({ kind: "revoked", at: soon });
  expect(verdictOf({ state: ApiKey_State.EXPIRED, usage, expireTime: timestampFromDate(later) })).toEqual({ kind: "expired", at: later });
});
