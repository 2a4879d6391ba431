#!/bin/sh
# A contact's subscriptions with curl. Needs SAYSO_URL and SAYSO_TOKEN in the environment.
set -eu

: "${SAYSO_URL:?must be the address of the server}" "${SAYSO_TOKEN:?must be an access token}"

# call STATUS METHOD PATH [BODY]: prints the body of the answer, which must have that status.
call() {
    expected=$1 method=$2 path=$3
    shift 3
    answer=$(curl --silent --show-error --request "$method" "$SAYSO_URL$path" \
        --header "Authorization: Bearer $SAYSO_TOKEN" \
        --header "Content-Type: application/json" \
        --write-out '\n%{http_code}' ${1:+--data "$1"})
    status=$(printf '%s' "$answer" | tail -n 1)
    if [ "$status" != "$expected" ]; then
        echo "$method $path: expected $expected, got $answer" >&2
        exit 1
    fi
    printf '%s' "$answer" | sed '$d'
}

# Where jq is installed, `jq -r .id` and the like are nicer than these.
text() { sed -n "s/.*\"$1\":\"\([^\"]*\)\".*/\1/p"; }
types() { tr '{' '\n' | grep '"type":"subscription"' || true; }
ids() { types | text id | tr '\n' ' ' | sed 's/ $//'; }
error() { tr '{' '\n' | sed -n 's/.*"code":"\([^"]*\)","message":"\([^"]*\)".*/\1 \2/p'; }
live() { types | grep '"state":"live"' | grep "\"consent_type\":\"$1\"" | head -n 1 | text id; }

expect() {
    if [ "$1" != "$2" ]; then
        echo "expected '$1', got '$2'" >&2
        exit 1
    fi
}

list=$(call 200 GET /subscription_types)
opt_in=$(printf '%s' "$list" | live opt_in)
opt_out=$(printf '%s' "$list" | live opt_out)
echo "types: $(printf '%s' "$list" | ids | wc -w | tr -d ' ')"

contact=$(call 200 POST /contacts "{\"email\": \"curl-$(date +%s)-$$@example.com\"}")
id=$(printf '%s' "$contact" | tr '{' '\n' | head -n 2 | text id)
echo "created: $(printf '%s' "$contact" | text role)"

# Attaching an opt_in type opts the contact in; attaching an opt_out type opts the contact out.
call 200 POST "/contacts/$id/subscriptions" "{\"id\": \"$opt_in\", \"consent_type\": \"opt_in\"}" >/dev/null
call 200 POST "/contacts/$id/subscriptions" "{\"id\": \"$opt_out\", \"consent_type\": \"opt_out\"}" >/dev/null
attached=$(call 200 GET "/contacts/$id/subscriptions" | ids)
expect "$opt_in $opt_out" "$attached"
echo "attached: $attached"

detached=$(call 200 DELETE "/contacts/$id/subscriptions/$opt_in" | ids)
attached=$(call 200 GET "/contacts/$id/subscriptions" | ids)
expect "$opt_out" "$attached"
echo "detached: $detached"
echo "attached: $attached"

echo "not found: $(call 404 GET /contacts/000000000000000000000000/subscriptions | error)"
SAYSO_TOKEN=wrong-token
echo "unauthorized: $(call 401 GET /subscription_types | error)"
