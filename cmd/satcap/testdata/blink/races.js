// Calls about the same key or payment in the same moment, at all the servers
// that there are.
"use strict";

const test = require("node:test");
const assert = require("node:assert/strict");
const { setting, classify, connect, journal, key } = require("./client.js");

/** Runs call for 0 to n-1 at once; each ends as "ok" or as a kind of failure. */
function atOnce(n, call) {
  const outcome = (i) => call(i).then(() => "ok", classify);
  return Promise.all(Array.from({ length: n }, (_, i) => outcome(i)));
}

/** How often each outcome is there. */
function tally(outcomes) {
  const counts = {};
  for (const outcome of outcomes) {
    counts[outcome] = (counts[outcome] ?? 0) + 1;
  }
  return counts;
}

module.exports = () =>
  test("races", async (t) => {
    const servers = setting.servers.map((address) => connect(address));
    t.after(() => servers.forEach((s) => s.close()));
    const server = (i) => servers[i % servers.length];

    await t.test("locks never pass the limit", async () => {
      const id = key("daily");
      const holds = [];
      const outcomes = await atOnce(60, async (i) => holds.push(await server(i).lock(id, 70)));
      assert.deepEqual(tally(outcomes), { ok: 14, limit: 46 }, "exactly what fits in 1000");
      assert.equal(new Set(holds).size, 14, "every hold has a name of its own");
      assert.equal(await server(0).spent(id), 980);
      assert.equal(await server(1).spent(id), 980);
      await atOnce(14, (i) => server(i).record(id, 70, journal(), holds[i]));
      assert.equal(await server(0).spent(id), 980, "recording adds nothing");
    });

    await t.test("locks against locks and reversals", async () => {
      const id = key("daily");
      const pay = async (i) => {
        const hold = await server(i).lock(id, 400);
        assert.ok((await server(i + 1).spent(id)) <= 1000, "not for a moment");
        await server(i + 1).reverse(hold);
      };
      for (let round = 0; round < 5; round++) {
        const counts = tally(await atOnce(12, pay));
        assert.equal((counts.ok ?? 0) + (counts.limit ?? 0), 12);
        assert.ok(counts.ok >= 2, "two fit at any time");
      }
      assert.equal(await server(0).spent(id), 0);
    });

    await t.test("a reversal that comes first", async () => {
      const id = key("daily");
      const [hold, payment, unheld] = [await server(0).lock(id, 400), journal(), journal()];
      await server(0).reverse(payment); // the payment failed at once; its record is on the way
      await server(0).reverse(unheld);
      await server(1).record(id, 400, payment, hold);
      await server(1).record(id, 400, unheld);
      assert.equal(await server(0).spent(id), 0);
      await server(0).lock(id, 1000);
    });

    for (const [name, held] of [["of a hold", true], ["without a hold", false]]) {
      await t.test(`record and reverse in the same moment, ${name}`, async () => {
        const id = key("free");
        for (let pair = 0; pair < 100; pair++) {
          const payment = journal();
          const hold = held ? await server(pair).lock(id, 9) : undefined;
          const record = () => server(pair).record(id, 9, payment, hold);
          const reverse = () => server(pair + 1).reverse(payment);
          const calls = pair % 4 < 2 ? [record, reverse] : [reverse, record];
          assert.deepEqual(await atOnce(2, (i) => calls[i]()), ["ok", "ok"]);
          assert.equal(await server(0).spent(id), 0, `pair ${pair} is counted`);
        }
      });
    }

    await t.test("record of a hold that is given back in the same moment", async () => {
      const id = key("daily");
      for (let pair = 0; pair < 30; pair++) {
        const hold = await server(pair).lock(id, 1000); // fits only if nothing is left of the last pair
        const calls = [() => server(pair).record(id, 1000, journal(), hold), () => server(pair + 1).reverse(hold)];
        assert.deepEqual(await atOnce(2, (i) => calls[i]()), ["ok", "ok"]);
      }
      assert.equal(await server(0).spent(id), 0);
    });

    await t.test("the same record many times", async () => {
      const id = key("daily");
      const [hold, payment, unheld] = [await server(0).lock(id, 300), journal(), journal()];
      assert.deepEqual(tally(await atOnce(20, (i) => server(i).record(id, 300, payment, hold))), { ok: 20 });
      assert.deepEqual(tally(await atOnce(20, (i) => server(i).record(id, 300, unheld))), { ok: 20 });
      assert.equal(await server(0).spent(id), 600);
      assert.deepEqual(tally(await atOnce(20, (i) => server(i).reverse(i % 2 ? payment : unheld))), { ok: 20 });
      assert.equal(await server(0).spent(id), 0);
    });

    await t.test("one transaction with two amounts", async () => {
      const id = key("daily");
      for (let pair = 1; pair <= 20; pair++) {
        const payment = journal();
        const before = await server(0).spent(id);
        const outcomes = await atOnce(2, (i) => server(i).record(id, i ? 3 : 5, payment));
        assert.deepEqual([...outcomes].sort(), ["mismatch", "ok"]);
        assert.equal((await server(0).spent(id)) - before, outcomes[0] === "ok" ? 5 : 3, "who was told ok is counted");
      }
    });

    await t.test("one transaction of two keys", async () => {
      const [one, two, payment] = [key("daily"), key("daily"), journal()];
      await atOnce(2, (i) => server(i).record(i ? two : one, 5, payment));
      assert.deepEqual([await server(0).spent(one), await server(0).spent(two)], [5, 5]);
      await server(0).reverse(payment);
      assert.equal((await server(0).spent(one)) + (await server(0).spent(two)), 5, "one of them is meant");
    });
  });
