// A walk through the dashboard in a real browser, against a real server:
// SATCAP_URL and SATCAP_TOKEN name it, CHROMIUM the browser. Prints "ok STEP" for
// every step, and fails with the first that does not work.
import assert from "node:assert/strict";
import { chromium } from "playwright-core";

const { SATCAP_URL: url, SATCAP_TOKEN: token, CHROMIUM: executablePath } = process.env;
const NAME = "<img src=x onerror=alert(1)> shop";

const browser = await chromium.launch({ executablePath, args: ["--no-sandbox", "--disable-gpu"] });
const page = await browser.newPage({ viewport: { width: 1200, height: 850 } });
page.setDefaultTimeout(20_000);
const errors = [];
page.on("pageerror", (e) => errors.push(e.message));
page.on("dialog", (d) => {
  errors.push(`a script of the name ran: ${d.message()}`);
  void d.dismiss();
});

async function step(name, run) {
  await run();
  assert.deepEqual(errors, [], name);
  console.log(`ok ${name}`);
}

async function call(method, body) {
  const answer = await fetch(`${url}/satcap.v1.${method}`, {
    method: "POST",
    headers: { Authorization: `Bearer ${token}`, "Content-Type": "application/json" },
    body: JSON.stringify(body),
  });
  return { status: answer.status, body: await answer.json() };
}

const button = (name) => page.getByRole("button", { name, exact: true });
const inDialog = (name) => page.getByRole("dialog").getByRole("button", { name });
const amount = (label) => page.getByLabel(label, { exact: true }).and(page.locator("input"));
const narrow = () => page.evaluate(() => document.documentElement.scrollWidth);

let id;
await step("a wrong token is refused", async () => {
  await page.goto(url);
  await page.getByLabel("Bearer token").fill("wrong");
  await button("Use token").click();
  await page.getByRole("alert").waitFor();
});
await step("signing in", async () => {
  await page.getByLabel("Bearer token").fill(token);
  await button("Use token").click();
  await page.getByRole("heading", { name: "API keys" }).waitFor();
});
await step("a key is created, and its secret shown once", async () => {
  await button("Create key").first().click();
  await page.getByLabel("Name").fill(NAME);
  await inDialog("Create key").click();
  await page.getByText("I have stored it").waitFor();
  await page.keyboard.press("Escape"); // does not lose the secret
  await page.getByLabel("I have stored it").check();
  await button("Done").click();
  await page.getByText("Within limits").waitFor();
  id = (await page.evaluate(() => location.hash)).split("/")[2];
  assert.equal(await page.locator("img").count(), 0, "the name is text");
});
await step("what is spent shows at once", async () => {
  await page.getByText("Live", { exact: true }).waitFor();
  await call("SpendService/RecordSpend", { apiKeyId: id, spendId: "a", amountSats: "62545", transactionId: "tx" });
  await call("SpendService/ReserveSpend", { apiKeyId: id, spendId: "h", amountSats: "20000" });
  await page.getByText("62,545 sats").first().waitFor();
  await page.getByText("20,000 sats").first().waitFor();
});
await step("limits are edited through a conflict", async () => {
  await button("Edit limits").click();
  await amount("24 hours").fill("70k");
  await amount("7 days").fill("1m");
  await call("LimitService/UpdateLimits", { apiKeyId: id, updates: [{ window: "LIMIT_WINDOW_MONTHLY", limitSats: "1600000" }] });
  await page.getByText("The key changed meanwhile").waitFor();
  await button("Go on with what I typed").click();
  assert.equal(await amount("24 hours").inputValue(), "70k", "what was typed stays");
  await page.getByLabel("Yes, let it").check(); // the second limit is raised
  await button("Save limits").click();
  await page.getByText("Blocked by 24 hours").waitFor();
  const refused = await call("SpendService/ReserveSpend", { apiKeyId: id, spendId: "r", amountSats: "1" });
  assert.equal(refused.status, 429);
});
await step("history and limit changes", async () => {
  await page.getByRole("link", { name: "Spends" }).click();
  await page.locator("td").getByText("Settled").first().waitFor();
  await page.getByRole("link", { name: "Limit changes" }).click();
  await page.locator("td").getByText("30 days").first().waitFor();
});
await step("pause, resume, rotate", async () => {
  await button("Pause").click();
  await inDialog("Pause").click();
  await page.getByText("Paused: it may not").waitFor();
  await button("Resume").click();
  await inDialog("Resume").click();
  await page.getByText("Blocked by").waitFor();
  await button("Rotate secret").click();
  await inDialog("Rotate").click();
  await page.getByLabel("I have stored it").check();
  await button("Done").click();
});
await step("360 px wide, and dark", async () => {
  await page.setViewportSize({ width: 360, height: 740 });
  await page.emulateMedia({ colorScheme: "dark" });
  await page.getByRole("link", { name: "Overview" }).click();
  await page.getByRole("heading", { name: "Last 24 hours" }).waitFor();
  assert.ok((await narrow()) <= 360, "the key's page is wider than the screen");
  await page.getByRole("link", { name: "All keys" }).click();
  await page.getByRole("heading", { name: "API keys" }).waitFor();
  assert.ok((await narrow()) <= 360, "the list is wider than the screen");
  await page.setViewportSize({ width: 1200, height: 850 });
});
await step("revoke, with the name typed", async () => {
  await page.getByRole("link", { name: /shop/ }).first().click();
  await button("Revoke").click();
  await page.getByLabel(/Type/).fill(NAME);
  await button("Revoke for good").click();
  await page.getByText("Revoked: it may").waitFor();
});
await browser.close();
