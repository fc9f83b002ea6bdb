"""Asks a running server for a picture through both clients of tritonclient, encoded and as its numbers.

Usage: triton_pictures.py HOST:PORT FILE.png, where the model `pets` of tests/pictures.rs serves.
"""

import sys

import numpy as np
import tritonclient.grpc
import tritonclient.http


def ask(triton, client, cells, dtype):
    image = triton.InferInput("image", cells.shape, dtype)
    image.set_data_from_numpy(cells)
    return client.infer("pets", [image]).as_numpy("probabilities").tolist()


def main(url, file):
    with open(file, "rb") as picture:
        encoded = np.array([picture.read()], dtype=np.object_)
    numbers = np.array([51, 0, 128, 255], dtype=np.uint8).reshape(1, 1, 2, 2)
    for triton in (tritonclient.http, tritonclient.grpc):
        client = triton.InferenceServerClient(url)
        for cells, dtype in [(encoded, "BYTES"), (encoded.reshape(1, 1), "BYTES"), (numbers, "UINT8")]:
            answer = ask(triton, client, cells, dtype)
            assert answer == [[0.2, 0.8]], (triton.__name__, dtype, answer)
        client.close()


main(*sys.argv[1:])
