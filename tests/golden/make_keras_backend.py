"""Record what the functions of Keras 2's `keras.backend` return (needs tf_keras)."""

import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

import tf_keras.backend as K
from keras_backend_cases import results

found = results(K)
path = Path(__file__).with_name("keras_backend.json")
lines = [f"{json.dumps(k)}: {json.dumps(v, separators=(',', ':'))}" for k, v in found.items()]
path.write_text("{\n" + ",\n".join(lines) + "\n}\n")
print(len(found), "cases of", len({k.partition("(")[0] for k in found}), "functions")
