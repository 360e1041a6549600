"""The modules under Keras's names."""

import sys

import pytest
from alias_child import run_code

import torchkeras
from torchkeras.compat import install, modules, uninstall

SAME = """
import torchkeras
from keras.layers import Dense
from tensorflow.keras.layers import Dense as a
from tensorflow.python.keras.layers.core import Dense as b
from tensorflow.compat.v1.keras.layers import Dense as c
from tensorflow.compat.v2.keras.layers import Dense as d
from tensorflow.contrib.keras.api.keras.layers import Dense as e
from keras.layers.core import Dense as f
from keras.layers.core.dense import Dense as g
from keras.src.layers.core.dense import Dense as h
from keras.api._v2.keras.layers import Dense as i
from keras._tf_keras.keras.layers import Dense as j
from tf_keras.layers import Dense as k
from tf_keras.src.layers.core.dense import Dense as l
from keras_core.layers import Dense as m
from keras.engine.topology import Layer, InputSpec
from keras.engine import Model
from keras.objectives import mean_squared_error
from keras.backend.tensorflow_backend import epsilon
from keras.utils.np_utils import to_categorical
from keras.layers.recurrent import SimpleRNN, GRU, LSTM
from keras.layers.convolutional import Conv1D, Conv2D
from keras.layers.pooling import MaxPooling1D, MaxPooling2D
from keras.layers.core import Dropout
from keras.layers.normalization import BatchNormalization
from keras.layers.normalization.batch_normalization import BatchNormalization as n
from keras.layers.rnn.lstm import LSTM as o
from keras.optimizers.schedules.learning_rate_schedule import ExponentialDecay
from keras.callbacks.callbacks import EarlyStopping
from tensorflow.keras.callbacks import EarlyStopping as p
import keras, tensorflow as tf, tensorflow.keras as tk, tensorflow.keras.backend as K
import keras.layers.core
import tensorflow.contrib.keras.api as q, tensorflow.python as r
assert q.layers.Dense is r.keras.layers.Dense is Dense
assert {a, b, c, d, e, f, g, h, i, j, k, l, m, torchkeras.layers.Dense} == {Dense}
assert tf.keras.layers.Dense is tk.layers.Dense is keras.layers.core.Dense is Dense
assert o is LSTM and n is BatchNormalization and EarlyStopping is p is tk.callbacks.EarlyStopping
assert callable(keras.layers.add) and "Dense" in dir(keras.layers)
assert keras.losses.mean_squared_error is mean_squared_error
assert K.epsilon() == 1e-7 and keras.__version__.startswith("3.")
from keras.layers import *
assert Conv2D is keras.layers.Conv2D
for bad in ("keras.laers", "keras.layers.core.nonsense", "tensorflow.keras.nonsense"):
    try:
        __import__(bad)
    except ModuleNotFoundError as error:
        print(error)
    else:
        raise AssertionError(bad)
try:
    keras.layers.Dens
except AttributeError as error:
    print(error)
"""


def test_every_way_to_the_same_class():
    done = run_code(SAME)
    lines = done.stdout.splitlines()
    assert "'keras.laers' in torchkeras. Did you mean 'layers'" in lines[0]
    assert lines[3].startswith("module 'keras.layers' has no attribute 'Dens'")


def test_install_in_this_process():
    install("keras_core")
    try:
        import keras_core.layers

        assert keras_core.layers.Dense is torchkeras.layers.Dense
        assert sys.modules["keras_core"].layers is keras_core.layers
        install("keras_core")  # twice is once
    finally:
        uninstall("keras_core")
    assert "keras_core" not in sys.modules
    with pytest.raises(ModuleNotFoundError):
        import keras_core


def test_install_refuses():
    with pytest.raises(ValueError, match=r"package must be one of keras, .* Received: 'numpy'"):
        install("numpy")
    import keras

    with pytest.raises(RuntimeError, match="real 'keras' was already imported"):
        install("keras")
    install("keras", force=True)
    try:
        import keras as alias

        assert alias.layers.Dense is torchkeras.layers.Dense
    finally:
        uninstall()
    import keras as again

    assert again is keras


def test_import_of_torchkeras_aliases_nothing():
    code = "import sys, torchkeras; print([n for n in ('keras', 'tensorflow') if n in sys.modules])"
    import subprocess

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize("path", sorted(p for p in modules._table() if modules.sources(p)))
def test_sources_are_there(path):
    # A row of the table that leads nowhere would be found by a user only.
    import importlib.util

    for source in modules.sources(path):
        assert importlib.util.find_spec(source) is not None, source
