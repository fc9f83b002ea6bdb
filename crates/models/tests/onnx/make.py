"""Writes cases.json: small graphs with inputs, and what onnxruntime answers.

Run with Python 3.11, onnx 1.23.2, onnxruntime 1.32.0, numpy 2.4.6, lightgbm 4.7.0:

    python make.py

Each case holds the graph as hex, its inputs, and the outputs that the evaluator must reproduce to 1e-5.
Floats that JSON has no number for are written as the texts "nan", "inf" and "-inf".
"""

import json
import math
import pathlib

import lightgbm
import numpy as np
import onnxruntime
from onnx import TensorProto as T
from onnx import helper, numpy_helper

ML = "ai.onnx.ml"
CODES = {"float32": T.FLOAT, "float64": T.DOUBLE, "int64": T.INT64, "int32": T.INT32, "bool": T.BOOL,
         "object": T.STRING}
cases = []
rng = np.random.default_rng(7)


def f32(*rows):
    return np.array(rows, np.float32)


def i64(*values):
    return np.array(values, np.int64)


def text(*values):
    return np.array(values, object)


def node(op, inputs, outputs, ml=False, **attributes):
    return helper.make_node(op, inputs.split(), outputs.split(), domain=ML if ml else "", **attributes)


def model(nodes, inputs, constants, types, opset, ml):
    fed = [helper.make_tensor_value_info(k, CODES[str(v.dtype)], [None] * v.ndim) for k, v in inputs.items()]
    out = [helper.make_tensor_value_info(k, v, None) if v else helper.make_empty_tensor_value_info(k)
           for k, v in types.items()]
    kept = [numpy_helper.from_array(v, k) for k, v in constants.items()]
    graph = helper.make_graph(nodes, "case", fed, out, kept)
    sets = [helper.make_opsetid("", opset), helper.make_opsetid(ML, ml)]
    return helper.make_model(graph, opset_imports=sets, ir_version=8).SerializeToString(deterministic=True)


def plain(array):
    def number(x):
        return x if math.isfinite(x) else str(float(x))

    kind = "string" if array.dtype == object or array.dtype.kind in "UO" else str(array.dtype)
    data = array.ravel().tolist()
    if kind.startswith("float"):
        data = [number(x) for x in data]
    return {"type": kind, "shape": list(array.shape), "data": data}


def case(name, nodes, inputs, outputs="y", constants=None, opset=17, ml=3):
    """Runs a graph and keeps it. Outputs that are maps are kept as a matrix in the order of their keys."""
    nodes = nodes if isinstance(nodes, list) else [nodes]
    names = outputs.split()
    bare = model(nodes, inputs, constants or {}, {k: None for k in names}, opset, ml)
    session = onnxruntime.InferenceSession(bare, providers=["CPUExecutionProvider"])
    answers = dict(zip(names, session.run(names, inputs)))
    types = {k: CODES["object" if v.dtype.kind in "UO" else str(v.dtype)] for k, v in answers.items()}
    cases.append({
        "name": name,
        "model": model(nodes, inputs, constants or {}, types, opset, ml).hex(),
        "inputs": {k: plain(v) for k, v in inputs.items()},
        "outputs": {k: plain(v) for k, v in answers.items()},
    })


