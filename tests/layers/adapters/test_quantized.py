"""int8, int4 and float8 against real Keras: variables, numbers, gradients, configs."""

import copy
import pickle

import keras
import numpy as np
import pytest
import torch
from adapter_samples import LAYERS, PRODUCTS, QUANTIZED, fill, make

import torchkeras
from oracle import _run, assert_close, check_weights, normalise_config, rand, to_numpy

pytestmark = pytest.mark.usefixtures("no_collection")

FORMS = {
    "int8": lambda q: q.Int8QuantizationConfig(),
    "int8_weights": lambda q: q.Int8QuantizationConfig(None, None),
    "int4": lambda q: q.Int4QuantizationConfig(block_size=-1),
    "int4_inputs": lambda q: q.Int4QuantizationConfig(None, q.AbsMaxQuantizer(-1), -1),
    "int4_blocks": lambda q: q.Int4QuantizationConfig(block_size=3),
    "int4_default": lambda q: q.Int4QuantizationConfig(),
    "float8": lambda q: q.Float8QuantizationConfig(),
}
QUICK = ("dense", "einsum", "embedding", "untied")
PAIRS = [(n, f) for n in QUANTIZED for f in FORMS if f != "float8" or n in PRODUCTS]


def quantized(lib, name, form, lora=False, **kwargs):
    layer = make(lib, name, **kwargs)
    fill(layer)
    layer.quantize(config=FORMS[form](lib.quantizers))
    if lora:
        layer.enable_lora(2, 3.0)
        for i, part in enumerate("ab"):
            v = getattr(layer, f"lora_{LORA[layer.__class__.__name__]}_{part}")
            v.assign(rand(*v.shape, seed=i))
    return layer


LORA = dict.fromkeys(("Embedding", "ReversibleEmbedding"), "embeddings") | dict.fromkeys(
    ("Dense", "EinsumDense"), "kernel"
)


def values(layer):
    return [to_numpy(v) for v in layer.weights]


@pytest.mark.parametrize(("name", "form"), PAIRS)
def test_numbers_and_gradients(name, form):
    ours, theirs = quantized(torchkeras, name, form), quantized(keras, name, form)
    check_weights(ours, theirs)
    assert_close(values(ours), values(theirs), 1e-6, 1e-7, "variables")
    a, b = normalise_config(ours.get_config()), normalise_config(theirs.get_config())
    assert a == b
    assert ours.dtype_policy.name == theirs.dtype_policy.name
    assert ours.quantization_mode == theirs.quantization_mode
    # Keras cannot derive these.
    grads = form != "int8_weights" or name not in ("einsum_last", "einsum_mixed", "einsum_shared")
    got, want = (_run(x, LAYERS[name][1], {}, None, True, grads) for x in (ours, theirs))
    for what in set(got) & {"outputs", "input gradients", "weight gradients"}:
        assert_close(got[what], want[what], 1e-5, 2e-6, what)
    weight = ours._target
    assert_close(getattr(ours, weight), getattr(theirs, weight), 1e-6, 1e-7, weight)
    again = type(ours).from_config(a)
    again(LAYERS[name][1])
    store = {}
    ours.save_own_variables(store)
    again.load_own_variables(store)
    assert_close(again(LAYERS[name][1]), ours(LAYERS[name][1]), 1e-6, 1e-7)


# Keras multiplies shapes that do not fit if the last axis of the kernel is not the output's last.
WITH_LORA = [
    p
    for p in PAIRS
    if p[1] != "float8" and p[0] not in ("einsum_last", "einsum_mixed", "einsum_shared")
]


@pytest.mark.parametrize(("name", "form"), WITH_LORA)
def test_with_lora(name, form):
    ours, theirs = (quantized(lib, name, form, lora=True) for lib in (torchkeras, keras))
    check_weights(ours, theirs)
    got, want = (_run(x, LAYERS[name][1], {}, None, True, True) for x in (ours, theirs))
    for what in ("outputs", "input gradients", "weight gradients"):
        assert_close(got[what], want[what], 1e-5, 2e-6, what)
    stores = [{}, {}]
    for layer, store in zip((ours, theirs), stores, strict=True):
        layer.save_own_variables(store)
    stores = [{k: to_numpy(v) for k, v in s.items()} for s in stores]
    assert set(stores[0]) == set(stores[1])
    for key, value in stores[1].items():
        off = np.abs(stores[0][key].astype("float64") - value.astype("float64"))
        # A sum that is half a step away from two numbers goes to either.
        assert (off > 1e-5 * np.maximum(1, np.abs(value))).mean() < 0.05, key


