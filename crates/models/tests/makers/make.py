"""Trains small models with the usual Python tools, exports each as ONNX and asks each maker for its own answers to
1,000 rows. tests/makers.rs imports the files and compares.

    python -m venv venv && venv/bin/pip install -r requirements.txt
    venv/bin/python make.py makers.pack.gz

The pack is laid out as in ../node_tests/make.py: `index.json`, the tables' columns, then for each model its file
and the maker's answers. Rows are numbers of single precision, so that no maker sees others than the graph does.
"""

import gzip
import io
import json
import os
import struct
import sys
import tempfile
import warnings

import numpy as np

warnings.filterwarnings("ignore")
ROWS = 1000
rng = np.random.default_rng(7)
entries, index = {}, {"tables": {}, "models": []}


def tensor(array):
    array = np.ascontiguousarray(array)
    if array.dtype.kind in "OU":
        texts = [str(t).encode() for t in array.ravel()]
        head = struct.pack("<BB", 8, array.ndim) + b"".join(struct.pack("<I", d) for d in array.shape)
        return head + b"".join(struct.pack("<I", len(t)) + t for t in texts)
    code = {"f4": 1, "f8": 11}[array.dtype.str[1:]]
    head = struct.pack("<BB", code, array.ndim) + b"".join(struct.pack("<I", d) for d in array.shape)
    return head + array.tobytes()


def single(x):
    return np.asarray(x, dtype=np.float32)


# --- the tables: 1,000 rows that are compared, and as many to learn from -------------------------------------------
N = 2 * ROWS
numbers = single(np.column_stack([
    rng.normal(40, 12, N), rng.gamma(2, 900, N), rng.integers(0, 20, N), rng.normal(0, 1, N), rng.uniform(-3, 3, N),
]))
NAMES = ["age", "balance", "calls", "score", "trend"]
holes = numbers.copy()
holes[rng.random(N) < 0.1, 0] = np.nan
holes[rng.random(N) < 0.1, 3] = np.nan
jobs = np.array(["clerk", "nurse", "smith", "teacher"], dtype=object)[rng.integers(0, 4, N)]
towns = np.array(["Ulm", "Gera", "Köln"], dtype=object)[rng.integers(0, 3, N)]
z = (numbers[:, 0] - 40) / 12 + 0.6 * numbers[:, 3] * numbers[:, 4] + 0.4 * (jobs == "nurse") - numbers[:, 2] / 10
yes = (z + rng.normal(0, 0.7, N) > 0).astype(np.int64)
named = np.array(["no", "yes"], dtype=object)[yes]
three = np.digitize(z + rng.normal(0, 0.5, N), [-1, 0.6])
levels = np.array(["high", "low", "middle"], dtype=object)
level = np.array(["low", "middle", "high"], dtype=object)[three]
price = single(100 + 20 * z + numbers[:, 1] / 100 + rng.normal(0, 3, N))
TEST, TRAIN = slice(0, ROWS), slice(ROWS, N)


def table(name, columns):
    index["tables"][name] = list(columns)
    for column, values in columns.items():
        entries[f"table/{name}/{column}"] = tensor(values[TEST])


table("numbers", {n: numbers[:, i] for i, n in enumerate(NAMES)})
table("holes", {n: holes[:, i] for i, n in enumerate(NAMES)})
table("mixed", {**{n: holes[:, i] for i, n in enumerate(NAMES)}, "job": jobs, "town": towns})


def add(name, maker, rows, onnx_bytes, answers, classes=None, **told):
    entries[f"{name}/model"] = onnx_bytes
    entries[f"{name}/answers"] = tensor(single(answers).reshape(ROWS, -1))
    index["models"].append({"name": name, "maker": maker, "table": rows, "classes": classes, "told": told,
                            "bytes": len(onnx_bytes)})
    print(f"{name:32} {len(onnx_bytes):8} bytes")


