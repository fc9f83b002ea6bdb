"""Exports ratings for benches/ratings.

usage: export.py DATA_FOLDER EXPORT_FOLDER
DATA_FOLDER holds ml-100k/ratings.parquet, in order of time.
"""

import pathlib
import sys

import pandas

data, folder = map(pathlib.Path, sys.argv[1:3])
ratings = pandas.read_parquet(data / "ml-100k" / "ratings.parquet")
ratings[["user", "item", "rating"]].to_csv(folder / "ratings.csv", index=False)
