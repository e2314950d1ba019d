import { expect, test } from "vitest";
import { keyHref, parseRoute } from "./route";

test.each([
  ["", { page: "keys" }],
  ["#", { page: "keys" }],
  ["#/keys", { page: "keys" }],
  ["#/keys/k1", { page: "key", id: "k1", tab: "overview" }],
  ["#/keys/k1/history", { page: "key", id: "k1", tab: "history" }],
  ["#/keys/k1/changes", { page: "key", id: "k1", tab: "changes" }],
  ["#/keys/k1/nothing", { page: "unknown" }],
  ["#/keys/k1/history/more", { page: "unknown" }],
  ["#/other", { page: "unknown" }],
  ["#/keys/%", { page: "unknown" }],
])("parseRoute(%j)", (hash, route) => expect(parseRoute(hash)).toEqual(route));

test("an id with any characters comes back the same", () => {
  const id = "a/b?c#d%e";
  expect(parseRoute(keyHref(id, "history"))).toEqual({ page: "key", id, tab: "history" });
});