# --- scikit-learn --------------------------------------------------------------------------------------------------
def sklearn_models():
    import sklearn
    from sklearn import (calibration, compose, decomposition, discriminant_analysis, ensemble, impute, linear_model,
                         naive_bayes, neighbors, neural_network, pipeline, preprocessing, svm, tree)
    from skl2onnx import convert_sklearn, to_onnx
    from skl2onnx.common.data_types import DoubleTensorType, FloatTensorType, StringTensorType

    maker = f"scikit-learn {sklearn.__version__}"
    pipe = pipeline.make_pipeline
    scale = preprocessing.StandardScaler

    def export(model, options=None, opset=None, double=False):
        kind = DoubleTensorType if double else FloatTensorType
        opset = opset or {"": 17, "ai.onnx.ml": 3}
        return convert_sklearn(model, initial_types=[("X", kind([None, numbers.shape[1]]))], options=options,
                               target_opset=opset).SerializeToString()

    def classify(name, model, labels=named, classes=("no", "yes"), x=numbers, rows="numbers", options=None, **told):
        model.fit(x[TRAIN], labels[TRAIN])
        answers = model.predict_proba(x[TEST])
        add(name, maker, rows, export(model, options), answers, [str(c) for c in model.classes_]
            if classes is None else list(classes), **told)

    def regress(name, model, x=numbers, rows="numbers", options=None, double=False):
        model.fit(x[TRAIN].astype(np.float64), price[TRAIN])
        add(name, maker, rows, export(model, options, double=double), model.predict(x[TEST].astype(np.float64)))

    logistic = linear_model.LogisticRegression
    classify("logistic", pipe(scale(), logistic()))
    classify("logistic_whole_labels", pipe(scale(), logistic()), labels=yes)
    classify("logistic_three_names", pipe(scale(), logistic()), labels=level, classes=levels)
    classify("logistic_no_zipmap", pipe(scale(), logistic()), options={"zipmap": False})
    classify("tree", tree.DecisionTreeClassifier(max_depth=5, random_state=1), labels=level, classes=levels)
    classify("random_forest", ensemble.RandomForestClassifier(12, max_depth=5, random_state=1))
    classify("extra_trees", ensemble.ExtraTreesClassifier(12, max_depth=5, random_state=1), labels=level,
             classes=levels)
    classify("gradient_boosting", ensemble.GradientBoostingClassifier(n_estimators=15, random_state=1))
    classify("gradient_boosting_three", ensemble.GradientBoostingClassifier(n_estimators=10, random_state=1),
             labels=level, classes=levels)
    classify("hist_gradient_boosting", ensemble.HistGradientBoostingClassifier(max_iter=15, max_leaf_nodes=12),
             x=holes, rows="holes")
    classify("ada_boost", ensemble.AdaBoostClassifier(n_estimators=10, random_state=1))
    classify("gaussian_nb", naive_bayes.GaussianNB(), labels=level, classes=levels)
    classify("binarized_bernoulli_nb", pipe(scale(), preprocessing.Binarizer(), naive_bayes.BernoulliNB()))
    classify("bins_multinomial_nb",
             pipe(preprocessing.KBinsDiscretizer(4, encode="onehot-dense", strategy="quantile"),
                  naive_bayes.MultinomialNB()))
    neighbors_x = pipe(scale(), neighbors.KNeighborsClassifier(9))
    classify("neighbors", neighbors_x, options={id(neighbors_x.steps[-1][1]): {"optim": "cdist"}})
    classify("svc_rbf", pipe(scale(), svm.SVC(C=0.5, probability=True, random_state=1)))
    classify("svc_poly_three", pipe(scale(), svm.SVC(kernel="poly", degree=2, probability=True, random_state=1)),
             labels=level, classes=levels)
    classify("mlp", pipe(scale(), neural_network.MLPClassifier(hidden_layer_sizes=(16, 8), max_iter=60, random_state=1)),
             labels=level, classes=levels)
    classify("discriminant", discriminant_analysis.LinearDiscriminantAnalysis(), labels=level, classes=levels)
    classify("calibrated_svc", pipe(scale(), calibration.CalibratedClassifierCV(svm.LinearSVC(), cv=2)))
    regress("linear_double", linear_model.LinearRegression(), double=True)
    regress("ridge_polynomial", pipe(scale(), preprocessing.PolynomialFeatures(2), linear_model.Ridge()))
    regress("lasso_pca", pipe(scale(), decomposition.PCA(3), linear_model.Lasso(0.01)))
    regress("random_forest_regressor", ensemble.RandomForestRegressor(8, max_depth=6, random_state=1))
    regress("gradient_boosting_regressor", ensemble.GradientBoostingRegressor(n_estimators=25, random_state=1))
    regress("hist_regressor", ensemble.HistGradientBoostingRegressor(max_iter=15, max_leaf_nodes=12), x=holes,
            rows="holes")
    regress("svr", pipe(scale(), svm.SVR(C=10)))
    regress("mlp_regressor", pipe(scale(), neural_network.MLPRegressor(hidden_layer_sizes=(12,), max_iter=80, random_state=1)))
    regress("normalized_ridge", pipe(impute.SimpleImputer(), preprocessing.Normalizer(), linear_model.Ridge()),
            x=holes, rows="holes")
    near = pipe(scale(), neighbors.KNeighborsRegressor(7))
    regress("neighbors_regressor", near, options={id(near.steps[-1][1]): {"optim": "cdist"}})

    # one input a column, as a ColumnTransformer takes a data frame
    import pandas
    frame = pandas.DataFrame({n: holes[:, i] for i, n in enumerate(NAMES)} | {"job": jobs, "town": towns})
    kinds = [(n, FloatTensorType([None, 1])) for n in NAMES] + [(n, StringTensorType([None, 1])) for n in ("job", "town")]

    def mixed(name, texts, model, labels=named, classes=("no", "yes")):
        columns = compose.ColumnTransformer([
            ("numbers", pipe(impute.SimpleImputer(strategy="median"), scale()), NAMES), ("texts", texts, ["job", "town"]),
        ])
        whole = pipe(columns, model).fit(frame[TRAIN], labels[TRAIN])
        made = convert_sklearn(whole, initial_types=kinds, target_opset={"": 17, "ai.onnx.ml": 3})
        answers = whole.predict_proba(frame[TEST]) if classes is not None else whole.predict(frame[TEST])
        add(name, maker, "mixed", made.SerializeToString(), answers, classes and list(classes))

    mixed("columns_logistic", preprocessing.OneHotEncoder(handle_unknown="ignore"), logistic())
    mixed("columns_boosting", preprocessing.OrdinalEncoder(), ensemble.GradientBoostingClassifier(n_estimators=12))
    mixed("columns_ridge", preprocessing.OneHotEncoder(), linear_model.Ridge(), labels=price, classes=None)


