// One scene in a headless browser: what it needs comes as JSON on stdin, what was seen goes as JSON to stdout.
import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";

const TYPES = {
  ".html": "text/html", ".js": "text/javascript", ".mjs": "text/javascript", ".css": "text/css",
  ".json": "application/json", ".wasm": "application/wasm", ".svg": "image/svg+xml", ".png": "image/png",
};
const SEEN_TOURS = [{ name: "shownTours", value: '["basicViewerTour"]' }];

const asked = JSON.parse(readFileSync(0, "utf8"));
const { chromium } = createRequire(import.meta.url)(asked.playwright);
const { play } = await import(`./scenes/${asked.scene}.mjs`);

/** Pages of our own below a path of the region's origin, as its front door would serve them. */
async function serve(context, base, folder) {
  await context.route(`${asked.origin}${base}**`, async (route) => {
    const name = decodeURIComponent(new URL(route.request().url()).pathname).slice(base.length);
    const isFile = path.extname(name) !== "";
    const file = path.join(folder, isFile ? path.normalize(`/${name}`) : "index.html");
    if (!existsSync(file)) return route.fulfill({ status: 404 });
    return route.fulfill({ path: file, contentType: TYPES[path.extname(file)] ?? "application/octet-stream" });
  });
}

/** What goes wrong without the page saying so, and what it wants from elsewhere: a hospital's network has no outside. */
function listen(context) {
  const heard = { refused: [], broken: [], errors: [], elsewhere: [], answers: [] };
  context.on("request", (request) => {
    const { origin, protocol } = new URL(request.url());
    if (protocol.startsWith("http") && origin !== asked.origin) heard.elsewhere.push(request.url());
  });
  context.on("requestfailed", (request) => {
    const problem = request.failure()?.errorText;
    if (problem !== "net::ERR_ABORTED") heard.broken.push(`${request.url()} ${problem}`); // else the page itself let go
  });
  context.on("response", (response) => {
    const place = `${response.request().method()} ${new URL(response.url()).pathname}`;
    if (response.status() >= 400) heard.refused.push(`${response.status()} ${place}`);
    if (!place.includes("/viewer/")) heard.answers.push(`${response.status()} ${place}`);
  });
  context.on("console", (message) => message.type() === "error" && heard.errors.push(message.text()));
  context.on("weberror", (error) => heard.errors.push(String(error.error())));
  return heard;
}

const browser = await chromium.launch({ executablePath: asked.chromium, headless: true, args: asked.flags });
try {
  const context = await browser.newContext({
    baseURL: asked.origin, viewport: { width: 1280, height: 860 }, locale: "zh-CN", timezoneId: "Asia/Shanghai",
    serviceWorkers: "block",
    // OHIF's tour would cover the screen of a first visit.
    storageState: { cookies: [], origins: [{ origin: asked.origin, localStorage: SEEN_TOURS }] },
  });
  context.setDefaultTimeout(asked.patience_ms);
  for (const [base, folder] of Object.entries(asked.served)) await serve(context, base, folder);
  const signedIn = await context.request.post("/v1/auth/session", { data: asked.account });
  if (!signedIn.ok()) throw new Error(`sign-in: ${signedIn.status()} ${await signedIn.text()}`);
  const heard = listen(context);
  const seen = await play(context, asked).catch(async (problem) => {
    for (const page of context.pages()) await page.screenshot({ path: asked.picture });
    throw new Error(`${problem.message}\n${JSON.stringify(heard, null, 1)}`);
  });
  process.stdout.write(JSON.stringify({ seen, ...heard }));
} finally {
  await browser.close();
}
