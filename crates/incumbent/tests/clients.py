"""A served model, asked by both clients of tritonclient; what turned out to be true is reported back.

Usage: clients.py HOST:PORT MODEL ROWS.json, which holds columns of golden rows and the answers they must get.
"""

import base64
import json
import sys
import urllib.request

import numpy as np
import tritonclient.grpc
import tritonclient.http


def tensor(triton, column):
    cells = column["cells"]
    if column["dtype"] == "BYTES":
        cells = [base64.b64decode(cell) for cell in cells]
        array = np.array(cells, dtype=np.object_).reshape(-1, 1)
    else:
        array = np.array(cells, dtype=tritonclient.utils.triton_to_np_dtype(column["dtype"])).reshape(column["shape"])
    asked = triton.InferInput(column["name"], array.shape, column["dtype"])
    asked.set_data_from_numpy(array)
    return asked


def ask(triton, url, model, rows):
    client = triton.InferenceServerClient(url)
    assert client.is_server_ready() and client.is_model_ready(model)
    metadata = client.get_model_metadata(model)
    served = [i["name"] if isinstance(i, dict) else i.name for i in (metadata["inputs"] if isinstance(metadata, dict) else metadata.inputs)]
    assert set(served) <= {column["name"] for column in rows["columns"]}, served
    asked = [tensor(triton, column) for column in rows["columns"] if column["name"] in served]
    result = client.infer(model, asked, client_timeout=60) if triton is tritonclient.grpc else client.infer(model, asked)
    np.testing.assert_allclose(result.as_numpy("probabilities"), np.array(rows["expected"]), atol=1e-5)
    ids = [i.decode() for i in result.as_numpy("prediction_id")]
    client.close()
    return ids


def main(url, model, file):
    with open(file) as text:
        rows = json.load(text)
    ids = [ask(triton, url, model, rows) for triton in (tritonclient.grpc, tritonclient.http)]
    assert len(set(ids[0] + ids[1])) == 2 * len(rows["expected"])
    outcomes = [{"prediction_id": i, "value": rows["truth"]} for i in ids[0]]
    body = json.dumps({"outcomes": outcomes}).encode()
    request = urllib.request.Request(f"http://{url}/v1/outcomes", body, {"content-type": "application/json"})
    with urllib.request.urlopen(request) as answer:
        told = json.load(answer)
    print(json.dumps({"first": ids[0][0], "outcomes": told}))


main(*sys.argv[1:])
