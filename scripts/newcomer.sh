#!/bin/sh
# What a new user does: clone into a folder with a space in its name, run the README's two commands, paste the curl line.
# As an ordinary user where we are root. Ends with 1 when something does not work.
set -eu

source=$(cd "$(dirname "$0")/.." && pwd)
place=$(mktemp -d)
home="$place/a new home"
clone="$home/say so"
port=${NEWCOMER_PORT:-18080}
mkdir -p "$home"
git clone -q "$source" "$clone"

as_user() { env HOME="$home" "$@"; }
if [ "$(id -u)" = 0 ]; then
    chmod 755 "$place"
    chown -R nobody "$home"
    as_user() { runuser -u nobody -- env HOME="$home" PATH=/usr/local/bin:/usr/bin:/bin "$@"; }
fi

server=""
finish() {
    [ -z "$server" ] || kill -- "-$server" 2>/dev/null || true
    rm -rf "$place"
}
trap finish EXIT

# start LOG: make serve in a process group of its own, until its curl line is there.
start() {
    as_user env SAYSO_PORT="$port" setsid make -s -C "$clone" serve >"$1" 2>&1 &
    server=$!
    tries=0
    until grep -q 'curl' "$1"; do
        tries=$((tries + 1))
        if [ "$tries" -gt 1500 ]; then
            cat "$1"
            exit 1
        fi
        sleep 0.2
    done
}

stop() {
    kill -- "-$server"
    wait "$server" 2>/dev/null || true
    server=""
}

# paste LOG: the curl line as printed, which must answer with a list.
paste() {
    line=$(grep -o 'curl .*' "$1" | head -n 1)
    sh -c "$(printf '%s' "$line" | sed 's/^curl/curl -sS --fail/')" | grep -q '"type":"list"'
}

for time in 1 2 3 4 5; do
    start "$place/serve-$time.log"
    paste "$place/serve-$time.log"
    stop
    echo "make serve, start $time: the curl line works"
done

as_user make -s -C "$clone" test PYTEST="-q tests/domain tests/intercom/test_contact_subscription.py"
echo "A new user gets going."
