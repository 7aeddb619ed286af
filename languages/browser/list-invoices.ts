/** Every invoice of an account, page after page, by the client generated from openapi.yaml. */
import { BadRequestFromJSON, Configuration, FailureFromJSON, FetchError, InvoicesApi } from "./build/client";
import { type ConfigurationParameters, type Invoice, ResponseError } from "./build/client";

/** Listing only reads, so a server that fails is asked again, POST or not. */
async function fetchAgain(url: RequestInfo | URL, init?: RequestInit): Promise<Response> {
  for (let attempt = 1; ; attempt++) {
    const response = await fetch(url, { ...init, signal: AbortSignal.timeout(30_000) });
    if (attempt === 3 || ![429, 500, 502, 503, 504].includes(response.status)) return response;
    await new Promise((resolve) => setTimeout(resolve, attempt * 500));
  }
}

export async function* listInvoices(settings: ConfigurationParameters, accountKey?: string): AsyncGenerator<Invoice> {
  const api = new InvoicesApi(new Configuration({ ...settings, fetchApi: fetchAgain }));
  for (let [pageNumber, listed] = [1, 0]; ; pageNumber++) {
    const request = { invoiceListRequest: { perPage: 25, pageNumber, accountKey } };
    // A redirect is an error: the keys are for this host alone.
    const { status, invoices, totalCount } = await api.listInvoices(request, { redirect: "error" });
    if (!status.success) throw new Error(status.message ?? "The request was turned down.");
    if (invoices === null || invoices.length === 0) {
      // A missing list is taken for null.
      if (listed < (totalCount ?? 0)) throw new Error(`${listed} invoices came of ${totalCount}.`);
      return;
    }
    listed += invoices.length;
    yield* invoices;
  }
}

/** What went wrong, in words, and whether it is that the server refused the keys. */
export async function explain(error: unknown): Promise<{ refused: boolean; message: string }> {
  if (error instanceof ResponseError) {
    const { status } = error.response;
    const body = (await error.response.json().catch(() => null)) ?? {}; // a proxy's answer need not be JSON
    const { modelState = {}, message = FailureFromJSON(body).message } = BadRequestFromJSON(body);
    const refused = "ApiC.Models.authorization_credentials" in modelState;
    return { refused, message: Object.values(modelState).flat().join(" ") || (message ?? `HTTP ${status}`) };
  }
  if (!(error instanceof FetchError)) return { refused: false, message: (error as Error).message };
  const hint = `Is the server up, and does it let pages of ${location.origin} call it (CORS)?`;
  return { refused: false, message: `No answer: ${error.cause.message}. ${hint}` };
}
