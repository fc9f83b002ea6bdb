"""Writes text.json: graphs of text operators with inputs and what must come out, in the form of cases.json.

Run with Python 3.11, onnx 1.17.0, onnxruntime 1.32.0, scikit-learn 1.9.1, skl2onnx 1.20.0, protobuf 6.31.1:

    python text.py

The node tests of the onnx package bring their own answers; those of the pipelines are scikit-learn's; the rest
are onnxruntime's.
"""

import json
import pathlib

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto as T
from onnx import helper, numpy_helper
from skl2onnx import to_onnx
from skl2onnx.common.data_types import StringTensorType
from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

NODES = pathlib.Path(onnx.__file__).parent / "backend" / "test" / "data" / "node"
CODES = {"float32": T.FLOAT, "int64": T.INT64, "int32": T.INT32, "object": T.STRING}
cases = []


def plain(array):
    kind = "string" if array.dtype == object or array.dtype.kind in "UO" else str(array.dtype)
    data = [x.decode() if isinstance(x, bytes) else x for x in array.ravel().tolist()]
    return {"type": kind, "shape": list(array.shape), "data": data}


def keep(name, model, inputs, outputs):
    cases.append({
        "name": name,
        "model": model.hex(),
        "inputs": {k: plain(v) for k, v in inputs.items()},
        "outputs": {k: plain(v) for k, v in outputs.items()},
    })


def tensor(file):
    proto = onnx.TensorProto()
    proto.ParseFromString(file.read_bytes())
    return numpy_helper.to_array(proto)


def node_tests():
    for pattern in ["test_strnormalizer_*", "test_tfidfvectorizer_*", "test_string_concat*", "test_string_split*"]:
        for folder in sorted(NODES.glob(pattern)):
            model = (folder / "model.onnx").read_bytes()
            graph = onnx.load_from_string(model).graph
            data = folder / "test_data_set_0"
            inputs = {v.name: tensor(data / f"input_{i}.pb") for i, v in enumerate(graph.input)}
            outputs = {v.name: tensor(data / f"output_{i}.pb") for i, v in enumerate(graph.output)}
            keep(folder.name, model, inputs, outputs)


def case(name, nodes, x, output="y"):
    """Runs nodes from x to y and keeps them with onnxruntime's answer."""
    def model(kind):
        fed = [helper.make_tensor_value_info("x", CODES[str(x.dtype)], [None] * x.ndim)]
        out = [helper.make_tensor_value_info(output, kind, None) if kind
               else helper.make_empty_tensor_value_info(output)]
        sets = [helper.make_opsetid("", 17), helper.make_opsetid("com.microsoft", 1)]
        graph = helper.make_graph(nodes, "case", fed, out)
        return helper.make_model(graph, opset_imports=sets, ir_version=8).SerializeToString(deterministic=True)

    session = onnxruntime.InferenceSession(model(None), providers=["CPUExecutionProvider"])
    answer = session.run([output], {"x": x})[0]
    kind = CODES["object" if answer.dtype.kind in "UO" else str(answer.dtype)]
    keep(name, model(kind), {"x": x}, {output: answer})


def tokenizer(**settings):
    return helper.make_node("Tokenizer", ["x"], ["y"], domain="com.microsoft",
                            **{"mark": 0, "pad_value": "#", "mincharnum": 1} | settings)


