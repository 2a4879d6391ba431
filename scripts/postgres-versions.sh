#!/bin/sh
# The storage tests on PostgreSQL 16, 17 and 18 too: Debian has one version, npm's packages carry the programs of others.
# They lack pg_basebackup, so that fail-over is tested on Debian's alone. Their databases are Turkish, which tells i from ı
# and sorts by letters: the whole suite runs on C.UTF-8.
set -eu
cd "$(dirname "$0")/.."

# Not below a home: the server runs as an ordinary user.
folder=$(mktemp -d /var/tmp/sayso-postgres-versions-XXXXXX)
trap 'rm -rf "$folder"' EXIT
chmod 755 "$folder"
cp scripts/postgres-versions/.npmrc scripts/postgres-versions/package.json scripts/postgres-versions/package-lock.json "$folder"
npm ci --prefix "$folder" --ignore-scripts --loglevel error
for package in "$folder"/node_modules/postgres-*; do
    (cd "$package" && node scripts/hydrate-symlinks.js)
    chmod -R a+rX "$package"
    "$package/native/bin/postgres" --version
    SAYSO_TEST_POSTGRES="$package/native/bin" SAYSO_TEST_POSTGRES_ICU=tr-TR PLANS_IN_EVERY_STATE=1 make test \
        PYTEST="tests/storage tests/service/test_racers.py tests/service/test_access.py -k postgres --ignore tests/storage/faults/test_postgres_failover.py"
done
