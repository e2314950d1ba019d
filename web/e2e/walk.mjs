// A walk through the whole dashboard.
import assert from "node:assert/strict";
import { call, finish, launch, limitsOf, open, parts, sound as soundOf, step, token, url } from "./harness.mjs";

const NAME = "<img src=x onerror=alert(1)> shop";
const browser = await launch();
const page = await open(browser, { permissions: ["clipboard-read", "clipboard-write"] });
const { button, inDialog, amount, verdict } = parts(page);
const sound = (where) => soundOf(page, where);

let id;
await step("a wrong token is refused, the right one is let in", async () => {
  await page.goto(url);
  await page.getByLabel("Access token").fill("wrong");
  await button("Sign in with the token").click();
  await page.getByText("does not accept this token").waitFor();
  await page.getByLabel("Access token").fill(token);
  await button("Sign in with the token").click();
  await page.getByText("No keys yet").waitFor();
});
await step("a key is created by keyboard alone, and its secret shown once", async () => {
  await button("Create key").focus();
  await page.keyboard.press("Enter");
  await page.getByLabel("Name").waitFor();
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
  await call("LimitService/UpdateLimits", { apiKeyId: id, updates: limitsOf({ month: 1_600_000 }) });
  await page.getByText("30 days: 1,000,000 sats → 1,600,000 sats").waitFor();
  assert.equal(await amount("24 hours").inputValue(), "70k", "what was typed stays");
  assert.equal(await amount("30 days").inputValue(), "1,600,000", "what was not touched is theirs");
  await page.getByText("blocked at once").waitFor();
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
  await page.getByRole("link", { name: "Limit changes" }).click();
  await page.locator("td").getByText("30 days").first().waitFor();
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
  await page.setViewportSize({ width: 1200, height: 850 });
});
await step("revoke, with the name typed", async () => {
  await page.getByRole("link", { name: NAME }).click();
  await button("Revoke").click();
  assert.ok(await inDialog("Revoke").isDisabled(), "not without the name");
  await page.getByLabel(/^Type/).fill(NAME);
  await inDialog("Revoke").click();
  await verdict("Revoked");
});
await finish(browser);
