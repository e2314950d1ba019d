import { Code, ConnectError } from "@connectrpc/connect";
import { BinaryWriter } from "@bufbuild/protobuf/wire";
import { expect, it } from "vitest";
import { failureOf, hasReason, isSignedOut, mayRetry } from "./errors";

function withReason(code: Code, reason: string, metadata?: HeadersInit): ConnectError {
  const error = new ConnectError("told", code, metadata);
  // The domain first: the order of fields is the sender's choice.
  const value = new BinaryWriter().tag(2, 2).string("satcap").tag(1, 2).string(reason).finish();
  error.details = [{ type: "google.rpc.RetryInfo", value: new Uint8Array() }, { type: "google.rpc.ErrorInfo", value }];
  return error;
}

it("reads reason, message and request id", () => {
  const error = withReason(Code.NotFound, "API_KEY_NOT_FOUND", { "x-request-id": "r1" });
  expect(failureOf(error)).toEqual({ reason: "API_KEY_NOT_FOUND", message: "told", requestId: "r1", offline: false });
});

it("takes a failed fetch for a server that is away", () => {
  expect(failureOf(new TypeError("Failed to fetch")).offline).toBe(true);
  expect(failureOf(new ConnectError("x", Code.Unavailable)).offline).toBe(true);
  expect(failureOf(new ConnectError("x", Code.Internal)).offline).toBe(false);
});

it("does not repeat what was answered", () => {
  expect(mayRetry(withReason(Code.Aborted, "REVISION_MISMATCH"))).toBe(false);
  expect(mayRetry(new ConnectError("x", Code.NotFound))).toBe(false);
  expect(mayRetry(new ConnectError("x", Code.Unavailable))).toBe(true);
});

it("tells signed out from refused", () => {
  expect(isSignedOut(new ConnectError("x", Code.Unauthenticated))).toBe(true);
  expect(isSignedOut(undefined)).toBe(false);
  expect(hasReason(undefined, "")).toBe(false);
});
