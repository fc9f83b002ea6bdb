#!/bin/sh
# What it costs to compare 1,000,000 rows x 30 columns with a reference: incumbent, Evidently and NannyML on the
# same two files, in turn. See README.md for how to make the two Python environments.
#
# usage: benches/drift/run.sh EVIDENTLY_PYTHON NANNYML_PYTHON [RUNS]
set -eu

cd "$(dirname "$0")/../.."
out=$(pwd)/target/drift-bench
mkdir -p "$out"
cargo build --quiet --release -p incumbent
if [ ! -f "$out/current.parquet" ]; then
    cargo bench --quiet -p incumbent-store --bench drift -- write "$out" 1000000
fi
python3 benches/drift/measure.py --incumbent target/release/incumbent --evidently "$1" --nannyml "$2" \
    --runs "${3:-3}" "$out/reference.parquet" "$out/current.parquet"
