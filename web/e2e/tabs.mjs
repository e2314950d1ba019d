// Many tabs of one browser, and tabs that nobody looks at.
import assert from "node:assert/strict";
import { call, createKey, finish, goTo, launch, open, openIn, parts, record, signIn, step } from "./harness.mjs";

const TABS = 8;
// A request that finds no connection waits for a stream to end: minutes.
const patienceMs = 15_000;
const browser = await launch();
const page = await open(browser);
const id = await createKey("Shop", { day: 100_000 });
const tabs = [page];

await step("eight tabs on one key: one has the stream, the others poll, all are current", async () => {
  await signIn(page);
  for (let n = 1; n < TABS; n++) tabs.push(await openIn(page.context()));
  for (const tab of tabs.slice(1)) await signIn(tab);
  for (const tab of tabs) {
    await goTo(tab, `#/keys/${id}`);
    await parts(tab).verdict("Within limits");
  }
  await record(id, "a", 50_000);
  await Promise.all(tabs.map((tab) => parts(tab).verdict("50 %")));
  const live = await Promise.all(tabs.map((tab) => tab.locator(".fresh.stream").count()));
  assert.equal(live.reduce((a, b) => a + b), 1, "one stream");
});
await step("a button works in each of them", async () => {
  for (const [n, tab] of tabs.entries()) {
    const { button, inDialog, text } = parts(tab);
    await button("Rename").click();
    await tab.getByRole("dialog").getByRole("textbox").fill(`Shop ${n}`);
    const before = Date.now();
    await inDialog("Rename").click();
    await text("Renamed.");
    assert.ok(Date.now() - before < patienceMs, `tab ${n} waited ${Date.now() - before} ms`);
  }
});
await step("the tab with the stream closes, and another one takes it over", async () => {
  const live = await Promise.all(tabs.map((tab) => tab.locator(".fresh.stream").count()));
  await tabs[live.indexOf(1)].close();
  const rest = tabs.filter((tab) => !tab.isClosed());
  await Promise.any(rest.map((tab) => tab.locator(".fresh.stream").waitFor()));
  for (const tab of rest.slice(1)) await tab.close();
});
await step("a hidden tab asks nothing, and is current as soon as it is seen", async () => {
  const [tab] = tabs.filter((t) => !t.isClosed());
  await tab.locator(".fresh.stream").waitFor();
  const asked = [];
  const open = new Set();
  tab.on("request", (r) => r.url().includes("satcap.v1") && asked.push(r.url()));
  tab.on("requestfailed", (r) => open.delete(r.url()));
  // Headless Chromium hides no tab by itself: what the page reads is set here.
  const show = (state) =>
    tab.evaluate((now) => {
      Object.defineProperty(document, "visibilityState", { configurable: true, get: () => now });
      Object.defineProperty(document, "hidden", { configurable: true, get: () => now === "hidden" });
      // TanStack Query listens at the window, to which the event bubbles.
      document.dispatchEvent(new Event("visibilitychange", { bubbles: true }));
    }, state);
  // Two changes in a row: what stands around the key waits to be read again, and
  // must not be read while nobody looks.
  await record(id, "b", 1_000);
  await parts(tab).verdict("51 %");
  await record(id, "c", 1_000);
  await parts(tab).verdict("52 %");
  const streamEnds = tab.waitForEvent("requestfailed", (r) => r.url().includes("WatchUsage"));
  await show("hidden");
  await streamEnds;
  asked.length = 0;
  await record(id, "d", 23_000);
  await tab.evaluate(() => new Promise((done) => setTimeout(done, 7_000))); // two polls' time
  assert.deepEqual(asked, []);
  await show("visible");
  await parts(tab).verdict("75 %");
  await tab.locator(".fresh.stream").waitFor();
});
const [tab] = tabs.filter((t) => !t.isClosed());
await step("what the stream leaves out is current too: the name that another browser gave it", async () => {
  await call("ApiKeyService/RenameApiKey", { apiKeyId: id, name: "Renamed elsewhere" });
  await tab.getByRole("heading", { name: "Renamed elsewhere" }).waitFor();
  await tab.locator(".fresh.stream").waitFor();
});
await step("a chart of another window shows nothing until it has that window's sums", async () => {
  await tab.getByText("Last 24 hours: 75,000 sats spent").waitFor();
  await tab.route("**/GetSpendSeries", () => {}); // no answer comes
  await tab.getByText("365 d", { exact: true }).click();
  await tab.locator(".chart .bone").waitFor();
  assert.equal(await tab.getByText("Last 365 days: 75,000").count(), 0);
  await tab.unrouteAll({ behavior: "ignoreErrors" });
});
await step("a browser that thinks it has no network still asks a server on its machine", async () => {
  await goTo(tab, "#/keys");
  await parts(tab).text("75,000 of 100,000 sats in 24 h");
  await tab.evaluate(() => void dispatchEvent(new Event("offline")));
  await record(id, "e", 5_000);
  await parts(tab).text("80,000 of 100,000 sats in 24 h");
});
await finish(browser);
