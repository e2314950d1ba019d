// A walk through the dashboard in a real browser, against a real server:
// SATCAP_URL and SATCAP_TOKEN name it, CHROMIUM the browser. Prints "ok STEP" for
// every step, and fails with the first that does not work.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { chromium } from "playwright-core";

const { SATCAP_URL: url, SATCAP_TOKEN: token, CHROMIUM: executablePath } = process.env;
const NAME = "<img src=x onerror=alert(1)> shop";
const axeSource = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

const browser = await chromium.launch({ executablePath, args: ["--no-sandbox", "--disable-gpu"] });
const context = await browser.newContext({
  viewport: { width: 1200, height: 850 },
  reducedMotion: "reduce",
  permissions: ["clipboard-read", "clipboard-write"],
});
const page = await context.newPage();
page.setDefaultTimeout(20_000);
const errors = [];
page.on("pageerror", (e) => errors.push(e.message));
page.on("console", (m) => m.text().includes("Content Security Policy") && errors.push(m.text()));
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
const inDialog = (name) => page.getByRole("dialog").getByRole("button", { name, exact: true });
const amount = (window) => page.getByLabel(`Limit in ${window}`, { exact: true });
const verdict = (text) => page.locator(".verdict").getByText(text).waitFor();

// sound holds the page against axe, and against being wider than the screen.
async function sound(where) {
  await page.evaluate(axeSource);
  const found = await page.evaluate(() => globalThis.axe.run());
  assert.deepEqual(found.violations.map((v) => `${v.id}: ${v.nodes.map((n) => n.target).join(", ")}`), [], where);
  const width = await page.evaluate(() => document.documentElement.scrollWidth);
  assert.ok(width <= page.viewportSize().width, `${where} is ${width} px wide`);
}

