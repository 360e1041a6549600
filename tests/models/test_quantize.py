"""`Model.quantize` against real Keras: which layers, warnings, errors."""

import warnings

import keras
import numpy as np
import pytest

import torchkeras
from oracle import clear_names

pytestmark = pytest.mark.usefixtures("no_collection")


def model(lib):
    clear_names()
    L = lib.layers
    return lib.Sequential(
        [lib.Input((7,)), L.Dense(10, name="first"), L.Dropout(0.1), L.Dense(4, name="second"),
         L.LayerNormalization(), L.Dense(2, name="out")]
    )  # fmt: skip


def outcome(lib, *args, **kwargs):
    m = model(lib)
    with warnings.catch_warnings(record=True) as found:
        warnings.simplefilter("always")
        m.quantize(*args, **kwargs)
    said = [str(w.message) for w in found if "`quantize` method" in str(w.message)]
    return [(x.name, x.dtype_policy.name) for x in m.layers], said


FILTERS = [None, "first", "fir.*", "ir", "^out$", ["first", "out"], [], "nothing",
           lambda layer: layer.name != "out"]  # fmt: skip


@pytest.mark.parametrize("filters", FILTERS, ids=range(len(FILTERS)))
@pytest.mark.parametrize("mode", ["int8", "int4", "float8"])
def test_which_layers(mode, filters):
    if mode == "float8" and filters is not None:
        mode = "int8"
    assert outcome(torchkeras, mode, filters=filters) == outcome(keras, mode, filters=filters)


def test_by_configuration():
    for lib in (torchkeras, keras):
        layers, _ = outcome(lib, config=lib.quantizers.Int8QuantizationConfig(None, None))
        assert dict(layers)["first"] == "int8_from_float32"


@pytest.mark.parametrize(
    ("args", "match"),
    [
        (("foo",), "Invalid quantization mode"),
        ((), "either `mode` or `config`"),
        (("gptq",), "GPTQConfig"),
        (("awq",), "AWQConfig"),
        (("int8", 3), "QuantizationConfig"),
    ],
)
def test_wrong_arguments(args, match):
    for lib in (torchkeras, keras):
        with pytest.raises(ValueError, match=match):
            model(lib).quantize(*args)
        with pytest.raises(ValueError, match="filters"):
            model(lib).quantize("int8", filters=3)


def test_twice_changes_nothing():
    m = model(torchkeras)
    m.quantize("int8", filters="out")
    with pytest.raises(ValueError, match="already quantized"):
        m.quantize("int4")
    assert m.get_layer("first").dtype_policy.name == "float32"


def test_not_built():
    for lib in (torchkeras, keras):
        with pytest.raises(ValueError, match="isn't yet built"):
            lib.Sequential([lib.layers.Dense(2)]).quantize("int8")


def test_users_layers_stay():
    class Mine(torchkeras.layers.Dense):
        pass

    m = torchkeras.Sequential([torchkeras.Input((3,)), Mine(2)])
    with pytest.warns(UserWarning, match="Mine does not have a `quantize`"):
        m.quantize("int8")
    m.quantize("int8", type_check=False)
    assert m.layers[0].quantization_mode == "int8"


def test_training_goes_on():
    m = model(torchkeras)
    x, y = np.ones((8, 7), "float32"), np.ones((8, 2), "float32")
    m.compile("sgd", "mse")
    m.quantize("int8", filters=["first"])
    before = m.get_layer("first").get_weights()
    m.fit(x, y, verbose=0)
    after = m.get_layer("first").get_weights()
    assert not np.array_equal(before[0], after[0])  # the bias learns, the numbers do not
    assert np.array_equal(before[1], after[1])
