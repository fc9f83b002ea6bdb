"""Writes the pictures beside it, and pictures.json: what Pillow makes of them. Needs pillow and numpy."""

import json
from pathlib import Path

import numpy as np
from PIL import Image

here = Path(__file__).parent
y, x = np.mgrid[0:8, 0:12]
ramp = Image.fromarray(np.stack([x * 20, y * 30, 255 - x * 20], -1).astype(np.uint8))
ramp.save(here / "ramp.jpg", quality=95, subsampling=0)
ramp.save(here / "progressive.jpg", quality=95, progressive=True)
Image.fromarray((x * 20).astype(np.uint8)).save(here / "grey.jpg", quality=95)
ramp.convert("CMYK").save(here / "cmyk.jpg", quality=95)
ramp.quantize(8).save(here / "palette.png")
noise = np.random.RandomState(1).randint(0, 256, (5, 7, 3)).astype(np.uint8)
Image.fromarray(noise).save(here / "noise.png")

# Pillow rounds after each direction of resizing, and after making colour grey; JPEG decoders differ by a few steps.
wanted = [
    ("ramp.jpg", (3, 8, 12), 2), ("progressive.jpg", (3, 8, 12), 6), ("grey.jpg", (1, 8, 12), 2),
    ("cmyk.jpg", (3, 8, 12), 4), ("palette.png", (3, 8, 12), 0), ("noise.png", (3, 5, 7), 0),
    ("noise.png", (1, 5, 7), 0.51), ("noise.png", (3, 2, 3), 1.01), ("noise.png", (3, 8, 11), 1.01),
    ("noise.png", (3, 3, 7), 1.01), ("noise.png", (3, 5, 2), 1.01), ("noise.png", (3, 9, 3), 1.01),
]
golden = []
for file, (channels, height, width), within in wanted:
    picture = Image.open(here / file).convert("L" if channels == 1 else "RGB")
    block = np.asarray(picture.resize((width, height), Image.Resampling.BILINEAR))
    numbers = block.reshape(height, width, channels).transpose(2, 0, 1).ravel().tolist()
    golden.append({"file": file, "shape": [channels, height, width], "numbers": numbers, "within": within})
(here / "pictures.json").write_text(json.dumps(golden) + "\n")
