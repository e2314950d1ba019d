import { BinaryWriter } from "@bufbuild/protobuf/wire";
import { Code, ConnectError, createRouterTransport } from "@connectrpc/connect";
import { afterEach, expect, test, vi } from "vitest";
import { UsageService } from "../gen/satcap/v1/usage_service_pb";
import { createClient } from "./client";
import { live, silenceMs, type LiveMode, type LiveOptions } from "./live";

afterEach(() => vi.useRealTimers());

function ended(): ConnectError {
  const error = new ConnectError("watch ended", Code.Unavailable);
  error.details = [{ type: "google.rpc.ErrorInfo", value: new BinaryWriter().tag(1, 2).string("WATCH_ENDED").finish() }];
  return error;
}

type Watch = (call: number, signal: AbortSignal) => AsyncGenerator<{ revision: bigint }>;

// setup runs live against a server that answers with watch, until `until` says so.
function setup(watch: Watch, options: Partial<LiveOptions> = {}) {
  const stop = new AbortController();
  const modes: LiveMode[] = [];
  const revisions: bigint[] = [];
  const sleeps: number[] = [];
  let calls = 0;
  const transport = createRouterTransport(({ service }) => {
    service(UsageService, { watchUsage: (_, context) => watch(++calls, context.signal) });
  });
  const run = (sleepsUntilStop: number) =>
    live({
      client: createClient(UsageService, transport),
      apiKeyId: "k",
      signal: stop.signal,
      onMode: (mode) => modes.push(mode),
      onUsage: (message) => revisions.push(message.revision),
      onSignedOut: () => stop.abort(),
      locks: { request: (async (_: string, __: unknown, fn: (lock: unknown) => unknown) => fn({})) as LockManager["request"] },
      sleep: async (ms) => {
        sleeps.push(ms);
        if (sleeps.length >= sleepsUntilStop) stop.abort();
      },
      ...options,
    });
  return { run, stop, modes, revisions, sleeps, calls: () => calls };
}

test("a stream that ends in good order is opened again at once", async () => {
  const s = setup(async function* (call) {
    yield { revision: BigInt(call) };
    throw call < 3 ? ended() : new ConnectError("gone", Code.Unavailable);
  });
  await s.run(1);
  expect(s.revisions).toEqual([1n, 2n, 3n]);
  expect(s.sleeps).toHaveLength(1);
  expect(s.modes.at(-1)).toBe("poll");
});

test("a server that is away is asked less and less often, and the page polls", async () => {
  const s = setup(async function* () {
    throw new ConnectError("down", Code.Unavailable);
  });
  await s.run(8);
  expect(s.sleeps[1]! > s.sleeps[0]! * 1.1).toBe(true);
  expect(Math.max(...s.sleeps)).toBeLessThanOrEqual(15_000 * 1.25);
  expect(s.modes).not.toContain("stream");
});

test("WATCH_ENDED before anything was said is no reason to hurry", async () => {
  const s = setup(async function* () {
    throw ended();
  });
  await s.run(2);
  expect(s.calls()).toBe(2);
});

test("a tab that does not get the lock opens no stream, and asks again", async () => {
  let asked = 0;
  const locks = {
    request: (async (_: string, options: LockOptions, fn: (lock: unknown) => unknown) => {
      expect(options.ifAvailable).toBe(true);
      return fn(++asked < 3 ? null : {});
    }) as LockManager["request"],
  };
  const s = setup(
    async function* () {
      yield { revision: 7n };
    },
    { locks },
  );
  await s.run(3);
  expect(s.calls()).toBe(1);
  expect(s.revisions).toEqual([7n]);
});

test("without locks there is no stream at all", async () => {
  const s = setup(async function* () {
    yield { revision: 1n };
  }, { locks: undefined });
  await s.run(2);
  expect(s.calls()).toBe(0);
});

test("being signed out ends it", async () => {
  const s = setup(async function* () {
    throw new ConnectError("who?", Code.Unauthenticated);
  });
  await s.run(99);
  expect(s.calls()).toBe(1);
});

test("silence is a lost connection: the stream is given up", async () => {
  vi.useFakeTimers();
  let freed = false;
  const s = setup(async function* (_, signal) {
    yield { revision: 1n };
    await new Promise((_, reject) => signal.addEventListener("abort", () => reject((freed = true))));
  });
  const done = s.run(1);
  await vi.advanceTimersByTimeAsync(silenceMs - 1);
  expect(s.sleeps).toHaveLength(0);
  await vi.advanceTimersByTimeAsync(2);
  await done;
  expect(s.sleeps).toHaveLength(1);
  expect(freed).toBe(true);
});
