/** Prints every invoice of an account: id, amount, due date in UTC. */
import { setTimeout as wait } from "node:timers/promises";
import createClient from "openapi-fetch";
import type { components, paths } from "./build/finerworks.js";

type Refusal = components["schemas"]["BadRequest"] & components["schemas"]["Failure"];
const { FINERWORKS_WEB_API_KEY: web_api_key = "", FINERWORKS_APP_KEY: app_key = "" } = process.env;
const { FINERWORKS_BASE_URL: baseUrl, FINERWORKS_ACCOUNT_KEY: account_key } = process.env;

/** Listing only reads, so a failed request is retried even though it is a POST. */
async function fetchAgain(request: Request): Promise<Response> {
  for (let attempt = 1; ; attempt++) {
    const response = await fetch(request.clone(), { signal: AbortSignal.timeout(30_000) });
    if (attempt === 3 || ![429, 500, 502, 503, 504].includes(response.status)) return response;
    await wait(attempt * 500);
  }
}

/** Returns a date in UTC with microseconds. Date keeps only milliseconds, but the fraction is the same in every zone. */
function utc(date: string | null): string {
  if (date === null) return "null";
  const fraction = /\.(\d+)/.exec(date)?.[1] ?? "";
  return `${new Date(date.replace(/\.\d+/, "")).toISOString().slice(0, 19)}.${fraction.slice(0, 6).padEnd(6, "0")}Z`;
}

async function listInvoices(): Promise<number> {
  // fetch's error would contain such a key. A redirect is an error: the keys are for this host only.
  if (![web_api_key, app_key].every((key) => /^[!-~]+$/.test(key))) throw new Error("A key is missing or malformed");
  const headers = { web_api_key, app_key };
  const client = createClient<paths>({ baseUrl, headers, redirect: "error", fetch: fetchAgain });
  for (let page_number = 1; ; page_number++) {
    const body = { per_page: 25, page_number, account_key };
    const { data, error, response } = await client.POST("/v3/list_invoices", { body });
    if (!data) {
      const { ModelState = {}, Message, message } = (error ?? {}) as Refusal; // a proxy's response has none of them
      console.error(Object.values(ModelState).flat().join(" ") || (message ?? Message ?? `HTTP ${response.status}`));
      return "ApiC.Models.authorization_credentials" in ModelState ? 3 : 1;
    }
    if (!data.status.success) throw new Error(data.status.message ?? "The request was rejected");
    if (data.invoices === null || data.invoices.length === 0) return 0;
    for (const { invoice_id, amount_due, due_date } of data.invoices) {
      // To two decimals, a number is exact. Add amounts up as cents: Math.round(amount_due * 100).
      console.log(invoice_id, amount_due.toFixed(2), utc(due_date));
    }
  }
}

process.exitCode = await listInvoices().catch(({ message, cause }) => {
  console.error(...[message, cause?.code ?? cause?.message].filter(Boolean));
  return 1;
});
