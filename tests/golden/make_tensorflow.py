"""Record what real TensorFlow makes of `tests/tf_expressions.py`.

python tests/golden/make_tensorflow.py     (needs tensorflow)
"""

import json
import sys
from pathlib import Path

import numpy as np
import tensorflow as tf

sys.path.insert(0, str(Path(__file__).parents[1]))
from tf_expressions import EXPRESSIONS, GRADIENTS, SETUP


def plain(value):
    if isinstance(value, (tf.Tensor, tf.Variable, np.ndarray)):
        array = np.asarray(value)
        numbers = array.astype("float64") if array.dtype.kind == "f" else array
        return {"dtype": str(array.dtype), "shape": list(array.shape),
                "values": [float(f"{v:.7g}") if array.dtype.kind == "f" else v.item()
                           for v in numbers.ravel()]}  # fmt: skip
    return {"plain": [plain(v) if isinstance(v, tf.Tensor) else v for v in value]
            if isinstance(value, list) else value}  # fmt: skip


names = {"tf": tf}
exec(SETUP, names)
found = {e: plain(eval(e, names)) for e in EXPRESSIONS}
for label, code in GRADIENTS.items():
    exec(code, names)
    found[label] = plain(names["result"])
target = Path(__file__).with_name("tensorflow.json")
target.write_text(json.dumps(found, separators=(",", ":")) + "\n")
print(len(found), "results", target.stat().st_size, "bytes")
