import { create } from "@bufbuild/protobuf";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import { expect, test } from "vitest";
import { ApiKey_State, ApiKeySchema, type ApiKey } from "../../gen/satcap/v1/api_key_pb";
import { fourWindows, type UsageInput } from "../../lib/testing";
import { countGroups, groupOf, selectKeys } from "./filter";

function key(name: string, day: UsageInput, more: { state?: ApiKey_State; usedMs?: number } = {}): ApiKey {
  const { state = ApiKey_State.ACTIVE, usedMs } = more;
  return create(ApiKeySchema, {
    apiKeyId: `id-${name}`,
    name,
    secretPrefix: `satcap_${name}`,
    state,
    usage: fourWindows(day),
    lastUseTime: usedMs === undefined ? undefined : timestampFromMs(usedMs),
  });
}

const keys = [
  key("Key 10", { limit: 100n, spent: 75n }, { usedMs: 1000 }),
  key("key 2", { limit: 100n, spent: 100n }),
  key("Shop", { limit: 100n }, { usedMs: 9000 }),
  key("Free", {}),
  key("Off", { limit: 100n, spent: 100n }, { state: ApiKey_State.PAUSED }),
  key("Gone", {}, { state: ApiKey_State.REVOKED }),
  key("Late", { limit: 1n, spent: 1n }, { state: ApiKey_State.EXPIRED }),
];
const names = (...args: [search: string, filter: Parameters<typeof selectKeys>[2], sort: Parameters<typeof selectKeys>[3]]) =>
  selectKeys(keys, ...args).map((k) => k.name);

test("a key is in one group: what it needs attention for", () => {
  expect(keys.map(groupOf)).toEqual(["near", "blocked", "fine", "unlimited", "paused", "ended", "ended"]);
  expect(countGroups(keys)).toEqual({ all: 7, blocked: 1, near: 1, unlimited: 1, paused: 1, ended: 2 });
});

test("newest keeps the server's order", () => expect(names("", "all", "newest")).toEqual(keys.map((k) => k.name)));

test("names sort as people count", () => {
  expect(names("", "all", "name")).toEqual(["Free", "Gone", "key 2", "Key 10", "Late", "Off", "Shop"]);
});

test("closest to a limit comes first, and keys that cannot spend come last", () => {
  expect(names("", "all", "used")).toEqual(["key 2", "Key 10", "Shop", "Free", "Off", "Gone", "Late"]);
});

test("last used first, never used last", () => expect(names("", "all", "lastUse").slice(0, 2)).toEqual(["Shop", "Key 10"]));

test("search looks at names, prefixes and ids, whatever the case", () => {
  expect(names(" KEY ", "all", "newest")).toEqual(["Key 10", "key 2"]);
  expect(names("satcap_sh", "all", "newest")).toEqual(["Shop"]);
  expect(names("id-", "all", "newest")).toHaveLength(7);
  expect(names("nothing like it", "all", "newest")).toEqual([]);
  expect(names("key", "blocked", "newest")).toEqual(["key 2"]);
});
