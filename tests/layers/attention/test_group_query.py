"""GroupQueryAttention against real Keras."""

import itertools

import keras
import pytest

import torchkeras
from oracle import check_layer, rand

Q, V, K = rand(2, 4, 6), rand(2, 5, 7, seed=1), rand(2, 5, 8, seed=2)
A_MASK = rand(2, 4, 5, seed=3) > -0.5
A_MASK[..., 0] = True
ARGS = {"head_dim": 3, "num_query_heads": 4, "num_key_value_heads": 2}


def bare(cls):
    """The layer without the mask that Keras leaves on the scores."""

    def __call__(self, *args, **kwargs):
        out = cls.__call__(self, *args, **kwargs)
        if isinstance(out, tuple) and getattr(out[1], "_keras_mask", None) is not None:
            del out[1]._keras_mask
        return out

    made = type(cls.__name__, (cls,), {"__call__": __call__})
    made.__module__ = cls.__module__
    return made


@pytest.mark.parametrize("kv", [1, 2, 4])
@pytest.mark.parametrize(
    "args",
    [
        {},
        {"use_bias": False},
        {"sliding_window": 2},
        {"use_gate": True},
        {"dropout": 0.3, "seed": 1},
        {"kernel_regularizer": "l1", "bias_regularizer": "l2", "bias_initializer": "ones"},
        {"kernel_constraint": "non_neg", "bias_constraint": "unit_norm"},
    ],
)
def test_arguments(args, kv):
    args = {**ARGS, "num_key_value_heads": kv, **args}
    # Keras's symbolic call wants the sizes of query and value to be equal.
    check_layer("GroupQueryAttention", args, Q, call_kwargs={"value": V, "key": K}, atol=3e-6,
                symbolic=False)  # fmt: skip
    check_layer("GroupQueryAttention", args, Q, call_kwargs={"value": Q + 1}, atol=3e-6)


@pytest.mark.parametrize(
    ("masked", "causal", "scores"), [*itertools.product([False, True], repeat=3)]
)
def test_masks(masked, causal, scores):
    call = {"value": V, "use_causal_mask": causal, "return_attention_scores": scores}
    if masked:
        call["attention_mask"] = A_MASK
    pair = tuple(bare(lib.layers.GroupQueryAttention) for lib in (torchkeras, keras))
    check_layer(pair, ARGS, Q, call_kwargs=call, symbolic=False, config=False, atol=3e-6)


def test_wrong_arguments():
    for lib in (keras, torchkeras):
        with pytest.raises(ValueError, match="num_query_heads"):
            lib.layers.GroupQueryAttention(3, 4, 3)
    with pytest.raises(ValueError, match="head_dim"):
        torchkeras.layers.GroupQueryAttention(0, 4, 2)


def test_class_name_in_files():
    ours, theirs = (
        lib.saving.serialize_keras_object(lib.layers.GroupQueryAttention(3, 4, 2))
        for lib in (torchkeras, keras)
    )
    for key in ("module", "class_name", "registered_name"):
        assert ours[key] == theirs[key]
