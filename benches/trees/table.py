"""Prints the tables of docs/decisions/trees.md from the lines that the trainers printed.

usage: table.py FIGURES
Losses are means over the folds; seconds are the fastest fold, since other work on the machine only adds to them.
Ratios are to LightGBM on the same folds and with the same settings (with "hessian" where it has no such settings).
"""

import sys

import pandas

names = ["data", "trainer", "leaves", "fold", "loss", "wall", "cpu"]
figures = pandas.read_csv(sys.argv[1], names=names)
lightgbm = figures[figures["trainer"].str.startswith("lightgbm")].set_index(["data", "leaves", "fold"])
print("| data | trainer | leaves limited by | log loss | v. LightGBM | wall s | CPU s | CPU v. LightGBM |")
print("| --- | --- | --- | --- | --- | --- | --- | --- |")
for (data, leaves, trainer), rows in figures.groupby(["data", "leaves", "trainer"], sort=False):
    same = leaves if leaves in ("rows", "hessian") else "hessian"
    peer = lightgbm.loc[[(data, same, fold) for fold in rows["fold"]]]
    loss, cpu = rows["loss"].mean(), rows["cpu"].min()
    print(
        f"| {data} | {trainer} | {leaves} | {loss:.4f} | {100 * (loss / peer['loss'].mean() - 1):+.1f}%"
        f" | {rows['wall'].min():.2f} | {cpu:.2f} | {cpu / peer['cpu'].min():.2f} |"
    )
