"""Asks a running server through both clients of tritonclient, the way its own examples do; they must agree.

Usage: triton_client.py HOST:PORT, where the model `bank` of tests/common serves over HTTP and gRPC.
"""

import sys

import numpy as np
import tritonclient.grpc
import tritonclient.http

AGES = np.array([30.0, 60.0, 80.0])


def inputs(triton, ages=AGES, age_dtype="FP64", **how):
    n = len(ages)
    columns = {
        "age": (ages.astype(tritonclient.utils.triton_to_np_dtype(age_dtype)), age_dtype),
        "job": (np.array(["clerk", "nurse", "nurse"][:n], dtype=np.object_), "BYTES"),
        "day": (np.array(["2026-11-24"] * n, dtype=np.object_).reshape(n, 1), "BYTES"),
        "x": (np.zeros((n, 2), dtype=np.float32), "FP32"),
    }
    asked = []
    for name, (cells, dtype) in columns.items():
        asked.append(triton.InferInput(name, cells.shape, dtype))
        asked[-1].set_data_from_numpy(cells, **how)
    return asked


def texts(result, name):
    return [x.decode() if isinstance(x, bytes) else x for x in result.as_numpy(name)]


def check(result):
    """What must stand in every answer; what two answers have in common is given back."""
    probabilities = result.as_numpy("probabilities")
    assert probabilities.shape == (3, 2) and probabilities.dtype == np.float64, probabilities
    np.testing.assert_allclose(probabilities[:, 1], AGES / 100)
    labels = texts(result, "label")
    assert labels == ["no", "yes", "yes"], labels
    ids = texts(result, "prediction_id")
    assert len(set(ids)) == 3 and all(len(name) == 32 for name in ids), ids
    return probabilities.tolist(), labels


def about(client, **how):
    """Everything that a client can ask without rows."""
    metadata = client.get_model_metadata("bank", **how)
    names = [column["name"] for column in metadata["inputs"]]
    assert names == ["age", "job", "day", "x"], metadata
    assert client.is_server_live() and client.is_server_ready() and client.is_model_ready("bank")
    ready = [client.is_model_ready(*model) for model in [("boat",), ("bank", "cccccccc"), ("bank", "aaaaaaaa")]]
    assert ready == [False, False, True], ready
    tensors = [(t["name"], t["datatype"], [int(side) for side in t["shape"]])
               for t in metadata["inputs"] + metadata["outputs"]]
    return metadata["name"], metadata["versions"], metadata["platform"], tensors, ready


def refusal(ask):
    try:
        ask()
    except tritonclient.utils.InferenceServerException as refused:
        return refused.message()
    raise AssertionError("what does not fit was answered")


def refusals(triton, client):
    """The words with which a client is refused."""
    wrong = triton.InferInput("age", [3], "BYTES")
    wrong.set_data_from_numpy(np.array(["30"] * 3, dtype=np.object_))
    return [
        refusal(lambda: client.infer("bank", inputs(triton)[1:])),
        refusal(lambda: client.infer("bank", [wrong] + inputs(triton)[1:])),
        refusal(lambda: client.infer("boat", inputs(triton))),
        refusal(lambda: client.infer("bank", inputs(triton), model_version="cccccccc")),
        refusal(lambda: client.infer("bank", inputs(triton), outputs=[triton.InferRequestedOutput("value")])),
    ]


def over_http(url):
    triton = tritonclient.http
    client = triton.InferenceServerClient(url)
    assert "binary_tensor_data" in client.get_server_metadata()["extensions"]
    told = about(client)

    # the defaults: binary in, binary out, every output
    result = client.infer("bank", inputs(triton), request_id="7")
    checked = check(result)
    response = result.get_response()
    assert response["id"] == "7" and response["parameters"]["served_by"] == "intended", response
    assert response["outputs"][0]["parameters"]["binary_data_size"] == 48

    # JSON in, JSON out, outputs by name
    names = ["probabilities", "label", "prediction_id"]
    outputs = [triton.InferRequestedOutput(name, binary_data=False) for name in names]
    result = client.infer("bank", inputs(triton, binary_data=False), outputs=outputs)
    assert check(result) == checked
    assert "data" in result.get_output("label")

    # a version by name, numbers of another width, concurrently
    version = told[1][1]
    request = client.async_infer("bank", inputs(triton, age_dtype="INT32"), model_version=version)
    result = request.get_result()
    assert check(result) == checked
    assert result.get_response()["model_version"] == version

    one = client.infer("bank", inputs(triton, AGES[:1]), outputs=[triton.InferRequestedOutput("label")])
    assert one.as_numpy("label").tolist() == [b"no"] and one.as_numpy("probabilities") is None
    refused = refusals(triton, client)
    client.close()
    return told, checked, response["model_version"], refused


def over_grpc(url):
    triton = tritonclient.grpc
    client = triton.InferenceServerClient(url)
    assert client.get_server_metadata().name == "incumbent"
    told = about(client, as_json=True)

    result = client.infer("bank", inputs(triton), request_id="7")
    checked = check(result)
    response = result.get_response()
    assert response.id == "7" and response.parameters["served_by"].string_param == "intended", response

    version = told[1][1]
    result = client.infer("bank", inputs(triton, age_dtype="INT32"), model_version=version, client_timeout=30)
    assert check(result) == checked
    assert result.get_response().model_version == version

    one = client.infer("bank", inputs(triton, AGES[:1]), outputs=[triton.InferRequestedOutput("label")])
    assert one.as_numpy("label").tolist() == [b"no"] and one.as_numpy("probabilities") is None
    refused = refusals(triton, client)
    client.close()
    return told, checked, response.model_version, refused


def main(url):
    http, grpc = over_http(url), over_grpc(url)
    assert http == grpc, f"the two doors differ:\n{http}\n{grpc}"


main(sys.argv[1])
