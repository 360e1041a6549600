"""Which calls run on torch's fused kernels, and that each way to run one gives the same numbers."""

import itertools

import numpy as np
import pytest
import torch

import torchkeras
from oracle import assert_close, check_layer, rand

X = rand(4, 6, 5)
MASKS = {
    "none": None,
    "right": np.array([[1] * 6, [1, 1, 0, 0, 0, 0], [1, 1, 1, 1, 0, 0], [1, 0, 0, 0, 0, 0]], bool),
    "short": np.array([[1, 1, 0, 0, 0, 0], [1, 0, 0, 0, 0, 0], [1, 1, 1, 0, 0, 0]] * 2, bool)[:4],
    "left": np.array([[1] * 6, [0, 0, 0, 0, 1, 1], [0, 1, 1, 1, 1, 1], [0, 0, 0, 0, 0, 1]], bool),
    "holes": np.array([[0, 1, 0, 1, 0, 1], [1, 1, 0, 0, 1, 0], [0, 1, 1, 0, 0, 0]] * 2, bool)[:4],
    "empty": np.array([[1, 1, 0, 0, 0, 0], [0] * 6, [1, 0, 1, 0, 0, 1], [0] * 6], bool),
}
LAYERS = {
    "LSTM": lambda L, **k: L.LSTM(3, **k),
    "LSTM no bias": lambda L, **k: L.LSTM(3, use_bias=False, **k),
    "GRU": lambda L, **k: L.GRU(3, **k),
    "GRU no bias": lambda L, **k: L.GRU(3, use_bias=False, **k),
    "SimpleRNN": lambda L, **k: L.SimpleRNN(3, **k),
    "SimpleRNN relu": lambda L, **k: L.SimpleRNN(3, activation="relu", **k),
    "SimpleRNN no bias": lambda L, **k: L.SimpleRNN(3, use_bias=False, **k),
}
KINDS = [k if len(k.split()) == 1 else pytest.param(k, marks=pytest.mark.sweep) for k in LAYERS]
SOME_MASKS = [
    k if k in ("none", "empty") else pytest.param(k, marks=pytest.mark.sweep) for k in MASKS
]
FLAGS = ("return_sequences", "return_state")


def watched(layer):
    """Let a layer note the calls of its kernel."""
    calls = []

    def function(*args):
        calls.append(args)
        return original(*args)

    original = layer._kernel.function
    layer._kernel = layer._kernel._replace(function=function)
    return calls


def filled(layer, shape=X.shape, scale=0.7):
    layer.build(shape)
    layer.set_weights(
        [rand(*w.shape, seed=i) * scale for i, w in enumerate(layer.get_weights(), 1)]
    )
    return layer


def states_of(layer, n):
    return [torch.as_tensor(rand(4, 3, seed=i + 5)) for i in range(n * len(layer.state_size))]


def run(layer, mask, **kwargs):
    x = torch.as_tensor(X).requires_grad_()
    if mask is not None:
        kwargs["mask"] = torch.as_tensor(mask)
    outputs = layer(x, **kwargs)
    outputs = list(outputs) if isinstance(outputs, (list, tuple)) else [outputs]
    scalar = sum((o * (i + 1)).square().sum() for i, o in enumerate(outputs))
    return outputs, list(torch.autograd.grad(scalar, [x, *layer.trainable_weights]))


@pytest.mark.parametrize("mask", SOME_MASKS)
@pytest.mark.parametrize("kind", KINDS)
def test_ways_agree(kind, mask):
    """The loop; the kernel with gradients and without; either with an initial state."""
    for values in itertools.product((False, True), repeat=3):
        flags = dict(zip(FLAGS, values, strict=False)) | {"zero_output_for_mask": values[2]}
        fused = filled(LAYERS[kind](torchkeras.layers, **flags))
        loop = filled(LAYERS[kind](torchkeras.layers, **flags))
        calls, loop._fusable = watched(fused), False
        for given in (False, True):
            kwargs = {"initial_state": states_of(fused, 1)} if given else {}
            results = [run(layer, MASKS[mask], **kwargs) for layer in (fused, loop)]
            assert_close(*results)
            assert len(calls) == 1
            with torch.no_grad():
                kwargs |= {} if mask == "none" else {"mask": torch.as_tensor(MASKS[mask])}
                plain = fused(torch.as_tensor(X), **kwargs)
            plain = list(plain) if isinstance(plain, (list, tuple)) else [plain]
            assert_close(plain, results[1][0])
            assert len(calls) == 2
            calls.clear()


