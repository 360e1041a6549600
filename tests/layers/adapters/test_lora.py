"""LoRA against real Keras: numbers, gradients, weights, configs, training, copies."""

import copy
import gc
import pickle
import weakref

import keras
import numpy as np
import pytest
import torch
from adapter_samples import LAYERS, fill, make

import torchkeras
from oracle import _run, assert_close, check_weights, normalise_config, rand
from torchkeras.core.stateful import is_standard


def adapted(lib, name, rank=2, **kwargs):
    layer = make(lib, name)
    layer.enable_lora(rank, **kwargs)
    fill(layer, seed=10)
    return layer


@pytest.mark.parametrize("name", LAYERS)
@pytest.mark.parametrize("args", [{}, {"rank": 3, "lora_alpha": 5.0}])
def test_numbers_and_gradients(name, args):
    ours, theirs = adapted(torchkeras, name, **args), adapted(keras, name, **args)
    check_weights(ours, theirs)
    got, want = (_run(x, LAYERS[name][1], {}, None, None, True) for x in (ours, theirs))
    for what in ("outputs", "input gradients", "weight gradients"):
        assert_close(got[what], want[what], 1e-5, 2e-6, what)
    weight = ours._target
    assert_close(getattr(ours, weight), getattr(theirs, weight), 1e-5, 1e-6, weight)
    a, b = normalise_config(ours.get_config()), normalise_config(theirs.get_config())
    assert a == b and a["lora_rank"] == args.get("rank", 2)


@pytest.mark.parametrize("name", ["dense", "einsum", "embedding", "conv2d"])
@pytest.mark.parametrize("dtype", ["mixed_bfloat16", "float64"])
def test_dtypes(name, dtype):
    results = []
    for lib in (torchkeras, keras):
        layer = make(lib, name, dtype=dtype)
        layer.enable_lora(2)
        fill(layer)
        y = layer(torch.tensor(LAYERS[name][1]))
        results.append((str(y.dtype), y))
    assert results[0][0] == results[1][0]
    assert_close(results[0][1], results[1][1], 3e-2, 3e-2)


@pytest.mark.parametrize("name", ["dense", "einsum", "embedding", "reversible", "conv2d"])
def test_constructor(name):
    rows = []
    for lib in (torchkeras, keras):
        layer = make(lib, name, lora_rank=2)
        layer.set_weights([rand(*w.shape, seed=3) for w in layer.get_weights()])
        y = layer(LAYERS[name][1])
        rows.append(([(v.path, tuple(v.shape), v.trainable) for v in layer.weights], y))
        assert layer.lora_enabled and type(layer).from_config(layer.get_config()).lora_rank == 2
    assert rows[0][0] == rows[1][0]
    assert_close(rows[0][1], rows[1][1], 1e-5, 1e-6)


def test_alpha_of_the_constructor_counts():
    layer = torchkeras.layers.Dense(3, lora_rank=2, lora_alpha=6.0)
    layer.build((None, 4))
    layer.lora_kernel_b.assign(torch.ones(2, 3))
    change = layer.kernel - layer._kernel
    assert torch.allclose(change, 3.0 * (layer.lora_kernel_a @ layer.lora_kernel_b), atol=1e-6)


@pytest.mark.parametrize("name", LAYERS)
def test_nothing_changes_at_first(name):
    layer = make(torchkeras, name)
    before = layer(LAYERS[name][1])
    layer.enable_lora(2)
    assert_close(layer(LAYERS[name][1]), before, 1e-6, 1e-7)
    layer.lora_enabled = False
    assert_close(layer(LAYERS[name][1]), before, 1e-6, 1e-7)


@pytest.mark.parametrize("name", LAYERS)
def test_file_holds_the_merged_weight(name):
    stores = []
    for lib in (torchkeras, keras):
        layer = adapted(lib, name)
        store = {}
        layer.save_own_variables(store)
        stores.append({k: np.asarray(keras.ops.convert_to_numpy(v)) for k, v in store.items()})
    assert_close(*stores, 1e-5, 1e-6)
    layer = adapted(torchkeras, name)
    y = layer(LAYERS[name][1])
    other = make(torchkeras, name)
    other.enable_lora(2)
    other.load_own_variables(stores[0])
    assert_close(other(LAYERS[name][1]), y, 1e-5, 2e-6)
    assert not getattr(other, f"lora_{other._target}_b").any()
    with pytest.raises(ValueError, match="expects variables of the shapes"):
        other.load_own_variables({"0": np.ones((1, 1))})


@pytest.mark.parametrize("name", LAYERS)
def test_copies_stand_alone(name):
    layer = adapted(torchkeras, name)
    x = torch.tensor(LAYERS[name][1])
    y = layer(x)
    for other in (copy.deepcopy(layer), pickle.loads(pickle.dumps(layer))):
        assert torch.equal(other(x), y)
        with torch.no_grad():
            getattr(other, f"lora_{other._target}_b").zero_()
        assert not torch.equal(other(x), y) and torch.equal(layer(x), y)


