import { expect, it } from "vitest";
import { href, parseRoute } from "./route";
import { distance, timestampOf } from "./time";

it("measures in the largest unit that fits", () => {
  expect(distance(0, 59_000)).toEqual({ value: 59, unit: "second" });
  expect(distance(0, 90 * 60_000)).toEqual({ value: 1, unit: "hour" });
  expect(distance(86_400_000, 0)).toEqual({ value: -1, unit: "day" });
});

it("splits times before 1970 too", () => {
  expect(timestampOf(new Date(1_500))).toEqual({ seconds: 1n, nanos: 500_000_000 });
  expect(timestampOf(new Date(-500))).toEqual({ seconds: -1n, nanos: 500_000_000 });
});

it("reads the routes that it writes", () => {
  for (const tab of ["overview", "history", "changes"] as const) {
    const route = { page: "key", id: "a/b %", tab } as const;
    expect(parseRoute(href(route))).toEqual(route);
  }
  for (const hash of ["", "#", "#/keys", "#/keys/", "#code=x", "#/nothing/1"]) {
    expect(parseRoute(hash)).toEqual({ page: "keys" });
  }
  expect(parseRoute("#/keys/%zz")).toEqual({ page: "key", id: "%zz", tab: "overview" });
});
