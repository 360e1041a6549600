"""Record what real Keras's directory datasets give; run with TensorFlow."""

import json
import os
import sys
import tempfile
from pathlib import Path

os.environ["KERAS_BACKEND"] = "tensorflow"
sys.path.insert(0, str(Path(__file__).parents[1]))

import keras
from directory_cases import answers

with tempfile.TemporaryDirectory() as root:
    found = {"keras": keras.__version__, "answers": answers(keras.utils, Path(root))}
path = Path(__file__).with_name("directory_datasets.json")
path.write_text(json.dumps(found, separators=(",", ":"), ensure_ascii=False) + "\n")
