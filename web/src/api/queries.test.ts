import { create } from "@bufbuild/protobuf";
import { expect, test, vi } from "vitest";
import { ApiKey_State, ApiKeySchema } from "../gen/satcap/v1/api_key_pb";
import { WatchUsageResponseSchema } from "../gen/satcap/v1/usage_service_pb";
import { fourWindows } from "../lib/testing";

// The transport reads the page's address when it is loaded.
vi.stubGlobal("document", { querySelector: () => null, baseURI: "http://localhost/" });
vi.stubGlobal("location", { origin: "http://localhost" });
const { createQueries, invalidateAround, storeKey, storeUsage } = await import("./queries");

const key = (revision: bigint) =>
  create(ApiKeySchema, { apiKeyId: "k", name: "Shop", state: ApiKey_State.ACTIVE, revision, usage: fourWindows({ limit: 100n }) });
const message = (revision: bigint, spent: bigint) =>
  create(WatchUsageResponseSchema, { revision, state: ApiKey_State.PAUSED, usage: fourWindows({ limit: 100n, spent }) });

function setup(revision: bigint) {
  const queries = createQueries(() => undefined);
  storeKey(queries, key(revision));
  const [query] = queries.getQueryCache().findAll();
  return { queries, read: () => (query?.state.data as { apiKey: ReturnType<typeof key> }).apiKey };
}

test("a message of the stream renews usage and state, and keeps the rest", () => {
  const { queries, read } = setup(5n);
  storeUsage(queries, "k", message(6n, 40n));
  expect(read()).toMatchObject({ name: "Shop", revision: 6n, state: ApiKey_State.PAUSED });
  expect(read().usage[0]?.spentSats).toBe(40n);
});

test("time alone changes the usage, at the same revision", () => {
  const { queries, read } = setup(5n);
  storeUsage(queries, "k", message(5n, 10n));
  expect(read().usage[0]?.spentSats).toBe(10n);
});

test("a message that is older than what is shown changes nothing", () => {
  const { queries, read } = setup(5n);
  storeUsage(queries, "k", message(4n, 90n));
  expect(read()).toMatchObject({ revision: 5n, state: ApiKey_State.ACTIVE });
});

test("a key that was never read is not made up from a message", () => {
  const { queries } = setup(5n);
  storeUsage(queries, "other", message(6n, 1n));
  expect(queries.getQueryCache().findAll()).toHaveLength(1);
});

test("a key that changed is itself read again: the stream has not all of it", () => {
  const { queries } = setup(5n);
  const [query] = queries.getQueryCache().findAll();
  queries.setQueryData(query!.queryKey, query!.state.data);
  expect(query!.state.isInvalidated).toBe(false);
  invalidateAround(queries, "k");
  expect(query!.state.isInvalidated).toBe(true);
});

test("a page that nobody looks at marks what changed, and reads it when it is seen", () => {
  const { queries } = setup(5n);
  const read = vi.spyOn(queries, "refetchQueries").mockResolvedValue();
  for (const [visibilityState, reads] of [["visible", true], ["hidden", false]] as const) {
    read.mockClear();
    vi.stubGlobal("document", { visibilityState });
    invalidateAround(queries, "k");
    expect(read.mock.calls.length > 0, visibilityState).toBe(reads);
  }
});
