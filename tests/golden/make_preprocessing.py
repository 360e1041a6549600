"""Record what `tf_keras.preprocessing` answers; run with tf_keras, scipy, Pillow and pandas."""

import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

import tf_keras
from preprocessing_cases import answers
from tf_keras.preprocessing import image, sequence, text

found = {"tf_keras": tf_keras.__version__, "answers": answers(image, sequence, text)}
path = Path(__file__).with_name("preprocessing.json")
path.write_text(json.dumps(found, separators=(",", ":")) + "\n")
