#!/bin/sh
# What the trainers of ratings reach, and whether onnxruntime agrees with their graphs.
#
# usage: benches/ratings/run.sh DATA_FOLDER
# Needs python3 with pandas, pyarrow and onnxruntime. The data are MovieLens 100K, as ml-100k/ratings.parquet;
# they may not be passed on, PyPI recbole holds them.
set -eu

data=$(cd "$1" && pwd)
cd "$(dirname "$0")/../.."
out=$(pwd)/target/ratings-bench
mkdir -p "$out"
python3 benches/ratings/export.py "$data" "$out"
cargo bench --quiet -p incumbent-models --bench ratings -- "$out"
python3 benches/tabular/onnxruntime.py check "$out"
