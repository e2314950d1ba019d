// A client of the contract as a core API in Node is one: stubs made from the
// .proto file as it is, plaintext gRPC, no credentials, and errors told apart by
// their code and by words in their message.
"use strict";

const crypto = require("node:crypto");
const path = require("node:path");
const grpc = require("@grpc/grpc-js");
const loader = require("@grpc/proto-loader");

/** What the Go test says: addresses of the servers, and keys by what they are for. */
const setting = JSON.parse(process.env.SATCAP_BLINK_TEST || "{}");

const definition = loader.loadSync("services/api_keys/v1/api_keys.proto", {
  includeDirs: [setting.proto, path.join(__dirname, "include")],
  longs: Number, // amounts are below 2^53
  defaults: true,
  oneofs: true, // tells an absent limit from a limit of 0
});
const contract = grpc.loadPackageDefinition(definition).services.api_keys.v1;

/** How long a call may take, so that a server that hangs fails the test. */
const patience = 20_000;

/** The words that each failure has, and the code that it must come with. */
const failures = {
  limit: [/spending limit exceeded/, grpc.status.FAILED_PRECONDITION],
  key: [/Invalid API key ID/, grpc.status.INVALID_ARGUMENT],
  amount: [/Invalid limit amount \(must be positive\)/, grpc.status.INVALID_ARGUMENT],
  mismatch: [/Spending amount mismatch for transaction reference/, grpc.status.FAILED_PRECONDITION],
  unnamed: [/Missing transaction id for ephemeral finalization/, grpc.status.INVALID_ARGUMENT],
  unknown: [/Ephemeral reservation not found:/, grpc.status.NOT_FOUND],
  required: [/Transaction ID is required/, grpc.status.INVALID_ARGUMENT],
};

/** The name of the only failure that the error's words match. */
function classify(error) {
  if (typeof error?.details !== "string") {
    throw error instanceof Error ? error : new Error(`no failure: ${error}`);
  }
  const found = Object.keys(failures).filter((name) => failures[name][0].test(error.details));
  if (found.length !== 1) {
    throw new Error(`${found.length} kinds of failure match code ${error.code}: ${error.details}`);
  }
  return found[0];
}

/** A client of one server: the five calls, each with a promise of its reply. */
function connect(address, metadata = new grpc.Metadata()) {
  const stub = new contract.ApiKeysService(address, grpc.credentials.createInsecure());
  const call = (method, request) =>
    new Promise((resolve, reject) => {
      const deadline = Date.now() + patience;
      stub[method](request, metadata, { deadline }, (error, reply) => (error ? reject(error) : resolve(reply)));
    });
  return {
    check: (apiKeyId, amountSats) => call("checkSpendingLimit", { apiKeyId, amountSats }),
    lock: async (apiKeyId, amountSats) => (await call("checkAndLockSpending", { apiKeyId, amountSats })).ephemeralId,
    summary: (apiKeyId) => call("getSpendingSummary", { apiKeyId }),
    spent: async (apiKeyId) => (await call("getSpendingSummary", { apiKeyId })).dailySpentSats,
    // Names that are undefined are not sent.
    record: (apiKeyId, amountSats, transactionId, ephemeralId) =>
      call("recordSpending", { apiKeyId, amountSats, transactionId, ephemeralId }),
    reverse: (transactionId) => call("reverseSpending", { transactionId }),
    close: () => stub.close(),
  };
}

/** A transaction id as the ledger of the core API makes them. */
const journal = () => crypto.randomBytes(12).toString("hex");

/** Takes a key that no other test has; kind is what it is like. */
function key(kind) {
  const id = setting.keys[kind]?.shift();
  if (id === undefined) {
    throw new Error(`the Go test made too few keys of the kind ${kind}`);
  }
  return id;
}

module.exports = { setting, failures, classify, connect, journal, key, grpc };