@pytest.mark.parametrize("form", [f for f in FORMS if f != "float8"])
@pytest.mark.parametrize("name", ["reversible", "untied"])
def test_reverse(name, form):
    x = rand(2, 3, 7)
    ours, theirs = (quantized(lib, name, form) for lib in (torchkeras, keras))
    assert_close(ours(x, reverse=True), theirs(x, reverse=True), 1e-5, 2e-6)
    ours.enable_lora(2)
    before = ours(x, reverse=True)
    ours.lora_embeddings_b.assign(torch.ones(2, 7))
    assert torch.equal(before, ours(x, reverse=True)) == (name == "untied")


@pytest.mark.parametrize("dtype", ["mixed_bfloat16", "bfloat16", "float64"])
@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("name", ["dense", "einsum", "embedding"])
def test_dtypes(name, form, dtype):
    if name == "embedding" and form == "float8":
        name = "dense"
    rows = []
    for lib in (torchkeras, keras):
        layer = quantized(lib, name, form, dtype=dtype)
        y = layer(torch.tensor(LAYERS[name][1]))
        rows.append((str(y.dtype), [str(v.dtype).split(".")[-1] for v in layer.weights], y))
    assert rows[0][:2] == rows[1][:2]
    assert_close(rows[0][2], rows[1][2], 5e-2, 5e-2)


POLICIES = ["int8", "int4", "int4/3", "int4/-1", "float8"]


