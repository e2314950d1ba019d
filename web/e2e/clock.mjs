// Capacity comes back as the server's clock moves: "Blocked" becomes "Within limits" by
// the stream, and by polling where there is no stream.
import assert from "node:assert/strict";
import { ask, call, createKey, finish, goTo, launch, open, openIn, parts, record, signIn, step } from "./harness.mjs";

const browser = await launch();
const page = await open(browser);
const { verdict } = parts(page);
const id = await createKey("Shop", { day: 100_000, week: 300_000 });
const reserve = (spendId, sats) => call("SpendService/ReserveSpend", { apiKeyId: id, spendId, amountSats: String(sats) });
// The stream speaks that often even if nothing changes.
const heartbeatMs = 15_000;
let polling, list;

await step("blocked, in three places", async () => {
  await record(id, "a", 60_000);
  await ask("clock", "1h");
  await record(id, "b", 40_000);
  assert.equal((await reserve("r", 1)).status, 429);
  await signIn(page);
  await goTo(page, `#/keys/${id}`);
  await page.locator(".fresh.stream").waitFor();
  polling = await openIn(page.context());
  list = await openIn(page.context());
  for (const tab of [polling, list]) await signIn(tab);
  await goTo(polling, `#/keys/${id}`);
  for (const tab of [page, polling]) await parts(tab).verdict(/Blocked by 24 hours: 60,000 sats fit again/);
  await parts(list).text("100,000 of 100,000 sats in 24 h");
  assert.equal(await polling.locator(".fresh.stream").count(), 0);
  for (const tab of [page, polling, list]) await tab.evaluate(() => void (globalThis.unloaded = false));
});
await step("a day later what left the window fits again, everywhere, by itself", async () => {
  // The stream has just spoken, so what it says next is not its heartbeat.
  await record(id, "c", 5);
  await page.locator(".card").first().getByText("100,005", { exact: true }).waitFor();
  await ask("clock", "24h5s"); // what was spent first is out, the rest is in
  await page.locator(".verdict").getByText("Up to 59,995 sats fit now.").waitFor({ timeout: heartbeatMs - 3_000 });
  await parts(polling).verdict("Up to 59,995 sats fit now.");
  await parts(list).text("40,005 of 100,000 sats in 24 h");
  assert.equal((await reserve("r2", 59_995)).status, 200, "the page is right");
  for (const tab of [page, polling]) await parts(tab).verdict(/Blocked by 24 hours/);
  await parts(list).text("100,000 of 100,000 sats in 24 h");
});
await step("a hold that expires comes back too", async () => {
  await ask("clock", "49h");
  for (const tab of [page, polling]) await parts(tab).verdict("Within limits: closest is 7 days, 33 %. Up to 100,000 sats fit now.");
  for (const tab of [page, polling, list]) assert.equal(await tab.evaluate(() => globalThis.unloaded), false, "no reload");
  await verdict("Within limits");
});
await finish(browser);
