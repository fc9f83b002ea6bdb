"""Compares onnxruntime's answers to the graphs that the Rust half wrote with that half's own answers.

usage: check_onnx.py EXPORT_FOLDER
Reads NAME.onnx, NAME.rows.csv (features, empty is missing) and NAME.answers.csv; fails above 1e-5.
"""

import pathlib
import sys

import numpy
import onnxruntime

worst = 0.0
for path in sorted(pathlib.Path(sys.argv[1]).glob("*.onnx")):
    rows = numpy.genfromtxt(path.with_suffix(".rows.csv"), delimiter=",", dtype=numpy.float32)
    expect = numpy.genfromtxt(path.with_suffix(".answers.csv"), delimiter=",", ndmin=2)
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    answers = session.run(None, {"x": rows})[-1]
    difference = float(numpy.abs(answers[:, -expect.shape[1] :] - expect).max())
    missing = int(numpy.isnan(rows).sum())
    print(f"{path.stem}: {len(rows)} rows, {missing} missing cells, largest difference {difference:.1e}")
    worst = max(worst, difference)
sys.exit(worst > 1e-5)
