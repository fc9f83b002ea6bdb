#!/bin/sh
# Reproduces the tables of docs/decisions/trees.md.
#
# usage: benches/trees/run.sh DATA_FOLDER [--candidates]
# Needs python3 with lightgbm, scikit-learn, pandas, pyarrow and onnxruntime. The data are the public Otto training
# part and UCI bank marketing, as otto/train.parquet and bank-additional/bank_additional_full.parquet.
# --candidates also builds and runs the crates that were not chosen (several minutes).
set -eu

data=$(cd "$1" && pwd)
cd "$(dirname "$0")/../.."
out=$(pwd)/target/trees-bench
mkdir -p "$out"
figures=$out/figures.csv
python3 benches/trees/lightgbm.py "$data" "$out" >"$figures"
cargo bench --quiet -p incumbent-models --bench trees -- "$out" >>"$figures"
if [ "${2:-}" = --candidates ]; then
    cargo run --quiet --release --manifest-path benches/trees/candidates/Cargo.toml \
        --target-dir target/tree-candidates -- "$out" >>"$figures"
fi
python3 benches/trees/table.py "$figures"
python3 benches/trees/check_onnx.py "$out"
