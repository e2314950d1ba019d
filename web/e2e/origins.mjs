// The page on another origin than the server's, and in a frame of another page:
// where the server lists that origin, and where it does not.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { extname } from "node:path";
import { ask, createKey, finish, launch, open, parts, signIn, step, token } from "./harness.mjs";

const types = { ".html": "text/html; charset=utf-8", ".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml" };

// serveFiles is a web server of somebody else, with the built page on it, and at
// /frame a page that has the dashboard in a frame and gives it a token.
async function serveFiles() {
  const files = createServer((request, response) => {
    if (request.url === "/frame") {
      response.setHeader("Content-Type", types[".html"]);
      return response.end(frame(site.api));
    }
    const name = request.url === "/" ? "index.html" : request.url.slice(1);
    let content;
    try {
      content = readFileSync(new URL(`../dist/${name}`, import.meta.url));
    } catch {
      return response.writeHead(404).end();
    }
    if (name === "index.html") content = content.toString().replace('name="satcap-api" content=""', `name="satcap-api" content="${site.api}"`);
    response.setHeader("Content-Type", types[extname(name)]);
    response.end(content);
  });
  await new Promise((done) => files.listen(0, "127.0.0.1", done));
  const site = { origin: `http://127.0.0.1:${files.address().port}`, api: "", close: () => (files.closeAllConnections(), files.close()) };
  return site;
}

const frame = (api) => `<!doctype html><html lang="en"><title>platform</title>
<iframe title="dashboard" src="${api}/" style="width:1100px;height:700px"></iframe>
<script>
  addEventListener("message", (event) => {
    if (event.origin !== ${JSON.stringify(api)} || event.data?.type !== "satcap.ready") return;
    event.source.postMessage({ type: "satcap.token", token: ${JSON.stringify(token)} }, event.origin);
  });
</script></html>`;

const listed = await serveFiles();
const stranger = await serveFiles();
const api = await ask("serve", `--cors-origin ${listed.origin} --embed-origin ${listed.origin}`);
listed.api = stranger.api = api;
const browser = await launch();
const page = await open(browser);
const { button, inDialog, verdict } = parts(page);
await createKey("Shop", { day: 100_000 }, api);

await step("on a listed origin the page works: it reads, streams and changes", async () => {
  await signIn(page, listed.origin);
  await page.getByRole("link", { name: "Shop" }).click();
  await verdict("Within limits");
  await page.getByText("Live", { exact: true }).waitFor();
  await button("Pause").click();
  await inDialog("Pause").click();
  await verdict("Paused");
  assert.deepEqual(await page.context().cookies(), [], "by a token, and no cookie");
  await button("Sign out").click();
  await page.getByLabel("Access token").waitFor();
});
await step("on an origin that is not listed it learns nothing", async () => {
  await page.goto(stranger.origin);
  await page.getByLabel("Access token").fill(token);
  await button("Sign in with the token").click();
  await page.getByRole("alert").getByText("The server does not answer.").waitFor();
  await page.getByRole("heading", { name: "API keys" }).waitFor({ state: "hidden" });
});
await step("in a frame of a listed origin it shows, signed in by the page around it", async () => {
  await page.goto(`${listed.origin}/frame`);
  const inside = page.frameLocator("iframe");
  await inside.getByRole("link", { name: "Shop" }).click();
  await inside.locator(".verdict").getByText("Paused").waitFor();
  await inside.getByRole("button", { name: "Resume" }).click();
  await inside.getByRole("dialog").getByRole("button", { name: "Resume" }).click();
  await inside.locator(".verdict").getByText("Within limits").waitFor();
});
await step("a frame of any other origin stays empty", async () => {
  const other = await browser.newContext().then((context) => context.newPage()); // the policy's refusal is no error here
  const refusal = other.waitForEvent("console", (m) => m.text().includes("frame-ancestors"));
  await other.goto(`${stranger.origin}/frame`);
  await refusal;
  assert.equal(await other.frameLocator("iframe").locator("#app").count(), 0);
});
listed.close();
stranger.close();
await finish(browser);
