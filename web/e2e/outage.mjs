// The server is killed and comes back: the page says so, keeps what it knew, and
// goes on by itself.
import assert from "node:assert/strict";
import { ask, createKey, finish, launch, open, openIn, parts, record, signIn, step } from "./harness.mjs";

const browser = await launch();
const page = await open(browser);
const { verdict, text } = parts(page);
const id = await createKey("Shop", { day: 100_000 });
let list;

await step("a key and the list are in view", async () => {
  await record(id, "a", 62_545);
  await signIn(page);
  await page.getByRole("link", { name: "Shop" }).click();
  await page.getByText("Live", { exact: true }).waitFor();
  await verdict("62 %");
  list = await openIn(page.context());
  await signIn(list);
  await parts(list).text("62,545 of 100,000 sats in 24 h");
  // A reload would lose this.
  for (const p of [page, list]) await p.evaluate(() => void (globalThis.unloaded = false));
});
await step("killed: stale, with what was known, and a try that fails says so", async () => {
  await ask("kill");
  for (const p of [page, list]) await p.locator(".fresh.stale").getByText(/^Stale, last answer/).waitFor();
  await verdict("62 %");
  await page.locator(".card").first().getByText("62,545", { exact: true }).waitFor();
  await parts(list).text("62,545 of 100,000 sats in 24 h");
  await parts(page).button("Pause").click();
  await parts(page).inDialog("Pause").click();
  await page.getByRole("dialog").getByText("The server does not answer.").waitFor();
  await page.keyboard.press("Escape");
});
await step("back: fresh by itself, and what happened since shows", async () => {
  await ask("back");
  await record(id, "b", 10_000);
  await page.locator(".fresh.stale").waitFor({ state: "detached" });
  await verdict("72 %");
  await list.locator(".fresh.stale").waitFor({ state: "detached" });
  await parts(list).text("72,545 of 100,000 sats in 24 h");
  await page.getByText("Live", { exact: true }).waitFor();
  for (const p of [page, list]) assert.equal(await p.evaluate(() => globalThis.unloaded), false, "no reload");
  await text("Shop");
});
await finish(browser);
