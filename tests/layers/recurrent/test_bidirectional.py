"""Bidirectional against real Keras."""

import itertools

import numpy as np
import pytest
import torch

import torchkeras
from oracle import check_layer, rand

X = rand(3, 5, 4)
RIGHT = np.array([[1, 1, 1, 0, 0], [1, 1, 1, 1, 1], [1, 0, 0, 0, 0]], bool)
HOLES = np.array([[0, 1, 0, 1, 0], [1, 1, 0, 0, 1], [0, 1, 1, 0, 0]], bool)
MASKS = {"none": None, "right": RIGHT, "holes": HOLES}
MODES = ["concat", "sum", "mul", "ave", None]


def layer(lib, cls="LSTM", **kwargs):
    return getattr(lib.layers, cls)(3, **kwargs)


@pytest.mark.parametrize("mask", ["none", pytest.param("right", marks=pytest.mark.sweep), "holes"])
@pytest.mark.parametrize("sequences", [False, True])
@pytest.mark.parametrize("mode", MODES)
def test_modes(mode, sequences, mask):
    def args(lib):
        return {"layer": layer(lib, return_sequences=sequences), "merge_mode": mode}

    check_layer("Bidirectional", args, X, mask=MASKS[mask], scale_weights=0.7)


@pytest.mark.parametrize("name", ["SimpleRNN", "LSTM", "GRU"])
@pytest.mark.parametrize(
    ("state", "mask"), list(itertools.product([False, True], ["none", "holes"]))
)
def test_layers(name, state, mask):
    def args(lib):
        return {"layer": layer(lib, name, return_sequences=True, return_state=state)}

    check_layer("Bidirectional", args, X, mask=MASKS[mask], scale_weights=0.7)


@pytest.mark.parametrize("mask", MASKS)
@pytest.mark.parametrize("mode", ["concat", None])
def test_other_backward_layer(mode, mask):
    def args(lib):
        return {
            "layer": layer(lib, "GRU", return_sequences=True),
            "backward_layer": layer(
                lib, "LSTM", return_sequences=True, go_backwards=True, name="other"
            ),
            "merge_mode": mode,
        }

    check_layer("Bidirectional", args, X, mask=MASKS[mask], scale_weights=0.7)


def test_backwards_first():
    """Keras cannot make this pair by itself: forwards and backwards change places."""
    L = torchkeras.layers
    one = L.Bidirectional(L.LSTM(3, return_sequences=True, go_backwards=True))
    x = torch.as_tensor(X)
    y = one(x)
    torch.testing.assert_close(y[..., :3], one.forward_layer(x))
    torch.testing.assert_close(y[..., 3:], one.backward_layer(x).flip(1))
    assert one.forward_layer.go_backwards and not one.backward_layer.go_backwards


@pytest.mark.parametrize("sequences", [False, True])
def test_zeros_for_masked_steps(sequences):
    """What the layer itself says of it does not count, as in Keras."""
    check_layer(
        "Bidirectional",
        lambda lib: {
            "layer": layer(lib, return_sequences=sequences, zero_output_for_mask=not sequences)
        },
        X,
        mask=HOLES,
        scale_weights=0.7,
    )


def test_rnn_of_cells():
    check_layer(
        "Bidirectional", lambda lib: {"layer": lib.layers.RNN(lib.layers.GRUCell(3))}, X,
        scale_weights=0.7,
    )  # fmt: skip


@pytest.mark.parametrize("mask", ["none", "right"])
def test_initial_state(mask):
    check_layer(
        "Bidirectional",
        lambda lib: {"layer": layer(lib, return_state=True, return_sequences=True)},
        X,
        mask=MASKS[mask],
        call_kwargs={"initial_state": [rand(3, 3, seed=i) for i in range(4)]},
        shapes=False,
        scale_weights=0.7,
    )


@pytest.mark.sweep
@pytest.mark.parametrize("mask", MASKS)
@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("name", ["SimpleRNN", "LSTM", "GRU"])
def test_product(name, mode, mask):
    flags = ("return_sequences", "return_state", "use_bias", "zero_output_for_mask")
    for values in itertools.product((False, True), repeat=len(flags)):
        options = dict(zip(flags, values, strict=True))
        n = 4 if name == "LSTM" else 2
        for given in ({}, {"initial_state": [rand(3, 3, seed=i) for i in range(n)]}):
            check_layer(
                "Bidirectional",
                lambda lib, options=options: {
                    "layer": layer(lib, name, **options),
                    "merge_mode": mode,
                },
                X,
                mask=MASKS[mask],
                call_kwargs=given,
                shapes=False,
                symbolic=False,
                config=False,
                scale_weights=0.7,
            )


def test_dropout_in_training():
    check_layer(
        "Bidirectional", lambda lib: {"layer": layer(lib, dropout=0.5)}, X,
        training=True, values=False,
    )  # fmt: skip


def test_start_weights():
    source = torchkeras.layers.Bidirectional(torchkeras.layers.LSTM(3))
    want = source(X)
    again = torchkeras.layers.Bidirectional(torchkeras.layers.LSTM(3), weights=source.get_weights())
    torch.testing.assert_close(again(X), want)


def test_errors():
    L = torchkeras.layers
    with pytest.raises(ValueError, match="merge_mode must be one of"):
        L.Bidirectional(L.LSTM(2), merge_mode="other")
    for wrong in (3, L.Dense(2)):
        with pytest.raises(ValueError, match="must be a recurrent layer"):
            L.Bidirectional(wrong)
    with pytest.raises(ValueError, match="different go_backwards"):
        L.Bidirectional(L.LSTM(2), backward_layer=L.LSTM(2))
    other = L.LSTM(2, go_backwards=True, return_sequences=True)
    with pytest.raises(ValueError, match="the same return_sequences"):
        L.Bidirectional(L.LSTM(2), backward_layer=other)
    with pytest.raises(AttributeError, match="stateful"):
        L.Bidirectional(L.LSTM(2)).reset_state()
