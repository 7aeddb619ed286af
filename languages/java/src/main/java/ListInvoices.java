import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.math.RoundingMode;
import java.net.http.HttpClient;
import java.time.Duration;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.Set;
import org.openapitools.client.ApiClient;
import org.openapitools.client.ApiException;
import org.openapitools.client.api.InvoicesApi;
import org.openapitools.client.model.InvoiceList;
import org.openapitools.client.model.InvoiceListRequest;

/** Prints every invoice of an account: id, amount, due date in UTC. */
public class ListInvoices {
    private static final String REFUSED_KEYS = "ApiC.Models.authorization_credentials";
    private static final DateTimeFormatter UTC =
            DateTimeFormatter.ofPattern("uuuu-MM-dd'T'HH:mm:ss.SSSSSSX").withZone(ZoneOffset.UTC);

    public static void main(String[] args) throws InterruptedException {
        // The generated client does not send the keys by itself.
        // HTTP/1.1: with plain http://, the JDK would request an upgrade each time.
        ApiClient client = new ApiClient()
                .setRequestInterceptor(request -> request
                        .header("web_api_key", System.getenv("FINERWORKS_WEB_API_KEY"))
                        .header("app_key", System.getenv("FINERWORKS_APP_KEY")))
                .setHttpClientBuilder(HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1))
                .setReadTimeout(Duration.ofSeconds(30));
        try {
            client.updateBaseUri(System.getenv("FINERWORKS_BASE_URL"));
            list(new InvoicesApi(client), System.getenv("FINERWORKS_ACCOUNT_KEY"));
        } catch (ApiException error) {
            System.exit(explain(error));
        } catch (RuntimeException error) { // do not print its message: it contains a key that is not a valid header value
            System.err.println("a variable or a response is invalid: " + error.getClass().getName());
            System.exit(1);
        }
    }

    private static void list(InvoicesApi api, String account) throws ApiException, InterruptedException {
        int listed = 0;
        for (int page = 1; ; page++) {
            var answer = ask(api, new InvoiceListRequest().perPage(25).pageNumber(page).accountKey(account));
            if (!answer.getStatus().getSuccess()) {
                throw new ApiException("page " + page + ": " + answer.getStatus().getMessage());
            }
            if (answer.getInvoices() == null || answer.getInvoices().isEmpty()) { // a missing list is null, too
                int total = answer.getTotalCount() == null ? 0 : answer.getTotalCount();
                if (listed >= total && !System.out.checkError()) return;
                throw new ApiException("page " + page + ": only " + listed + " of " + total + " invoices were listed");
            }
            listed += answer.getInvoices().size();
            for (var invoice : answer.getInvoices()) {
                var amount = invoice.getAmountDue().setScale(2, RoundingMode.HALF_UP);
                var due = invoice.getDueDate() == null ? "null" : UTC.format(invoice.getDueDate());
                System.out.println(invoice.getInvoiceId() + " " + amount + " " + due);
            }
        }
    }

    /** Requests a page. This only reads, so a failed request is retried, with at most three attempts. */
    private static InvoiceList ask(InvoicesApi api, InvoiceListRequest page) throws ApiException, InterruptedException {
        for (int attempt = 1; ; attempt++) {
            try {
                return api.listInvoices(page);
            } catch (ApiException error) {
                if (attempt == 3 || !Set.of(429, 500, 502, 503, 504).contains(error.getCode())) throw error;
                Thread.sleep(1000);
            }
        }
    }

    /** Prints the error, and returns the exit status: 3 if the keys were refused. */
    private static int explain(ApiException error) {
        try {
            String body = error.getCode() == 400 ? error.getResponseBody() : "";
            JsonNode refused = new ObjectMapper().readTree(body).path("ModelState").path(REFUSED_KEYS);
            refused.forEach(told -> System.err.println(told.asText()));
            if (!refused.isEmpty()) return 3;
        } catch (JsonProcessingException notJson) {
            // The message is printed below.
        }
        System.err.println(error.getMessage().replaceAll("\\s+", " "));
        return 1;
    }
}
