#!/bin/sh
# The teacher and its students on the Otto challenge, in one table. What was fitted is kept: run it again and it goes on.
#
# usage: benches/otto/run.sh DATA_FOLDER [--preset otto|medium|small|tiny] [--quick] [--teacher] [--rows N] [--bred N]
# Needs python3 with pandas and pyarrow for the export. The data are the training part of the challenge, as
# otto/train.parquet. --quick takes one split of 80/20 and not five, --teacher teaches no students.
set -eu

data=$(cd "$1" && pwd)
shift
cd "$(dirname "$0")/../.."
out=$(pwd)/target/otto-bench
mkdir -p "$out"
[ -f "$out/otto.csv" ] || python3 benches/otto/export.py "$data" "$out/otto.csv"
cargo bench --quiet -p incumbent-models --bench otto -- "$out" "$@"
