import { expect, test } from "vitest";
import { ApiKey_Scope } from "../../gen/satcap/v1/api_key_pb";
import { LimitWindow } from "../../gen/satcap/v1/usage_pb";
import { dateOf } from "../../lib/time";
import { isUnlimited, readDraft, readLimits, shadowOf } from "../limits/model";
import { WINDOWS } from "../../lib/windows";
import { emptyForm, expireTimeOf, newRequestId, PRESET_NAMES, PRESETS, presetOf, problemsOf, requestOf } from "./form";

const opened = new Date(2026, 10, 24, 11, 0, 0);
const named = { ...emptyForm("sats"), name: " Shop " };

test("limits are on by default", () => {
  expect(isUnlimited(readDraft(emptyForm("sats").limits, "sats"))).toBe(false);
  expect(presetOf(emptyForm("btc").limits, "btc")).toBe("medium");
});

test("no preset has a limit that could never be the one that stops a payment", () => {
  for (const name of PRESET_NAMES) for (const row of WINDOWS) expect(shadowOf(row, PRESETS[name])).toBeUndefined();
});

test("the request has everything at once", () => {
  const request = requestOf(named, "sats", opened, "r1");
  expect(request).toMatchObject({ name: "Shop", scopes: [ApiKey_Scope.READ, ApiKey_Scope.WRITE], requestId: "r1" });
  expect(request.limits).toEqual([
    { window: LimitWindow.DAILY, limitSats: 100_000n },
    { window: LimitWindow.WEEKLY, limitSats: 300_000n },
    { window: LimitWindow.MONTHLY, limitSats: 1_000_000n },
  ]);
});

test("a retry asks for the very same key: times count from the opening", () => {
  expect(requestOf(named, "sats", opened, "r1")).toEqual(requestOf(named, "sats", opened, "r1"));
  expect(dateOf(requestOf(named, "sats", opened, "r1").expireTime)?.getTime()).toBe(opened.getTime() + 90 * 86_400_000);
});

test("expiry: never, and the whole of a chosen day", () => {
  expect(requestOf({ ...named, expiry: "never" }, "sats", opened, "r").expireTime).toBeUndefined();
  expect(expireTimeOf({ ...named, expiry: "custom", day: "2026-11-24" }, opened)).toEqual(new Date(2026, 10, 24, 23, 59, 59));
});

test.each([
  [{ name: "  " }, { name: "nameMissing" }],
  [{ name: "x".repeat(129) }, { name: "nameTooLong" }],
  [{ name: "🔑".repeat(128) }, {}],
  [{ scopes: [] }, { scopes: "scopeMissing" }],
  [{ expiry: "custom" as const }, { expiry: "expiryMissing" }],
  [{ expiry: "custom" as const, day: "2026-11-23" }, { expiry: "expiryPast" }],
  [{ expiry: "custom" as const, day: "2026-11-24" }, {}],
  [{ limits: { day: "1.5", week: "", month: "", year: "" } }, { limits: true }],
])("problems of %j", (change, problems) => expect(problemsOf({ ...named, ...change }, "sats", opened)).toEqual(problems));

test("a preset is recognised in any spelling, and a change is none", () => {
  const limits = { day: "10k", week: "30_000", month: "0.001 btc", year: "" };
  expect(presetOf(limits, "sats")).toBe("small");
  expect(presetOf({ ...limits, day: "11k" }, "sats")).toBeUndefined();
  expect(presetOf({ ...limits, year: "?" }, "sats")).toBeUndefined();
  expect(readLimits(readDraft(limits, "sats")).year).toBeUndefined();
});

test("request ids do not repeat", () => {
  const ids = new Set(Array.from({ length: 100 }, newRequestId));
  expect(ids.size).toBe(100);
  expect([...ids].every((id) => /^[0-9a-f]{32}$/.test(id))).toBe(true);
});

test.each([
  ["Shop", undefined],
  ["Ladenkasse 1 – über", undefined],
  ["👩", undefined],
  ["", "nameMissing"],
  ["x".repeat(129), "nameTooLong"],
  ["👩\u200d👧", "nameUnseen"],
  ["a\u202eb", "nameUnseen"],
  ["a\tb", "nameUnseen"],
])("the name %j is refused as the server would: %s", (name, problem) => {
  expect(problemsOf({ ...named, name }, "sats", opened).name).toBe(problem);
});
