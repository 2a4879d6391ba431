#!/bin/sh
# Install, from Debian's packages, what the tests and benchmarks use: PostgreSQL's server, PgBouncer, strace, wrk, nginx.
# Needs root, or sudo without a password; without either it says what is missing and goes on.
set -eu

missing=""
command -v strace >/dev/null 2>&1 || missing="$missing strace"
command -v wrk >/dev/null 2>&1 || missing="$missing wrk"
command -v nginx >/dev/null 2>&1 || missing="$missing nginx-light"
ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 || command -v initdb >/dev/null 2>&1 || missing="$missing postgresql"
command -v pgbouncer >/dev/null 2>&1 || [ -x /usr/sbin/pgbouncer ] || missing="$missing pgbouncer"
[ -n "$missing" ] || exit 0

root=""
if [ "$(id -u)" != 0 ]; then
    if ! sudo -n true 2>/dev/null; then
        echo "Not installed, and nobody here may install:$missing"
        exit 0
    fi
    root="sudo -n"
fi
$root apt-get update -qq
# shellcheck disable=SC2086
$root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing >/dev/null
