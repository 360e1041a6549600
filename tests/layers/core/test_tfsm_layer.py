"""TFSMLayer says what to do in its place."""

import inspect

import keras
import pytest

import torchkeras


def test_says_what_to_do():
    with pytest.raises(RuntimeError, match=r"TensorFlow.*model\.keras.*filepath='folder'"):
        torchkeras.layers.TFSMLayer("folder", call_endpoint="serve")
    with pytest.raises(NotImplementedError):
        keras.layers.TFSMLayer("folder")


def test_signature_is_that_of_keras():
    ours, theirs = (
        [(p.name, p.default) for p in inspect.signature(k.layers.TFSMLayer).parameters.values()]
        for k in (torchkeras, keras)
    )
    assert ours == theirs
