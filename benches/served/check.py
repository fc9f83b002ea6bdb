"""A running bank server against Python: onnxruntime on the exported graphs, tritonclient on the binary protocol.

    incumbent up examples/bank --once && incumbent export v2 /tmp/v2 examples/bank
    incumbent serve examples/bank --address 127.0.0.1:8085 &
    python benches/served/check.py examples/bank/bank.parquet /tmp/v2 127.0.0.1:8085

Needs numpy, pandas, pyarrow, onnxruntime, tritonclient[http]. Prints the largest differences; exits 1 above 1e-5.
"""

import hashlib
import json
import sys
import urllib.request
from pathlib import Path

import numpy as np
import onnxruntime
import pandas
import tritonclient.http

ROWS = 1000
table, version, address = sys.argv[1], Path(sys.argv[2]), sys.argv[3]
rows = pandas.read_parquet(table).iloc[-ROWS:]


def cells(name, text, number):
    column = rows[name].to_numpy()
    return (column.astype(str).astype(object) if text else column.astype(number)).reshape(-1, 1)


def offline():
    session = onnxruntime.InferenceSession(str(version / "model.onnx"))
    feeds = {i.name: cells(i.name, "string" in i.type, np.float32) for i in session.get_inputs()}
    return session.run(["probabilities"], feeds)[0]


def over_json():
    name = hashlib.sha256((version / "manifest.json").read_bytes()).hexdigest()
    plain = json.loads(rows.drop(columns=["y", "called_on"]).to_json(orient="records"))
    body = json.dumps({"rows": plain, "version": name}).encode()
    request = urllib.request.Request(f"http://{address}/v1/models/bank:predict", body)
    answers = json.loads(urllib.request.urlopen(request).read())["predictions"]
    return np.array([[a["probabilities"]["no"], a["probabilities"]["yes"]] for a in answers])


def over_triton():
    client = tritonclient.http.InferenceServerClient(address)
    numbers = {"FP32": np.float32, "FP64": np.float64, "INT64": np.int64}
    inputs = []
    for meta in client.get_model_metadata("bank")["inputs"]:
        kind = meta["datatype"]
        values = cells(meta["name"], kind == "BYTES", numbers.get(kind)).reshape([-1] + [1] * (len(meta["shape"]) - 1))
        tensor = tritonclient.http.InferInput(meta["name"], list(values.shape), kind)
        tensor.set_data_from_numpy(values)
        inputs.append(tensor)
    return client.infer("bank", inputs).as_numpy("probabilities")


served = over_json()
differences = {"onnxruntime": abs(served - offline()).max(), "tritonclient": abs(served - over_triton()).max()}
for peer, difference in differences.items():
    print(f"{peer}: largest difference {difference:.2g} on {len(served)} rows")
sys.exit(int(max(differences.values()) > 1e-5))