def elementwise():
    a, b = f32([1, -2, 3.5], [0, 5, -6]), f32([2, 4, -0.5])
    for op in ["Add", "Sub", "Mul", "Div", "Min", "Max", "Less", "LessOrEqual", "Greater", "GreaterOrEqual",
               "Equal"]:
        case(f"{op} float", node(op, "a b", "y"), {"a": a, "b": b})
        case(f"{op} column by row", node(op, "a b", "y"), {"a": a[:, :1], "b": b})
        case(f"{op} int64", node(op, "a b", "y"), {"a": i64(7, -7, 9), "b": i64(2, 2, -4)})
    case("Add double", node("Add", "a b", "y"), {"a": a.astype(np.float64), "b": b.astype(np.float64)})
    case("Max with NaN", node("Max", "a b c", "y"), {"a": f32(1, np.nan, 3), "b": f32(2, 2, 2), "c": f32(0, 0, np.nan)})
    case("Min with NaN", node("Min", "a b", "y"), {"a": f32(1, np.nan, 3), "b": f32(2, 2, np.nan)})
    case("Sum", node("Sum", "a b c", "y"), {"a": a, "b": a, "c": b})
    case("Equal text", node("Equal", "a b", "y"), {"a": text("x", "y"), "b": text("x", "z")}, opset=19)
    case("Mod int64", node("Mod", "a b", "y"), {"a": i64(7, -7, 7, -7), "b": i64(3, 3, -3, -3)})
    case("Mod fmod", node("Mod", "a b", "y", fmod=1), {"a": f32(5.5, -5.5), "b": f32(3, 3)})
    case("Mod int64 fmod", node("Mod", "a b", "y", fmod=1), {"a": i64(7, -7), "b": i64(3, 3)})
    case("Pow", node("Pow", "a b", "y"), {"a": f32(2, 9, 0.5), "b": f32(3, 0.5, -2)})
    case("Pow int exponent", node("Pow", "a b", "y"), {"a": f32(2, 9, 0.5), "b": i64(3, 2, 1)})
    case("And Or Xor Not", [node("And", "a b", "p"), node("Or", "a b", "q"), node("Xor", "p q", "r"),
                            node("Not", "r", "y")],
         {"a": np.array([True, True, False]), "b": np.array([True, False, False])}, "p q y")
    case("Where", node("Where", "c a b", "y"), {"c": np.array([[True], [False]]), "a": a, "b": b})
    case("Where text", node("Where", "c a b", "y"),
         {"c": np.array([True, False]), "a": text("x", "y"), "b": text("", "none")})
    x = f32(-2.5, -1, -0.5, 0, 0.3, 0.5, 1.5, 2.5, 30)
    for op in ["Abs", "Neg", "Sign", "Exp", "Sigmoid", "Tanh", "Relu", "Floor", "Ceil", "Round", "Reciprocal"]:
        case(op, node(op, "x", "y"), {"x": x})
    case("Sqrt Log", [node("Sqrt", "x", "s"), node("Log", "x", "y")], {"x": f32(0, 1, 2.25, -1)}, "s y")
    case("Clip", node("Clip", "x lo hi", "y"), {"x": x}, constants={"lo": np.float32(-1), "hi": np.float32(1)})
    case("Clip open", node("Clip", "x lo", "y"), {"x": x}, constants={"lo": np.float32(-1)})
    case("Clip attribute", node("Clip", "x", "y", min=-1.0, max=0.25), {"x": x}, opset=10)
    odd = f32(np.nan, np.inf, -np.inf, 1)
    case("IsNaN IsInf", [node("IsNaN", "x", "p"), node("IsInf", "x", "q"),
                         node("IsInf", "x", "r", detect_negative=0)], {"x": odd}, "p q r")
    case("Dropout", node("Dropout", "x", "y"), {"x": x})
    for opset, axis in [(11, 1), (13, 1), (13, -1), (11, 0)]:
        cube = rng.normal(size=(2, 3, 2)).astype(np.float32)
        case(f"Softmax {opset} axis {axis}", node("Softmax", "x", "y", axis=axis), {"x": cube}, opset=opset)
        case(f"LogSoftmax {opset} axis {axis}", node("LogSoftmax", "x", "y", axis=axis), {"x": cube}, opset=opset)


def casts():
    numbers = f32(1, -2.7, 0, 1e8, 0.1)
    for to in [T.INT64, T.BOOL, T.DOUBLE, T.STRING, T.INT32]:
        case(f"Cast float to {to}", node("Cast", "x", "y", to=to), {"x": numbers})
    for to in [T.FLOAT, T.BOOL, T.STRING, T.INT32]:
        case(f"Cast int64 to {to}", node("Cast", "x", "y", to=to), {"x": i64(0, -3, 2_000_000)})
    case("Cast double to text", node("Cast", "x", "y", to=T.STRING), {"x": np.array([0.1, 1e300, -2.5, 1 / 3])})
    case("Cast bool to float", node("Cast", "x", "y", to=T.FLOAT), {"x": np.array([True, False])})
    case("Cast text to float", node("Cast", "x", "y", to=T.FLOAT), {"x": text("1.5", "-2", "1e3")})
    case("Cast text to int64", node("Cast", "x", "y", to=T.INT64), {"x": text("15", "-2")})


