"""A trainer of one's own: scikit-learn and LightGBM learn, ONNX is handed over.

`[train] command = ["python3", "train.py"]` in incumbent.toml runs it; requirements.txt has what it needs. What it is given
and must give back is the contract of docs/book/guides/own-trainer.md: paths in the environment, progress on stdout, an
ONNX graph that takes the raw columns by their names.
"""

import json
import os

import pandas as pd
from lightgbm import LGBMClassifier
from onnxmltools.convert.lightgbm.operator_converters.LightGbm import convert_lightgbm
from skl2onnx import to_onnx, update_registered_converter
from skl2onnx.common.data_types import FloatTensorType, StringTensorType
from skl2onnx.common.shape_calculator import calculate_linear_classifier_output_shapes
from sklearn.compose import ColumnTransformer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

assert os.environ["INCUMBENT_CONTRACT"] == "1", "this trainer knows version 1 of the contract"
seed = int(os.environ["INCUMBENT_SEED"]) % 2**31
schema = json.load(open(os.environ["INCUMBENT_SCHEMA"]))
target, classes = schema["target"]["name"], schema["target"]["classes"]
numbers = [c["name"] for c in schema["inputs"] if c["kind"] == "number"]
texts = [c["name"] for c in schema["inputs"] if c["kind"] == "text"]

# every cell as it stands: "NA" is a text like any other, and a missing text is empty, as the graph will see it
kinds = {name: str for name in [*texts, target]}
rows = pd.read_csv(os.environ["INCUMBENT_DATA"], dtype=kinds, keep_default_na=False, na_values={n: "" for n in numbers})
inputs = rows[numbers + texts].astype({n: "float32" for n in numbers})
labels = rows[target].map(classes.index)


def pipeline(model, scaler):
    known = OneHotEncoder(handle_unknown="ignore", min_frequency=20)
    return make_pipeline(ColumnTransformer([("numbers", scaler, numbers), ("texts", known, texts)]), model)


candidates = {
    "logistic": pipeline(LogisticRegression(C=0.1, max_iter=1000), StandardScaler()),
    "lightgbm": pipeline(
        LGBMClassifier(n_estimators=60, learning_rate=0.05, num_leaves=15, min_child_samples=50, seed=seed, n_jobs=2, verbose=-1),
        "passthrough",
    ),
}

# the rows are in the order of time, so the last ones choose
cut = int(len(rows) * 0.8)
losses = {}
for done, (name, candidate) in enumerate(candidates.items()):
    candidate.fit(inputs[:cut], labels[:cut])
    losses[name] = log_loss(labels[cut:], candidate.predict_proba(inputs[cut:]), labels=range(len(classes)))
    print(f"{name}: log loss {losses[name]:.4f} on the last {len(rows) - cut} training rows", flush=True)
    print(f"progress {(done + 1) / 4:.2f}", flush=True)
best = min(losses, key=losses.get)
print(f"chosen: {best}", flush=True)
model = candidates[best].fit(inputs, labels)

update_registered_converter(
    LGBMClassifier,
    "LightGbmLGBMClassifier",
    calculate_linear_classifier_output_shapes,
    convert_lightgbm,
    options={"nocl": [True, False], "zipmap": [True, False, "columns"]},
)
types = [(n, FloatTensorType([None, 1])) for n in numbers] + [(t, StringTensorType([None, 1])) for t in texts]
graph = to_onnx(model, initial_types=types, options={"zipmap": False}, target_opset={"": 18, "ai.onnx.ml": 3})
with open(os.environ["INCUMBENT_OUTPUT"], "wb") as file:
    file.write(graph.SerializeToString())
print("progress 1.0", flush=True)
