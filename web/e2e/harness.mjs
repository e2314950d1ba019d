// What the scripts share: a browser, steps that are counted, calls past the
// page, axe, and a line to the test that started the server. SATCAP_URL and
// SATCAP_TOKEN name the server, CHROMIUM the browser. A script prints "ok STEP" for
// every step, fails with the first that does not work, and ends with "done".
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { createInterface } from "node:readline";
import { chromium } from "playwright-core";

export const { SATCAP_URL: url, SATCAP_TOKEN: token } = process.env;
const axeSource = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

// launch starts a browser; args are switches of Chromium.
export const launch = (...args) =>
  chromium.launch({ executablePath: process.env.CHROMIUM, args: ["--no-sandbox", "--disable-gpu", ...args] });

// What no page may do. Every step ends with a look at it.
const errors = [];
const pages = [];

// open makes a page in a context of its own, as a browser of another person.
export async function open(browser, options = {}) {
  const context = await browser.newContext({ viewport: { width: 1200, height: 850 }, reducedMotion: "reduce", locale: "en-GB", ...options });
  return openIn(context);
}

// openIn makes another page in a context: a tab.
export async function openIn(context) {
  const page = await context.newPage();
  page.setDefaultTimeout(20_000);
  page.on("pageerror", (e) => errors.push(e.message));
  page.on("console", (m) => m.text().includes("Content Security Policy") && errors.push(m.text()));
  page.on("dialog", (d) => {
    errors.push(`a script of the name ran: ${d.message()}`);
    void d.dismiss();
  });
  pages.push(page);
  return page;
}

export async function step(name, run) {
  try {
    await run();
    assert.deepEqual(errors, [], name);
  } catch (error) {
    for (const page of pages.filter((p) => !p.isClosed())) {
      const text = await page.evaluate(() => document.body.innerText).catch(() => "nothing");
      console.error(`${page.url()} shows:\n${text.slice(0, 1_500)}\n`);
    }
    console.error(`step: ${name}`);
    throw error;
  }
  console.log(`ok ${name}`);
}

export async function finish(browser) {
  await browser.close();
  console.log("done");
  lines.close();
}

const lines = createInterface({ input: process.stdin });
const answers = lines[Symbol.asyncIterator]();
process.stdin.unref?.();

// ask has the test do something and returns its answer, a line.
export async function ask(what, arg = "") {
  console.log(`ask ${what} ${arg}`.trim());
  const { value } = await answers.next();
  assert.ok(!value.startsWith("nobody does that"), value);
  return value;
}

// call calls past the page, as another program does.
export async function call(method, body, server = url) {
  const answer = await fetch(`${server}/satcap.v1.${method}`, {
    method: "POST",
    headers: { Authorization: `Bearer ${token}`, "Content-Type": "application/json" },
    body: JSON.stringify(body),
  });
  return { status: answer.status, body: await answer.json() };
}

const windows = { day: "DAILY", week: "WEEKLY", month: "MONTHLY", year: "ANNUAL" };

// limitsOf is limits as calls take them: limitsOf({ day: 100_000 }).
export const limitsOf = (limits) =>
  Object.entries(limits).map(([slug, sats]) => ({ window: `LIMIT_WINDOW_${windows[slug]}`, limitSats: String(sats) }));

// createKey makes a key past the page and returns its id.
export async function createKey(name, limits = {}, server = url) {
  const { status, body } = await call("ApiKeyService/CreateApiKey", { name, scopes: ["SCOPE_READ", "SCOPE_WRITE"], limits: limitsOf(limits) }, server);
  assert.equal(status, 200, JSON.stringify(body));
  return body.apiKey.apiKeyId;
}

// record books a payment past the page.
export async function record(apiKeyId, spendId, sats) {
  const { status, body } = await call("SpendService/RecordSpend", { apiKeyId, spendId, amountSats: String(sats), transactionId: `tx-${spendId}` });
  assert.equal(status, 200, JSON.stringify(body));
}

export async function signIn(page, server = url) {
  if (!page.url().startsWith(server)) await page.goto(server);
  await page.getByLabel("Access token").fill(token);
  await page.getByRole("button", { name: "Sign in with the token" }).click();
  await page.getByRole("heading", { name: "API keys" }).waitFor();
}

export const goTo = (page, hash) => page.evaluate((to) => void (location.hash = to), hash);

// parts is how the steps name what is on a page.
export const parts = (page) => ({
  button: (name) => page.getByRole("button", { name, exact: true }),
  inDialog: (name) => page.getByRole("dialog").getByRole("button", { name, exact: true }),
  amount: (window) => page.getByLabel(`Limit in ${window}`, { exact: true }),
  verdict: (text) => page.locator(".verdict").getByText(text).waitFor(),
  text: (text) => page.getByText(text).first().waitFor(),
  exactly: (text) => page.getByText(text, { exact: true }).first().waitFor(),
});

// sound holds the page against axe, and against being wider than the screen.
export async function sound(page, where) {
  if (!(await page.evaluate(() => "axe" in globalThis))) await page.evaluate(axeSource);
  const found = await page.evaluate(() => globalThis.axe.run());
  assert.deepEqual(found.violations.map((v) => `${v.id}: ${v.nodes.map((n) => n.target).join(", ")}`), [], where);
  const width = await page.evaluate(() => document.documentElement.scrollWidth);
  assert.ok(width <= page.viewportSize().width, `${where} is ${width} px wide`);
}
