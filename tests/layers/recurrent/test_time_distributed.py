"""TimeDistributed against real Keras."""

import keras
import numpy as np
import pytest
import torch

import torchkeras
from oracle import check_layer, rand

MASK = np.array([[1, 1, 0], [1, 0, 0]], bool)
LAYERS = {
    "dense": (lambda L: L.Dense(2, activation="relu"), rand(2, 3, 4)),
    "conv": (lambda L: L.Conv2D(2, 3), rand(2, 3, 6, 6, 2)),
    "flatten": (lambda L: L.Flatten(), rand(2, 3, 4, 2)),
    "pool": (lambda L: L.GlobalAveragePooling1D(), rand(2, 3, 4, 2)),
    "norm": (lambda L: L.BatchNormalization(), rand(9, 3, 4)),
    "lstm": (lambda L: L.LSTM(2), rand(2, 3, 4, 5)),
    "gru": (lambda L: L.GRU(2, return_sequences=True), rand(2, 3, 4, 5)),
    "nested": (lambda L: L.TimeDistributed(L.Dense(2)), rand(2, 3, 4, 5)),
}


@pytest.mark.parametrize("training", [False, True])
@pytest.mark.parametrize("kind", LAYERS)
def test_layers(kind, training):
    make, x = LAYERS[kind]
    check_layer(
        "TimeDistributed", lambda lib: {"layer": make(lib.layers)}, x, training=training,
        config=kind != "flatten",  # Keras notes its shape, though it has no weights
    )  # fmt: skip


def test_moving_means_step_by_step():
    ours, theirs = check_layer(
        "TimeDistributed",
        lambda lib: {"layer": lib.layers.BatchNormalization(momentum=0.5)},
        rand(4, 3, 2),
        training=True,
        config=False,
    )
    for a, b in zip(ours.get_weights(), theirs.get_weights(), strict=True):
        np.testing.assert_allclose(a, b, 1e-5, 1e-6)


def test_mask_of_steps_passes_by():
    check_layer(
        "TimeDistributed", lambda lib: {"layer": lib.layers.Dense(2)}, rand(2, 3, 4), mask=MASK
    )


def test_mask_reaches_the_layer():
    mask = np.random.default_rng(0).random((2, 3, 4)) > 0.4
    check_layer(
        "TimeDistributed",
        lambda lib: {"layer": lib.layers.LSTM(2)},
        rand(2, 3, 4, 5),
        mask=mask,
        scale_weights=0.7,
        config=False,
    )


def test_model_inside():
    inner = torchkeras.Sequential([torchkeras.Input((4,)), torchkeras.layers.Dense(2)])
    outer = torchkeras.Sequential(
        [torchkeras.Input((3, 4)), torchkeras.layers.TimeDistributed(inner)]
    )
    x = torch.randn(2, 3, 4)
    torch.testing.assert_close(outer(x), inner(x.reshape(6, 4)).reshape(2, 3, 2))


class Spy:
    """Adds a layer that notes the masks it gets, to a library's layers."""

    def __init__(self, lib):
        self.seen = seen = []

        class Note(lib.layers.Layer):
            def __init__(self, **kwargs):
                super().__init__(**kwargs)
                self.supports_masking = True

            def call(self, inputs, mask=None):
                seen.append(None if mask is None else torch.as_tensor(mask))
                return inputs

        self.layer = Note()


@pytest.mark.parametrize("mask", [MASK, rand(2, 3, 4) > 0], ids=["steps", "steps of steps"])
def test_masks_as_keras_gives_them(mask):
    """Keras runs step by step, and so gives the mask of each; ours that of all in one call."""
    x = torch.as_tensor(rand(2, 3, 4, 5))
    ours, theirs = Spy(torchkeras), Spy(keras)
    y = torchkeras.layers.TimeDistributed(ours.layer)(x, mask=torch.as_tensor(mask))
    keras.layers.TimeDistributed(theirs.layer)(x, mask=torch.as_tensor(mask))
    steps = torch.stack([m for m in theirs.seen if m.device.type != "meta"][-3:], 1)
    torch.testing.assert_close(ours.seen[-1].unflatten(0, (2, 3)), steps)
    assert torch.equal(y._keras_mask, torch.as_tensor(mask))


