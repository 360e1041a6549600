"""Record what TensorFlow's `tf.summary` writes (needs TensorFlow, TensorBoard and Pillow)."""

import json
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

import tensorflow as tf
from summary_cases import read, write

with tempfile.TemporaryDirectory() as folder:
    said = write(tf, folder)
    found = read(folder)
lines = [f"[\n{','.join(json.dumps(said).split(','))}", *(json.dumps(row) for row in found)]
Path(__file__).with_name("summaries.json").write_text(",\n".join(lines) + "\n]\n")
print(len(found), "summaries")
