// The one place that reads ConnectError.
import { BinaryReader } from "@bufbuild/protobuf/wire";
import { Code, ConnectError } from "@connectrpc/connect";

/** What the pages know about a failure. */
export type Failure = {
  /** The reason that docs/errors.md promises, or "" where the server sent none. */
  reason: string;
  message: string;
  requestId: string;
  /** What failed to arrive in time or at all: the server may be down. */
  offline: boolean;
};

export function failureOf(error: unknown): Failure {
  const e = ConnectError.from(error);
  return {
    reason: reasonOf(e),
    message: e.rawMessage,
    requestId: e.metadata.get("x-request-id") ?? "",
    offline: isOffline(e),
  };
}

export function hasReason(error: unknown, reason: string): boolean {
  return error != null && failureOf(error).reason === reason;
}

export function isSignedOut(error: unknown): boolean {
  return error != null && ConnectError.from(error).code === Code.Unauthenticated;
}

/** Whether repeating the same request may help. Requests that change something carry an id. */
export function mayRetry(error: unknown): boolean {
  const { code } = ConnectError.from(error);
  return [Code.Unavailable, Code.DeadlineExceeded, Code.Unknown, Code.Aborted].includes(code) &&
    !hasReason(error, "REVISION_MISMATCH");
}

export function isCanceled(error: unknown): boolean {
  return ConnectError.from(error).code === Code.Canceled;
}

/** WATCH_ENDED is how a stream says: call again. */
export function isWatchEnd(error: unknown): boolean {
  return hasReason(error, "WATCH_ENDED");
}

function isOffline(e: ConnectError): boolean {
  if (e.code === Code.Unavailable || e.code === Code.DeadlineExceeded) return true;
  return e.cause instanceof TypeError;
}

/** google.rpc.ErrorInfo has its reason in field 1: no descriptor is needed to read it. */
function reasonOf(e: ConnectError): string {
  for (const detail of e.details) {
    if ("type" in detail && detail.type === "google.rpc.ErrorInfo") {
      const reader = new BinaryReader(detail.value);
      while (reader.pos < reader.len) {
        const [field, wireType] = reader.tag();
        if (field === 1) return reader.string();
        reader.skip(wireType);
      }
    }
  }
  return "";
}
