// Refusals, and limits that two people change at once.
import assert from "node:assert/strict";
import { call, createKey, finish, goTo, launch, limitsOf, open, parts, record, signIn, step, url } from "./harness.mjs";

const browser = await launch();
const page = await open(browser);
const other = await open(browser, { colorScheme: "dark" });
const { button, inDialog, amount, verdict, text } = parts(page);
const theirs = parts(other);
const id = await createKey("Shop", { day: 100_000, week: 300_000, month: 1_000_000 });
const sent = [];
page.on("request", (r) => r.url().endsWith("LimitService/UpdateLimits") && sent.push(r));

await step("a payment that is refused shows: what stops it, what fits, and when", async () => {
  await record(id, "a", 60_000);
  await call("SpendService/ReserveSpend", { apiKeyId: id, spendId: "h", amountSats: "40000" });
  const refused = await call("SpendService/ReserveSpend", { apiKeyId: id, spendId: "r", amountSats: "1" });
  assert.equal(refused.status, 429);
  await signIn(page);
  await page.locator("li.row").getByText(/60,000 sats tomorrow at \d\d:\d\d/).waitFor();
  await page.getByRole("link", { name: "Shop" }).click();
  await verdict(/Blocked by 24 hours: 60,000 sats fit again tomorrow at \d\d:\d\d \(in 24 h\)\./);
  await page.locator(".card.blocked").getByText("60,000 sats come back").waitFor();
});
await step("what cannot be read is refused at its field, with what would do", async () => {
  await button("Edit limits").click();
  for (const [typed, says] of [["many", "such as 100k"], ["0", "To stop the key, pause it"], ["22000000 BTC", "More than all the bitcoin"], ["1.5", "nothing smaller than 1 sat"]]) {
    await amount("7 days").fill(typed);
    await page.locator(".limit-field", { has: amount("7 days") }).getByText(says).waitFor();
    assert.equal(await amount("7 days").getAttribute("aria-invalid"), "true");
    assert.ok(await inDialog("Save limits").isDisabled(), typed);
  }
  await page.keyboard.press("Escape");
  assert.equal(sent.length, 0);
});
await step("two windows are set at once, by one request", async () => {
  await button("Edit limits").click();
  await amount("24 hours").fill("0.0015 BTC");
  await text("= 150,000 sats");
  await amount("365 days").fill("5_000_000");
  await inDialog("Save limits").click();
  await text("24 hours: 100,000 sats → 150,000 sats");
  await inDialog("Yes, let it spend more").click();
  await text("Limits saved.");
  await verdict("Within limits");
  assert.equal(sent.length, 1, "one request");
  const { body } = await call("ApiKeyService/GetApiKey", { apiKeyId: id });
  assert.deepEqual(body.apiKey.usage.map((u) => u.limitSats), ["150000", "300000", "1000000", "5000000"]);
});
await step("somebody else saves first: what changed shows, what was typed stays", async () => {
  await signIn(other);
  await other.getByRole("link", { name: "Shop" }).click();
  await button("Edit limits").click();
  await amount("24 hours").fill("90k");
  await theirs.button("Edit limits").click();
  await theirs.amount("7 days").fill("250k");
  await theirs.amount("24 hours").fill("80k");
  await theirs.inDialog("Save limits").click();
  await theirs.text("Limits saved.");
  await text("Changed meanwhile");
  await text("24 hours: 150,000 sats → 80,000 sats");
  await text("7 days: 300,000 sats → 250,000 sats");
  assert.equal(await amount("24 hours").inputValue(), "90k");
  assert.equal(await amount("7 days").inputValue(), "250,000");
  await inDialog("Save limits").click(); // more than theirs: that is asked first
  await text("24 hours: 80,000 sats → 90,000 sats");
  await inDialog("Yes, let it spend more").click();
  await page.getByRole("dialog").waitFor({ state: "detached" }); // it is saved
  await theirs.verdict("Blocked by 24 hours");
  const { body } = await call("ApiKeyService/GetApiKey", { apiKeyId: id });
  assert.deepEqual(body.apiKey.usage.map((u) => u.limitSats), ["90000", "250000", "1000000", "5000000"]);
});
await step("a save that the page could not know to be late is a conflict of the server's", async () => {
  await button("Edit limits").click();
  await amount("365 days").fill("4m");
  // This page hears nothing any more but the answers to its own saves.
  let deaf = true;
  await page.route(/GetApiKey|WatchUsage|ListApiKeys/, async (route) => (deaf ? new Promise((free) => setTimeout(free, 50)).then(() => route.abort()) : route.continue()));
  await page.route(/UpdateLimits/, async (route) => {
    if (deaf) await call("LimitService/UpdateLimits", { apiKeyId: id, updates: limitsOf({ year: 3_000_000 }) });
    deaf = false;
    await route.continue();
  });
  const before = sent.length;
  await inDialog("Save limits").click();
  await text("365 days: 5,000,000 sats → 3,000,000 sats");
  assert.equal(await amount("365 days").inputValue(), "4m");
  assert.equal(sent.length, before + 1, "it was not sent again over the change");
  await page.unrouteAll({ behavior: "ignoreErrors" });
  await page.keyboard.press("Escape");
});
await step("a save whose answer is lost did save, and says so", async () => {
  await button("Edit limits").click();
  await amount("365 days").fill("2m");
  await page.route(/UpdateLimits/, async (route) => {
    await route.fetch();
    await route.abort();
  });
  await inDialog("Save limits").click();
  await text("Limits saved.");
  assert.equal(await page.getByText("Changed meanwhile").count(), 0);
  await page.unrouteAll({ behavior: "ignoreErrors" });
});
await step("an action that the server refuses says why in its dialog", async () => {
  const gone = await createKey("Gone", { day: 1000 });
  await goTo(page, `#/keys/${gone}`);
  await page.getByRole("heading", { name: "Gone" }).waitFor();
  await button("Rotate secret").click();
  await page.route(/GetApiKey|WatchUsage|ListApiKeys/, () => {}); // nobody tells the page
  await call("ApiKeyService/RevokeApiKey", { apiKeyId: gone });
  await inDialog("Rotate secret").click();
  const alert = page.getByRole("dialog").getByRole("alert");
  await alert.getByText("The key is revoked, for good.").waitFor();
  await alert.getByText(/Reason API_KEY_REVOKED · Request \S+/).waitFor();
  await page.unrouteAll({ behavior: "ignoreErrors" });
});
await step("a rotation whose answer is lost is the same one when the dialog opens again", async () => {
  const { body } = await call("ApiKeyService/CreateApiKey", { name: "Till", scopes: ["SCOPE_READ"] });
  await goTo(page, `#/keys/${body.apiKey.apiKeyId}`);
  await page.getByRole("heading", { name: "Till" }).waitFor();
  await page.route(/RotateApiKey/, async (route) => {
    await route.fetch();
    await route.abort();
  });
  await button("Rotate secret").click();
  await inDialog("Rotate secret").click();
  await text("An earlier try may have worked.");
  await page.unrouteAll({ behavior: "ignoreErrors" });
  await page.keyboard.press("Escape");
  await page.getByRole("dialog").waitFor({ state: "detached" });
  await button("Rotate secret").click();
  await text("An earlier try may have worked.");
  await inDialog("Rotate secret").click();
  const secret = await page.getByLabel("Secret", { exact: true }).inputValue();
  // The one that the shop uses still works, for the hour that it was given.
  for (const works of [body.secret, secret]) {
    const answer = await fetch(`${url}/satcap.v1.UsageService/GetUsage`, {
      method: "POST",
      headers: { "X-API-KEY": works, "Content-Type": "application/json" },
      body: JSON.stringify({ apiKeyId: body.apiKey.apiKeyId }),
    });
    assert.equal(answer.status, 200);
  }
  await page.getByLabel("I have stored it").check();
  await inDialog("Done").click();
});
await step("a name is typed as it looks: blanks in a row are one", async () => {
  await goTo(page, `#/keys/${await createKey("Old  shop")}`);
  await button("Revoke").click();
  await page.getByRole("dialog").getByRole("textbox").fill("Old shop");
  await inDialog("Revoke").click();
  await verdict("Revoked");
});
await finish(browser);