def shapes():
    cube = np.arange(24, dtype=np.float32).reshape(2, 3, 4)
    case("Transpose", node("Transpose", "x", "y"), {"x": cube})
    case("Transpose perm", node("Transpose", "x", "y", perm=[1, 0, 2]), {"x": cube})
    case("Reshape", node("Reshape", "x s", "y"), {"x": cube}, constants={"s": i64(0, -1, 2)})
    case("Flatten", node("Flatten", "x", "y", axis=2), {"x": cube})
    case("Flatten 0", node("Flatten", "x", "y", axis=0), {"x": cube})
    case("Squeeze", node("Squeeze", "x a", "y"), {"x": cube[:, :1]}, constants={"a": i64(1)})
    case("Squeeze all", node("Squeeze", "x", "y"), {"x": cube[:1, :1]})
    case("Squeeze 11", node("Squeeze", "x", "y", axes=[-2]), {"x": cube[:, :1]}, opset=11)
    case("Unsqueeze", node("Unsqueeze", "x a", "y"), {"x": cube}, constants={"a": i64(0, -1)})
    case("Unsqueeze 11", node("Unsqueeze", "x", "y", axes=[1]), {"x": cube}, opset=11)
    case("Shape Size", [node("Shape", "x", "p", start=1), node("Size", "x", "q")], {"x": cube}, "p q")
    case("Concat", node("Concat", "a b", "y", axis=1), {"a": cube, "b": cube[:, :2]})
    case("Concat text", node("Concat", "a b", "y", axis=-1), {"a": text(["a"], ["b"]), "b": text(["c"], ["d"])})
    case("Split", node("Split", "x", "p q", axis=2), {"x": cube}, "p q")
    case("Split sizes", node("Split", "x s", "p q", axis=1), {"x": cube}, "p q", {"s": i64(1, 2)})
    case("Split 18", node("Split", "x", "p q", axis=1, num_outputs=2), {"x": cube}, "p q", opset=18)
    case("Expand", node("Expand", "x s", "y"), {"x": f32([1], [2])}, constants={"s": i64(3, 1, 2)})
    case("Tile", node("Tile", "x r", "y"), {"x": f32([1, 2], [3, 4])}, constants={"r": i64(2, 3)})
    for name, (start, end, axes, steps) in {
        "Slice": ([0, 1], [2, 3], [0, 1], [1, 1]),
        "Slice backwards": ([-1], [-100], [2], [-2]),
        "Slice beyond": ([1], [1000], [1], [5]),
        "Slice nothing": ([3], [1], [1], [1]),
    }.items():
        case(name, node("Slice", "x s e a t", "y"), {"x": cube},
             constants={"s": i64(*start), "e": i64(*end), "a": i64(*axes), "t": i64(*steps)})
    case("Slice 9", node("Slice", "x", "y", starts=[1], ends=[-1], axes=[2]), {"x": cube}, opset=9)
    case("Gather", node("Gather", "x i", "y", axis=1), {"x": cube}, constants={"i": i64([2, -1], [0, 0])})
    case("Gather text", node("Gather", "x i", "y"), {"x": text("a", "b")}, constants={"i": i64(1, 1, 0)})
    case("ConstantOfShape", node("ConstantOfShape", "s", "y", value=numpy_helper.from_array(i64(7))),
         {"s": i64(2, 2)})
    case("ConstantOfShape empty", node("ConstantOfShape", "s", "y"), {"s": i64(2, 0)})
    case("Range", node("Range", "a b c", "y"), {"a": np.array(10, np.int64), "b": np.array(1, np.int64),
                                                "c": np.array(-4, np.int64)})
    case("Range float", node("Range", "a b c", "y"), {k: np.array(v, np.float32) for k, v in
                                                      {"a": 0, "b": 1, "c": 0.3}.items()})
    case("Constant", [node("Constant", "", "c", value_floats=[1.0, 2.0]), node("Add", "x c", "y")],
         {"x": f32([1, 2])})


