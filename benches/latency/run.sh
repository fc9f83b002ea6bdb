#!/bin/sh
# One row and 64 rows: our evaluator against Python's onnxruntime and LightGBM's own predict, on the same models and rows,
# one thread each, in turns, so that both see the machine as it is.
#
# usage: benches/latency/run.sh DATA_FOLDER
# Needs python3 with lightgbm, onnxmltools, onnxruntime, onnx, pandas and pyarrow. The data are the training part of the
# Otto challenge, as otto/train.parquet.
set -eu

data=$(cd "$1" && pwd)
cd "$(dirname "$0")/../.."
out=$(pwd)/target/latency-bench
mkdir -p "$out"
bench() { cargo bench --quiet -p incumbent-models --bench latency -- "$@"; }
if [ ! -f "$out/lightgbm.onnx" ]; then
    python3 benches/otto/export.py "$data" "$out/otto.csv"
    python3 benches/latency/peers.py export "$out/otto.csv" "$out"
fi
[ -f "$out/ours-logistic.onnx" ] || bench train "$out"
rm -f "$out/ours.txt" "$out/peers.txt"
for round in 1 2 3; do
    echo "round $round of 3" >&2
    bench time "$out" >>"$out/ours.txt"
    python3 benches/latency/peers.py time "$out" >>"$out/peers.txt"
done
python3 benches/latency/table.py "$out"
