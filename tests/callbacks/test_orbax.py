"""OrbaxCheckpoint: Keras's arguments, and one sentence on what to use."""

import inspect

import keras
import pytest

import torchkeras


def test_says_what_to_use():
    with pytest.raises(ValueError, match=r"BackupAndRestore.*ModelCheckpoint.*directory='ckpt'"):
        torchkeras.callbacks.OrbaxCheckpoint("ckpt", save_freq=5, max_to_keep=None)


def test_arguments_are_those_of_keras():
    ours, theirs = (
        {n: p.default for n, p in inspect.signature(c.OrbaxCheckpoint).parameters.items()}
        for c in (torchkeras.callbacks, keras.callbacks)
    )
    assert ours == theirs
