"""Asks a running server through tritonclient, the way its own examples do.

Usage: triton_client.py HOST:PORT, where the model `bank` of tests/common serves.
"""

import sys

import numpy as np
import tritonclient.http as triton

AGES = np.array([30.0, 60.0, 80.0])


def inputs(binary, ages=AGES, age_dtype="FP64"):
    n = len(ages)
    columns = {
        "age": (ages.astype(triton.triton_to_np_dtype(age_dtype)), age_dtype),
        "job": (np.array(["clerk", "nurse", "nurse"][:n], dtype=np.object_), "BYTES"),
        "day": (np.array(["2026-11-24"] * n, dtype=np.object_).reshape(n, 1), "BYTES"),
        "x": (np.zeros((n, 2), dtype=np.float32), "FP32"),
    }
    asked = []
    for name, (cells, dtype) in columns.items():
        asked.append(triton.InferInput(name, cells.shape, dtype))
        asked[-1].set_data_from_numpy(cells, binary_data=binary)
    return asked


def check(result):
    probabilities = result.as_numpy("probabilities")
    assert probabilities.shape == (3, 2) and probabilities.dtype == np.float64, probabilities
    np.testing.assert_allclose(probabilities[:, 1], AGES / 100)
    labels = [x.decode() if isinstance(x, bytes) else x for x in result.as_numpy("label")]
    assert labels == ["no", "yes", "yes"], labels
    ids = {x.decode() if isinstance(x, bytes) else x for x in result.as_numpy("prediction_id")}
    assert len(ids) == 3 and all(len(name) == 32 for name in ids), ids


def main(url):
    client = triton.InferenceServerClient(url)
    assert client.is_server_live() and client.is_server_ready() and client.is_model_ready("bank")
    assert not client.is_model_ready("boat")
    assert "binary_tensor_data" in client.get_server_metadata()["extensions"]
    metadata = client.get_model_metadata("bank")
    assert [column["name"] for column in metadata["inputs"]] == ["age", "job", "day", "x"], metadata

    # the defaults: binary in, binary out, every output
    result = client.infer("bank", inputs(binary=True), request_id="7")
    check(result)
    assert result.get_response()["id"] == "7"
    assert result.get_response()["parameters"]["served_by"] == "intended"
    assert result.get_response()["outputs"][0]["parameters"]["binary_data_size"] == 48

    # JSON in, JSON out, outputs by name
    names = ["probabilities", "label", "prediction_id"]
    outputs = [triton.InferRequestedOutput(name, binary_data=False) for name in names]
    result = client.infer("bank", inputs(binary=False), outputs=outputs)
    check(result)
    assert "data" in result.get_output("label")

    # a version by name, numbers of another width, concurrently
    version = metadata["versions"][1]
    request = client.async_infer("bank", inputs(True, age_dtype="INT32"), model_version=version)
    result = request.get_result()
    check(result)
    assert result.get_response()["model_version"] == version

    one = client.infer("bank", inputs(True, AGES[:1]), outputs=[triton.InferRequestedOutput("label")])
    assert one.as_numpy("label").tolist() == [b"no"] and one.as_numpy("probabilities") is None

    try:
        client.infer("bank", inputs(binary=True)[1:])
        raise AssertionError("a missing input was answered")
    except triton.InferenceServerException as refusal:
        assert "input `age` is missing" in refusal.message(), refusal
    client.close()


main(sys.argv[1])