def reductions():
    cube = rng.normal(size=(2, 3, 4)).astype(np.float32)
    for op in ["ReduceMean", "ReduceMax", "ReduceMin", "ReduceSumSquare", "ReduceL1", "ReduceL2", "ReduceProd"]:
        case(f"{op} axes", node(op, "x", "y", axes=[1]), {"x": cube})
        case(f"{op} 18", node(op, "x a", "y", keepdims=0), {"x": cube}, constants={"a": i64(0, -1)}, opset=18)
        case(f"{op} all", node(op, "x", "y", keepdims=0), {"x": cube})
    case("ReduceSum", node("ReduceSum", "x a", "y", keepdims=0), {"x": cube}, constants={"a": i64(-1)})
    case("ReduceSum int64", node("ReduceSum", "x", "y"), {"x": i64([1, 2], [3, 4])})
    case("ReduceSum noop", node("ReduceSum", "x", "y", noop_with_empty_axes=1), {"x": cube})
    ties = f32([1, 3, 3], [2, 2, 0])
    case("ArgMax ArgMin", [node("ArgMax", "x", "p", axis=1), node("ArgMin", "x", "q", axis=1, keepdims=0),
                           node("ArgMax", "x", "r", axis=1, select_last_index=1)], {"x": ties}, "p q r")
    case("TopK", node("TopK", "x k", "v i", axis=1), {"x": f32([1, 3, 2], [5, 5, 0])}, "v i", {"k": i64(2)})
    case("TopK smallest", node("TopK", "x k", "v i", axis=0, largest=0), {"x": f32([1, 3, 2], [5, 5, 0])}, "v i",
         {"k": i64(1)})
    for flags in [{}, {"exclusive": 1}, {"reverse": 1}, {"exclusive": 1, "reverse": 1}]:
        case(f"CumSum {flags}", node("CumSum", "x a", "y", **flags), {"x": cube},
             constants={"a": np.array(1, np.int64)})


def products():
    def normal(*shape):
        return rng.normal(size=shape).astype(np.float32)

    for a, b in [((6, 3), (3, 5)), ((3,), (3, 2)), ((2, 3), (3,)), ((3,), (3,)), ((2, 1, 2, 3), (4, 3, 2)),
                 ((9, 4), (4, 1))]:
        case(f"MatMul {a} {b}", node("MatMul", "a b", "y"), {"a": normal(*a), "b": normal(*b)})
    case("Gemm", node("Gemm", "a b c", "y", alpha=0.5, beta=2.0, transB=1),
         {"a": normal(5, 3), "b": normal(4, 3), "c": normal(4)})
    case("Gemm constant", node("Gemm", "a b c", "y", transB=1), {"a": normal(5, 3)},
         constants={"b": normal(4, 3), "c": normal(1, 4)})
    case("Gemm turned", node("Gemm", "a b", "y", transA=1), {"a": normal(3, 5), "b": normal(3, 4)})


