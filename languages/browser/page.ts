/** The program of the page: shows the invoices in the table, and adds up the amounts. */
import { explain, listInvoices } from "./list-invoices";

const money = new Intl.NumberFormat("en", { minimumFractionDigits: 2, maximumFractionDigits: 2 });
const element = (id: string) => document.getElementById(id)!;
const field = (id: string) => (element(id) as HTMLInputElement).value.trim();
const [form, rows] = [element("form"), element("rows") as HTMLTableSectionElement];

/** Returns a date in UTC with microseconds. Date keeps only milliseconds, but the fraction is the same in every zone. */
function utc(date: string | null): string {
  if (date === null) return "null";
  const fraction = /\.(\d+)/.exec(date)?.[1] ?? "";
  return `${new Date(date.replace(/\.\d+/, "")).toISOString().slice(0, 19)}.${fraction.slice(0, 6).padEnd(6, "0")}Z`;
}

async function show(): Promise<void> {
  const keys: Record<string, string> = { web_api_key: field("web-api-key"), app_key: field("app-key") };
  const settings = { basePath: field("base-url").replace(/\/+$/, ""), apiKey: (name: string) => keys[name]! };
  let cents = 0n; // a sum of floats would not be exact
  for await (const { invoiceId, amountDue, dueDate } of listInvoices(settings, field("account-key") || undefined)) {
    const [amount, due] = [amountDue.toFixed(2), utc(dueDate)];
    const row = rows.insertRow();
    row.dataset.line = `${invoiceId} ${amount} ${due}`;
    const cells = [invoiceId, money.format(amountDue), due === "null" ? "–" : due.slice(0, 16).replace("T", " ")];
    for (const cell of cells) row.insertCell().textContent = cell;
    cents += BigInt(amount.replace(".", ""));
    element("count").textContent = `${rows.rows.length}`;
  }
  element("total").textContent = money.format(`${cents}E-2` as Intl.StringNumericLiteral);
}

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  if (form.dataset.state === "busy") return;
  form.dataset.state = "busy";
  rows.replaceChildren();
  for (const [id, text] of Object.entries({ error: "", count: "0", total: "–" })) element(id).textContent = text;
  try {
    await show();
    form.dataset.state = "done";
  } catch (error) {
    const { refused, message } = await explain(error);
    element("error").textContent = rows.rows.length ? `The list is not complete: ${message}` : message;
    form.dataset.state = refused ? "refused" : "failed";
  }
});
