"""What onnxruntime makes of cnn.onnx on the 10,000 test pictures of Fashion-MNIST.

usage: python3 onnxruntime.py FOLDER, which holds cnn.onnx and the unpacked IDX files. Needs numpy and onnxruntime.
"""

import sys
from pathlib import Path

import numpy as np

sys.path.pop(0)  # this file has the name of the package
import onnxruntime

folder = Path(sys.argv[1])
pictures = np.frombuffer((folder / "t10k-images-idx3-ubyte").read_bytes(), np.uint8, offset=16)
labels = np.frombuffer((folder / "t10k-labels-idx1-ubyte").read_bytes(), np.uint8, offset=8)
images = pictures.reshape(-1, 1, 28, 28).astype(np.float32)
options = onnxruntime.SessionOptions()
options.intra_op_num_threads = 1
session = onnxruntime.InferenceSession(str(folder / "cnn.onnx"), options)
answers = np.concatenate([session.run(["probabilities"], {"image": images[i : i + 500]})[0] for i in range(0, len(images), 500)])
accuracy = (answers.argmax(1) == labels).mean()
loss = -np.log(np.maximum(answers[np.arange(len(labels)), labels], 1e-15)).mean()
print(f"onnxruntime: accuracy {accuracy:.4f}, log loss {loss:.4f} on {len(labels)} pictures")
answers[:1000].astype("<f4").tofile(folder / "onnxruntime.f32")
