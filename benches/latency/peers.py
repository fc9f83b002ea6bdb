"""The peers' side: trains LightGBM and exports it, and times onnxruntime and LightGBM on the same models and rows.

usage: peers.py export OTTO.csv FOLDER    writes rows.csv, test.csv, lightgbm.txt and lightgbm.onnx
       peers.py time FOLDER               prints peer,model,batch,microseconds,first answers

Our graphs take 93 inputs, one a column, which costs onnxruntime more than the model itself; so it is also given a copy of
each graph with one input in their place ("joined"), and the better of the two counts.
"""

import pathlib
import sys
import time

import lightgbm
import numpy
import onnx
import onnxruntime
import pandas

CALLS = 1_000


def export(source, folder):
    frame = pandas.read_csv(source)
    order = numpy.random.default_rng(1).permutation(len(frame))
    rows, test = frame.iloc[order[:12_000]], frame.iloc[order[12_000:12_512]]
    rows.to_csv(folder / "rows.csv", index=False)
    test.to_csv(folder / "test.csv", index=False)
    model = lightgbm.LGBMClassifier(n_estimators=100, num_leaves=31, n_jobs=1, verbose=-1)
    model.fit(rows.drop(columns="class").to_numpy("float32"), rows["class"])
    model.booster_.save_model(folder / "lightgbm.txt")
    import onnxmltools
    from onnxmltools.convert.common.data_types import FloatTensorType

    inputs = [("input", FloatTensorType([None, rows.shape[1] - 1]))]
    graph = onnxmltools.convert_lightgbm(model, initial_types=inputs, zipmap=False, target_opset=15)
    onnx.save(graph, folder / "lightgbm.onnx")


def joined(path):
    """The graph with one input instead of one a column."""
    model = onnx.load(path)
    graph = model.graph
    if len(graph.input) == 1:
        return None
    concat = next(node for node in graph.node if node.op_type == "Concat")
    assert list(concat.input) == [i.name for i in graph.input], "the first node puts the inputs side by side"
    value = onnx.helper.make_tensor_value_info(concat.output[0], onnx.TensorProto.FLOAT, [None, len(concat.input)])
    graph.node.remove(concat)
    del graph.input[:]
    graph.input.append(value)
    return model.SerializeToString()


def median(call, batches):
    times = []
    for i in range(CALLS):
        batch = batches[i % len(batches)]
        start = time.perf_counter()
        call(batch)
        times.append(time.perf_counter() - start)
    return sorted(times)[CALLS // 2] * 1e6


def show(peer, model, batch, micros, first):
    print(f"{peer},{model},{batch},{micros:.3f},{' '.join(f'{p:.6f}' for p in first.ravel())}")


def session(source):
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    return onnxruntime.InferenceSession(source, options, providers=["CPUExecutionProvider"])


def times(folder):
    x = pandas.read_csv(folder / "test.csv").drop(columns="class").to_numpy("float32")
    batched = {n: [x[i : i + n] for i in range(0, min(len(x), 64 * n) - n + 1, n)] for n in (1, 64)}
    for path in sorted(folder.glob("*.onnx")):
        for source in filter(None, (path.read_bytes(), joined(path))):
            run = session(source)
            names = [i.name for i in run.get_inputs()]
            feed = (
                (lambda b: {names[0]: b})
                if len(names) == 1
                else (lambda b: {name: b[:, i : i + 1] for i, name in enumerate(names)})
            )
            answer = "probabilities"
            first = run.run([answer], feed(x[:64]))[0]
            for n, batches in batched.items():
                micros = median(lambda b: run.run([answer], b), [feed(b) for b in batches])
                show("onnxruntime", path.stem, n, micros, first)
    booster = lightgbm.Booster(model_file=folder / "lightgbm.txt")
    for n, batches in batched.items():
        micros = median(lambda b: booster.predict(b, num_threads=1), batches)
        show("lightgbm", "lightgbm", n, micros, booster.predict(x[:64]))


if sys.argv[1] == "export":
    export(pathlib.Path(sys.argv[2]), pathlib.Path(sys.argv[3]))
else:
    times(pathlib.Path(sys.argv[2]))
