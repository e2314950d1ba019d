// A thousand keys: the list stays quick, and finds what it has not loaded.
import assert from "node:assert/strict";
import { createKey, finish, launch, open, parts, record, signIn, step } from "./harness.mjs";

const KEYS = 1_000;
const TOGETHER = 25;
const browser = await launch();
const page = await open(browser);
const { button, text } = parts(page);
const rows = page.locator("li.row:not(.head)");
const search = page.getByLabel("Search by name, prefix or id");
// The tests share their processor with others: so much is the page's own only if
// something in it grows with the square of the keys.
const patienceMs = 8_000;

// timed returns how long the page takes until it shows what it should.
async function timed(act, shows) {
  const before = Date.now();
  await act();
  await shows();
  const ms = Date.now() - before;
  assert.ok(ms < patienceMs, `${ms} ms`);
}

await step("a thousand keys are made", async () => {
  let next = 0;
  const maker = async () => {
    for (let n = next++; n < KEYS; n = next++) {
      const id = await createKey(`Worker ${n}`, { day: n === 500 ? 100 : 1_000 });
      if (n === 500) await record(id, "s", 95);
      if (n === 1) await record(id, "s", 999);
    }
  };
  await Promise.all(Array.from({ length: TOGETHER }, maker));
});
await step("the first page shows at once, and more on demand", async () => {
  await signIn(page);
  await text("100 of 200+ keys");
  assert.equal(await rows.count(), 100);
  // Worker 1, the one to look at, is on a page that was not read yet.
  await page.getByText("Near a limit 0+").waitFor();
  await timed(() => button("Show more").click(), () => text(/^200 of [24]00\+ keys$/));
  await timed(() => button("Show more").click(), () => text(/^300 of 400\+ keys$/));
});
await step("search finds a key that was not loaded, by name and by prefix", async () => {
  await search.fill("worker 3");
  await text("Loading the rest of the keys").catch(() => undefined); // may be over already
  await text(`of ${KEYS.toLocaleString("en")} keys`);
  await timed(() => search.fill("WORKER 37"), () => text(`11 of ${KEYS.toLocaleString("en")} keys`));
  const prefix = (await rows.first().locator(".prefix").innerText()).replace("…", "");
  await timed(() => search.fill(prefix), () => text(`1 of ${KEYS.toLocaleString("en")} keys`));
  await timed(() => search.fill("nobody"), () => text("No key matches."));
  await timed(() => button("Show all keys").click(), () => text("300 of 1,000 keys"));
});
await step("sorted by name and by how close a key is to its limit", async () => {
  const sort = page.getByLabel("Sort by");
  const names = () => rows.locator("a").evaluateAll((all) => all.slice(0, 3).map((a) => a.textContent));
  await timed(() => sort.selectOption("name"), () => rows.first().getByText("Worker 0", { exact: true }).waitFor());
  assert.deepEqual(await names(), ["Worker 0", "Worker 1", "Worker 2"], "numbers as numbers");
  await timed(() => sort.selectOption("used"), () => rows.first().getByText("Worker 1", { exact: true }).waitFor());
  assert.deepEqual((await names()).slice(0, 2), ["Worker 1", "Worker 500"]);
  await timed(() => page.getByLabel(/Near a limit/).check({ force: true }), () => text("2 of 1,000 keys"));
});
await step("a poll of a thousand keys does not hold the page up", async () => {
  await button("Show all keys").click().catch(() => page.getByLabel(/^All/).check({ force: true }));
  // The longest that the page did not answer, over a whole round of reading.
  const worst = await page.evaluate(async () => {
    let longest = 0;
    const watch = new PerformanceObserver((list) => {
      for (const entry of list.getEntries()) longest = Math.max(longest, entry.duration);
    });
    watch.observe({ type: "longtask" });
    const end = performance.now() + 4_000;
    while (performance.now() < end) await new Promise((next) => setTimeout(next, 20));
    return longest;
  });
  assert.ok(worst < 2_000, `the page stood still for ${worst} ms`);
});
await finish(browser);
