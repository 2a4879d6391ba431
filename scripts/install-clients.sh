#!/bin/sh
# Install, from Debian's packages, what the examples in nine languages and the tests of Intercom's own clients need and
# this machine lacks. Needs root, or sudo without a password.
set -eu

wanted=""

# want PACKAGE COMMAND...: the package is needed where the command fails.
want() {
    package=$1
    shift
    "$@" >/dev/null 2>&1 || wanted="$wanted $package"
}

want curl curl --version
want nodejs node --version
want npm npm --version
want ruby ruby --version
want php-cli php --version
want php-curl php -r 'exit((int) !function_exists("curl_init"));'
want default-jdk-headless javac --version
want golang-go go version
want mono-mcs mcs --version
want mono-runtime mono --version
want r-base-core Rscript --version
want r-cran-httr Rscript -e 'library(httr)'
want r-cran-jsonlite Rscript -e 'library(jsonlite)'

if [ -z "$wanted" ]; then
    echo "Every client's toolchain is here."
    exit 0
fi

sudo=""
if [ "$(id -u)" -ne 0 ]; then
    sudo="sudo -n"
fi

echo "To install:$wanted"
export DEBIAN_FRONTEND=noninteractive
$sudo apt-get update -qq
failed=""
for package in $wanted; do
    $sudo apt-get install -y -qq --no-install-recommends "$package" >/dev/null || failed="$failed $package"
done

if [ -n "$failed" ]; then
    echo "Not installed:$failed" >&2
    exit 1
fi
