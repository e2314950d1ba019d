// Every page and every dialog against axe, light and dark, from 360 px to 4K.
import { call, createKey, finish, goTo, launch, limitsOf, open, parts, record, signIn, sound, step } from "./harness.mjs";

const browser = await launch();
const page = await open(browser);
const { button, inDialog, amount, verdict, text } = parts(page);
const looks = [
  { width: 360, height: 740, colorScheme: "dark" },
  { width: 1280, height: 800, colorScheme: "light" },
  { width: 3840, height: 2160, colorScheme: "dark" },
];
let look;

const see = (where) => sound(page, `${where} at ${look.width} px, ${look.colorScheme}`);

// each runs the visit in every look, or in the first ones: what has a layout of
// its own needs all, what is text in a row does not.
async function each(visit, count = 2) {
  for (look of looks.slice(0, count)) {
    await page.setViewportSize({ width: look.width, height: look.height });
    await page.emulateMedia({ colorScheme: look.colorScheme });
    await visit();
  }
}

// dialog opens one, looks at it, and closes it.
async function dialog(name, meanwhile = async () => {}) {
  await button(name).first().click();
  await page.getByRole("dialog").waitFor();
  await meanwhile();
  await see(name);
  await page.keyboard.press("Escape");
  await page.getByRole("dialog").waitFor({ state: "detached" });
}

await step("the sign-in and the empty list", async () => {
  await page.goto(process.env.SATCAP_URL);
  await page.getByLabel("Access token").waitFor();
  await each(() => see("the sign-in"), 3);
  await signIn(page);
  await text("No keys yet");
  await each(() => see("the empty list"));
});

let shop, blocked;
await step("the list, with keys in every state", async () => {
  shop = await createKey("Shop", { day: 100_000, week: 300_000 });
  await record(shop, "a", 71_000);
  await call("SpendService/ReserveSpend", { apiKeyId: shop, spendId: "h", amountSats: "20000" });
  blocked = await createKey("A name as long as names may be, for it has to fit everywhere: 0123456789012345678901234567890123456789", { day: 1_000 });
  await record(blocked, "b", 2_000);
  await createKey("Free");
  await call("ApiKeyService/PauseApiKey", { apiKeyId: await createKey("Resting", { day: 10 }) });
  await call("ApiKeyService/RevokeApiKey", { apiKeyId: await createKey("Gone", { day: 10 }) });
  await text("5 of 5 keys");
  await each(() => see("the list"), 3);
  await each(() => dialog("Create key", async () => {
    await inDialog("No limits").click();
    await amount("24 hours").fill("x");
    await text("Write an amount such as");
  }));
});
await step("a key: its overview, history and changes", async () => {
  await goTo(page, `#/keys/${shop}`);
  await verdict("closest is 24 hours");
  await page.getByText("Show as a table").click();
  await each(() => see("the overview"), 3);
  await goTo(page, `#/keys/${shop}/history`);
  await page.locator("td").getByText("Settled").waitFor();
  await each(() => see("the history"), 3);
  await goTo(page, `#/keys/${shop}/changes`);
  await text("No limit was ever changed.");
  await call("LimitService/UpdateLimits", { apiKeyId: shop, updates: limitsOf({ day: 101_000 }) });
  await page.locator("td").getByText("24 hours").waitFor();
  await each(() => see("the changes"));
});
await step("every dialog of a key", async () => {
  await each(async () => {
    for (const name of ["Pause", "Rename", "Rotate secret", "Revoke"]) await dialog(name);
    await dialog("Edit limits", async () => {
      await amount("24 hours").fill("500k");
      await amount("7 days").fill("90k");
      await text("so it can never be the one");
      await inDialog("Save limits").click();
      await text("This lets the key spend more");
    });
  }, 3);
});
await step("a secret that is shown once", async () => {
  await button("Rotate secret").click();
  await inDialog("Rotate secret").click();
  await page.getByLabel("I have stored it").waitFor();
  await each(() => see("the secret"));
  await page.getByLabel("I have stored it").check();
  await inDialog("Done").click();
});
await step("blocked, without limits, paused, revoked, and nothing there", async () => {
  await goTo(page, `#/keys/${blocked}`);
  await verdict("Blocked by 24 hours");
  await each(() => see("a blocked key"));
  for (const [name, says] of [["Free", "Unlimited"], ["Resting", "Paused"], ["Gone", "Revoked"]]) {
    await goTo(page, "#/keys");
    await page.getByRole("link", { name }).click();
    await verdict(says);
    await each(() => see(name));
  }
  await goTo(page, "#/keys/01a20c41-f437-70d6-b2ce-bbbbbbbbbbbb");
  await text("There is no such key");
  await each(() => see("an unknown key"));
  await goTo(page, "#/elsewhere");
  await text("nothing at this address");
  await each(() => see("an unknown page"));
});
await finish(browser);
