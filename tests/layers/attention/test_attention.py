"""Attention and AdditiveAttention against real Keras."""

import itertools

import keras
import pytest
import torch

import torchkeras
from oracle import check_layer, leaves, rand

Q, V, K = rand(2, 3, 4), rand(2, 5, 4, seed=1), rand(2, 5, 4, seed=2)
Q_MASK, V_MASK = rand(2, 3, seed=3) > -0.3, rand(2, 5, seed=4) > 0
V_NONE = V_MASK.copy()
V_NONE[0] = False
ARGS = [
    ("Attention", {}),
    ("Attention", {"use_scale": True}),
    ("Attention", {"score_mode": "concat"}),
    ("Attention", {"score_mode": "concat", "use_scale": True, "dropout": 0.3, "seed": 3}),
    ("AdditiveAttention", {}),
    ("AdditiveAttention", {"use_scale": False}),
    ("AdditiveAttention", {"dropout": 0.3, "seed": 2}),
]
MASKS = [None, *itertools.product([None, Q_MASK], [None, V_MASK, V_NONE])]


@pytest.mark.parametrize(("name", "args"), ARGS)
@pytest.mark.parametrize("inputs", [[Q, V], [Q, V, K]], ids=["qv", "qvk"])
@pytest.mark.parametrize("scores", [False, True])
@pytest.mark.parametrize("causal", [False, True])
def test_numbers(name, args, inputs, scores, causal):
    call = {"return_attention_scores": scores, "use_causal_mask": causal}
    check_layer(name, args, inputs, call_kwargs=call, shapes=not scores, scale_weights=1.0)


@pytest.mark.parametrize(("name", "args"), ARGS)
@pytest.mark.parametrize("scores", [False, True])
@pytest.mark.parametrize("causal", [False, True])
def test_masks(name, args, scores, causal):
    for mask in MASKS[1:]:
        call = {"return_attention_scores": scores, "use_causal_mask": causal}
        check_layer(name, args, [Q, V], mask=list(mask), call_kwargs=call, shapes=False,
                    symbolic=False, config=False)  # fmt: skip


@pytest.mark.parametrize(("name", "args"), ARGS)
@pytest.mark.parametrize("dtype", ["mixed_bfloat16"])
def test_dtypes(name, args, dtype):
    check_layer(name, args, [Q, V], mask=[None, V_MASK], dtype=dtype)


@pytest.mark.parametrize("dtype", ["float64", "mixed_float16"])
def test_hidden_values_in_other_dtypes(dtype):
    """Keras gives NaN in float16, and float32 for float64."""
    layer = torchkeras.layers.Attention(dtype=dtype)
    out = layer([Q, V], mask=[None, torch.tensor(V_NONE)])
    assert f"torch.{layer.compute_dtype}" == str(out.dtype) and out.isfinite().all()


@pytest.mark.parametrize("name", ["Attention", "AdditiveAttention"])
def test_dropout(name):
    layers = [getattr(torchkeras.layers, name)(dropout=0.5, seed=3) for _ in range(2)]
    x = [torch.tensor(Q), torch.tensor(V)]
    for layer in layers:
        layer(x)
    layers[1].set_weights(layers[0].get_weights())
    a, b = (layer(x, training=True) for layer in layers)
    assert torch.equal(a, b) and not torch.equal(a, layers[0](x, training=True))


@pytest.mark.parametrize("name", ["Attention", "AdditiveAttention"])
def test_wrong_inputs(name):
    for lib in (keras, torchkeras):
        for x in (Q, [Q], [Q, V, K, V]):
            with pytest.raises(ValueError, match=r"list .*Received|called on a list"):
                getattr(lib.layers, name)()(x)
        for mask in ([None], torch.ones(2, 3)):
            with pytest.raises(ValueError, match=r"mask.*list.*Received"):
                getattr(lib.layers, name)()([Q, V], mask=mask)
    with pytest.raises(ValueError, match="score_mode"):
        torchkeras.layers.Attention(score_mode="x")
    with pytest.raises(ValueError, match="dropout"):
        torchkeras.layers.Attention(dropout=2.0)


@pytest.mark.parametrize(("name", "args"), ARGS[:6])
@pytest.mark.parametrize("scores", [False, True])
@pytest.mark.parametrize("causal", [False, True])
def test_more_axes(name, args, scores, causal):
    """Of pictures: each row attends to the same row."""
    call = {"return_attention_scores": scores, "use_causal_mask": causal}
    inputs = [rand(2, 3, 5, 4), rand(2, 3, 6, 4, seed=1)]
    options = {"shapes": False, "symbolic": False, "scale_weights": 1.0, "training": False}
    check_layer(name, args, inputs, call_kwargs=call, **options)
    ours = getattr(torchkeras.layers, name)(**args)
    symbols = [torchkeras.Input(x.shape[1:]) for x in inputs]
    for symbol, data in zip(
        leaves(ours(symbols, **call)), leaves(ours(inputs, **call)), strict=True
    ):
        assert symbol.shape[1:] == data.shape[1:]


def test_compute_mask():
    layer = torchkeras.layers.Attention()
    assert layer.compute_mask(inputs=[Q, V], mask=[None, V_MASK]) is None
    assert layer.compute_mask([Q, V]) is None
    assert (layer.compute_mask([Q, V], mask=[Q_MASK, V_MASK]).numpy() == Q_MASK).all()
    with pytest.raises(ValueError, match="mask"):
        layer.compute_mask([Q, V], mask=Q_MASK)
