// Plain HTTP away from this machine's own name: no clipboard API, no Web Locks, no
// randomUUID. A key is created there and its secret copied all the same.
import assert from "node:assert/strict";
import { finish, launch, open, openIn, parts, signIn, step, url } from "./harness.mjs";

const port = new URL(url).port;
const plain = `http://satcap.test:${port}`;
const browser = await launch("--host-resolver-rules=MAP satcap.test 127.0.0.1");
const page = await open(browser);
const { button, inDialog, verdict, text } = parts(page);
let secret;

await step("limits are set with the key, and the secret is copied without HTTPS", async () => {
  await signIn(page, plain);
  assert.deepEqual(await page.evaluate(() => [isSecureContext, typeof navigator.clipboard, typeof navigator.locks, typeof crypto.randomUUID]), [false, "undefined", "undefined", "undefined"]);
  await button("Create key").click();
  await page.getByLabel("Name").fill("Plain shop");
  await button("Small").click();
  await page.getByLabel("Limit in 365 days").fill("0.01 BTC");
  await text("= 1,000,000 sats");
  await button("Create key").last().click();
  await page.getByLabel("I have stored it").waitFor();
  secret = await page.getByLabel("Secret", { exact: true }).inputValue();
  await button("Copy").first().click();
  await parts(page).button("Copied").waitFor();
});
await step("what was copied is the secret", async () => {
  // Pasted as a person does, into another tab of the browser.
  const paper = await openIn(page.context());
  await paper.goto("data:text/html,<textarea autofocus></textarea>");
  await paper.locator("textarea").focus();
  await paper.keyboard.press("ControlOrMeta+v");
  assert.equal(await paper.locator("textarea").inputValue(), secret);
  await paper.close();
  await page.getByRole("dialog").getByRole("button", { name: "Copy" }).last().click();
  await page.getByLabel("I have stored it").check();
  await inDialog("Done").click();
  await page.getByRole("link", { name: "Plain shop" }).click();
  await verdict("Within limits: closest is 24 hours, 0 %. Up to 10,000 sats fit now.");
  await parts(page).exactly("1,000,000");
});
await finish(browser);
