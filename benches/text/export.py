"""Exports texts for benches/text.

usage: export.py DATA_FOLDER EXPORT_FOLDER
DATA_FOLDER holds sentence-polarity/sentence_polarity.parquet, and maybe yelp-dated/yelp_10k.parquet.
"""

import pathlib
import sys

import pandas

data, folder = map(pathlib.Path, sys.argv[1:3])
sentences = pandas.read_parquet(data / "sentence-polarity" / "sentence_polarity.parquet")
sentences[["text", "label"]].to_csv(folder / "sentences.csv", index=False)
reviews = data / "yelp-dated" / "yelp_10k.parquet"
if reviews.exists():
    pandas.read_parquet(reviews)[["text", "stars"]].to_csv(folder / "reviews.csv", index=False)
