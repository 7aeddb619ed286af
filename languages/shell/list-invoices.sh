#!/bin/bash
# Prints every invoice of an account: id, amount, due date in UTC. Needs curl, jq and GNU date.
set -euo pipefail
answer=$(mktemp)
trap 'rm -f "$answer"' EXIT

ask() { # Writes a page to $answer, and prints the HTTP status. Retries a failed request, with at most three attempts.
    : >"$answer"
    jq -nc --argjson page "$1" '{per_page: 25, page_number: $page, account_key: env.FINERWORKS_ACCOUNT_KEY}' |
        curl --silent --show-error --fail-with-body --retry 2 --retry-delay 1 --header "Content-Type: application/json" \
            --header @<(printf 'web_api_key: %s\napp_key: %s\n' "$FINERWORKS_WEB_API_KEY" "$FINERWORKS_APP_KEY") \
            --data-binary @- --output "$answer" --write-out '%{http_code}' "$FINERWORKS_BASE_URL/v3/list_invoices"
}
fail() { # Prints the server's message or, without one, the beginning of its response.
    local refused
    refused=$(jq -r '.ModelState["ApiC.Models.authorization_credentials"][]?' "$answer" 2>/dev/null) || true
    [ -z "$refused" ] || { echo "$refused" >&2 && exit 3; }
    echo "page $page: $(jq -re '.status.message // .message // .Message' "$answer" 2>/dev/null || head -c 300 "$answer")" >&2
    exit 1
}
utc() { # Prints a date in UTC with microseconds. The fraction is the same in every zone.
    local fraction
    fraction=$(sed -E 's/^[^.]*(\.([0-9]*))?.*$/\2000000/' <<<"$1")
    date --utc --date "$1" "+%Y-%m-%dT%H:%M:%S.${fraction:0:6}Z"
}
for ((page = 1; ; page++)); do
    status=$(ask "$page") || fail
    [ "$status" = 200 ] && [ "$(jq '.status.success' "$answer")" = true ] || fail # curl does not follow redirects by default
    rows=$(jq -r 'if has("invoices") then .invoices // [] else error("no invoices") end | .[] | [
        .invoice_id // error("no id"), (.amount_due | numbers // error("no amount")),
        (.due_date | if . == null then "null" else select(test("T")) // error("no date") end)] | @tsv' "$answer")
    [ -n "$rows" ] || exit 0
    while IFS=$'\t' read -r id amount due; do
        [ "$due" = null ] || due=$(utc "$due")
        printf '%s %.2f %s\n' "$id" "$amount" "$due"
    done <<<"$rows"
done
