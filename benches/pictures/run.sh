#!/bin/sh
# A network of pictures and its students on Fashion-MNIST, in one table. What was fitted is kept: run it again and it
# goes on.
#
# usage: benches/pictures/run.sh DATA_FOLDER [--rows N] [--looks N] [--epochs N] [--seeds N]
# The data are the four IDX files, as in Debian's dataset-fashion-mnist. Uses one thread.
set -eu

data=$(cd "$1" && pwd)
shift
cd "$(dirname "$0")/../.."
out=$(pwd)/target/pictures-bench
mkdir -p "$out"
RAYON_NUM_THREADS=1 cargo bench --quiet -p incumbent-models --bench pictures -- "$data" "$out" "$@"
