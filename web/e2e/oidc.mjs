// Signing in at an OpenID provider that is another site than the server.
import assert from "node:assert/strict";
import { finish, launch, open, parts, step, url } from "./harness.mjs";

const browser = await launch();
const page = await open(browser);
const { button, text } = parts(page);

await step("the provider sends back somebody who is signed in", async () => {
  await page.goto(url);
  const asked = page.waitForRequest((r) => r.url().startsWith(`${process.env.PROVIDER}/authorize?`));
  await page.getByRole("link", { name: "Sign in with your account" }).click();
  assert.ok((await asked).url().includes("code_challenge_method=S256"));
  await text("No keys yet");
  await text("alice");
  assert.ok(!page.url().includes("code="), page.url());
  const cookies = await page.context().cookies();
  assert.deepEqual(cookies.map((c) => c.name), ["__Host-satcap_session"]);
});
await step("the session outlives a reload, creates a key, and ends by signing out", async () => {
  await page.reload();
  await button("Create key").click();
  await page.getByLabel("Name").fill("Shop");
  await page.keyboard.press("Enter");
  await page.getByLabel("I have stored it").check();
  await button("Done").click();
  await page.getByRole("link", { name: "Shop" }).waitFor();
  await button("Sign out").click();
  await page.getByRole("link", { name: "Sign in with your account" }).waitFor();
  await page.reload();
  await page.getByRole("link", { name: "Sign in with your account" }).waitFor();
});
await finish(browser);
