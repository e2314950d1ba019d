// The life of payments: held, recorded, given back, and what is counted meanwhile.
// The keys have a daily limit of 1000.
"use strict";

const test = require("node:test");
const assert = require("node:assert/strict");
const { setting, classify, connect, journal, key } = require("./client.js");

module.exports = () =>
  test("life", async (t) => {
    const core = connect(setting.servers[0]);
    t.after(core.close);

    await t.test("paid at once", async () => {
      const id = key("daily");
      assert.equal((await core.check(id, 1000)).allowed, true);
      assert.equal((await core.check(id, 1001)).allowed, false);
      assert.equal(await core.spent(id), 0, "a check holds nothing");
      const hold = await core.lock(id, 600);
      assert.equal(await core.spent(id), 600, "what is held is spent");
      assert.equal((await core.check(id, 401)).allowed, false);
      const payment = journal();
      await core.record(id, 600, payment, hold);
      assert.equal(await core.spent(id), 600, "and counts once when it is recorded");
      await core.lock(id, 400);
      assert.equal(classify(await core.lock(id, 1).catch((e) => e)), "limit");
      await core.reverse(payment); // refunded
      assert.equal(await core.spent(id), 400);
    });

    await t.test("pending, then paid", async () => {
      const id = key("daily");
      const [hold, payment] = [await core.lock(id, 700), journal()];
      await core.record(id, 700, payment, hold); // when it is sent
      assert.equal(classify(await core.lock(id, 301).catch((e) => e)), "limit");
      await core.record(id, 700, payment, hold); // when it has arrived
      await core.record(id, 700, payment); // told by another process, which knows no hold
      assert.equal(await core.spent(id), 700);
    });

    await t.test("pending, then failed", async () => {
      const id = key("daily");
      const [hold, payment] = [await core.lock(id, 700), journal()];
      await core.record(id, 700, payment, hold);
      await core.reverse(payment);
      assert.equal(await core.spent(id), 0);
      await core.reverse(payment);
      await core.record(id, 700, payment, hold); // the late repetition
      assert.equal(await core.spent(id), 0, "a reversal is for good");
      await core.record(id, 1000, journal(), await core.lock(id, 1000)); // the next try of the payer
      assert.equal(await core.spent(id), 1000);
    });

    await t.test("failed before it was sent", async () => {
      const id = key("daily");
      const hold = await core.lock(id, 1000);
      await core.reverse(hold);
      assert.equal(await core.spent(id), 0);
      await core.reverse(hold);
      await core.lock(id, 1000);
      await core.record(id, 1000, journal(), hold); // overtaken by the reversal
      assert.equal(await core.spent(id), 1000, "only the second hold counts");
    });

    await t.test("paid without a hold", async () => {
      const id = key("daily");
      const payment = journal();
      for (let i = 0; i < 3; i++) {
        await core.record(id, 4000, payment);
        assert.equal(await core.spent(id), 4000, "beyond the limit, and once");
      }
      assert.equal((await core.check(id, 1)).allowed, false);
      assert.equal((await core.summary(id)).remainingDailySats, 0, "never below 0");
      await core.record(id, 5);
      await core.record(id, 5);
      assert.equal(await core.spent(id), 4010, "without any name every call counts");
      await core.reverse(payment);
      assert.equal(await core.spent(id), 10);
    });

    await t.test("every window", async () => {
      const id = key("windows"); // 1000, 2000, 3000, 4000
      await core.record(id, 300, journal(), await core.lock(id, 300));
      await core.lock(id, 200);
      const want = {
        dailyLimitSats: 1000, weeklyLimitSats: 2000, monthlyLimitSats: 3000, annualLimitSats: 4000,
        dailySpentSats: 500, weeklySpentSats: 500, monthlySpentSats: 500, annualSpentSats: 500,
        remainingDailySats: 500, remainingWeeklySats: 1500, remainingMonthlySats: 2500, remainingAnnualSats: 3500,
      };
      const values = (reply) => Object.fromEntries(Object.keys(want).map((name) => [name, reply[name]]));
      assert.deepEqual(values(await core.summary(id)), want);
      assert.deepEqual(values(await core.check(id, 500)), want);
    });

    await t.test("no limits", async () => {
      const id = key("free");
      const all = 2_100_000_000_000_000; // every sat there is
      assert.equal((await core.check(id, all)).allowed, true);
      const hold = await core.lock(id, all);
      const summary = await core.summary(id);
      assert.equal(summary.annualSpentSats, all);
      for (const name of ["dailyLimitSats", "annualLimitSats", "remainingDailySats", "remainingAnnualSats"]) {
        assert.equal(summary[name], undefined, `${name} is absent, not 0`);
      }
      await core.reverse(hold);
      assert.equal(await core.spent(id), 0);
    });

    await t.test("keys are told apart", async () => {
      const [one, two] = [key("daily"), key("daily")];
      const payment = journal();
      await core.record(one, 10, payment);
      await core.record(two, 20, payment);
      await core.reverse(payment);
      assert.deepEqual([await core.spent(one), await core.spent(two)], [0, 20], "it is of who was first");
      const error = await core.record(two, 5, journal(), await core.lock(one, 5)).catch((e) => e);
      assert.equal(classify(error), "unknown", "the other key's hold");
      assert.deepEqual([await core.spent(one), await core.spent(two)], [5, 20]);
    });
  });
