// Signing in by the link that serve prints, and out again.
import assert from "node:assert/strict";
import { ask, call, createKey, finish, launch, open, openIn, parts, step, url } from "./harness.mjs";

const browser = await launch();
const page = await open(browser);
const { button, verdict, text } = parts(page);
const link = await ask("link");
const id = await createKey("Shop", { day: 1_000 });

await step("the link signs this browser in, and leaves no code behind", async () => {
  assert.ok(link.startsWith(url));
  await page.goto(link);
  await page.getByRole("link", { name: "Shop" }).click();
  await verdict("Within limits");
  await text("dev");
  assert.equal(await page.evaluate(() => location.hash), `#/keys/${id}`);
  await page.goBack();
  assert.ok(!(await page.evaluate(() => location.href)).includes("code="), "the code is not in the history");
  await page.goForward();
});
await step("a reload and another tab keep the session; no script can read it", async () => {
  await page.reload();
  await verdict("Within limits");
  const tab = await openIn(page.context());
  await tab.goto(url);
  await tab.getByRole("link", { name: "Shop" }).waitFor();
  await tab.close();
  const [cookie, ...others] = await page.context().cookies();
  assert.deepEqual(others, []);
  assert.ok(cookie.name.startsWith("__Host-") && cookie.httpOnly && cookie.secure && cookie.sameSite === "Strict", JSON.stringify(cookie));
  assert.equal(await page.evaluate(() => document.cookie + JSON.stringify(localStorage) + JSON.stringify(sessionStorage)), "{}{}");
});
await step("it changes things too", async () => {
  await button("Pause").click();
  await parts(page).inDialog("Pause").click();
  await verdict("Paused");
  const { body } = await call("ApiKeyService/GetApiKey", { apiKeyId: id });
  assert.equal(body.apiKey.state, "STATE_PAUSED");
});
await step("the link is good once", async () => {
  const other = await open(browser);
  await other.goto(link);
  await other.getByText("This sign-in link was used before").waitFor();
  await other.close();
});
await step("signed out is signed out, also after a reload and by the back button", async () => {
  await button("Sign out").click();
  await page.getByLabel("Access token").waitFor();
  assert.deepEqual(await page.context().cookies(), []);
  await page.reload();
  await page.getByLabel("Access token").waitFor();
  await page.goBack();
  await page.getByLabel("Access token").waitFor();
  assert.equal(await page.getByText("Shop", { exact: true }).count(), 0);
});
await finish(browser);