def operators():
    texts = np.array(["The quick, brown fox!", "", "isn't it  42 a_b?", "né à Ωμέγα 東京 x", "\ttab\nline "], object)
    for expression in ["[a-zA-Z0-9_]+", r"\w+", r"\b\w\w+\b", ".", "[^ ]+", "a|an|ab?n*", r"[\pL\pM\pN_]+", r"[\w']+",
                       "x*", "[[:alpha:]]+", "(?i)THE|[&~a-f]+", r"\S+?", "[]x[]+|i"]:
        case(f"Tokenizer {expression}", [tokenizer(tokenexp=expression)], texts)
    case("Tokenizer of three letters", [tokenizer(tokenexp="[a-z]+", mincharnum=3)], texts)
    case("Tokenizer marked", [tokenizer(tokenexp="[a-z]+", mark=1, pad_value="~")], texts)
    case("Tokenizer marked, nothing there", [tokenizer(tokenexp="[0-9]+", mark=1)], texts[:2])
    case("Tokenizer of letters, marked", [tokenizer(separators=[""], mark=1)], texts)
    case("Tokenizer separators", [tokenizer(separators=[" ", "[,!?]", "\n"], mincharnum=2)], texts)
    case("Tokenizer separators that may be empty", [tokenizer(separators=["x*"])], texts)
    case("Tokenizer of rows", [tokenizer(tokenexp="[a-z]+")], texts[:4].reshape(2, 2))
    every = np.array(["".join(chr(c) for c in range(start, start + 64) if chr(c).isprintable())
                      for start in [0x40, 0xC0, 0x130, 0x1C0, 0x370, 0x3C0, 0x400, 0x580, 0x1E80, 0x1F80, 0x1FC0, 0x10400]],
                     object)
    for action in ["LOWER", "UPPER"]:
        node = helper.make_node("StringNormalizer", ["x"], ["y"], case_change_action=action, locale="C.UTF-8")
        case(f"StringNormalizer {action}", [node], every)
    words = np.array([["a", "b", "a", "b"], ["c", "#", "b", "a"], ["#", "#", "#", "#"]], object)
    grams = {"min_gram_length": 1, "max_gram_length": 2, "max_skip_count": 1, "ngram_counts": [0, 3],
             "ngram_indexes": [1, 0, 4, 3, 2], "pool_strings": ["a", "b", "c", "a", "b", "b", "a"]}
    for mode in ["TF", "IDF", "TFIDF"]:
        for weights in [{}, {"weights": [0.5, 2.0, 3.0, -1.0, 0.25]}]:
            node = helper.make_node("TfIdfVectorizer", ["x"], ["y"], mode=mode, **grams, **weights)
            case(f"TfIdfVectorizer {mode} {len(weights)}", [node], words)
            case(f"TfIdfVectorizer {mode} {len(weights)} of one row", [node], words[0])


def pipelines():
    rng = np.random.default_rng(3)
    good, bad, rest = (t.split() for t in ["great lovely Splendid moving", "dull awful Boring weak",
                                           "film the a plot café of 42 and isn't it"])
    y = rng.integers(0, 3, 60)
    draw = lambda k: [(good, bad, rest)[k][rng.integers(4)]] + list(rng.choice(rest, 6))
    docs = np.array([" ".join(rng.permutation(draw(k))) + "!" for k in y], object)
    docs[7] = ""
    word = {"token_pattern": "[a-zA-Z0-9_]+", "ngram_range": (1, 2)}
    for name, vectorizer, classes in [
        ("tf-idf of words and pairs", TfidfVectorizer(**word), 2),
        ("tf-idf of words and pairs, three classes", TfidfVectorizer(**word), 3),
        ("tf-idf of length 1 by sizes", TfidfVectorizer(norm="l1", **word), 2),
        ("counts of cased words", CountVectorizer(lowercase=False, **word), 2),
        ("counts of letters", CountVectorizer(analyzer="char", ngram_range=(2, 3)), 3),
    ]:
        target = np.minimum(y, classes - 1)
        model = make_pipeline(vectorizer, LogisticRegression(C=5)).fit(docs, target)
        bytes_ = to_onnx(model, initial_types=[("text", StringTensorType([None, 1]))],
                         options={"zipmap": False}).SerializeToString(deterministic=True)
        answers = {"label": model.predict(docs).astype(np.int64),
                   "probabilities": model.predict_proba(docs).astype(np.float32)}
        keep(f"scikit-learn: {name}", bytes_, {"text": docs.reshape(-1, 1)}, answers)


node_tests()
operators()
pipelines()
file = pathlib.Path(__file__).with_name("text.json")
file.write_text("[\n" + ",\n".join(json.dumps(c, ensure_ascii=False) for c in cases) + "\n]\n")
print(len(cases), "cases")
