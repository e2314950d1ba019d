// The stream of one key's usage, and who of the browser's tabs may have it.
//
// Over HTTP/1.1 a browser opens six connections to a server, for all of its tabs
// together: six open streams and no button works any more. So all tabs share
// one stream, held by a Web Lock; a tab that does not get it polls, and tries
// again. Hidden tabs hold none. Where the browser has no Web Locks (plain HTTP
// away from localhost), there is only polling.
import type { Client } from "@connectrpc/connect";
import type { UsageService, WatchUsageResponse } from "../gen/satcap/v1/usage_service_pb";
import { isReason, isSignedOut } from "./errors";

export type LiveMode = "connecting" | "stream" | "poll";

export interface LiveOptions {
  client: Pick<Client<typeof UsageService>, "watchUsage">;
  apiKeyId: string;
  signal: AbortSignal;
  onMode: (mode: LiveMode) => void;
  onUsage: (message: WatchUsageResponse) => void;
  onSignedOut: () => void;
  // The parts that tests replace.
  locks?: Pick<LockManager, "request">;
  sleep?: (ms: number, signal: AbortSignal) => Promise<void>;
}

// The server speaks every 15 s at least; twice that and a bit is a dead line.
export const silenceMs = 35_000;
const lockRetryMs = 5_000;
const firstRetryMs = 500;
const lastRetryMs = 15_000;
const lockName = "satcap.watch";

// live follows the key until the signal aborts. It never throws.
export async function live(options: LiveOptions): Promise<void> {
  const { signal, onMode, locks, sleep = wait } = options;
  let retryMs = firstRetryMs;
  onMode("connecting");
  while (!signal.aborted) {
    let got = false;
    const run = async (lock: Lock | null): Promise<void> => {
      got = lock !== null;
      // The lock is kept between attempts: a server that restarts must not
      // make the tabs take turns.
      while (got && !signal.aborted) {
        const end = await follow(options, () => (retryMs = firstRetryMs));
        if (end === "signedOut" || signal.aborted) return;
        if (end === "failed") {
          onMode("poll");
          await sleep(retryMs * (0.75 + Math.random() / 2), signal);
          retryMs = Math.min(retryMs * 2, lastRetryMs);
        }
      }
    };
    if (locks) await locks.request(lockName, { ifAvailable: true }, run).catch(() => undefined);
    if (signal.aborted) return;
    onMode("poll");
    await sleep(lockRetryMs, signal);
  }
}

// follow reads one stream to its end. The connection is freed by the signal:
// leaving the loop alone would keep it.
async function follow(options: LiveOptions, onMessage: () => void): Promise<"ended" | "failed" | "signedOut"> {
  const { client, apiKeyId, signal, onMode, onUsage, onSignedOut } = options;
  const stop = new AbortController();
  const abort = () => stop.abort();
  signal.addEventListener("abort", abort, { once: true });
  let silence = setTimeout(abort, silenceMs);
  let messages = 0;
  try {
    for await (const message of client.watchUsage({ apiKeyId }, { signal: stop.signal, timeoutMs: 0 })) {
      clearTimeout(silence);
      silence = setTimeout(abort, silenceMs);
      messages++;
      onMessage();
      onMode("stream");
      onUsage(message);
    }
    // An end without WATCH_ENDED, and one before anything was said, is no way to
    // go on at once.
    return "failed";
  } catch (error) {
    if (isSignedOut(error)) {
      onSignedOut();
      return "signedOut";
    }
    return messages > 0 && isReason(error, "WATCH_ENDED") ? "ended" : "failed";
  } finally {
    clearTimeout(silence);
    signal.removeEventListener("abort", abort);
    stop.abort();
  }
}

function wait(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      signal.removeEventListener("abort", done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal.addEventListener("abort", done, { once: true });
    if (signal.aborted) done();
  });
}