def preprocessing():
    x = f32([1, -2, np.nan], [0, 5, 3], [0, 0, 0])
    case("Scaler", node("Scaler", "x", "y", ml=True, offset=[1.0, 2.0, 3.0], scale=[0.5, 2.0, -1.0]), {"x": x})
    case("Scaler one", node("Scaler", "x", "y", ml=True, offset=[1.0], scale=[0.5]), {"x": i64([1, 2], [3, 4])})
    case("Imputer", node("Imputer", "x", "y", ml=True, imputed_value_floats=[7.0, 8.0, 9.0],
                         replaced_value_float=float("nan")), {"x": x})
    case("Imputer int64", node("Imputer", "x", "y", ml=True, imputed_value_int64s=[7], replaced_value_int64=-1),
         {"x": i64([1, -1], [-1, 2])})
    case("Binarizer", node("Binarizer", "x", "y", ml=True, threshold=0.5), {"x": f32([1, -2, 0.5])})
    for norm in ["MAX", "L1", "L2"]:
        case(f"Normalizer {norm}", node("Normalizer", "x", "y", ml=True, norm=norm),
             {"x": f32([1, 2, 3], [0, 0, 0], [5, -1, 0.5])})
    case("OneHotEncoder text", node("OneHotEncoder", "x", "y", ml=True, cats_strings=["a", "b", ""], zeros=1),
         {"x": text(["a"], ["z"], [""])})
    case("OneHotEncoder int64", node("OneHotEncoder", "x", "y", ml=True, cats_int64s=[3, 5], zeros=1),
         {"x": i64(5, 3, 4)})
    case("OneHotEncoder float", node("OneHotEncoder", "x", "y", ml=True, cats_int64s=[3, 5], zeros=1),
         {"x": f32([5, 3, 4.5])})
    for kind, keys, values, default, x in [
        ("text to int64", {"keys_strings": ["a", "b"]}, {"values_int64s": [10, 20]}, {"default_int64": -7},
         text("a", "b", "c")),
        ("text to float", {"keys_strings": ["a", "b"]}, {"values_floats": [1.5, 2.5]}, {"default_float": 9.0},
         text("a", "b", "c")),
        ("text to text", {"keys_strings": ["a", "b"]}, {"values_strings": ["x", "y"]}, {"default_string": "?"},
         text("a", "b", "c")),
        ("int64 to text", {"keys_int64s": [1, 2]}, {"values_strings": ["x", "y"]}, {}, i64(1, 2, 3)),
        ("int64 to float", {"keys_int64s": [1, 2]}, {"values_floats": [0.5, 0.25]}, {}, i64(1, 2, 3)),
        ("int64 to int64", {"keys_int64s": [1, 2]}, {"values_int64s": [5, 6]}, {}, i64(1, 2, 3)),
        ("float to text", {"keys_floats": [1.0, float("nan")]}, {"values_strings": ["x", "y"]}, {},
         f32(1, np.nan, 3)),
        ("float to int64", {"keys_floats": [1.0, 0.5]}, {"values_int64s": [5, 6]}, {}, f32(1, 0.5, 3)),
        ("float to float", {"keys_floats": [1.0, 0.5]}, {"values_floats": [5.0, 6.0]}, {}, f32(1, 0.5, 3)),
    ]:
        case(f"LabelEncoder {kind}", node("LabelEncoder", "x", "y", ml=True, **keys, **values, **default),
             {"x": x})
    case("LabelEncoder tensors", node("LabelEncoder", "x", "y", ml=True,
                                      keys_tensor=numpy_helper.from_array(text("a", "b")),
                                      values_tensor=numpy_helper.from_array(np.array([1.5, 2.5])),
                                      default_tensor=numpy_helper.from_array(np.array([9.5]))),
         {"x": text("b", "a", "c")}, ml=4)
    case("LabelEncoder 1", node("LabelEncoder", "x", "y", ml=True, classes_strings=["a", "b"], default_int64=9),
         {"x": text("b", "c")}, ml=1)
    case("CategoryMapper", node("CategoryMapper", "x", "y", ml=True, cats_strings=["a", "b"], cats_int64s=[4, 5],
                                default_int64=-9), {"x": text("b", "a", "c")})
    case("CategoryMapper back", node("CategoryMapper", "x", "y", ml=True, cats_strings=["a", "b"],
                                     cats_int64s=[4, 5], default_string="?"), {"x": i64(5, 4, 9)})
    case("FeatureVectorizer", node("FeatureVectorizer", "a b", "y", ml=True, inputdimensions=[1, 2]),
         {"a": f32([1], [2]), "b": f32([3, 4], [5, 6])})
    case("ArrayFeatureExtractor", node("ArrayFeatureExtractor", "x i", "y", ml=True),
         {"x": f32([1, 2, 3], [4, 5, 6])}, constants={"i": i64(2, 0)})
    case("ArrayFeatureExtractor vector", node("ArrayFeatureExtractor", "x i", "y", ml=True), {"x": f32(1, 2, 3)},
         constants={"i": i64(2, 0)})


