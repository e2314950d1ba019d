// Signing in by the link that serve prints, and out again.
import assert from "node:assert/strict";
import { ask, call, createKey, finish, launch, open, openIn, parts, step, url } from "./harness.mjs";

const browser = await launch();
const page = await open(browser);
const { button, verdict, text } = parts(page);
const link = await ask("link");
const id = await createKey("Shop", { day: 1_000 });

await step("a server that cannot judge the link has not refused it", async () => {
  assert.ok(link.startsWith(url));
  await page.route("**/session", (route) => route.fulfill({ status: 503, body: "{}" }));
  await page.goto(link);
  await text("The server did not say whether you are signed in.");
  assert.equal(await page.getByText("was used before").count(), 0);
  await page.unrouteAll();
});
await step("the link signs this browser in, and leaves no code behind", async () => {
  await button("Try again").click();
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
await step("a server that cannot judge the session does not end it", async () => {
  await page.route("**/session", (route) => route.abort());
  await page.reload();
  await text("The server did not say whether you are signed in.");
  await page.unrouteAll();
  await button("Try again").click();
  await verdict("Within limits");
});
await step("another person signs in, in another tab: nothing of the first one stays here", async () => {
  await page.evaluate(() => void (globalThis.unloaded = false));
  await page.evaluate(() => void document.dispatchEvent(new Event("visibilitychange")));
  await verdict("Within limits");
  await page.route("**/session", (route) => route.fulfill({ json: { subject: "another" } }));
  const again = page.waitForEvent("load");
  await page.evaluate(() => void document.dispatchEvent(new Event("visibilitychange")));
  await again;
  await text("another");
  await page.unrouteAll();
  await page.reload();
  await verdict("Within limits");
});
await step("it changes things too", async () => {
  await button("Pause").click();
  await parts(page).inDialog("Pause").click();
  await verdict("Paused");
  const { body } = await call("ApiKeyService/GetApiKey", { apiKeyId: id });
  assert.equal(body.apiKey.state, "STATE_PAUSED");
});
await step("a token that no header can carry is refused, and the server is not blamed", async () => {
  const other = await open(browser);
  await other.goto(url);
  await other.getByLabel("Access token").fill("dev_копия…");
  await other.getByRole("button", { name: "Sign in with the token" }).click();
  await other.getByText("The server does not accept this token.").waitFor();
  await other.close();
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
