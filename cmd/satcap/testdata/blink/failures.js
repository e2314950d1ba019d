// Failures as the client tells them apart: by code, and by words in the message.
"use strict";

const test = require("node:test");
const assert = require("node:assert/strict");
const crypto = require("node:crypto");
const { setting, failures, classify, connect, journal, key, grpc } = require("./client.js");

/** Requires that the call fails as that kind, with its code, and with details. */
async function fails(kind, call) {
  const error = await call.then(() => assert.fail(`no failure where ${kind} is due`), (e) => e);
  assert.equal(classify(error), kind);
  assert.equal(error.code, failures[kind][1], error.message);
  assert.equal(error.metadata.get("grpc-status-details-bin").length, 1, "satcap's details ride along");
  return error.details;
}

module.exports = () =>
  test("failures", async (t) => {
    const core = connect(setting.servers[0]);
    t.after(core.close);

    for (const window of ["daily", "weekly", "monthly", "annual"]) {
      await t.test(`the ${window} limit`, async () => {
        const id = key(window); // limited to 1000 in this window only
        await core.lock(id, 1000);
        assert.match(await fails("limit", core.lock(id, 1)), new RegExp(`^${window} spending limit exceeded`));
      });
    }

    await t.test("the tightest window comes first", async () => {
      const id = key("windows"); // 1000, 2000, 3000, 4000
      assert.match(await fails("limit", core.lock(id, 4001)), /^daily spending limit exceeded/);
      await core.record(id, 3999, journal());
      assert.match(await fails("limit", core.lock(id, 4001)), /^(daily|weekly|monthly) spending limit exceeded/, "nothing is left of three");
      assert.equal((await core.check(id, 1)).allowed, false);
    });

    await t.test("keys that may not hold", async () => {
      for (const bad of ["", "no-uuid", crypto.randomUUID(), key("paused"), key("revoked"), key("expired")]) {
        await fails("key", core.check(bad, 1));
        await fails("key", core.lock(bad, 1));
      }
    });

    await t.test("keys that are none", async () => {
      for (const bad of ["", "no-uuid", crypto.randomUUID()]) {
        await fails("key", core.summary(bad));
        await fails("key", core.record(bad, 1, journal()));
        await fails("key", core.record(bad, 1, journal(), crypto.randomUUID()));
      }
    });

    await t.test("what was paid is recorded, whatever became of the key", async () => {
      for (const id of [key("paused"), key("revoked"), key("expired")]) {
        const payment = journal();
        await core.record(id, 7, payment);
        assert.equal(await core.spent(id), 7);
        await core.reverse(payment);
        assert.equal(await core.spent(id), 0);
      }
    });

    await t.test("amounts", async () => {
      const id = key("daily");
      for (const sats of [0, -1, Number.MIN_SAFE_INTEGER]) {
        await fails("amount", core.check(id, sats));
        await fails("amount", core.lock(id, sats));
        await fails("amount", core.record(id, sats, journal()));
        await fails("amount", core.record(id, sats, journal(), await core.lock(id, 1)));
      }
    });

    await t.test("another amount", async () => {
      const id = key("daily");
      const [hold, payment] = [await core.lock(id, 100), journal()];
      await fails("mismatch", core.record(id, 99, payment, hold));
      await fails("mismatch", core.record(id, 101, payment, hold));
      await core.record(id, 100, payment, hold);
      await fails("mismatch", core.record(id, 101, payment, hold));
      await fails("mismatch", core.record(id, 101, payment));
      await fails("mismatch", core.record(id, 101, payment, crypto.randomUUID()));
      assert.equal(await core.spent(id), 100);
    });

    await t.test("a hold without a transaction", async () => {
      const id = key("daily");
      const hold = await core.lock(id, 100);
      await fails("unnamed", core.record(id, 100, undefined, hold));
      await fails("unnamed", core.record(id, 100, "", hold));
      await core.record(id, 100, journal(), hold);
    });

    await t.test("a hold that is none", async () => {
      const id = key("daily");
      const unknown = crypto.randomUUID();
      const words = await fails("unknown", core.record(id, 100, journal(), unknown));
      assert.ok(words.includes(unknown));
      const payment = journal();
      await core.record(id, 100, payment);
      await core.record(id, 100, payment, unknown); // the transaction is there: a repetition
      assert.equal(await core.spent(id), 100);
    });

    await t.test("reversals", async () => {
      await core.reverse(journal());
      await core.reverse(crypto.randomUUID());
      await core.reverse("some words");
      await fails("required", core.reverse(""));
    });

    await t.test("the main port wants a token", async (t) => {
      const stranger = connect(setting.mainPort);
      t.after(stranger.close);
      const id = key("daily");
      const error = await stranger.lock(id, 1).catch((e) => e);
      assert.equal(error.code, grpc.status.UNAUTHENTICATED);
      const metadata = new grpc.Metadata();
      metadata.set("authorization", `Bearer ${setting.token}`);
      const known = connect(setting.mainPort, metadata);
      t.after(known.close);
      await known.record(id, 1, journal(), await known.lock(id, 1));
      assert.equal(await core.spent(id), 1, "both ports lead to the same sums");
    });
  });
