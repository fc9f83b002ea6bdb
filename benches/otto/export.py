"""Exports the training part of the Otto challenge as CSV, `class,f0..f92`, ordered by id.

usage: export.py DATA_FOLDER OUT.csv
DATA_FOLDER holds otto/train.parquet.
"""

import pathlib
import sys

import pandas

folder, out = map(pathlib.Path, sys.argv[1:3])
frame = pandas.read_parquet(folder / "otto" / "train.parquet").sort_values("id")
frame.insert(0, "class", frame["target"].astype("category").cat.codes)
table = frame.drop(columns=["id", "target"])
table.columns = ["class"] + [f"f{i}" for i in range(table.shape[1] - 1)]
table.to_csv(out, index=False)
