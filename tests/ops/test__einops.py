"""einops' functions on symbolic tensors: models that run, train, are copied, saved and loaded."""

import copy
import subprocess
import sys

import einops
import keras as reference
import numpy as np
import pytest
import torch
from einops import einsum, pack, parse_shape, rearrange, reduce, repeat, unpack

import torchkeras as keras

IMAGE, STEPS = (4, 6), (None, 6)
WEIGHT = torch.linspace(-1, 1, 30).reshape(6, 5)

# In files these are ops of Keras's own, which real Keras loads as well.
SHARED = {
    "join": (IMAGE, lambda x: rearrange(x, "b h w -> b (h w)")),
    "transpose": (IMAGE, lambda x: rearrange(x, "b h w -> w b h")),
    "join the batch": (STEPS, lambda x: rearrange(x, "b t c -> (b t) c")),
    "split the batch": (IMAGE, lambda x: rearrange(x, "(b n) h w -> b n h w", n=2)),
    "ones": (IMAGE, lambda x: rearrange(x, "b h w -> b 1 h w ()")),
    "dots": (IMAGE, lambda x: rearrange(x, "b ... -> b (...)")),
    "list": (IMAGE, lambda x: rearrange([x, x * 2], "n b h w -> b h w n")),
    "mean": (IMAGE, lambda x: reduce(x, "b h w -> b w", "mean")),
    "max": (IMAGE, lambda x: reduce(x, "b (h 2) (w 3) -> b h w", "max")),
    "min": (STEPS, lambda x: reduce(x, "b t c -> b c", "min")),
    "sum": (IMAGE, lambda x: reduce(x, "b h w -> b", "sum")),
    "prod": (IMAGE, lambda x: reduce(x, "b h w -> b h 1", "prod")),
    "any": (IMAGE, lambda x: reduce(x > 0, "b h w -> b", "any")),
    "all": (IMAGE, lambda x: reduce(x > -1, "b h w -> b h", "all")),
    "repeat": (IMAGE, lambda x: repeat(x, "b h w -> b h w r", r=3)),
    "repeat and join": (IMAGE, lambda x: repeat(x, "b h w -> b (h r) w", r=3)),
    "einsum": (STEPS, lambda x: einsum(x, x, "b t c, b s c -> b t s")),
    "pack": (IMAGE, lambda x: pack([x, x[:, :, 0]], "b *")[0]),
    "unpack": (IMAGE, lambda x: unpack(x, [(), (2,), (3,)], "b h *")[1]),
}
# Several unknown sizes at once, torch functions and weights: these are ours alone.
OURS = {
    "heads": (STEPS, lambda x: rearrange(x, "b t (h d) -> b h t d", h=2)),
    "heads and back": (
        STEPS,
        lambda x: rearrange(rearrange(x, "b t (h d) -> b h t d", h=2), "b h t d -> b t (h d)"),
    ),
    "split the steps": (STEPS, lambda x: rearrange(x, "b (t n) c -> (b n) t c", n=2)),
    "split by a size": (
        STEPS,
        lambda x: rearrange(x, "b (n t) c -> b n t c", t=parse_shape(x, "b t c")["t"]),
    ),
    "ones among unknowns": (
        STEPS,
        lambda x: rearrange(rearrange(x, "b t c -> b 1 t c"), "b 1 t (h d) -> b t h d 1", h=3),
    ),
    "max of steps": (STEPS, lambda x: reduce(x, "b (t 2) (c 3) -> b t c", "max")),
    "any torch function": (IMAGE, lambda x: reduce(x, "b h w -> b w", torch.var)),
    "repeat the batch": (STEPS, lambda x: repeat(x, "b t c -> (r b) t c", r=2)),
    "repeat the steps": (STEPS, lambda x: repeat(x, "b t c -> b (t r) c", r=3)),
    "pack steps": (STEPS, lambda x: pack([x, x * 2], "b * c")[0]),
    "einsum of a weight": (IMAGE, lambda x: einsum(x, WEIGHT, "b h w, w o -> b h o")),
    "einsum, weight first": (IMAGE, lambda x: einsum(WEIGHT, x, "w o, b h w -> b h o")),
}
CASES = SHARED | OURS


def build(name):
    shape, function = CASES[name]
    inputs = keras.Input(shape)
    return keras.Model(inputs, function(inputs)), function


def data(steps=4):
    return torch.randn(2, steps, 6, generator=torch.Generator().manual_seed(steps))


