import { create } from "@bufbuild/protobuf";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import { expect, it } from "vitest";
import { ApiKey_State, ApiKeySchema } from "../../gen/satcap/v1/api_key_pb";
import { LimitWindow } from "../../gen/satcap/v1/usage_pb";
import { filterKeys } from "./filter";

const usage = (limitSats: bigint | undefined, spentSats: bigint) => [{ window: LimitWindow.DAILY, limitSats, spentSats }];
const keys = [
  create(ApiKeySchema, { name: "shop 10", secretPrefix: "satcap_aa", state: ApiKey_State.ACTIVE, usage: usage(100n, 10n) }),
  create(ApiKeySchema, { name: "shop 9", state: ApiKey_State.PAUSED, usage: usage(100n, 90n), lastUseTime: timestampFromMs(5) }),
  create(ApiKeySchema, { name: "old", state: ApiKey_State.REVOKED, usage: usage(undefined, 0n) }),
];
const names = (text: string, sort: "newest" | "tightest" | "name" | "used", ended = false) =>
  filterKeys(keys, { text, sort, ended }).map((k) => k.name);

it("leaves ended keys out until they are asked for", () => {
  expect(names("", "newest")).toEqual(["shop 10", "shop 9"]);
  expect(names("", "newest", true)).toEqual(["shop 10", "shop 9", "old"]);
});

it("finds by every word, in name and prefix", () => {
  expect(names("SHOP _aa", "newest")).toEqual(["shop 10"]);
  expect(names("shop old", "newest", true)).toEqual([]);
});

it("sorts", () => {
  expect(names("", "name")).toEqual(["shop 9", "shop 10"]);
  expect(names("", "tightest", true)).toEqual(["shop 9", "shop 10", "old"]);
  expect(names("", "used")).toEqual(["shop 9", "shop 10"]);
});