def test_mask_of_an_embedding_inside():
    """Sentences of documents: each is masked by itself."""
    L = torchkeras.layers
    words = torch.tensor([[[1, 2, 0], [3, 0, 0]], [[4, 1, 2], [0, 0, 0]]])
    embedding, lstm = L.Embedding(5, 4, mask_zero=True), L.LSTM(3)
    y = L.TimeDistributed(lstm)(embedding(words))
    for i in range(2):
        for j in range(2):
            one = embedding(words[i, j][None])
            torch.testing.assert_close(y[i, j][None], lstm(one))


def test_is_a_wrapper():
    layer = torchkeras.layers.TimeDistributed(torchkeras.layers.Dense(2))
    assert isinstance(layer, torchkeras.layers.Wrapper)
    assert issubclass(keras.layers.TimeDistributed, keras.layers.Wrapper)
    for lib in (torchkeras, keras):
        assert not issubclass(lib.layers.Bidirectional, lib.layers.Wrapper)


@pytest.mark.parametrize("training", [False, True])
def test_keras_model_inside(training):
    def args(lib):
        return {
            "layer": lib.Sequential(
                [lib.Input((4,)), lib.layers.Dense(3), lib.layers.BatchNormalization()]
            )
        }

    check_layer("TimeDistributed", args, rand(5, 3, 4), training=training, config=False)


def test_model_of_several_outputs():
    L = torchkeras.layers
    x = torchkeras.Input((4,))
    inner = torchkeras.Model(x, [L.Dense(2)(x), L.Dense(3)(x)])
    layer = L.TimeDistributed(inner)
    assert [t.shape for t in layer(torchkeras.Input((6, 4)))] == [(None, 6, 2), (None, 6, 3)]
    steps = torch.randn(2, 6, 4)
    for a, b in zip(layer(steps), inner(steps.flatten(0, 1)), strict=True):
        torch.testing.assert_close(a.flatten(0, 1), b)


def test_torch_module_inside(tmp_path):
    module = torch.nn.Linear(4, 2)
    layer = torchkeras.layers.TimeDistributed(module)
    x = torch.randn(2, 3, 4)
    torch.testing.assert_close(layer(x), module(x))
    model = torchkeras.Sequential([torchkeras.Input((3, 4)), layer])
    model.save(tmp_path / "model.keras")
    again = torchkeras.saving.load_model(tmp_path / "model.keras")
    torch.testing.assert_close(again(x), model(x))
    norm = torch.nn.BatchNorm1d(4)
    torchkeras.layers.TimeDistributed(norm)(x, training=True)
    assert int(norm.num_batches_tracked) == 3  # step by step, as BatchNormalization


def test_one_call_where_nothing_changes():
    """Frozen weights and random generators are no reason for a loop."""
    L = torchkeras.layers
    inner = torchkeras.Sequential([L.Dense(3, trainable=False), L.Dropout(0.5, seed=1)])
    layer = L.TimeDistributed(inner)
    layer(torch.ones(2, 5, 4))
    calls = []
    inner.register_forward_hook(lambda *_: calls.append(1))
    layer(torch.ones(2, 5, 4), training=True)
    assert calls == [1]


def test_errors():
    with pytest.raises(ValueError, match="TimeDistributed: layer must be a layer"):
        torchkeras.layers.TimeDistributed(3)
    with pytest.raises(ValueError, match="must have shape"):
        torchkeras.layers.TimeDistributed(torchkeras.layers.Dense(2))(torch.ones(2, 3))


@pytest.mark.parametrize("shape", [(2, 4), (3, 3), (3, 4), (2, 4, 2)])
@pytest.mark.parametrize("kind", ["Dense", "LSTM"])
def test_masks_of_another_shape(shape, kind):
    x = rand(2, 3, 4) if kind == "Dense" else rand(2, 3, 4, 5)
    for lib in (keras, torchkeras):
        layer = lib.layers.TimeDistributed(getattr(lib.layers, kind)(2))
        with pytest.raises(ValueError, match="mask"):
            layer(x, mask=np.ones(shape, bool))


def test_a_layer_that_calls_another_past_its_template():
    """`layer.call` of a layer that was built, but never called."""

    def numbers(lib):
        class Around(lib.layers.Wrapper):
            def call(self, inputs):
                return self.layer.call(inputs)

        dense = lib.layers.Dense(2, "relu", kernel_initializer="ones")
        return lib.layers.TimeDistributed(Around(dense))(rand(2, 3, 4)).detach().numpy()

    np.testing.assert_allclose(numbers(torchkeras), numbers(keras), 1e-6)
