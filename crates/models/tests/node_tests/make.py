"""Packs the node tests of the `onnx` package into one file for tests/node_tests.rs.

    python -m venv venv && venv/bin/pip install -r requirements.txt
    venv/bin/python make.py operators.txt node_tests.pack.gz

`operators.txt` lists the operators that are wanted, one `domain op` a line. The file holds entries of
`u32 length, name, u32 length, bytes`, little-endian: first `index.json`, then each case's model and tensors.
A tensor is `u8 type, u8 rank, u32 sizes..., elements`; narrow integers are widened to 64 bits, as the evaluator
holds them. What is left out stands in the index with its reason.
"""

import gzip
import json
import os
import struct
import sys

import numpy as np
import onnx
from onnx import backend, numpy_helper

NAMES = {1: "float", 2: "uint8", 3: "int8", 4: "uint16", 5: "int16", 6: "int32", 7: "int64", 8: "string",
         9: "bool", 11: "double", 12: "uint32"}
LARGEST = 300_000


def short(code):
    return onnx.TensorProto.DataType.Name(code).lower()


def tensor(proto):
    array = numpy_helper.to_array(proto)
    code = proto.data_type
    head = struct.pack("<BB", {1: 1, 8: 8, 9: 9, 11: 11}.get(code, 7), array.ndim)
    head += b"".join(struct.pack("<I", d) for d in array.shape)
    if code == 8:
        texts = [t if isinstance(t, bytes) else str(t).encode() for t in array.ravel()]
        return head + b"".join(struct.pack("<I", len(t)) + t for t in texts)
    kind = {1: "<f4", 9: "u1", 11: "<f8"}.get(code, "<i8")
    return head + array.astype(kind).tobytes()


def load(path):
    proto = onnx.TensorProto()
    with open(path, "rb") as file:
        proto.ParseFromString(file.read())
    return proto


def types_of(model):
    values = list(model.graph.input) + list(model.graph.output)
    for value in values:
        if not value.type.HasField("tensor_type"):
            return None
    return sorted({short(v.type.tensor_type.elem_type) for v in values})


def case(folder, name, wanted):
    """The case, or why it is left out; None when its operator is not wanted."""
    path = os.path.join(folder, name)
    model = onnx.load(os.path.join(path, "model.onnx"))
    if len(model.graph.node) != 1:
        return None
    node = model.graph.node[0]
    key = (node.domain or "ai.onnx", node.op_type)
    if key not in wanted:
        return None
    found = {"name": name, "domain": key[0], "op": key[1]}
    types = types_of(model)
    if types is None:
        return {**found, "left_out": "takes or answers a sequence, a map or an optional value"}
    odd = [t for t in types if t not in NAMES.values()]
    if odd:
        return {**found, "left_out": f"element type {', '.join(odd)}"}
    data = os.path.join(path, "test_data_set_0")
    files = sorted(os.listdir(data), key=lambda f: (f.split("_")[0], int(f.split("_")[1].split(".")[0])))
    tensors = {f: load(os.path.join(data, f)) for f in files}
    parts = {"model": model.SerializeToString(), **{f.split(".")[0]: tensor(t) for f, t in tensors.items()}}
    if sum(map(len, parts.values())) > LARGEST:
        return {**found, "left_out": f"larger than {LARGEST // 1000} kB"}
    return {**found, "types": types, "parts": parts}


def main(operators, target):
    with open(operators) as file:
        wanted = {tuple(line.split()) for line in file if line.strip()}
    folder = os.path.join(os.path.dirname(backend.__file__), "test", "data", "node")
    cases = [c for c in (case(folder, name, wanted) for name in sorted(os.listdir(folder))) if c]
    index = [{k: v for k, v in c.items() if k != "parts"} | {"parts": list(c.get("parts", {}))} for c in cases]
    entries = {"index.json": json.dumps({"onnx": onnx.__version__, "cases": index}).encode()}
    for c in cases:
        entries |= {f"{c['name']}/{part}": data for part, data in c.get("parts", {}).items()}
    with open(target, "wb") as raw, gzip.GzipFile(filename="", mode="wb", fileobj=raw, mtime=0) as file:
        for name, data in entries.items():
            file.write(struct.pack("<I", len(name)) + name.encode() + struct.pack("<I", len(data)) + data)
    left = sum("left_out" in c for c in cases)
    print(f"{len(cases) - left} cases, {left} left out, {os.path.getsize(target)} bytes")


main(*sys.argv[1:])
