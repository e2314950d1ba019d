import { create, toBinary } from "@bufbuild/protobuf";
import { BinaryWriter } from "@bufbuild/protobuf/wire";
import { Code, ConnectError } from "@connectrpc/connect";
import { expect, test } from "vitest";
import { t } from "../i18n/en";
import { LimitExceededSchema } from "../gen/satcap/v1/usage_pb";
import { explain, isReason, isSignedOut } from "./errors";

// refused is an error as the server sends it: an ErrorInfo among its details.
function refused(code: Code, reason: string, message = "server says"): ConnectError {
  const error = new ConnectError(message, code, { "X-Request-Id": "req-1" });
  const info = new BinaryWriter().tag(2, 2).string("satcap").tag(1, 2).string(reason).finish();
  error.details = [
    { type: "satcap.v1.LimitExceeded", value: toBinary(LimitExceededSchema, create(LimitExceededSchema, { apiKeyId: "NOT_A_REASON" })) },
    { type: "google.rpc.ErrorInfo", value: info },
  ];
  return error;
}

test("the reason chooses the words, and the request id is kept", () => {
  expect(explain(refused(Code.FailedPrecondition, "API_KEY_PAUSED"))).toEqual({
    reason: "API_KEY_PAUSED",
    message: t.errors.byReason["API_KEY_PAUSED"],
    requestId: "req-1",
    retryable: false,
  });
});

test("a reason that the page does not know shows the server's words", () => {
  expect(explain(refused(Code.InvalidArgument, "NEW_REASON", "name: too long"))).toMatchObject({
    reason: "NEW_REASON",
    message: "name: too long",
  });
});

test("only unavailable and timeouts are worth the same request again", () => {
  expect(explain(refused(Code.Unavailable, "OVERLOADED")).retryable).toBe(true);
  expect(explain(new ConnectError("late", Code.DeadlineExceeded)).retryable).toBe(true);
  expect(explain(refused(Code.ResourceExhausted, "TOO_MANY_FAILURES")).retryable).toBe(false);
  expect(explain(refused(Code.Aborted, "REVISION_MISMATCH")).retryable).toBe(false);
});

test("no server at all", () => {
  expect(explain(ConnectError.from(new TypeError("Failed to fetch"), Code.Internal))).toMatchObject({ reason: "UNREACHABLE", retryable: true });
  expect(explain(new ConnectError("HTTP 502", Code.Unavailable))).toMatchObject({ reason: "UNREACHABLE" });
});

test("an error without a reason is named by its code", () => {
  expect(explain(new ConnectError("boom", Code.PermissionDenied)).reason).toBe("PERMISSION_DENIED");
  expect(explain(new Error("boom")).message).toBe("boom");
});

test("a detail that is damaged does not hide the error", () => {
  const error = new ConnectError("boom", Code.Internal);
  error.details = [{ type: "google.rpc.ErrorInfo", value: new Uint8Array([0x0a, 0xff]) }];
  expect(explain(error).reason).toBe("INTERNAL");
});

test("isSignedOut and isReason", () => {
  expect(isSignedOut(refused(Code.Unauthenticated, "UNAUTHENTICATED"))).toBe(true);
  expect(isSignedOut(refused(Code.PermissionDenied, "PERMISSION_DENIED"))).toBe(false);
  expect(isSignedOut(new TypeError("x"))).toBe(false);
  expect(isReason(refused(Code.Aborted, "REVISION_MISMATCH"), "REVISION_MISMATCH")).toBe(true);
  expect(isReason(new Error("REVISION_MISMATCH"), "REVISION_MISMATCH")).toBe(false);
});