@pytest.mark.parametrize("mask", SOME_MASKS)
@pytest.mark.parametrize("kind", KINDS)
def test_both_directions_in_one_call(kind, mask):
    for values in itertools.product((False, True), repeat=3):
        flags = dict(zip(FLAGS, values, strict=False)) | {"zero_output_for_mask": values[2]}
        layer = torchkeras.layers.Bidirectional(LAYERS[kind](torchkeras.layers, **flags))
        filled(layer)
        calls, others = watched(layer.forward_layer), watched(layer.backward_layer)
        for given in (False, True):
            kwargs = {"initial_state": states_of(layer.forward_layer, 2)} if given else {}
            # A state that is not zero can be held over masked steps by GRU alone.
            one = not given or mask == "none" or "GRU" in kind
            together = run(layer, MASKS[mask], **kwargs)
            assert (len(calls), len(others)) == ((1, 0) if one else (1, 1))
            with torch.no_grad():
                extra = {} if mask == "none" else {"mask": torch.as_tensor(MASKS[mask])}
                plain = layer(torch.as_tensor(X), **kwargs, **extra)
            layer._alike = False
            apart = run(layer, MASKS[mask], **kwargs)
            layer._alike = True
            assert_close(together, apart)
            assert_close(list(plain) if isinstance(plain, (list, tuple)) else [plain], apart[0])
            calls.clear(), others.clear()


@pytest.mark.parametrize("kind", ["LSTM", "GRU", "SimpleRNN"])
def test_both_directions_stateful(kind):
    layer = torchkeras.layers.Bidirectional(LAYERS[kind](torchkeras.layers, stateful=True))
    filled(layer)
    calls = watched(layer.forward_layer)
    layer._alike = False
    want = [layer(X) for _ in range(3)]
    layer._alike = True
    layer.reset_states()
    calls.clear()
    assert_close([layer(X) for _ in range(3)], want)
    assert len(calls) == 3


def test_when_directions_run_apart():
    L = torchkeras.layers

    class Mine(L.LSTM):
        def call(self, sequences, initial_state=None, mask=None, training=False):
            return super().call(sequences, initial_state, mask, training)

    seen = []
    hooked = L.Bidirectional(L.LSTM(3))
    for one, is_alike in (
        (L.Bidirectional(L.LSTM(3), backward_layer=L.LSTM(3, go_backwards=True)), True),
        (L.Bidirectional(L.LSTM(3), backward_layer=L.LSTM(2, go_backwards=True)), False),
        (L.Bidirectional(L.LSTM(3), backward_layer=L.GRU(3, go_backwards=True)), False),
        (L.Bidirectional(L.SimpleRNN(3, activation="relu")), True),
        (L.Bidirectional(L.LSTM(3, go_backwards=True)), False),
        (L.Bidirectional(L.RNN(L.LSTMCell(3))), False),
        (L.Bidirectional(hooked.forward_layer), True),
    ):
        one.build(X.shape)
        assert one._alike is is_alike
    torchkeras.saving.register_keras_serializable("test_fused")(Mine)
    one = L.Bidirectional(Mine(3))
    one(X)
    assert not one._alike
    hooked.backward_layer.register_forward_hook(lambda *_: seen.append(1))
    hooked(X)
    assert seen == [1]


def test_penalties_of_the_directions_count():
    L = torchkeras.layers
    layer = L.Bidirectional(L.LSTM(3, activity_regularizer="l2", kernel_regularizer="l2"))
    layer(X)
    assert len(layer.losses) == 4


@pytest.mark.parametrize("name", ["SimpleRNN", "LSTM", "GRU", "GRU before"])
@pytest.mark.parametrize("mask", ["none", pytest.param("right", marks=pytest.mark.sweep), "holes"])
def test_hundred_steps(name, mask):
    """Rounding does not add up."""
    name, *before = name.split()
    rng = np.random.default_rng(0)
    masks = {
        "none": None,
        "right": np.arange(100) < rng.integers(1, 101, (3, 1)),
        "holes": rng.random((3, 100)) < 0.6,
    }
    args = {"units": 8, "return_sequences": True, "return_state": True}
    if before:
        args["reset_after"] = False
    check_layer(
        name, args, rand(3, 100, 4), mask=masks[mask], rtol=1e-4, atol=1e-5,
        config=False, symbolic=False,
    )  # fmt: skip


@pytest.mark.parametrize("name", ["LSTM", "GRU", "SimpleRNN"])
def test_what_masked_steps_hold_is_of_no_consequence(name):
    layer = filled(getattr(torchkeras.layers, name)(3, return_sequences=True, return_state=True))
    mask = torch.as_tensor(MASKS["holes"])
    x = torch.as_tensor(X)
    wild = torch.where(mask.unsqueeze(2), x, float("nan"))
    assert_close(layer(wild, mask=mask), layer(x, mask=mask))


@pytest.mark.parametrize("kind", ["LSTM", "GRU"])
def test_use_cudnn(kind):
    L = torchkeras.layers
    for use, fused in ((True, 1), ("auto", 1), (False, 0)):
        layer = filled(LAYERS[kind](L, use_cudnn=use))
        calls = watched(layer)
        layer(X), layer(X, training=True)
        assert len(calls) == 2 * fused
