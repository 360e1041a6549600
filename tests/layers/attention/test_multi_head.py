"""MultiHeadAttention against real Keras."""

import itertools

import keras
import numpy as np
import pytest
import torch

import torchkeras
from oracle import check_layer, copy_weights, rand

ARGS = {"num_heads": 2, "key_dim": 3}
Q, V, K = rand(2, 4, 6), rand(2, 5, 7, seed=1), rand(2, 5, 8, seed=2)
Q_MASK = np.array([[1, 1, 1, 0], [1, 0, 1, 1]], bool)
V_MASK = np.array([[1, 1, 1, 0, 0], [1, 0, 1, 1, 1]], bool)
K_MASK = np.array([[0, 1, 1, 1, 1], [1, 1, 1, 0, 1]], bool)
A_MASK = rand(2, 4, 5, seed=3) > -0.5


def bare(cls):
    """The layer without the mask that Keras leaves on the scores, and not on the output."""

    def __call__(self, *args, **kwargs):
        out = cls.__call__(self, *args, **kwargs)
        for x in out if isinstance(out, tuple) else ():
            if getattr(x, "_keras_mask", None) is not None:
                del x._keras_mask
        return out

    made = type(cls.__name__, (cls,), {"__call__": __call__})
    made.__module__ = cls.__module__
    return made


PAIR = tuple(bare(lib.layers.MultiHeadAttention) for lib in (torchkeras, keras))


def check(args=(), call=(), query=Q, value=V, **options):
    call = {"value": value, **dict(call)}
    scores = call.get("return_attention_scores")
    pair = PAIR if scores else "MultiHeadAttention"
    if scores:  # Keras's symbolic scores are of the query's length in both axes
        options |= {"config": False, "symbolic": False}
    options.setdefault("atol", 3e-6)
    check_layer(pair, {**ARGS, **dict(args)}, query, call_kwargs=call, **options)


@pytest.mark.parametrize("scores", [False, True])
@pytest.mark.parametrize("use_bias", [False, True])
@pytest.mark.parametrize(
    "args",
    [
        {},
        {"value_dim": 5},
        {"output_shape": 5},
        {"output_shape": (2, 3)},
        {"sliding_window": 2},
        {"use_gate": True, "value_dim": 4},
        {"dropout": 0.4},
        {"num_heads": 1},
    ],
)
def test_arguments(args, use_bias, scores):
    call = {"key": K, "return_attention_scores": scores}
    check({**args, "use_bias": use_bias, "bias_initializer": "ones"}, call)


MASKS = {
    "query_mask": [None, Q_MASK],
    "value_mask": [None, V_MASK],
    "key_mask": [None, K_MASK],
    "attention_mask": [None, A_MASK, A_MASK[:, None].repeat(2, 1), A_MASK[:1]],
    "use_causal_mask": [False, True],
}


def seen(masks):
    out = np.ones((2, 2, 4, 5), bool)
    for name, mask in masks.items():
        if name in ("key_mask", "value_mask"):
            out &= mask[:, None, None]
        elif name == "attention_mask":
            out &= mask if mask.ndim == 4 else mask[:, None]
        elif name == "use_causal_mask" and mask:
            out &= np.tri(4, 5, dtype=bool)
    return out


ALL_MASKS = [
    {k: v for k, v in zip(MASKS, values, strict=True) if v is not None}
    for values in itertools.product(*MASKS.values())
]


def check_masks(masks, scores):
    blind = not seen(masks).any(-1).all()  # Keras's gradients of such queries are too great
    call = {**masks, "key": K, "return_attention_scores": scores}
    check({}, call, symbolic=False, config=False, grads=scores or not blind)


@pytest.mark.parametrize("masks", ALL_MASKS[::5], ids=lambda m: "-".join(m))
@pytest.mark.parametrize("scores", [False, True])
def test_masks(masks, scores):
    check_masks(masks, scores)


@pytest.mark.sweep
@pytest.mark.parametrize("masks", ALL_MASKS, ids=lambda m: "-".join(m))
@pytest.mark.parametrize("scores", [False, True])
def test_all_masks(masks, scores):
    check_masks(masks, scores)


