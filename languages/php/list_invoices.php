<?php

/** Prints every invoice of an account: id, amount, due date in UTC. */

declare(strict_types=1);

use GuzzleHttp\{Client, HandlerStack, Middleware};
use OpenAPI\Client\{Api\InvoicesApi, ApiException, Configuration};
use OpenAPI\Client\Model\{BadRequest, Failure, InvoiceListRequest};

require __DIR__ . '/build/autoload.php';

const REFUSED_KEYS = 'ApiC.Models.authorization_credentials';

function apiKey(string $name): string
{
    $key = (string) getenv($name);
    // Guzzle's error would contain a key that is not a valid header value.
    return preg_match('/^[!-~]+$/D', $key) ? $key : throw new RuntimeException("$name is not set, or is not a valid key");
}

function utc(?DateTime $due): string
{
    return $due ? (clone $due)->setTimezone(new DateTimeZone('UTC'))->format('Y-m-d\TH:i:s.u\Z') : 'null';
}

// Listing only reads, so a failed request is retried even though it is a POST.
$again = Middleware::retry(
    fn (int $retries, $request, $response) =>
        $retries < 2 && in_array($response?->getStatusCode(), [429, 500, 502, 503, 504], true),
    fn (int $retries) => 500 * $retries, // milliseconds
);
$handler = HandlerStack::create();
$handler->push($again);
// Do not follow redirects: the keys are for this host only.
$client = new Client(['handler' => $handler, 'timeout' => 30, 'allow_redirects' => false]);
try {
    $config = (new Configuration())
        ->setHost((string) getenv('FINERWORKS_BASE_URL'))
        ->setApiKey('web_api_key', apiKey('FINERWORKS_WEB_API_KEY'))
        ->setApiKey('app_key', apiKey('FINERWORKS_APP_KEY'));
    $api = new InvoicesApi($client, $config);
    $request = new InvoiceListRequest(['per_page' => 25, 'account_key' => getenv('FINERWORKS_ACCOUNT_KEY') ?: null]);
    $page = $listed = 0;
    do {
        $answer = $api->listInvoices($request->setPageNumber(++$page));
        if (!$answer->getStatus()->getSuccess()) {
            throw new RuntimeException($answer->getStatus()->getMessage() ?? 'the request was rejected');
        }
        foreach ($answer->getInvoices() ?? [] as $invoice) {
            is_numeric($invoice->getAmountDue()) ?: throw new RuntimeException("page $page: an invoice without an amount");
            // To two decimals, a float is exact. Add amounts up as cents: (int) round($amount * 100).
            printf("%s %.2F %s\n", $invoice->getInvoiceId(), $invoice->getAmountDue(), utc($invoice->getDueDate()));
        }
        $listed += count($answer->getInvoices() ?? []);
    } while ($answer->getInvoices());
    if ($listed < $answer->getTotalCount()) { // a missing list looks like an empty one
        throw new RuntimeException("page $page: only $listed of {$answer->getTotalCount()} invoices were listed");
    }
} catch (ApiException $error) {
    $told = $error->getResponseObject();
    $state = $told instanceof BadRequest ? $told->getModelState() ?? [] : [];
    $words = $told instanceof BadRequest || $told instanceof Failure ? $told->getMessage() : null;
    $words = implode(' ', array_merge(...array_values($state))) ?: $words ?: strtok($error->getMessage(), "\n");
    fwrite(STDERR, "$words\n");
    exit(isset($state[REFUSED_KEYS]) ? 3 : 1);
} catch (Throwable $error) {
    fwrite(STDERR, $error->getMessage() . "\n");
    exit(1);
}
