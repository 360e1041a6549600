"""`keras.preprocessing` of Keras 1 and 2 against recordings of tf_keras, draw for draw."""

import json
from pathlib import Path

import numpy as np
import pytest
from preprocessing_cases import answers

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


def same(got, want, where):
    assert type(got) is type(want), where
    if isinstance(want, dict):
        assert list(got) == list(want), where
        for key in want:
            same(got[key], want[key], f"{where}.{key}")
    elif isinstance(want, list) and want and isinstance(want[0], float):
        np.testing.assert_allclose(got, want, rtol=2e-5, atol=2e-3, err_msg=where)
    elif isinstance(want, list):
        assert len(got) == len(want), where
        for i, (a, b) in enumerate(zip(got, want, strict=True)):
            same(a, b, f"{where}[{i}]")
    elif isinstance(want, float):
        assert got == pytest.approx(want, rel=1e-5, abs=1e-4), where
    else:
        assert got == want, where


@pytest.mark.parametrize("name", WANT)
def test_as_tf_keras(got, name):
    same(got[name], WANT[name], name)
