#!/bin/sh
# What the trainer of pictures reaches on Fashion-MNIST, and what onnxruntime makes of its graph.
#
# usage: benches/images/run.sh DATA_FOLDER [ROWS]
# Needs python3 with numpy and onnxruntime. The data are the four IDX files, as in Debian's dataset-fashion-mnist.
set -eu

data=$(cd "$1" && pwd)
cd "$(dirname "$0")/../.."
out=$(pwd)/target/images-bench
mkdir -p "$out"
for part in train-images-idx3 train-labels-idx1 t10k-images-idx3 t10k-labels-idx1; do
    gunzip -c "$data/$part-ubyte.gz" > "$out/$part-ubyte"
done
cargo bench --quiet -p incumbent-models --bench images -- "$out" "${2:-60000}"
python3 benches/images/onnxruntime.py "$out"
