// openapi-fetch on Node's own fetch: does as benchmarks/worker.py does, of its commands open, every and close.
//
//   node worker.mjs URL
import { performance } from "node:perf_hooks";
import { createInterface } from "node:readline";
import createClient from "openapi-fetch";

const PER_PAGE = 25;
const headers = { web_api_key: "of-the-benchmarks", app_key: "of-the-benchmarks-too" };
let client;

async function page(number) {
  const body = { per_page: PER_PAGE, page_number: number };
  const { data, error } = await client.POST("/v3/list_invoices", { body });
  if (error) throw new Error(JSON.stringify(error));
  return data;
}

async function every(inFlight) {
  const { invoices, total_count: total } = await page(1);
  const last = Math.ceil(total / PER_PAGE);
  const pages = [invoices];
  let next = 2;
  const read = async () => {
    while (next <= last) {
      const number = next++;
      pages[number - 1] = (await page(number)).invoices;
    }
  };
  await Promise.all(Array.from({ length: inFlight }, read));
  return pages.flat();
}

// Whole cents are exact where a sum of amounts is not.
function tally(invoices) {
  const cents = invoices.reduce((sum, invoice) => sum + Math.round(invoice.amount_due * 100), 0);
  const digits = String(Math.abs(cents)).padStart(3, "0");
  return { count: invoices.length, sum: `${cents < 0 ? "-" : ""}${digits.slice(0, -2)}.${digits.slice(-2)}` };
}

const commands = {
  open: () => {
    client = createClient({ baseUrl: process.argv[2], headers });
    return {};
  },
  every: async ({ in_flight: inFlight }) => {
    globalThis.gc?.();
    const used = process.cpuUsage();
    const began = performance.now();
    const invoices = await every(inFlight);
    const wall = (performance.now() - began) / 1e3;
    const { user, system } = process.cpuUsage(used);
    return { wall, cpu: (user + system) / 1e6, ...tally(invoices) };
  },
  close: () => ({}),
};

for await (const line of createInterface({ input: process.stdin })) {
  const command = JSON.parse(line);
  let told;
  try {
    told = await commands[command.do](command);
  } catch (error) {
    told = { error: String(error.stack) };
  }
  console.log(JSON.stringify(told));
}
process.exit(0); // with connections open
