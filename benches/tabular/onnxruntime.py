"""The Python half of benches/tabular: exports the rows, and compares our answers with onnxruntime's.

usage: onnxruntime.py export DATA_FOLDER EXPORT_FOLDER
       onnxruntime.py check EXPORT_FOLDER
DATA_FOLDER holds bank-additional/bank_additional_full.parquet. `check` reads every NAME.onnx with its NAME.json
and exits with 1 when an answer differs by more than 1e-5, relative to the larger of 1 and the answer.
"""

import json
import pathlib
import sys

# this file shares its name with the package it imports
HERE = pathlib.Path(__file__).resolve().parent
sys.path = [p for p in sys.path if pathlib.Path(p or ".").resolve() != HERE]

import numpy

TOLERANCE = 1e-5
TYPES = {"tensor(float)": numpy.float32, "tensor(double)": numpy.float64, "tensor(string)": object}
ANSWERS = ("probabilities", "value", "forecast")


def export(data, folder):
    import pandas

    bank = pandas.read_parquet(pathlib.Path(data) / "bank-additional" / "bank_additional_full.parquet")
    # known only after the call; the row's number
    bank = bank.drop(columns=["duration", "seq"])
    bank.to_csv(pathlib.Path(folder) / "bank.csv", index=False)


def check(folder):
    import onnxruntime

    wrong = False
    print(f"onnxruntime {onnxruntime.__version__}")
    for file in sorted(pathlib.Path(folder).glob("*.onnx")):
        rows = json.loads(file.with_suffix(".json").read_text())
        session = onnxruntime.InferenceSession(str(file), providers=["CPUExecutionProvider"])
        feeds = {}
        for wanted in session.get_inputs():
            cells = numpy.array(rows["inputs"][wanted.name], dtype=TYPES[wanted.type])
            feeds[wanted.name] = cells.reshape([rows["rows"]] + wanted.shape[1:])
        name = next(o.name for o in session.get_outputs() if o.name in ANSWERS)
        found = session.run([name], feeds)[0].astype(float).ravel()
        ours = numpy.array(rows["answers"])
        difference = numpy.max(numpy.abs(found - ours) / numpy.maximum(1, numpy.abs(ours)))
        print(f"{file.stem}: {rows['rows']} rows, largest difference {difference:.1e}")
        wrong |= not difference <= TOLERANCE
    return wrong


if __name__ == "__main__":
    if sys.argv[1:2] == ["export"]:
        export(*sys.argv[2:])
    else:
        sys.exit(check(sys.argv[2]))
