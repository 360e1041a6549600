"""Record what tf_keras's `flow_from_dataframe` answers (needs tf_keras, pandas and Pillow)."""

import json
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from dataframe_cases import answers
from tf_keras.preprocessing import image

with tempfile.TemporaryDirectory() as folder:
    found = answers(image, folder)
lines = [f"{json.dumps(k)}: {json.dumps(v, separators=(',', ':'))}" for k, v in found.items()]
Path(__file__).with_name("dataframe.json").write_text("{\n" + ",\n".join(lines) + "\n}\n")
print(len(found), "cases")