@pytest.mark.parametrize("name", CASES)
def test_a_model_of_einops_computes_what_einops_does(name, tmp_path):
    model, function = build(name)
    model.save(tmp_path / "m.keras")
    loaded = keras.saving.load_model(tmp_path / "m.keras")
    clone = keras.models.clone_model(model)
    clone.set_weights(model.get_weights())
    for x in [data()] if CASES[name][0] is IMAGE else [data(4), data(8)]:
        want = function(x)
        assert len(model.output_shape) == want.ndim
        assert all(a in (None, b) for a, b in zip(model.output_shape, want.shape, strict=True))
        for one in (model, loaded, clone):
            torch.testing.assert_close(one(x), want)


@pytest.mark.parametrize("name", SHARED)
def test_real_keras_loads_the_model(name, tmp_path):
    model, function = build(name)
    model.save(tmp_path / "m.keras")
    theirs = reference.saving.load_model(tmp_path / "m.keras")
    np.testing.assert_allclose(theirs(data()).numpy(), function(data()).numpy(), rtol=1e-5)


@pytest.mark.parametrize("weight_first", [False, True])
def test_a_weight_in_einsum_is_trained_and_saved(weight_first, tmp_path):
    weight = torch.nn.Parameter(torch.zeros(6, 1))
    x = keras.Input((6,))
    y = (
        einsum(weight, x, "i o, b i -> b o")
        if weight_first
        else einsum(x, weight, "b i, i o -> b o")
    )
    model = keras.Model(x, y)
    assert model.trainable_weights[0] is weight
    model.compile(keras.optimizers.SGD(0.1), "mse")
    inputs = torch.randn(64, 6)
    model.fit(inputs, inputs.sum(1, keepdim=True), epochs=40, verbose=0)
    torch.testing.assert_close(weight.detach(), torch.ones(6, 1), atol=0.05, rtol=0)
    model.save(tmp_path / "m.keras")
    loaded = keras.saving.load_model(tmp_path / "m.keras")
    torch.testing.assert_close(loaded(inputs), model(inputs))


def test_a_wrong_pattern_is_einops_own_error():
    with pytest.raises(einops.EinopsError, match=r"can't divide axis of length 5 in chunks of 2"):
        rearrange(keras.Input((5,)), "b (h w) -> b h w", h=2)


def test_a_size_of_another_tensor_is_refused():
    x, y = keras.Input((None, 6)), keras.Input((None, 6))
    with pytest.raises(ValueError, match=r"einops: sizes of different tensors"):
        rearrange(x, "b (n t) c -> b n t c", n=parse_shape(y, "b t c")["t"])


SCRIPT = """
import sys
import torchkeras as keras
x = keras.Input((4, 6))
assert "einops" not in sys.modules, "torchkeras imported einops"
model = keras.saving.load_model(sys.argv[1])
assert "einops" not in sys.modules, "a file imported einops"
import einops  # after the symbol was made
assert einops.rearrange(x, "b h w -> b (h w)").shape == (None, 24) == model.output_shape
"""


def test_einops_is_met_whenever_the_user_imports_it(tmp_path):
    build("join")[0].save(tmp_path / "m.keras")
    subprocess.run([sys.executable, "-c", SCRIPT, str(tmp_path / "m.keras")], check=True)


def test_a_model_of_einops_is_trained_compiled_and_exported():
    x = keras.Input(STEPS)
    y = rearrange(keras.layers.Dense(8)(x), "b t (h d) -> b h t d", h=2)
    y = rearrange(reduce(y, "b h t d -> b h d", "mean"), "b h d -> b (h d)")
    model = keras.Model(x, keras.layers.Dense(1)(y))
    inputs = data()
    want = model(inputs)
    torch.testing.assert_close(torch.compile(model, fullgraph=True, backend="eager")(inputs), want)
    exported = torch.export.export(model.eval(), (inputs,))
    torch.testing.assert_close(exported.module()(inputs), want)
    torch.testing.assert_close(copy.deepcopy(model)(inputs), want)
    model.compile("adam", "mse")
    losses = model.fit(inputs, inputs.sum((1, 2))[:, None], epochs=30, verbose=0).history["loss"]
    assert losses[-1] < losses[0]


def test_unflatten_of_a_symbol_compiles():
    x = keras.Input(STEPS)
    model = keras.Model(x, x.unflatten(-1, (2, 3)))
    compiled = torch.compile(model, fullgraph=True, backend="eager")
    torch.testing.assert_close(compiled(data()), data().unflatten(-1, (2, 3)))
