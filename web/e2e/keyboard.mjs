// A whole journey by keyboard: Tab, Enter, Space, arrows and Escape, and typing.
// At every stop the focus can be seen.
import assert from "node:assert/strict";
import { finish, launch, open, parts, step, token, url } from "./harness.mjs";

const browser = await launch();
const page = await open(browser);
const { verdict, text } = parts(page);

// focused is what has the focus: its name, and whether that shows.
const focused = () =>
  page.evaluate(() => {
    const at = document.activeElement;
    // The chips are labels around radios that are not drawn themselves.
    const styles = [at, at.nextElementSibling, at.parentElement].filter(Boolean).map((e) => getComputedStyle(e));
    const shown = [...styles, getComputedStyle(at, "::after")].some((style) => {
      return (style.outlineStyle !== "none" && parseFloat(style.outlineWidth) > 0) || style.boxShadow !== "none";
    });
    const label = at.getAttribute("aria-label") ?? at.labels?.[0]?.textContent ?? at.textContent ?? "";
    return { name: label.trim(), tag: at.tagName, shown, inDialog: at.closest("dialog") !== null };
  });

// tabTo presses Tab until the name has the focus.
async function tabTo(name, key = "Tab") {
  const seen = [];
  for (let n = 0; n < 60; n++) {
    await page.keyboard.press(key);
    const at = await focused();
    seen.push(at.name);
    if (at.tag === "BODY") continue; // the browser's own bars
    assert.ok(at.shown, `the focus on ${at.name} (${at.tag}) cannot be seen`);
    if (typeof name === "string" ? at.name === name : name.test(at.name)) return;
  }
  assert.fail(`no way to ${name}: ${seen.join(" | ")}`);
}

// comesBackTo waits for the focus: a dialog gives it back once it is gone.
const comesBackTo = (name) => page.waitForFunction((wanted) => document.activeElement.textContent === wanted, name);

const press = (key) => page.keyboard.press(key);

await step("signed in", async () => {
  await page.goto(url);
  await page.getByLabel("Access token").waitFor();
  await press("Tab");
  assert.equal((await focused()).name, "Skip to the content");
  await press("Enter");
  assert.equal(await page.evaluate(() => document.activeElement.id), "main");
  await tabTo("Access token");
  await page.keyboard.type(token);
  await press("Enter");
  await text("No keys yet");
});
await step("a key is created: scopes, expiry, limits", async () => {
  await tabTo("Create key");
  await press("Space");
  await page.getByLabel("Name").waitFor();
  assert.equal((await focused()).name, "Name");
  await page.keyboard.type("Shop");
  await tabTo(/^receive/);
  await press("Space");
  await tabTo("90 days");
  await press("ArrowRight");
  assert.equal((await focused()).name, "365 days");
  await tabTo("Small");
  await press("Enter");
  await tabTo("Limit in 365 days");
  await page.keyboard.type("500k");
  await press("Enter");
  await page.getByLabel("I have stored it").waitFor();
});
await step("the secret is copied, said to be stored, and the focus comes back", async () => {
  assert.ok((await focused()).inDialog, "the focus is in the dialog");
  await tabTo("Copy");
  await press("Enter");
  await parts(page).button("Copied").waitFor();
  await press("Escape");
  await text("first: the secret cannot be shown again");
  await tabTo("I have stored it");
  await press("Space");
  await tabTo("Done");
  await press("Enter");
  await page.getByRole("dialog").waitFor({ state: "detached" });
  await page.getByRole("link", { name: "Shop" }).waitFor();
  // The button that opened the dialog went with the empty list.
  await page.waitForFunction(() => document.activeElement.id === "main");
});
await step("the key is opened, its windows and tables are reached", async () => {
  await tabTo("Shop");
  await press("Enter");
  await verdict("Within limits");
  assert.equal(await page.evaluate(() => document.activeElement.id), "main", "a new page starts at its top");
  await tabTo("Limit changes");
  await press("Enter");
  await page.getByRole("heading", { name: "Limit changes" }).waitFor();
  await tabTo("Overview");
  await press("Enter");
  await page.getByRole("heading", { name: "Last 24 hours" }).waitFor();
});
await step("a limit is raised, after the question", async () => {
  await tabTo("Edit limits");
  await press("Enter");
  await page.getByRole("dialog").waitFor();
  await press("Escape");
  await page.getByRole("dialog").waitFor({ state: "detached" });
  await comesBackTo("Edit limits");
  await press("Enter");
  await page.getByRole("dialog").waitFor(); // a Tab before that leaves the button
  await tabTo("Limit in 24 hours");
  await press("ControlOrMeta+a");
  await page.keyboard.type("20k");
  await press("Enter");
  await text("24 hours: 10,000 sats → 20,000 sats");
  await tabTo("Yes, let it spend more");
  await press("Enter");
  await text("Limits saved.");
  await page.getByRole("dialog").waitFor({ state: "detached" });
  await comesBackTo("Edit limits");
  await verdict("Up to 20,000 sats");
});
await step("the focus does not leave a dialog", async () => {
  await tabTo("Rename");
  await press("Enter");
  await page.getByRole("dialog").waitFor();
  for (let n = 0; n < 12; n++) {
    await press(n < 6 ? "Tab" : "Shift+Tab");
    const at = await focused();
    assert.ok(at.inDialog || at.tag === "BODY", `out at ${at.name}`);
  }
  await press("Escape");
  await comesBackTo("Rename");
});
await step("revoked, with the name typed", async () => {
  await tabTo("Revoke");
  await press("Enter");
  await page.getByRole("dialog").waitFor();
  assert.equal((await focused()).name, "Cancel", "the harmless one is first");
  await tabTo(/^Type Shop/, "Shift+Tab");
  await page.keyboard.type("Shop");
  await press("Enter");
  await verdict("Revoked");
  await page.waitForFunction(() => document.activeElement.id === "main"); // the button is gone
});
await finish(browser);
