// The pictures of the documentation, into the directory SCREENSHOTS: each wide and
// narrow, light and dark. "make screenshots" runs this.
import assert from "node:assert/strict";
import { ask, call, finish, goTo, launch, limitsOf, open, parts, record, signIn, step } from "./harness.mjs";
import { ages, keys } from "./scene.mjs";

const browser = await launch("--force-color-profile=srgb", "--font-render-hinting=none");
const page = await open(browser, { timezoneId: "UTC", viewport: { width: 1280, height: 800 } });
const { button, amount, verdict, text } = parts(page);
const sizes = { wide: { width: 1280, height: 800 }, narrow: { width: 360, height: 740 } };

// take takes the four pictures of what is in view. A picture is as high as the
// screen, or as the page where that says more.
async function take(name, fullPage = {}) {
  await page.mouse.move(0, 0); // nothing is hovered
  for (const [size, viewport] of Object.entries(sizes)) {
    await page.setViewportSize(viewport);
    for (const colorScheme of ["light", "dark"]) {
      await page.emulateMedia({ colorScheme });
      await page.evaluate(() => document.fonts.ready.then(() => new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn)))));
      await page.screenshot({ path: `${process.env.SCREENSHOTS}/${name}-${size}-${colorScheme}.png`, fullPage: fullPage[size] ?? false, caret: "hide", animations: "disabled" });
    }
  }
  await page.setViewportSize(sizes.wide);
}

const ids = {};

async function make({ name, limits }) {
  const scopes = name.includes("read only") ? ["SCOPE_READ"] : ["SCOPE_READ", "SCOPE_WRITE"];
  const { body } = await call("ApiKeyService/CreateApiKey", { name, scopes, limits: limitsOf(limits) });
  ids[name] = body.apiKey.apiKeyId;
}

await signIn(page);
await step("the empty state", async () => {
  await text("No keys yet");
  await take("empty");
});

await step("a year of payments", async () => {
  for (const days of ages) {
    await ask("clock", `-${Math.round(days * 24 * 60)}m`);
    for (const key of keys) {
      if (key.born === days) await make(key);
      const sats = key.spends[days];
      if (sats) await record(ids[key.name], `order-${Math.round(days * 24)}`, sats);
    }
  }
  await ask("clock", "0s");
  for (const { name, held, state, used } of keys) {
    if (used) assert.equal(await ask("used", `${ids[name]} ${Math.round(used * 24 * 60)}m`), "<nil>");
    if (held) await call("SpendService/ReserveSpend", { apiKeyId: ids[name], spendId: "invoice-7", amountSats: String(held) });
    if (state) await call(`ApiKeyService/${state}ApiKey`, { apiKeyId: ids[name] });
  }
});
await step("the list", async () => {
  await page.reload(); // signs out: the token is in memory only
  await signIn(page);
  await text(`${keys.length} of ${keys.length} keys`);
  await take("keys");
});
await step("a key", async () => {
  await goTo(page, `#/keys/${ids["Shop checkout"]}`);
  await verdict("Within limits");
  await page.getByText("Live", { exact: true }).waitFor();
  await button("7 d").or(page.getByText("7 d", { exact: true })).first().click();
  await text("Last 7 days");
  await page.locator("svg.plot, .plot svg, figure svg").first().waitFor();
  await take("key", { wide: true, narrow: true });
});
await step("the edit form", async () => {
  await button("Edit limits").click();
  await amount("24 hours").fill("150k");
  await amount("365 days").fill("0.2 BTC");
  await text("= 20,000,000 sats");
  await take("edit");
  await page.keyboard.press("Escape");
});
await step("a key that is blocked", async () => {
  await goTo(page, `#/keys/${ids["Payouts"]}`);
  await verdict("Blocked by");
  await page.getByText("Live", { exact: true }).waitFor();
  await take("blocked");
});
await finish(browser);