let id;
await step("a wrong token is refused, the right one is let in", async () => {
  await page.goto(url);
  await page.getByLabel("Access token").fill("wrong");
  await button("Sign in with the token").click();
  await page.getByText("does not accept this token").waitFor();
  await sound("the sign-in");
  await page.getByLabel("Access token").fill(token);
  await button("Sign in with the token").click();
  await page.getByText("No keys yet").waitFor();
  await sound("the empty list");
});
await step("a key is created by keyboard alone, and its secret shown once", async () => {
  await button("Create key").focus();
  await page.keyboard.press("Enter");
  await page.getByLabel("Name").waitFor();
  await sound("the create dialog");
  await page.keyboard.type(NAME);
  await page.keyboard.press("Enter");
  await page.getByLabel("I have stored it").waitFor();
  await page.getByRole("button", { name: "Copy" }).first().click();
  await button("Copied").waitFor();
  const copied = await page.evaluate(() => navigator.clipboard.readText());
  assert.equal(copied, await page.getByLabel("Secret", { exact: true }).inputValue());
  await page.keyboard.press("Escape");
  await page.getByText("first: the secret cannot be shown again").waitFor();
  await page.evaluate(() => (location.hash = "#/keys/elsewhere"));
  await page.getByLabel("I have stored it").check();
  await button("Done").click();
  await page.getByRole("link", { name: NAME }).click();
  await verdict("Within limits");
  id = (await page.evaluate(() => location.hash)).split("/")[2];
  assert.equal(await page.locator("img").count(), 0, "the name is text");
});
await step("what is spent shows at once", async () => {
  await page.getByText("Live", { exact: true }).waitFor();
  await call("SpendService/RecordSpend", { apiKeyId: id, spendId: "a", amountSats: "62545", transactionId: "tx" });
  await call("SpendService/ReserveSpend", { apiKeyId: id, spendId: "h", amountSats: "20000" });
  await page.locator(".card").first().getByText("62,545", { exact: true }).waitFor();
  await page.locator(".card").first().getByText("20,000", { exact: true }).waitFor();
  await verdict("closest is 24 hours, 82 %");
  await sound("the key");
});
await step("two limits are edited at once, through a conflict from elsewhere", async () => {
  await button("Edit limits").click();
  await amount("24 hours").fill("1.5");
  await page.getByText("nothing smaller than 1 sat").waitFor();
  await amount("24 hours").fill("70k");
  await amount("7 days").fill("1m");
  await call("LimitService/UpdateLimits", { apiKeyId: id, updates: [{ window: "LIMIT_WINDOW_MONTHLY", limitSats: "1600000" }] });
  await page.getByText("30 days: 1,000,000 sats → 1,600,000 sats").waitFor();
  assert.equal(await amount("24 hours").inputValue(), "70k", "what was typed stays");
  assert.equal(await amount("30 days").inputValue(), "1,600,000", "what was not touched is theirs");
  await page.getByText("blocked at once").waitFor();
  await sound("the edit form");
  await inDialog("Save limits").click();
  await page.getByText("7 days: 300,000 sats → 1,000,000 sats").waitFor();
  await inDialog("Yes, let it spend more").click();
  await page.getByText("Limits saved.").waitFor();
  await verdict("Blocked by 24 hours");
  const refused = await call("SpendService/ReserveSpend", { apiKeyId: id, spendId: "r", amountSats: "1" });
  assert.equal(refused.status, 429);
});
await step("history and limit changes", async () => {
  await page.getByRole("link", { name: "History" }).click();
  await page.locator("td").getByText("Settled").first().waitFor();
  await page.getByText("Held", { exact: true }).first().click();
  await page.locator("td").getByText("h", { exact: true }).waitFor();
  await page.locator("td").getByText("tx", { exact: true }).waitFor({ state: "detached" });
  await sound("the history");
  await page.getByRole("link", { name: "Limit changes" }).click();
  await page.locator("td").getByText("30 days").first().waitFor();
  await sound("the limit changes");
});
await step("pause, resume, rename, rotate", async () => {
  await button("Pause").click();
  await page.getByText("Open holds (20,000 sats) stay open").waitFor();
  await inDialog("Pause").click();
  await verdict("Paused");
  await button("Resume").click();
  await inDialog("Resume").click();
  await verdict("Blocked by");
  await button("Rotate secret").click();
  await inDialog("Rotate secret").click();
  await page.getByLabel("I have stored it").check();
  await button("Done").click();
});
await step("360 px wide, and dark", async () => {
  await page.setViewportSize({ width: 360, height: 740 });
  await page.emulateMedia({ colorScheme: "dark" });
  await page.getByRole("link", { name: "Overview" }).click();
  await page.getByRole("heading", { name: "Last 24 hours" }).waitFor();
  await sound("the narrow key");
  await page.getByRole("link", { name: "API keys" }).click();
  await page.getByRole("heading", { name: "API keys" }).waitFor();
  await page.getByText("82,545 of 70,000 sats in 24 h").waitFor();
  await sound("the narrow list");
  await page.setViewportSize({ width: 1200, height: 850 });
});
await step("many keys: search finds those that are not loaded yet", async () => {
  const limits = [{ window: "LIMIT_WINDOW_DAILY", limitSats: "1000" }];
  for (let made = 0; made < 240; made += 24) {
    const batch = Array.from({ length: 24 }, (_, n) => made + n);
    await Promise.all(batch.map((n) => call("ApiKeyService/CreateApiKey", { name: `Worker ${n}`, scopes: ["SCOPE_WRITE"], limits })));
  }
  await page.getByText(/of 200\+ keys/).waitFor();
  await page.getByLabel("Search by name, prefix or id").fill("SHOP");
  await page.getByRole("link", { name: NAME }).waitFor();
  await page.getByText("1 of 241 keys").waitFor();
});
await step("revoke, with the name typed", async () => {
  await page.getByRole("link", { name: NAME }).click();
  await button("Revoke").click();
  assert.ok(await inDialog("Revoke").isDisabled(), "not without the name");
  await page.getByLabel(/^Type/).fill(NAME);
  await inDialog("Revoke").click();
  await verdict("Revoked");
});
await browser.close();