@pytest.mark.parametrize("args", [{}, {"dropout": 0.5}, {"attention_axes": (1, 2)}])
@pytest.mark.parametrize("causal", [False, True])
@pytest.mark.parametrize("scores", [False, True])
def test_nothing_to_attend_to(args, causal, scores):
    """A query that sees no key: zero where Keras has zero, the mean of all where it has that."""
    q, v = (x[:, :, None].repeat(2, 2) if "attention_axes" in args else x for x in (Q, V))
    mask = A_MASK.copy()
    mask[0, 1] = False
    if "attention_axes" in args:
        mask, causal = np.broadcast_to(mask[:, :, None, :, None], (2, 4, 2, 5, 2)), False
    call = {"attention_mask": mask, "use_causal_mask": causal, "return_attention_scores": scores}
    options = {"symbolic": False, "config": False, "training": False}
    check(args, call, q, v, grads=False, **options)


@pytest.mark.parametrize("name", ["MultiHeadAttention", "GroupQueryAttention"])
@pytest.mark.parametrize("given", [False, True])
@pytest.mark.parametrize("scores", [False, True])
def test_mask_of_the_query(name, given, scores):
    """Keras's MultiHeadAttention heeds only the mask that a query carries."""
    args = ARGS if name == "MultiHeadAttention" else {"head_dim": 3, "num_query_heads": 4,
                                                      "num_key_value_heads": 2}  # fmt: skip
    results, source = [], None
    for lib in (keras, torchkeras):
        layer = getattr(lib.layers, name)(**args)
        layer.build(Q.shape, V.shape)
        source = source or layer
        copy_weights(source, layer)
        q, mask = torch.tensor(Q), torch.tensor(Q_MASK)
        if not given:
            q._keras_mask = mask
        call = {"query_mask": mask} if given else {}
        out = layer(q, torch.tensor(V), return_attention_scores=scores, **call)
        results.append(out if scores else [out])
    for theirs, ours in zip(*results, strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("name", ["MultiHeadAttention", "GroupQueryAttention"])
def test_attention_that_a_subclass_replaces_or_calls(name):
    """As keras_hub's layers do."""
    args = ARGS if name == "MultiHeadAttention" else {"head_dim": 3, "num_query_heads": 4,
                                                      "num_key_value_heads": 2}  # fmt: skip
    results, source = [], None
    for lib in (keras, torchkeras):

        class Replaced(getattr(lib.layers, name)):
            def _compute_attention(self, query, key, value, *args, **kwargs):
                out, scores = super()._compute_attention(query, key, value, *args, **kwargs)
                return out * 2, scores

        layer = Replaced(**args)
        layer.build(Q.shape, V.shape)
        source = source or layer
        copy_weights(source, layer)
        q, v = torch.tensor(Q), torch.tensor(V)
        heads = layer._query_dense(q), layer._key_dense(v), layer._value_dense(v)
        results.append(
            [
                layer(q, v, use_causal_mask=True),
                layer._compute_attention(*heads, attention_mask=torch.tensor(A_MASK))[0],
                super(Replaced, layer)._compute_attention(
                    *heads, attention_mask=torch.tensor(A_MASK), use_causal_mask=True
                )[0],
            ]
        )
    for theirs, ours in zip(*results, strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-5, atol=1e-5)


def test_axes_of_no_kind():
    with pytest.raises(ValueError, match="attention_axes"):
        torchkeras.layers.MultiHeadAttention(2, 4, attention_axes="a")


@pytest.mark.parametrize("size", [0, -2, 1.5])
def test_sizes_of_values(size):
    with pytest.raises(ValueError, match="value_dim"):
        torchkeras.layers.MultiHeadAttention(2, 4, value_dim=size)


@pytest.mark.parametrize("causal", [False, True])
@pytest.mark.parametrize("masked", [False, True])
def test_self_attention(causal, masked):
    """One tensor for all three, also with an implicit mask."""
    ours, theirs = (lib.layers.MultiHeadAttention(**ARGS) for lib in (torchkeras, keras))
    results = []
    for layer in (theirs, ours):
        x = torch.tensor(Q, requires_grad=True)
        if masked:
            x._keras_mask = torch.tensor(Q_MASK)
        layer(x, x)
        if layer is ours:
            copy_weights(theirs, ours)
        if masked:  # which Keras took away in the first call
            x._keras_mask = torch.tensor(Q_MASK)
        out = layer(x, x, use_causal_mask=causal)
        weights = [w.value for w in layer.trainable_weights]
        mask = getattr(out, "_keras_mask", None)
        seen = out * mask.unsqueeze(-1) if masked else out
        grads = torch.autograd.grad(seen.square().sum(), [x, *weights])
        results.append([out, *grads, *([] if mask is None else [mask])])
    assert len(results[0]) == len(results[1]) == 10 + masked
    for a, b in zip(*results, strict=True):
        torch.testing.assert_close(b, a, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("scores", [False, True])
@pytest.mark.parametrize("axes", [None, 1, 2, (1,), (1, 2), (2, 3), (1, 3), (1, 2, 3), -2])
def test_attention_axes(axes, scores):
    call = {"return_attention_scores": scores}
    x = rand(2, 3, 4, 2, 5)
    if axes in (1, 2, (1,), -2, None):
        x = rand(2, 3, 4, 5)
    check({"attention_axes": axes}, call, x, x + 1)
    if scores:
        ours = torchkeras.layers.MultiHeadAttention(**ARGS, attention_axes=axes)
        symbol = ours(torchkeras.Input(x.shape[1:]), torchkeras.Input(x.shape[1:]), **call)[1]
        assert symbol.shape[1:] == ours(x, x, **call)[1].shape[1:]


@pytest.mark.parametrize("dtype", ["float64", "mixed_bfloat16", "mixed_float16", "bfloat16"])
@pytest.mark.parametrize("scores", [False, True])
def test_dtypes(dtype, scores):
    atol = {"float64": 1e-6, "mixed_float16": 4e-3}.get(dtype, 3e-2)
    call = {"return_attention_scores": scores, "attention_mask": A_MASK}
    check({"dtype": dtype}, call, atol=atol)


@pytest.mark.parametrize("dtype", [None, "mixed_bfloat16"])
def test_penalties_and_constraints(dtype):
    args = {
        "kernel_regularizer": "l1",
        "bias_regularizer": "l2",
        "activity_regularizer": "l2",
        "kernel_constraint": "non_neg",
        "bias_constraint": "unit_norm",
        "kernel_initializer": "he_normal",
        "bias_initializer": "ones",
        "seed": 3,
    }
    check(args, dtype=dtype, atol=3e-2 if dtype else 3e-6)


def test_projections_start_differently():
    layer = torchkeras.layers.MultiHeadAttention(2, 3)
    layer.build((None, 4, 6), (None, 4, 6))
    kernels = [w for w in layer.weights if w.name == "kernel"]
    assert not torch.equal(kernels[0], kernels[1])


@pytest.mark.parametrize("scores", [False, True])
@pytest.mark.parametrize("seed", [None, 5])
def test_dropout(seed, scores):
    layer = torchkeras.layers.MultiHeadAttention(2, 3, dropout=0.5, seed=seed)
    call = {"return_attention_scores": scores, "training": True}
    outs = [layer(Q, V, **call) for _ in range(2)]
    if scores:
        (a, share), (b, _) = outs
        torch.testing.assert_close(share.sum(-1), torch.ones(2, 2, 4))
    else:
        a, b = outs
    assert not torch.allclose(a, b)
    torch.testing.assert_close(layer(Q, V), layer(Q, V, training=False))
    if seed is not None:
        again = torchkeras.layers.MultiHeadAttention(2, 3, dropout=0.5, seed=seed)
        again.build((2, 4, 6), (2, 5, 7))
        copy_weights(layer, again)
        out = again(Q, V, **call)
        torch.testing.assert_close(out[0] if scores else out, a)


@pytest.mark.parametrize(
    ("args", "error"),
    [
        ({"num_heads": 0}, ValueError),
        ({"key_dim": 0}, ValueError),
        ({"num_heads": 1.5}, ValueError),
        ({"dropout": 2.0}, ValueError),
        ({"sliding_window": 0}, ValueError),
        ({"output_shape": "x"}, ValueError),
    ],
)
def test_wrong_arguments(args, error):
    with pytest.raises(error):
        torchkeras.layers.MultiHeadAttention(**{**ARGS, **args})


def test_wrong_shapes():
    for lib in (keras, torchkeras):
        with pytest.raises(ValueError, match=r"value.*key.*equal.*\(2, 5, 7\).*\(2, 6, 7\)"):
            lib.layers.MultiHeadAttention(2, 3)(Q, V, rand(2, 6, 7))
        with pytest.raises(ValueError, match=r"value.*key.*equal.*\(2, 5, 7\).*\(2, 6, 7\)"):
            lib.layers.MultiHeadAttention(2, 3).compute_output_shape(
                (2, 4, 6), (2, 5, 7), (2, 6, 7)
            )
