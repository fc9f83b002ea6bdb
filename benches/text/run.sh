#!/bin/sh
# What the trainers of documents reach, and whether onnxruntime agrees with their graphs.
#
# usage: benches/text/run.sh DATA_FOLDER
# Needs python3 with pandas, pyarrow and onnxruntime. The data are Pang and Lee's sentences, as
# sentence-polarity/sentence_polarity.parquet, and maybe dated Yelp reviews, as yelp-dated/yelp_10k.parquet.
set -eu

data=$(cd "$1" && pwd)
cd "$(dirname "$0")/../.."
out=$(pwd)/target/text-bench
mkdir -p "$out"
python3 benches/text/export.py "$data" "$out"
cargo bench --quiet -p incumbent-models --bench text -- "$out"
python3 benches/tabular/onnxruntime.py check "$out"
