/** Opens the page in a headless Chromium, fills the form from the environment, and prints what the page lists. */
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { chromium } from "playwright-core";

const TYPES = { "/index.html": "text/html", "/style.css": "text/css", "/build/page.js": "text/javascript" };
const FIELDS = {
  "#base-url": process.env.FINERWORKS_BASE_URL,
  "#web-api-key": process.env.FINERWORKS_WEB_API_KEY,
  "#app-key": process.env.FINERWORKS_APP_KEY,
  "#account-key": process.env.FINERWORKS_ACCOUNT_KEY,
};
const ARGUMENTS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"];
ARGUMENTS.push("--disable-background-networking", "--disable-component-update", "--disable-sync");

const server = createServer(async ({ url }, response) => {
  const type = TYPES[url];
  response.writeHead(type ? 200 : 404, { "content-type": `${type ?? "text/plain"}; charset=utf-8` });
  response.end(type ? await readFile(new URL(`.${url}`, import.meta.url)) : "");
});

/** The page's end: its lines, how it ended, and its error. */
async function drive(page, problems) {
  page.on("pageerror", (error) => problems.push(`page error: ${error.message}`));
  page.on("console", (message) => {
    if (message.type() !== "error") return;
    // Chromium's note on an answer of the API that is no 2xx: what comes of that is the page's to say.
    const answered = /^Failed to load resource: (the server responded with a status of|net::ERR)/.test(message.text());
    if (answered && message.location().url.startsWith(`${FIELDS["#base-url"]}/`)) return;
    problems.push(`console: ${message.text()}`);
  });
  await page.goto(`http://127.0.0.1:${server.address().port}/index.html`);
  for (const [field, value = ""] of Object.entries(FIELDS)) await page.fill(field, value);
  const invalid = await page.$$eval("input:invalid", (inputs) => inputs.map((input) => input.id));
  if (invalid.length) throw new Error(`the page does not accept ${invalid.join(", ")}`);
  await page.click("#submit");
  await page.waitForSelector("#form:is([data-state=done], [data-state=refused], [data-state=failed])");
  const end = await page.evaluate(() => ({
    lines: Array.from(document.querySelectorAll("#rows tr"), (row) => row.dataset.line),
    state: document.querySelector("#form").dataset.state,
    error: document.querySelector("#error").textContent,
    count: document.querySelector("#count").textContent,
    total: document.querySelector("#total").textContent,
  }));
  await page.screenshot({ path: end.state === "done" ? "build/invoices.png" : "build/failure.png" });
  return end;
}

/** The page's count and total are to be those of its lines. */
function check({ lines, count, total }) {
  const cents = lines.reduce((sum, line) => sum + BigInt(line.split(" ").at(-2).replace(".", "")), 0n);
  const shown = total.replaceAll(/[,.]/g, "");
  return Number(count) === lines.length && BigInt(shown) === cents ? [] : [`count ${count} or total ${total} is wrong`];
}

let browser;
try {
  await new Promise((resolve, reject) => server.on("error", reject).listen(0, "127.0.0.1", resolve));
  browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args: ARGUMENTS });
  const page = await browser.newPage({ viewport: { width: 1280, height: 800 } });
  page.setDefaultTimeout(100_000);
  const problems = [];
  const end = await drive(page, problems);
  for (const line of end.lines) console.log(line);
  if (end.state === "done") problems.push(...check(end));
  else problems.unshift(end.error);
  for (const problem of problems) console.error(problem);
  process.exitCode = end.state === "refused" && problems.length === 1 ? 3 : problems.length ? 1 : 0;
} catch (error) {
  // The first line alone: what Playwright adds is its log.
  console.error(error.message.split("\n")[0]);
  process.exitCode = 1;
} finally {
  await browser?.close();
  server.close();
}
