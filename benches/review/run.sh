#!/bin/sh
# Fetches playwright-core (a driver, no browser) into target/ and runs hour.mjs.
#
# usage: benches/review/run.sh INCUMBENT [ITEMS] [CHROMIUM]
set -eu

cd "$(dirname "$0")/../.."
out=$(pwd)/target/review-bench
mkdir -p "$out"
[ -d "$out/node_modules/playwright-core" ] || npm install --silent --prefix "$out" playwright-core@1.65.1
NODE_PATH="$out" node benches/review/hour.mjs "$@"
