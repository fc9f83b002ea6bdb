#!/bin/sh
# What the embedded trainers reach on bank marketing, and whether onnxruntime agrees with their graphs.
#
# usage: benches/tabular/run.sh DATA_FOLDER
# Needs python3 with pandas, pyarrow and onnxruntime. The data are UCI bank marketing, as
# bank-additional/bank_additional_full.parquet.
set -eu

data=$(cd "$1" && pwd)
cd "$(dirname "$0")/../.."
out=$(pwd)/target/tabular-bench
mkdir -p "$out"
python3 benches/tabular/onnxruntime.py export "$data" "$out"
cargo bench --quiet -p incumbent-models --bench tabular -- "$out"
python3 benches/tabular/onnxruntime.py check "$out"
