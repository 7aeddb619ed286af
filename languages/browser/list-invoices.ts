/** Lists every invoice of an account, page by page, with the client generated from openapi.yaml. */
import { BadRequestFromJSON, Configuration, FailureFromJSON, FetchError, InvoicesApi } from "./build/client";
import { type ConfigurationParameters, type Invoice, ResponseError } from "./build/client";

/** Listing only reads, so a failed request is retried even though it is a POST. */
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
    // A redirect is an error: the keys are for this host only.
    const { status, invoices, totalCount } = await api.listInvoices(request, { redirect: "error" });
    if (!status.success) throw new Error(status.message ?? "The request was rejected.");
    if (invoices === null || invoices.length === 0) {
      // A missing list looks like null.
      if (listed < (totalCount ?? 0)) throw new Error(`Only ${listed} of ${totalCount} invoices were listed.`);
      return;
    }
    listed += invoices.length;
    yield* invoices;
  }
}

/** Returns a message that describes an error, and whether the server refused the keys. */
export async function explain(error: unknown): Promise<{ refused: boolean; message: string }> {
  if (error instanceof ResponseError) {
    const { status } = error.response;
    const body = (await error.response.json().catch(() => null)) ?? {}; // a proxy's response may not be JSON
    const { modelState = {}, message = FailureFromJSON(body).message } = BadRequestFromJSON(body);
    const refused = "ApiC.Models.authorization_credentials" in modelState;
    return { refused, message: Object.values(modelState).flat().join(" ") || (message ?? `HTTP ${status}`) };
  }
  if (!(error instanceof FetchError)) return { refused: false, message: (error as Error).message };
  const hint = `Is the server running, and does it allow requests from ${location.origin} (CORS)?`;
  return { refused: false, message: `No response: ${error.cause.message}. ${hint}` };
}
