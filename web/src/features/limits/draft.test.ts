import { create } from "@bufbuild/protobuf";
import { expect, it } from "vitest";
import { LimitWindow, WindowUsageSchema } from "../../gen/satcap/v1/usage_pb";
import { changesOf, draftOf, EMPTY, limitsOf, PRESETS, presetDraft, readDraft, warningsOf } from "./draft";

const none = { daily: undefined, weekly: undefined, monthly: undefined, annual: undefined };

it("reads empty fields as unlimited and keeps every problem apart", () => {
  expect(readDraft(EMPTY, "sats")).toEqual({ limits: none, problems: {}, valid: true });
  const reading = readDraft({ ...EMPTY, daily: "100k", weekly: "x", annual: "0" }, "sats");
  expect(reading.problems).toEqual({ weekly: "format", annual: "zero" });
  expect(reading.limits.daily).toBe(100_000n);
  expect(reading.valid).toBe(false);
});

it("writes what it reads back, in both units", () => {
  const limits = { ...none, daily: 1n, annual: 2_100_000_000_000_000n };
  for (const unit of ["sats", "btc"] as const) expect(readDraft(draftOf(limits, unit), unit).limits).toEqual(limits);
});

it("has presets without warnings", () => {
  for (const preset of PRESETS) expect(warningsOf(readDraft(presetDraft(preset, "sats"), "sats").limits, [])).toEqual({});
});

it("warns of a limit under what is used, and of one that a longer window undercuts", () => {
  const usage = [create(WindowUsageSchema, { window: LimitWindow.DAILY, limitSats: 500n, spentSats: 80n, heldSats: 30n })];
  expect(warningsOf({ ...none, daily: 109n }, usage)).toEqual({ daily: [{ kind: "below" }] });
  expect(warningsOf({ ...none, daily: 110n }, usage)).toEqual({});
  const order = warningsOf({ ...none, daily: 200n, monthly: 199n, annual: 300n }, []);
  expect(order).toMatchObject({ daily: [{ kind: "order", longer: { id: "monthly" } }] });
  expect(limitsOf(usage)).toEqual({ ...none, daily: 500n });
});

it("knows which changes let a key spend more", () => {
  const changes = changesOf({ ...none, daily: 5n, weekly: 5n, monthly: 5n }, { ...none, daily: 6n, weekly: 4n, annual: 1n });
  expect(changes.map((c) => [c.row.id, c.loosens])).toEqual([
    ["daily", true],
    ["weekly", false],
    ["monthly", true],
    ["annual", false],
  ]);
});