def linears():
    x = rng.normal(size=(7, 3)).astype(np.float32)
    for post in ["NONE", "LOGISTIC", "SOFTMAX", "SOFTMAX_ZERO", "PROBIT"]:
        small = {"coefficients": [0.1, 0.2, -0.1], "intercepts": [0.3], "post_transform": post}
        wide = {"coefficients": [0.1, 0.2, -0.1, 0.05, -0.2, 0.1, 0.2, 0.1, 0.1],
                "intercepts": [0.3, 0.4, 0.5], "post_transform": post}
        case(f"LinearRegressor {post}", node("LinearRegressor", "x", "y", ml=True, **small), {"x": x})
        case(f"LinearRegressor 3 {post}", node("LinearRegressor", "x", "y", ml=True, targets=3, **wide), {"x": x})
        case(f"LinearClassifier 3 {post}", node("LinearClassifier", "x", "l p", ml=True,
                                                classlabels_strings=["a", "b", "c"], **wide), {"x": x}, "l p")
        if post != "PROBIT":
            case(f"LinearClassifier {post}", node("LinearClassifier", "x", "l p", ml=True,
                                                  classlabels_ints=[0, 1], **small), {"x": x}, "l p")
    case("LinearClassifier int64", node("LinearClassifier", "x", "l p", ml=True, classlabels_ints=[4, 6],
                                        coefficients=[0.5, -0.5], intercepts=[0.1], post_transform="LOGISTIC"),
         {"x": i64([1, 2], [3, 0])}, "l p")


STUMPS = {  # two trees: a stump on column 0, and a deeper one on columns 1 and 0
    "nodes_treeids": [0, 0, 0, 1, 1, 1, 1, 1],
    "nodes_nodeids": [0, 1, 2, 0, 1, 2, 3, 4],
    "nodes_featureids": [0, 0, 0, 1, 0, 0, 0, 0],
    "nodes_values": [0.5, 0.0, 0.0, -0.25, 0.75, 0.0, 0.0, 0.0],
    "nodes_truenodeids": [1, 0, 0, 1, 3, 0, 0, 0],
    "nodes_falsenodeids": [2, 0, 0, 2, 4, 0, 0, 0],
}
LEAVES = ([0, 0, 1, 1, 1], [1, 2, 2, 3, 4])


def modes(first, second=None):
    return [first, "LEAF", "LEAF", second or first, second or first, "LEAF", "LEAF", "LEAF"]


def votes(kind, ids, weights):
    return {f"{kind}_treeids": LEAVES[0], f"{kind}_nodeids": LEAVES[1], f"{kind}_ids": ids,
            f"{kind}_weights": weights}


def both(kind, weights):
    """Every leaf speaks to both classes."""
    pairs = [(t, n, c) for t, n in zip(*LEAVES) for c in (0, 1)]
    return {f"{kind}_treeids": [p[0] for p in pairs], f"{kind}_nodeids": [p[1] for p in pairs],
            f"{kind}_ids": [p[2] for p in pairs], f"{kind}_weights": weights}


