#!/usr/bin/env bash
# Enters an order over REST, cancels it, and shows how a refusal looks. Needs curl alone.
#
# DAYBOOK_URL is where REST listens (default http://127.0.0.1:8080), DAYBOOK_KEY an API key or token.
set -euo pipefail

url=${DAYBOOK_URL:-http://127.0.0.1:8080}
id="example-curl-$$-$(date +%s)"
authorization=()
if [ -n "${DAYBOOK_KEY:-}" ]; then authorization=(-H "authorization: Bearer $DAYBOOK_KEY"); fi

ask() { curl --silent --show-error --max-time 10 "${authorization[@]}" "$@"; }
order() {
  ask "$url/v1/orders" -H 'content-type: application/json' --data @- <<JSON
{ "clientOrderId": "$id", "account": "alpha", "instrument": "ESH4",
  "side": "Buy", "type": "Limit", "quantity": "2", "price": "$1" }
JSON
}

echo "on record: $(order 4700 | grep -o '"orderId":[0-9]*')"
echo "again:     $(order 4700 | grep -o '"code":"[A-Z_]*"')"
echo "canceled:  $(ask -X DELETE "$url/v1/accounts/alpha/orders/$id" | grep -o '"outcome":"[a-z]*"')"
echo done
