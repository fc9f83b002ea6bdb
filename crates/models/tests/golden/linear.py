"""Writes linear.json: weights of scikit-learn's linear models on numbers that are in the file as well."""

import json
import sys
import warnings

import numpy
import sklearn
from sklearn.linear_model import LogisticRegression, Ridge

warnings.simplefilter("error")
draw = numpy.random.default_rng(20240501)
rows, width = 150, 4
x = draw.normal(size=(rows, width)).astype(numpy.float32)
x[:, 3] = x[:, 0] + 0.1 * x[:, 3]  # nearly the first column again
weight = numpy.round(draw.uniform(0.2, 3.0, rows), 3)
score = x @ numpy.array([1.0, -0.5, 0.0, 0.3])


def logistic(index, penalty):
    model = LogisticRegression(C=1 / penalty, tol=1e-12, max_iter=100_000, solver="newton-cg")
    model.fit(x.astype(float), index, sample_weight=weight)
    return {
        "index": index.tolist(),
        "weight": weight.tolist(),
        "penalty": penalty,
        "coefficients": model.coef_.tolist(),
        "intercepts": model.intercept_.tolist(),
    }


binary = (score + draw.logistic(size=rows) > 0.3).astype(int)
three = numpy.digitize(score + draw.logistic(size=rows), [-1.0, 1.0])
target = numpy.round(100 + 5 * score + draw.normal(size=rows), 3)
ridge = Ridge(alpha=2.5, solver="cholesky").fit(x.astype(float), target, sample_weight=weight)

golden = {
    "versions": {"python": sys.version.split()[0], "scikit-learn": sklearn.__version__, "numpy": numpy.__version__},
    "columns": [[float(v) for v in column] for column in x.T],
    "binary": logistic(binary, 0.7),
    "three": logistic(three, 0.7),
    "ridge": {
        "target": target.tolist(),
        "weight": weight.tolist(),
        "penalty": 2.5,
        "coefficients": ridge.coef_.tolist(),
        "intercept": float(ridge.intercept_),
    },
}
with open("linear.json", "w") as file:
    json.dump(golden, file, separators=(",", ":"))
    file.write("\n")