def trees():
    x = f32([0.5, -0.25], [0.4, -1], [0.75, 0], [0.8, -0.3], [np.nan, 1], [0.5, np.nan], [np.nan, np.nan], [-3, 9],
            [0.6, -0.25])
    margins, shares = [0.3, -0.2, 0.15, -0.45, 0.6], [0.1, 0.3, 0.15, 0.2, 0.4]
    branches = ["BRANCH_LEQ", "BRANCH_LT", "BRANCH_GTE", "BRANCH_GT", "BRANCH_EQ", "BRANCH_NEQ"]
    for branch in branches:
        for missing in [0, 1]:
            case(f"TreeEnsembleRegressor {branch} {missing}",
                 node("TreeEnsembleRegressor", "x", "y", ml=True, n_targets=1, nodes_modes=modes(branch), **STUMPS,
                      nodes_missing_value_tracks_true=[missing] * 8, **votes("target", [0] * 5, margins)), {"x": x})
    case("TreeEnsembleRegressor mixed modes",
         node("TreeEnsembleRegressor", "x", "y", ml=True, n_targets=1, nodes_modes=modes("BRANCH_EQ", "BRANCH_LT"),
              **STUMPS, **votes("target", [0] * 5, margins)), {"x": x})
    for aggregate in ["SUM", "AVERAGE", "MIN", "MAX"]:
        for post in ["NONE", "LOGISTIC", "SOFTMAX", "SOFTMAX_ZERO", "PROBIT"]:
            common = {"nodes_modes": modes("BRANCH_LEQ"), "aggregate_function": aggregate, "post_transform": post,
                      **STUMPS}
            case(f"TreeEnsembleRegressor {aggregate} {post}",
                 node("TreeEnsembleRegressor", "x", "y", ml=True, n_targets=1, base_values=[0.25], **common,
                      **votes("target", [0] * 5, shares)), {"x": x})
            case(f"TreeEnsembleRegressor 2 {aggregate} {post}",
                 node("TreeEnsembleRegressor", "x", "y", ml=True, n_targets=2, base_values=[0.2, 0.1], **common,
                      **votes("target", [0, 1, 1, 0, 0], shares)), {"x": x})
    doubles = {k: v for k, v in STUMPS.items() if k != "nodes_values"}
    case("TreeEnsembleRegressor double",
         node("TreeEnsembleRegressor", "x", "y", ml=True, n_targets=1, nodes_modes=modes("BRANCH_LEQ"), **doubles,
              nodes_values_as_tensor=numpy_helper.from_array(np.array(STUMPS["nodes_values"])),
              target_treeids=LEAVES[0], target_nodeids=LEAVES[1], target_ids=[0] * 5,
              target_weights_as_tensor=numpy_helper.from_array(np.array(margins))), {"x": x.astype(np.float64)})
    case("TreeEnsembleClassifier int64",
         node("TreeEnsembleClassifier", "x", "l p", ml=True, classlabels_int64s=[3, 5],
              nodes_modes=modes("BRANCH_LEQ"), **STUMPS, **votes("class", [0] * 5, margins)),
         {"x": i64([0, 1], [1, -1])}, "l p")
    for post in ["NONE", "LOGISTIC", "SOFTMAX", "SOFTMAX_ZERO", "PROBIT"]:
        common = {"nodes_modes": modes("BRANCH_LEQ"), "post_transform": post, **STUMPS}
        for name, weights in {"margins": margins, "shares": shares}.items():
            if post != "PROBIT":
                case(f"TreeEnsembleClassifier one score {name} {post}",
                     node("TreeEnsembleClassifier", "x", "l p", ml=True, classlabels_int64s=[3, 5], **common,
                          **votes("class", [0] * 5, weights)), {"x": x}, "l p")
                case(f"TreeEnsembleClassifier one score {name} {post} base",
                     node("TreeEnsembleClassifier", "x", "l p", ml=True, classlabels_strings=["no", "yes"],
                          base_values=[0.1], **common, **votes("class", [0] * 5, weights)), {"x": x}, "l p")
            case(f"TreeEnsembleClassifier second {name} {post}",
                 node("TreeEnsembleClassifier", "x", "l p", ml=True, classlabels_strings=["no", "yes"], **common,
                      **votes("class", [1] * 5, weights)), {"x": x}, "l p")
            case(f"TreeEnsembleClassifier 3 {name} {post}",
                 node("TreeEnsembleClassifier", "x", "l p", ml=True, classlabels_strings=["a", "b", "c"], **common,
                      **votes("class", [0, 1, 2, 1, 0], weights)), {"x": x}, "l p")
        case(f"TreeEnsembleClassifier two {post}",
             node("TreeEnsembleClassifier", "x", "l p", ml=True, classlabels_int64s=[0, 1], **common,
                  **both("class", [0.1, 0.4, 0.2, 0.3, 0.5, 0.05, 0.15, 0.35, 0.25, 0.25])), {"x": x}, "l p")
        case(f"TreeEnsembleClassifier 3 base {post}",
             node("TreeEnsembleClassifier", "x", "l p", ml=True, classlabels_int64s=[7, 8, 9],
                  base_values=[0.1, 0.2, 0.15], **common, **votes("class", [0, 1, 2, 1, 0], margins)), {"x": x}, "l p")


