import { expect, test } from "vitest";
import { parseSettings } from "./settings";
import { takeCode } from "./code";

test("settings that are not there, or not understood, leave the token", () => {
  for (const json of [undefined, null, 5, {}, { signIn: "magic", embedOrigins: "https://a" }]) {
    expect(parseSettings(json)).toEqual({ signIn: "token", embedOrigins: [] });
  }
  expect(parseSettings({ signIn: "oidc", embedOrigins: ["https://a", 5] })).toEqual({ signIn: "oidc", embedOrigins: ["https://a"] });
});

test.each([
  ["#code=abc", { code: "abc", rest: "#/keys" }],
  ["#code=a%2Bb", { code: "a+b", rest: "#/keys" }],
  ["#code=abc&/keys/k1", { code: "abc", rest: "#/keys/k1" }],
  ["#/keys/code=abc", { rest: "#/keys/code=abc" }],
  ["#code=", { rest: "#code=" }],
  ["#code=%", { rest: "#/keys" }],
  ["", { rest: "" }],
])("takeCode(%j)", (hash, expected) => expect(takeCode(hash)).toEqual(expected));