def test_state_dict():
    layer, other = adapted(torchkeras, "dense"), make(torchkeras, "dense")
    other.enable_lora(2)
    other.load_state_dict(layer.state_dict())
    x = LAYERS["dense"][1]
    assert torch.equal(other(x), layer(x))
    assert list(layer.state_dict()) == ["_kernel", "bias", "lora_kernel_a", "lora_kernel_b"]


@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
def test_training_like_keras(optimizer):
    results = []
    for lib in (torchkeras, keras):
        layer = adapted(lib, "dense")
        model = lib.Sequential([lib.Input((7,)), layer])
        model.compile(optimizer, "mse")
        x, y = rand(12, 7), rand(12, 10, seed=1)
        history = model.fit(x, y, batch_size=4, epochs=3, shuffle=False, verbose=0)
        results.append(
            (history.history["loss"], model.get_weights(), len(model.optimizer.variables))
        )
        kernel = keras.ops.convert_to_numpy(layer._kernel)
        assert np.array_equal(kernel, rand(7, 10, seed=10))  # frozen
    assert_close(results[0][:2], results[1][:2], 1e-4, 1e-5)
    assert results[0][2] == results[1][2]


def test_optimizer_must_be_told():
    for lib in (torchkeras, keras):
        model = lib.Sequential([lib.Input((7,)), lib.layers.Dense(2)])
        model.compile("adam", "mse")
        model.fit(rand(4, 7), rand(4, 2), verbose=0)
        model.layers[-1].enable_lora(2)
        with pytest.raises(ValueError, match=r"compile|Unknown variable"):
            model.fit(rand(4, 7), rand(4, 2), verbose=0)
        model.compile("adam", "mse")
        model.fit(rand(4, 7), rand(4, 2), verbose=0)


def test_users_call_sees_the_update():
    class Mine(torchkeras.layers.Dense):
        def call(self, inputs):
            return inputs @ self.kernel

    layer = Mine(3)
    layer.build((None, 4))
    layer.enable_lora(2)
    layer.lora_kernel_b.assign(torch.ones(2, 3))
    x = torch.rand(2, 4)
    assert torch.allclose(layer(x), x @ layer.kernel)
    assert not torch.allclose(layer(x), x @ layer._kernel)


def test_no_cycle():
    layer = adapted(torchkeras, "dense")
    layer(LAYERS["dense"][1])
    gc.collect()
    gc.disable()
    try:
        ref = weakref.ref(layer)
        del layer
        assert ref() is None
    finally:
        gc.enable()


def test_refused():
    layers = {lib: lib.layers for lib in (torchkeras, keras)}
    for lib, L in layers.items():
        with pytest.raises(ValueError, match="isn't yet built"):
            L.Dense(3).enable_lora(2)
        layer = make(lib, "dense")
        layer.enable_lora(2)
        with pytest.raises(ValueError, match="already enabled"):
            layer.enable_lora(2)
        layer = L.Dense(3, kernel_constraint="non_neg")
        layer.build((None, 2))
        with pytest.raises(ValueError, match="ncompatible"):
            layer.enable_lora(2)
        for rank in (-1, 1.5):
            with pytest.raises(ValueError, match=r"-1|1\.5"):
                make(lib, "dense").enable_lora(rank)
    for rank in (0, None, True):
        with pytest.raises(ValueError, match="rank must be a positive integer"):
            make(torchkeras, "dense").enable_lora(rank)
    with pytest.raises(ValueError, match="lora_rank must be a positive integer"):
        torchkeras.layers.Dense(3, lora_rank=0)


def test_trainable_and_penalties():
    rows = []
    for lib in (torchkeras, keras):
        layer = lib.layers.Dense(3, kernel_regularizer="l2", name="l")
        layer.build((None, 4))
        layer.enable_lora(2)
        fill(layer)
        rows.append([float(x) for x in layer.losses])
        layer.trainable = False
        rows[-1].append(sum(v.trainable for v in layer.weights))
        layer.trainable = True
        rows[-1].append(sum(v.trainable for v in layer.weights))
    assert_close(*map(np.array, rows), 1e-5)


@pytest.mark.parametrize("name", LAYERS)
def test_a_file_is_checked_as_a_whole(name):
    """A reader knows what a layer without an update stores: just its list of variables."""
    layer = make(torchkeras, name)
    assert is_standard(layer)
    layer.enable_lora(2)
    assert not is_standard(layer)


@pytest.mark.parametrize("lib", [torchkeras, keras])
def test_paths(lib):
    class Model(lib.Model):
        def __init__(self):
            super().__init__(name="mine")
            self.dense = lib.layers.Dense(4, name="dense")

        def build(self, input_shape):
            self.dense.build(input_shape)

        def call(self, x):
            return self.dense(x)

    model = Model()
    model.build((None, 8))
    model.dense.enable_lora(2)
    names = ("kernel", "bias", "lora_kernel_a", "lora_kernel_b")
    assert {v.path for v in model.weights} == {f"mine/dense/{n}" for n in names}
