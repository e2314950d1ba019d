// The only place that reads a ConnectError.
import { BinaryReader, WireType } from "@bufbuild/protobuf/wire";
import { Code, ConnectError } from "@connectrpc/connect";
import { t } from "../i18n/en";

export interface Failure {
  // The server's reason, or UNREACHABLE when no server answered.
  reason: string;
  message: string;
  requestId?: string;
  // The same request may be sent again as it is.
  retryable: boolean;
}

// explain turns anything that was thrown into words.
export function explain(thrown: unknown): Failure {
  const error = ConnectError.from(thrown);
  const reason = reasonOf(error);
  const requestId = error.metadata.get("x-request-id") ?? undefined;
  const retryable = error.code === Code.Unavailable || error.code === Code.DeadlineExceeded || reason === "UNREACHABLE";
  return { reason, message: t.errors.byReason[reason] ?? error.rawMessage, requestId, retryable };
}

export const isSignedOut = (thrown: unknown): boolean =>
  thrown instanceof ConnectError && thrown.code === Code.Unauthenticated;

export const isReason = (thrown: unknown, reason: string): boolean =>
  thrown instanceof ConnectError && reasonOf(thrown) === reason;

function reasonOf(error: ConnectError): string {
  for (const detail of error.details) {
    if ("type" in detail && detail.type === "google.rpc.ErrorInfo") {
      const reason = readReason(detail.value);
      if (reason) return reason;
    }
  }
  // Without a reason it was not satcap that answered: fetch failed, or a proxy
  // on the way has no server behind it.
  if (error.code === Code.DeadlineExceeded) return "DEADLINE_EXCEEDED";
  if (error.code === Code.Canceled) return "CANCELED";
  if (error.cause instanceof TypeError || error.code === Code.Unavailable) return "UNREACHABLE";
  return Code[error.code]?.replace(/(?<=[a-z])(?=[A-Z])/g, "_").toUpperCase() ?? "UNKNOWN";
}

// readReason reads field 1 of a google.rpc.ErrorInfo. Its generated code would
// be a hundred times as much.
function readReason(bytes: Uint8Array): string | undefined {
  try {
    const reader = new BinaryReader(bytes);
    while (reader.pos < reader.len) {
      const [field, type] = reader.tag();
      if (field === 1 && type === WireType.LengthDelimited) return reader.string();
      reader.skip(type, field);
    }
  } catch {
    // A detail that cannot be read says nothing.
  }
  return undefined;
}