# --- LightGBM, XGBoost, CatBoost -----------------------------------------------------------------------------------
def boosted_models():
    import catboost
    import lightgbm
    import xgboost
    from onnxmltools import convert_lightgbm, convert_xgboost
    from onnxmltools.convert.common.data_types import FloatTensorType

    kind = [("float_input", FloatTensorType([None, numbers.shape[1]]))]
    maker = f"LightGBM {lightgbm.__version__}"
    few = dict(n_estimators=12, num_leaves=10, verbose=-1, n_jobs=1)

    def light(name, model, labels, classes, **settings):
        model.fit(holes[TRAIN], labels[TRAIN])
        answers = model.predict_proba(holes[TEST]) if classes else model.predict(holes[TEST])
        made = convert_lightgbm(model, initial_types=kind, target_opset=15, **settings)
        add(name, maker, "holes", made.SerializeToString(), answers, classes)

    light("lightgbm", lightgbm.LGBMClassifier(**few), yes, ["no", "yes"])
    light("lightgbm_three", lightgbm.LGBMClassifier(**few), three, ["0", "1", "2"], zipmap=False)
    light("lightgbm_regressor", lightgbm.LGBMRegressor(**few), price, None)

    maker = f"XGBoost {xgboost.__version__}"
    few = dict(n_estimators=12, max_depth=4, n_jobs=1)

    def extreme(name, model, labels, classes):
        model.fit(holes[TRAIN], labels[TRAIN])
        answers = model.predict_proba(holes[TEST]) if classes else model.predict(holes[TEST])
        made = convert_xgboost(model, initial_types=kind, target_opset=15)
        add(name, maker, "holes", made.SerializeToString(), answers, classes)

    extreme("xgboost", xgboost.XGBClassifier(**few), yes, ["no", "yes"])
    extreme("xgboost_three", xgboost.XGBClassifier(**few), three, ["0", "1", "2"])
    extreme("xgboost_regressor", xgboost.XGBRegressor(**few), price, None)

    maker = f"CatBoost {catboost.__version__}"
    few = dict(iterations=12, depth=4, verbose=False, random_seed=1, thread_count=1, allow_writing_files=False)

    def cat(name, model, labels, classes):
        model.fit(numbers[TRAIN], labels[TRAIN])
        answers = model.predict_proba(numbers[TEST]) if classes else model.predict(numbers[TEST])
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "model.onnx")
            model.save_model(path, format="onnx")
            with open(path, "rb") as file:
                add(name, maker, "numbers", file.read(), answers, classes)

    cat("catboost", catboost.CatBoostClassifier(**few), named, ["no", "yes"])
    cat("catboost_three", catboost.CatBoostClassifier(**few), level, list(levels))
    cat("catboost_regressor", catboost.CatBoostRegressor(**few), price, None)


