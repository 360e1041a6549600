"""Record Keras's Lanczos resizing, which it has on TensorFlow and JAX only.

KERAS_BACKEND=tensorflow python tests/golden/make_lanczos.py
"""

import json
from pathlib import Path

import keras
import numpy as np

CASES = [
    ((6, 8, 2), (3, 4)),
    ((6, 8, 2), (8, 9)),
    ((5, 7, 1), (5, 3)),
    ((3, 3, 2), (1, 7)),
]


def main() -> None:
    rows = []
    for interpolation in ("lanczos3", "lanczos5"):
        for antialias in (False, True):
            for shape, size in CASES:
                x = np.random.RandomState(0).rand(*shape).astype("float32")
                y = keras.ops.image.resize(x, size, interpolation, antialias=antialias)
                y = keras.ops.convert_to_numpy(y).astype("float64").round(7).tolist()
                row = {"interpolation": interpolation, "antialias": antialias}
                rows.append({**row, "shape": shape, "size": size, "output": y})
    text = "[\n" + ",\n".join(json.dumps(r) for r in rows) + "\n]\n"
    folder = Path(__file__).parents[1] / "ops" / "image"
    (folder / "lanczos.json").write_text(text)


if __name__ == "__main__":
    main()
