#!/bin/sh
# Makes the secrets that the compose files beside it name, once: what is there stays. Nobody but you can enter their folder.
set -eu
cd "${1:-$(dirname "$0")}"
mkdir -p secrets
chmod 700 secrets
cd secrets

drawn() { od -An -N24 -tx1 /dev/urandom | tr -d ' \n'; }
keep() { [ -s "$1" ] || printf '%s' "$2" >"$1"; }

keep token "$(drawn)"
keep database_password "$(drawn)"
password=$(cat database_password)
keep postgresql_url "postgresql://sayso:$password@database/sayso"
keep citus_url "postgresql://sayso:$password@coordinator/sayso"
keep citus.env "POSTGRES_PASSWORD=$password
PGPASSWORD=$password
"
# Read in the containers by users that are not root.
chmod 644 ./*
echo "the access token is in $(pwd)/token"
