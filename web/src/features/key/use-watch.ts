import { useEffect, useRef, useState } from "react";
import { stream } from "../../api/call";
import { isWatchEnd } from "../../api/errors";
import { refreshDetails, refreshKey, storeWatched } from "../../api/queries";
import { UsageService } from "../../gen/satcap/v1/usage_service_pb";
import { useVisible } from "../../ui/use-live";

const SILENCE_MS = 35_000;
const DETAILS_MS = 3_000;
const HOUR_MS = 3_600_000;

/**
 * Watches a key while its page is seen, and says whether messages arrive. A page that is
 * not seen holds no connection: over HTTP/1.1 there are six for all tabs together. Three tabs
 * watch at a time; the others poll.
 */
export function useWatch(id: string): boolean {
  const visible = useVisible();
  const [live, setLive] = useState(false);
  const refresh = useRef(throttle((id: string) => void Promise.all([refreshKey(id), refreshDetails(id)]), DETAILS_MS));

  useEffect(() => {
    if (!visible) return;
    const stop = new AbortController();
    void withSlot(stop.signal, async () => {
      for (let failures = 0; !stop.signal.aborted; ) {
        const began = Date.now();
        try {
          await watch(id, stop.signal, (changed) => {
            failures = 0;
            setLive(true);
            if (changed) refresh.current(id);
          });
        } catch (error) {
          if (stop.signal.aborted) return;
          if (!isWatchEnd(error) || Date.now() - began < 1000) failures++;
        }
        setLive(false);
        await sleep(failures === 0 ? 100 : Math.min(5_000, 500 * 2 ** failures) * (0.75 + Math.random() / 2), stop.signal);
      }
    });
    return () => {
      stop.abort();
      setLive(false);
    };
  }, [id, visible]);
  return live;
}

async function watch(id: string, stop: AbortSignal, onMessage: (changed: boolean) => void): Promise<void> {
  // Leaving the loop alone would not free the connection: the signal does.
  const own = new AbortController();
  const abort = () => own.abort();
  stop.addEventListener("abort", abort);
  let silence = setTimeout(abort, SILENCE_MS);
  try {
    for await (const message of stream(UsageService.method.watchUsage, { apiKeyId: id }, own.signal, HOUR_MS)) {
      clearTimeout(silence);
      silence = setTimeout(abort, SILENCE_MS);
      onMessage(storeWatched(id, message));
    }
  } finally {
    clearTimeout(silence);
    stop.removeEventListener("abort", abort);
    own.abort();
  }
}

/** At most three tabs of a browser watch at once, so that calls find a free connection. */
async function withSlot(signal: AbortSignal, run: () => Promise<void>): Promise<void> {
  if (!navigator.locks) return run();
  const slots = [0, 1, 2].map((slot) => `satcap.watch.${slot}`);
  while (!signal.aborted) {
    for (const slot of slots) {
      const ran = await navigator.locks.request(slot, { ifAvailable: true }, async (lock) => {
        if (lock) await run();
        return lock !== null;
      });
      if (ran || signal.aborted) return;
    }
    await sleep(5_000, signal);
  }
}

function sleep(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    const timer = setTimeout(done, ms);
    signal.addEventListener("abort", done);
    function done() {
      clearTimeout(timer);
      signal.removeEventListener("abort", done);
      resolve();
    }
  });
}

/** Runs at once, then at most once in a while, and always after the last call. */
export function throttle<T>(run: (value: T) => void, everyMs: number): (value: T) => void {
  let last = -Infinity;
  let waiting: ReturnType<typeof setTimeout> | undefined;
  return (value) => {
    clearTimeout(waiting);
    const fire = () => {
      last = Date.now();
      run(value);
    };
    const wait = last + everyMs - Date.now();
    if (wait <= 0) fire();
    else waiting = setTimeout(fire, wait);
  };
}