# --- PyTorch -------------------------------------------------------------------------------------------------------
def torch_models():
    import torch
    from sklearn.datasets import load_digits
    from torch import nn

    torch.manual_seed(1)
    torch.set_num_threads(1)
    maker = f"PyTorch {torch.__version__}"
    digits = load_digits()
    pixels = single(np.minimum(digits.images * 16, 255)).reshape(-1, 1, 8, 8)
    order = rng.permutation(len(pixels))
    pixels, digit = pixels[order], digits.target[order]
    index["tables"]["digits"] = ["image"]
    entries["table/digits/image"] = tensor(pixels[TEST])

    def fit(model, x, y, loss, steps=150):
        optimizer = torch.optim.Adam(model.parameters(), 0.01)
        for _ in range(steps):
            rows = torch.from_numpy(rng.integers(0, len(x), 128))
            optimizer.zero_grad()
            loss(model(x[rows]), y[rows]).backward()
            optimizer.step()
        return model.eval()

    def export(model, example, new=False):
        if new:
            rows = ({0: torch.export.Dim("N")},)
            made = torch.onnx.export(model, (example,), dynamo=True, input_names=["input"], output_names=["output"],
                                     dynamic_shapes=rows, verbose=False)
            return made.model_proto.SerializeToString()
        made = io.BytesIO()
        torch.onnx.export(model, (example,), made, input_names=["input"], output_names=["output"], dynamo=False,
                          opset_version=17, dynamic_axes={"input": {0: "N"}, "output": {0: "N"}})
        return made.getvalue()

    def answers(model, x, soft):
        with torch.no_grad():
            out = model(x)
        return (torch.softmax(out, 1) if soft else out).numpy()

    def image(name, model, new=False):
        x = torch.from_numpy(pixels) / 255
        fit(model, x[ROWS:], torch.from_numpy(digit[ROWS:]), nn.CrossEntropyLoss())
        add(name, maker, "digits", export(model, x[:2], new), answers(model, x[:ROWS], True),
            [str(d) for d in range(10)], logits=True, divide=255.0)

    image("torch_cnn", nn.Sequential(nn.Conv2d(1, 8, 3, padding=1), nn.BatchNorm2d(8), nn.ReLU(), nn.MaxPool2d(2),
                                     nn.Conv2d(8, 12, 3, padding=1), nn.ReLU(), nn.AvgPool2d(2), nn.Flatten(),
                                     nn.Dropout(0.2), nn.Linear(48, 10)))
    image("torch_cnn_new_exporter",
          nn.Sequential(nn.Conv2d(1, 8, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(8, 12, 3), nn.ELU(),
                        nn.Flatten(), nn.Linear(48, 10)), new=True)
    image("torch_depthwise", nn.Sequential(nn.Conv2d(1, 8, 3, stride=2, padding=1), nn.Hardswish(),
                                           nn.Conv2d(8, 8, 3, padding=1, groups=8), nn.GELU(), nn.Conv2d(8, 16, 1),
                                           nn.InstanceNorm2d(16, affine=True), nn.SiLU(), nn.AdaptiveAvgPool2d(1),
                                           nn.Flatten(), nn.Linear(16, 10)))

    class Lines(nn.Module):
        """Reads an image line by line."""

        def __init__(self, layer):
            super().__init__()
            self.layer, self.head = layer, nn.Linear(12 * (2 if layer.bidirectional else 1), 10)

        def forward(self, x):
            return self.head(self.layer(x.squeeze(1))[0].mean(1))

    image("torch_lstm", Lines(nn.LSTM(8, 12, batch_first=True, bidirectional=True)))
    image("torch_gru", Lines(nn.GRU(8, 12, batch_first=True)))

    class Attention(nn.Module):
        def __init__(self):
            super().__init__()
            self.query, self.key, self.value = nn.Linear(8, 8), nn.Linear(8, 8), nn.Linear(8, 8)
            self.norm, self.head = nn.LayerNorm(8), nn.Linear(64, 10)

        def forward(self, x):
            x = x.reshape(-1, 8, 8)
            weights = torch.softmax(self.query(x) @ self.key(x).transpose(1, 2) / 8 ** 0.5, -1)
            return self.head(self.norm(x + weights @ self.value(x)).flatten(1))

    image("torch_attention", Attention())
    image("torch_attention_new_exporter", Attention(), new=True)
    x = torch.from_numpy((numbers - numbers[TRAIN].mean(0)) / numbers[TRAIN].std(0))
    table("standard", {n: x.numpy()[:, i] for i, n in enumerate(NAMES)})
    net = nn.Sequential(nn.Linear(5, 16), nn.Tanh(), nn.Linear(16, 1))
    fit(net, x[TRAIN], torch.from_numpy(price[TRAIN, None] / 100), nn.MSELoss())
    add("torch_regressor", maker, "standard", export(net, x[:2]), answers(net, x[TEST], False))


def main(target):
    sklearn_models()
    boosted_models()
    torch_models()
    everything = {"index.json": json.dumps(index).encode(), **entries}
    with open(target, "wb") as raw, gzip.GzipFile(filename="", mode="wb", fileobj=raw, mtime=0) as file:
        for name, data in everything.items():
            name = name.encode()
            file.write(struct.pack("<I", len(name)) + name + struct.pack("<I", len(data)) + data)
    print(f"{len(index['models'])} models, {os.path.getsize(target)} bytes")


if __name__ == "__main__":
    main(sys.argv[1])
