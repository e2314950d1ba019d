import { create } from "@bufbuild/protobuf";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import { expect, it } from "vitest";
import { LimitWindow, WindowUsageSchema } from "../gen/satcap/v1/usage_pb";
import { bindingWindow, closestWindow, fitsAfterRelease, toneOf, verdictOf } from "./windows";

function usage(window: LimitWindow, limit?: bigint, spent = 0n, held = 0n, releaseMs?: number, release = 0n) {
  const left = limit === undefined ? undefined : limit > spent + held ? limit - spent - held : 0n;
  return create(WindowUsageSchema, {
    window,
    limitSats: limit,
    spentSats: spent,
    heldSats: held,
    remainingSats: left,
    nextReleaseTime: releaseMs === undefined ? undefined : timestampFromMs(releaseMs),
    nextReleaseSats: release,
  });
}

it("finds the window with the least left, and the one closest to refusing", () => {
  const list = [usage(LimitWindow.DAILY, 100n, 10n), usage(LimitWindow.WEEKLY, 1000n, 820n), usage(LimitWindow.MONTHLY)];
  expect(bindingWindow(list)?.window).toBe(LimitWindow.DAILY);
  expect(closestWindow(list)?.window).toBe(LimitWindow.WEEKLY);
  expect(verdictOf(list)).toMatchObject({ kind: "within", usage: { window: LimitWindow.WEEKLY } });
});

it("says unlimited only without any limit", () => {
  expect(verdictOf([usage(LimitWindow.DAILY, undefined, 5n)])).toEqual({ kind: "unlimited" });
});

it("blocks by the window that frees up last", () => {
  const list = [
    usage(LimitWindow.DAILY, 100n, 90n, 10n, 5_000, 10n),
    usage(LimitWindow.WEEKLY, 150n, 200n, 0n, 9_000, 40n),
    usage(LimitWindow.MONTHLY, 900n, 200n, 0n, 99_000, 40n),
  ];
  const verdict = verdictOf(list);
  expect(verdict).toMatchObject({ kind: "blocked", usage: { window: LimitWindow.WEEKLY } });
  expect(fitsAfterRelease(list[0]!)).toBe(10n);
  expect(fitsAfterRelease(list[1]!)).toBe(0n);
});

it.each([
  [usage(LimitWindow.DAILY), undefined],
  [usage(LimitWindow.DAILY, 1000n, 699n), "ok"],
  [usage(LimitWindow.DAILY, 1000n, 600n, 100n), "watch"],
  [usage(LimitWindow.DAILY, 1000n, 900n), "near"],
  [usage(LimitWindow.DAILY, 1000n, 1000n), "blocked"],
])("tone %#", (u, want) => expect(toneOf(u)).toBe(want));
