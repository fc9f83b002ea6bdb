"""LightGBM's half of the comparison in docs/decisions/trees.md.

Exports each data set once as CSV (`fold,target,features...`), which is all that the Rust half reads, then fits
LightGBM with each fold held out and prints one line a fit:
data set, trainer, settings, fold, log loss on the fold, wall seconds, CPU seconds.

usage: lightgbm.py DATA_FOLDER EXPORT_FOLDER [ROUNDS]
DATA_FOLDER holds otto/train.parquet and bank-additional/bank_additional_full.parquet.
"""

import pathlib
import sys
import time

# this file shares its name with the package it imports
HERE = pathlib.Path(__file__).resolve().parent
sys.path = [p for p in sys.path if pathlib.Path(p or ".").resolve() != HERE]

import lightgbm
import numpy
import pandas
from sklearn.metrics import log_loss

FOLDS = 5
SETTINGS = dict(
    learning_rate=0.1,
    num_leaves=31,
    max_bin=255,
    num_threads=2,
    seed=1,
    verbosity=-1,
)
# what keeps leaves from being too small: LightGBM's defaults, and XGBoost's, which knows no number of rows
LEAVES = {
    "rows": dict(min_data_in_leaf=20, min_sum_hessian_in_leaf=1e-3),
    "hessian": dict(min_data_in_leaf=1, min_sum_hessian_in_leaf=1.0),
}


def otto(folder):
    frame = pandas.read_parquet(folder / "otto" / "train.parquet").sort_values("id")
    target = frame["target"].astype("category").cat.codes
    return frame.drop(columns=["id", "target"]), target


def bank(folder):
    """Without `duration`, which is known only after the call, and with random folds, not folds in time."""
    frame = pandas.read_parquet(folder / "bank-additional" / "bank_additional_full.parquet")
    return pandas.get_dummies(frame.drop(columns=["duration", "seq", "y"]), dtype=float), frame["y"]


PROBLEMS = {"otto": (otto, 9), "bank": (bank, 2)}


def export(name, folder, out):
    features, target = PROBLEMS[name][0](folder)
    table = features.astype("float32").astype(float)
    table.columns = [f"f{i}" for i in range(table.shape[1])]
    table.insert(0, "target", numpy.asarray(target))
    table.insert(0, "fold", numpy.random.default_rng(20261124).integers(FOLDS, size=len(table)))
    path = out / f"{name}.csv"
    if not path.exists():
        table.to_csv(path, index=False, float_format="%.9g")
    return table


def run(name, table, leaves, fold, rounds):
    classes = PROBLEMS[name][1]
    train = (table["fold"] != fold).to_numpy()
    x = table.drop(columns=["fold", "target"]).to_numpy()
    y = table["target"].to_numpy()
    objective = dict(objective="multiclass", num_class=classes) if classes > 2 else dict(objective="binary")
    wall, cpu = time.perf_counter(), time.process_time()
    settings = {**SETTINGS, **LEAVES[leaves], **objective}
    model = lightgbm.train(settings, lightgbm.Dataset(x[train], y[train]), num_boost_round=rounds)
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    loss = log_loss(y[~train], model.predict(x[~train]), labels=list(range(classes)))
    print(f"{name},lightgbm {lightgbm.__version__},{leaves},{fold},{loss:.5f},{wall:.2f},{cpu:.2f}", flush=True)


def main():
    folder, out = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
    rounds = int(sys.argv[3]) if len(sys.argv) > 3 else 150
    out.mkdir(parents=True, exist_ok=True)
    for name in PROBLEMS:
        table = export(name, folder, out)
        for leaves in LEAVES:
            for fold in range(FOLDS):
                run(name, table, leaves, fold, rounds)


if __name__ == "__main__":
    main()