@pytest.mark.parametrize("mode", POLICIES)
@pytest.mark.parametrize("name", QUICK)
@pytest.mark.parametrize("lora", [None, 2])
def test_constructor(name, mode, lora):
    if mode == "float8" and (name not in PRODUCTS or lora):
        name, lora = "dense", None
    if name in ("einsum_last", "einsum_mixed"):
        lora = None
    layers = []
    for lib in (torchkeras, keras):
        layer = make(
            lib, name, dtype=f"{mode}_from_float32", **({"lora_rank": lora} if lora else {})
        )
        numbers = []
        for i, w in enumerate(layer.get_weights()):
            rng = np.random.default_rng(i)
            whole = w.dtype == np.int8
            value = rng.integers(-8, 8, w.shape) if whole else rng.uniform(0.5, 2, w.shape)
            numbers.append(value.astype(w.dtype))
        layer.set_weights(numbers)
        if hasattr(layer, "g_idx"):
            layer.g_idx.assign(np.arange(layer.g_idx.shape[0]) // 3)
        layers.append(layer)
    check_weights(*layers)
    assert_close(*(layer(LAYERS[name][1]) for layer in layers), 1e-5, 2e-6)
    assert normalise_config(layers[0].get_config()) == normalise_config(layers[1].get_config())


@pytest.mark.parametrize("training", [True, False, None])
@pytest.mark.parametrize("name", ["dense", "einsum"])
def test_float8_state(name, training):
    grads = []
    for lib in (torchkeras, keras):
        policy = lib.dtype_policies.QuantizedFloat8DTypePolicy("float8", amax_history_length=4)
        layer = make(lib, name, dtype=policy)
        fill(layer)
        for i, part in enumerate(("inputs", "kernel", "outputs_grad")):
            getattr(layer, f"{part}_scale").assign(0.01 * (i + 1))
            getattr(layer, f"{part}_amax_history").assign(np.arange(4) + i)
        kwargs = {} if training is None else {"training": training}
        layer(torch.tensor(LAYERS[name][1]), **kwargs).square().sum().backward()
        own = [v if lib is torchkeras else v.value for v in layer.trainable_variables]
        grads.append([to_numpy(v.grad) for v in own])
    assert_close(*grads, 1e-5, 1e-6)


def test_float8_training_like_keras():
    results = []
    for lib in (torchkeras, keras):
        policy = lib.dtype_policies.QuantizedFloat8DTypePolicy("float8", amax_history_length=4)
        layer = make(lib, "dense", dtype=policy)
        layer.kernel.assign(rand(7, 10))
        model = lib.Sequential([lib.Input((7,)), layer])
        model.compile("adam", "mse")
        history = model.fit(
            rand(12, 7), rand(12, 10, seed=1), batch_size=4, epochs=3, shuffle=False, verbose=0
        )
        results.append(
            (history.history["loss"], model.get_weights(), len(model.optimizer.variables))
        )
    assert_close(results[0][:2], results[1][:2], 2e-3, 2e-3)
    assert results[0][2] == results[1][2]


@pytest.mark.parametrize("form", FORMS)
def test_copies_stand_alone(form):
    layer = quantized(torchkeras, "dense", form)
    x = torch.tensor(LAYERS["dense"][1])
    y = layer(x)
    for other in (copy.deepcopy(layer), pickle.loads(pickle.dumps(layer))):
        assert torch.equal(other(x), y)
        with torch.no_grad():
            other.bias.add_(1)
        assert not torch.equal(other(x), y) and torch.equal(layer(x), y)


@pytest.mark.parametrize("form", FORMS)
def test_moves(form):
    layer = quantized(torchkeras, "dense", form)
    layer.to(torch.float64)
    assert layer.quantization_mode == form.split("_")[0] and layer.compute_dtype == "float64"
    assert layer(LAYERS["dense"][1]).dtype is torch.float64


@pytest.mark.parametrize("mode", ["int8", "int4", "float8"])
def test_attention(mode):
    results = []
    for lib in (torchkeras, keras):
        i = lib.Input((5, 8))
        model = lib.Model(i, lib.layers.MultiHeadAttention(2, 4, name="mha")(i, i))
        fill(model)
        model.quantize(mode, filters="query|key|value|output")
        results.append([model(rand(2, 5, 8)), model.predict(rand(2, 5, 8), verbose=0)])
    assert_close(results[0], results[1], 1e-5, 2e-6)
    config = normalise_config(model.get_layer("mha").get_config()["dtype"])
    assert config["class_name"] == "DTypePolicy"  # Keras's cannot be loaded again; ours names all


def test_refused():
    for lib in (torchkeras, keras):
        L, q = lib.layers, lib.quantizers
        with pytest.raises(ValueError, match="isn't yet built"):
            L.Dense(3).quantize("int8")
        layer = make(lib, "dense")
        layer.quantize("int8")
        with pytest.raises(ValueError, match="already quantized"):
            layer.quantize("int4")
        with pytest.raises(ValueError, match="Invalid quantization mode"):
            make(lib, "dense").quantize("int5")
        with pytest.raises(ValueError, match="ontradictory"):
            make(lib, "dense").quantize("int8", config=q.Int4QuantizationConfig())
        with pytest.raises(NotImplementedError, match="does not have a `quantize`"):
            L.Dropout(0.1).quantize("int8")
        with pytest.raises(NotImplementedError, match="Expected one of"):
            make(lib, "embedding").quantize("float8")
        mine = type("Mine", (L.Dense,), {})(3)
        mine.build((None, 2))
        with pytest.raises(NotImplementedError, match="Mine does not have a `quantize`"):
            mine.quantize("int8")
        layer = L.Dense(3, dtype="mixed_float16")
        layer.build((None, 2))
        with pytest.raises(ValueError, match="float16"):
            layer.quantize("int8")


def test_a_wrong_quantizer_changes_nothing():
    layer = make(torchkeras, "dense")
    config = torchkeras.quantizers.Int8QuantizationConfig(torchkeras.quantizers.AbsMaxQuantizer(1))
    with pytest.raises(ValueError, match="weight_quantizer must give a scale of shape"):
        layer.quantize(config=config)
    assert layer.kernel.dtype is torch.float32 and layer.quantization_mode is None


@pytest.mark.parametrize("name", ["dense", "einsum", "embedding", "reversible"])
def test_a_quantizer_of_the_users(name):
    """It sees the weight as Keras shows it; what quantizes inputs is an attribute."""
    found = []
    for lib in (torchkeras, keras):
        layer = make(lib, name)
        fill(layer)
        axis = -1 if "embeddings" in layer.weights[0].name else 0
        quantizer = lib.quantizers.AbsMaxQuantizer(axis=axis, value_range=(-8, 7))
        inputs = lib.quantizers.AbsMaxQuantizer(axis=-1)
        layer.quantize(config=lib.quantizers.Int4QuantizationConfig(quantizer, inputs, None))
        if name != "embedding":
            assert type(layer.inputs_quantizer) is lib.quantizers.AbsMaxQuantizer
        found.append(values(layer))
    assert_close(*found, 1e-6, 1e-7, "variables")


@pytest.mark.parametrize("lib", [torchkeras, keras])
def test_unknown_modes(lib):
    layer = make(lib, "dense")
    with pytest.raises(ValueError):  # noqa: PT011
        layer.quantize("int7")
    with pytest.raises(NotImplementedError, match="Invalid quantization mode"):
        layer.quantized_build((3, 4), "int7")
    assert layer.quantization_mode is None


def test_a_model_of_an_embedding_alone(tmp_path):
    """Its layer was built without a shape, which its config says."""
    for lib, other in ((torchkeras, keras), (keras, torchkeras)):
        layer = lib.layers.Embedding(10, 16)
        layer.build()
        layer.quantize("int8")
        assert layer.get_build_config() == {"shapes_dict": {}}
        model = lib.Sequential([layer])
        path = str(tmp_path / f"{lib.__name__}.keras")
        model.save(path)
        x = np.arange(6).reshape(2, 3)
        want = to_numpy(model(x))
        for reader in (lib, other):
            assert_close(to_numpy(reader.saving.load_model(path)(x)), want)
