// Prints every invoice of an account: id, amount, due date in UTC.
using System;
using System.Globalization;
using System.Linq;
using System.Net.Http;
using System.Text.RegularExpressions;
using System.Threading;
using FinerWorks.Api;
using FinerWorks.Client;
using FinerWorks.Model;
using Newtonsoft.Json;

static class ListInvoices
{
    const string RefusedKeys = "ApiC.Models.authorization_credentials";
    const string UtcFormat = "yyyy-MM-dd'T'HH:mm:ss.ffffff'Z'";

    static int Main()
    {
        var configuration = new Configuration { BasePath = Environment.GetEnvironmentVariable("FINERWORKS_BASE_URL") };
        configuration.ApiKey["web_api_key"] = Environment.GetEnvironmentVariable("FINERWORKS_WEB_API_KEY");
        configuration.ApiKey["app_key"] = Environment.GetEnvironmentVariable("FINERWORKS_APP_KEY");
        try
        {
            // Do not follow redirects: they would send the keys to another host.
            using (var http = new HttpClient(new HttpClientHandler { AllowAutoRedirect = false }))
            {
                PrintInvoices(new InvoicesApi(http, configuration));
            }
            return 0;
        }
        catch (ApiException error) when (error.ErrorCode == 400 && $"{error.ErrorContent}".Contains(RefusedKeys))
        {
            var refusal = JsonConvert.DeserializeObject<BadRequest>((string)error.ErrorContent);
            Console.Error.WriteLine(string.Join(" ", refusal.ModelState[RefusedKeys]));
            return 3;
        }
        catch (Exception error)
        {
            var code = error is ApiException answer ? $"API error {answer.ErrorCode}: " : "";
            Console.Error.WriteLine(code + Regex.Replace(error.GetBaseException().Message, @"\s+", " "));
            return 1;
        }
    }

    static void PrintInvoices(InvoicesApi api)
    {
        var account = Environment.GetEnvironmentVariable("FINERWORKS_ACCOUNT_KEY");
        for (var page = 1; ; page++)
        {
            var list = Ask(api, new InvoiceListRequest(perPage: 25, pageNumber: page, accountKey: account));
            if (list?.Status?.Success != true)
            {
                var reason = list?.Status?.Message ?? "no reason given";
                throw new InvalidOperationException($"page {page}: the request was rejected: {reason}");
            }
            if (list.Invoices == null || list.Invoices.Count == 0) return;
            foreach (var invoice in list.Invoices)
            {
                var amount = invoice.AmountDue.ToString("F2", CultureInfo.InvariantCulture);
                var due = invoice.DueDate?.UtcDateTime.ToString(UtcFormat, CultureInfo.InvariantCulture);
                Console.WriteLine($"{invoice.InvoiceId} {amount} {due ?? "null"}");
            }
        }
    }

    // Listing only reads, so a failed request is retried even though it is a POST. A policy in the
    // client's RetryConfiguration does not work: it sends the same HttpRequestMessage again, which HttpClient refuses.
    static InvoiceList Ask(InvoicesApi api, InvoiceListRequest request)
    {
        for (var attempt = 1; ; attempt++)
        {
            try { return api.ListInvoices(request); }
            catch (ApiException error) when (attempt < 3 && new[] { 429, 500, 502, 503, 504 }.Contains(error.ErrorCode))
            {
                Thread.Sleep(TimeSpan.FromSeconds(1));
            }
        }
    }
}
