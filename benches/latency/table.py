"""The table: for each model and batch the best of all rounds on either side, the ratio, and how far answers are apart.

usage: table.py FOLDER
FOLDER holds ours.txt and peers.txt, the lines of all rounds.
"""

import pathlib
import sys

import numpy

folder = pathlib.Path(sys.argv[1])
ours, peers = {}, {}
for line in (folder / "ours.txt").read_text().splitlines():
    model, batch, micros, first = line.split(",")
    best = min(float(micros), ours.get((model, batch), (1e9,))[0])
    ours[model, batch] = best, numpy.array(first.split(), float)
for line in (folder / "peers.txt").read_text().splitlines():
    peer, model, batch, micros, first = line.split(",")
    best = min(float(micros), peers.get((peer, model, batch), (1e9,))[0])
    peers[peer, model, batch] = best, numpy.array(first.split(), float)
print("| model | rows | peer | peer, µs | ours, µs | times faster | apart at most |")
print("| --- | --- | --- | --- | --- | --- | --- |")
for (peer, model, batch), (micros, said) in peers.items():
    own, answers = ours[model, batch]
    print(f"| {model} | {batch} | {peer} | {micros:.1f} | {own:.2f} | {micros / own:.1f} | {abs(said - answers).max():.0e} |")