def ensemble(booster):
    """The lists of a LightGBM booster's trees."""
    lists = {f"nodes_{k}": [] for k in ["treeids", "nodeids", "featureids", "modes", "values", "truenodeids",
                                        "falsenodeids", "missing_value_tracks_true"]}
    leaves = {f"class_{k}": [] for k in ["treeids", "nodeids", "ids", "weights"]}
    info = booster.dump_model()
    for tree, dump in enumerate(info["tree_info"]):
        todo, count = [(dump["tree_structure"], 0)], 1
        while todo:
            at, number = todo.pop()
            leaf = "leaf_value" in at
            yes = no = 0
            if leaf:
                for key, value in [("treeids", tree), ("nodeids", number), ("weights", at["leaf_value"]),
                                   ("ids", tree % info["num_tree_per_iteration"])]:
                    leaves[f"class_{key}"].append(value)
            else:
                yes, no, count = count, count + 1, count + 2
                todo += [(at["left_child"], yes), (at["right_child"], no)]
            threshold = np.float32(0 if leaf else at["threshold"])
            if not leaf and float(threshold) > at["threshold"]:
                threshold = np.nextafter(threshold, np.float32(-np.inf))
            for key, value in [("treeids", tree), ("nodeids", number), ("modes", "LEAF" if leaf else "BRANCH_LEQ"),
                               ("featureids", 0 if leaf else at["split_feature"]), ("values", float(threshold)),
                               ("truenodeids", yes), ("falsenodeids", no),
                               ("missing_value_tracks_true", 0 if leaf else int(at["default_left"]))]:
                lists[f"nodes_{key}"].append(value)
    return {**lists, **leaves}


def pipelines():
    x = rng.normal(size=(600, 4)).astype(np.float32)
    x[rng.random(x.shape) < 0.1] = np.nan
    filled = np.nan_to_num(x, nan=0.5)
    target = (filled[:, 0] + filled[:, 1] * filled[:, 2] > 0).astype(int) + (filled[:, 3] > 1)
    for classes, labels in [(2, target > 0), (3, target)]:
        settings = {"objective": "binary" if classes == 2 else "multiclass", "num_leaves": 7, "verbose": -1,
                    "deterministic": True, "num_threads": 1, "seed": 3}
        settings |= {} if classes == 2 else {"num_class": 3}
        booster = lightgbm.train(settings, lightgbm.Dataset(x, labels), num_boost_round=9)
        post = "LOGISTIC" if classes == 2 else "SOFTMAX"
        case(f"LightGBM {classes}", node("TreeEnsembleClassifier", "x", "l p", ml=True, post_transform=post,
                                         classlabels_int64s=list(range(classes)), **ensemble(booster)),
             {"x": x[:70]}, "l p")
    case("raw row to probabilities", [
        node("Imputer", "age", "age_full", ml=True, imputed_value_floats=[40.0], replaced_value_float=float("nan")),
        node("Scaler", "age_full", "age_scaled", ml=True, offset=[40.0], scale=[0.1]),
        node("OneHotEncoder", "job", "job_cube", ml=True, cats_strings=["clerk", "farmer"], zeros=1),
        node("Reshape", "job_cube shape", "job_flat"),
        node("Cast", "calls", "calls_float", to=T.FLOAT),
        node("Concat", "age_scaled job_flat calls_float", "features", axis=1),
        node("LinearClassifier", "features", "label probabilities", ml=True, classlabels_strings=["no", "yes"],
             coefficients=[0.5, 0.25, -0.75, 0.1], intercepts=[-0.2], post_transform="LOGISTIC"),
    ], {"age": f32([30], [np.nan], [60]), "job": text(["clerk"], [""], ["farmer"]), "calls": i64([1], [2], [0])},
         "label probabilities", {"shape": i64(-1, 2)})


for part in [elementwise, casts, shapes, reductions, products, preprocessing, linears, trees, pipelines]:
    part()
path = pathlib.Path(__file__).with_name("cases.json")
path.write_text("[\n" + ",\n".join(json.dumps(c, separators=(",", ":")) for c in cases) + "\n]\n")
print(f"{len(cases)} cases, {path.stat().st_size} bytes")
