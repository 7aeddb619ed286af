import okhttp3.Interceptor
import okhttp3.OkHttpClient
import org.openapitools.client.apis.InvoicesApi
import org.openapitools.client.infrastructure.ApiClient
import org.openapitools.client.infrastructure.ClientError
import org.openapitools.client.infrastructure.ClientException
import org.openapitools.client.infrastructure.Serializer
import org.openapitools.client.models.BadRequest
import org.openapitools.client.models.InvoiceListRequest
import java.io.IOException
import java.math.RoundingMode
import java.time.ZoneOffset
import java.time.format.DateTimeFormatter
import kotlin.system.exitProcess

private const val REFUSED_KEYS = "ApiC.Models.authorization_credentials"
private val MAY_PASS = setOf(429, 500, 502, 503, 504)
private val UTC = DateTimeFormatter.ofPattern("uuuu-MM-dd'T'HH:mm:ss.SSSSSSX").withZone(ZoneOffset.UTC)

/** Listing only reads, so a failed request is retried, with at most three attempts. */
private val askAgain = Interceptor { chain ->
    var response = chain.proceed(chain.request())
    repeat(2) {
        if (response.code in MAY_PASS) {
            response.close()
            Thread.sleep(1000)
            response = chain.proceed(chain.request())
        }
    }
    response
}

private fun listInvoices(environment: Map<String, String>) {
    ApiClient.apiKey["web_api_key"] = environment.getValue("FINERWORKS_WEB_API_KEY")
    ApiClient.apiKey["app_key"] = environment.getValue("FINERWORKS_APP_KEY")
    // Do not follow redirects: they would send the keys to another host.
    val client = OkHttpClient.Builder().followRedirects(false).addInterceptor(askAgain).build()
    val api = InvoicesApi(environment.getValue("FINERWORKS_BASE_URL"), client)
    val account = environment["FINERWORKS_ACCOUNT_KEY"]
    var listed = 0
    for (page in 1..Int.MAX_VALUE) {
        val answer = api.listInvoices(InvoiceListRequest(perPage = 25, pageNumber = page, accountKey = account))
        if (!answer.status.success) throw IOException("page $page: ${answer.status.message}")
        if (answer.invoices.isNullOrEmpty()) { // a missing list looks like an empty one
            if (listed < (answer.totalCount ?: 0)) throw IOException("page $page: only $listed invoices were listed")
            return
        }
        listed += answer.invoices.size
        for (invoice in answer.invoices) {
            val amount = invoice.amountDue.setScale(2, RoundingMode.HALF_UP)
            println("${invoice.invoiceId} $amount ${invoice.dueDate?.let(UTC::format)}")
        }
        if (System.out.checkError()) throw IOException("cannot write to standard output") // println does not throw
    }
}

private fun explain(error: ClientException) {
    val body = (error.response as ClientError<*>).body.toString()
    val told = runCatching { Serializer.moshi.adapter(BadRequest::class.java).fromJson(body)?.modelState }.getOrNull()
    val refused = told?.get(REFUSED_KEYS)
    if (refused != null) fail(refused.joinToString(" "), 3)
    fail("${error.message}: $body")
}

private fun fail(message: String, status: Int = 1): Nothing {
    System.err.println(message.replace(Regex("\\s+"), " "))
    exitProcess(status)
}

fun main() {
    try {
        listInvoices(System.getenv())
    } catch (error: ClientException) {
        explain(error)
    } catch (error: IllegalArgumentException) { // do not print its message: it contains the key
        fail("a key is not a valid header value")
    } catch (error: Exception) {
        fail(error.toString())
    }
}
