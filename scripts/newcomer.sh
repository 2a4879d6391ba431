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

finish() {
    [ ! -f "$home/group" ] || kill -- "-$(cat "$home/group")" 2>/dev/null || true
    rm -rf "$place"
}
trap finish EXIT

# start LOG: make serve in a process group of its own, until its curl line is there.
start() {
    # shellcheck disable=SC2016
    as_user env SAYSO_PORT="$port" setsid sh -c 'echo $$ >"$0"; exec make -s -C "$1" serve' "$home/group" "$clone" \
        >"$1" 2>&1 &
    serving=$!
    until grep -q 'curl' "$1"; do
        if ! kill -0 "$serving" 2>/dev/null; then
            cat "$1"
            exit 1
        fi
        sleep 0.2
    done
}

stop() {
    kill -- "-$(cat "$home/group")" 2>/dev/null || true
    rm -f "$home/group"
    wait "$serving" 2>/dev/null || true
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
