"""`keras.preprocessing` of Keras 1 and 2 against recordings of tf_keras, draw for draw."""

import json
from pathlib import Path

import pytest
from preprocessing_cases import answers, same

from torchkeras.compat.names import (
    preprocessing_image as image,
)
from torchkeras.compat.names import preprocessing_sequence as sequence
from torchkeras.compat.names import preprocessing_text as text

GOLDEN = Path(__file__).parents[1] / "golden" / "preprocessing.json"
WANT = json.loads(GOLDEN.read_text())["answers"]


@pytest.fixture(scope="module")
def got():
    return json.loads(json.dumps(answers(image, sequence, text)))


@pytest.mark.parametrize("name", WANT)
def test_as_tf_keras(got, name):
    same(got[name], WANT[name], name)
