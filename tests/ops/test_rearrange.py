import keras as reference
import pytest
import torch

import torchkeras as keras

# (shape, pattern, sizes); those that real Keras answers rightly
CASES = [
    ((2, 3, 4), "a b c -> b (a c)", {}),
    ((2, 3, 4), "a b c -> c b a", {}),
    ((4, 6), "(h a) (w b) -> h w (a b)", {"a": 2, "b": 3}),
    ((4, 6, 3), "b (h w) c -> b c h w", {"h": 2}),
    ((2, 4, 6, 3), "b (h h1) (w w1) c -> (b h1 w1) h w c", {"h1": 2, "w1": 3}),
    ((2, 4, 6, 3), "b h w c -> b (c h w)", {}),
]


@pytest.mark.parametrize(("shape", "pattern", "sizes"), CASES)
def test_against_keras(shape, pattern, sizes):
    x = torch.arange(torch.Size(shape).numel()).reshape(shape)
    want = reference.ops.rearrange(x, pattern, **sizes)
    assert torch.equal(keras.ops.rearrange(x, pattern, **sizes), want)
    symbol = keras.ops.rearrange(keras.KerasTensor(shape), pattern, **sizes)
    assert symbol.shape == tuple(want.shape)


# What real Keras cannot do: dots, ones, unknown sizes.
MORE = [
    ((2, 3, 4), "a ... -> ... a", {}, lambda x: x.permute(1, 2, 0)),
    ((2, 3, 4), "... c -> (...) c", {}, lambda x: x.reshape(-1, 4)),
    ((3, 1, 2), "a 1 b -> a b", {}, lambda x: x.squeeze(1)),
    ((3, 2), "a b -> a 1 b", {}, lambda x: x.unsqueeze(1)),
    ((3, 2), "a b -> (a b) ()", {}, lambda x: x.reshape(-1, 1)),
    ((0, 6), "a (b c) -> a b c", {"b": 2}, lambda x: x.reshape(0, 2, 3)),
]


@pytest.mark.parametrize(("shape", "pattern", "sizes", "want"), MORE)
def test_the_whole_notation(shape, pattern, sizes, want):
    x = torch.rand(shape)
    assert torch.equal(keras.ops.rearrange(x, pattern, **sizes), want(x))


@pytest.mark.parametrize(
    ("pattern", "sizes", "shape"),
    [
        ("b (h w) -> b h w", {"h": 2}, (None, 2, 3)),
        ("b (h w) -> (b h) w", {"h": 2}, (None, 3)),
        ("(b a) h -> b a h", {"a": 2}, (None, 2, 6)),
        ("... h -> h ...", {}, (6, None)),
    ],
)
def test_unknown_sizes(pattern, sizes, shape):
    assert keras.ops.rearrange(keras.KerasTensor((None, 6)), pattern, **sizes).shape == shape


@pytest.mark.parametrize(
    ("pattern", "sizes", "message"),
    [
        ("a b -> a b c", {}, "same names"),
        ("a a -> a", {}, "same names"),
        ("a b", {}, "needs one '->'"),
        ("a -> a", {}, "1 dimensions, the tensor 2"),
        ("(a b) c -> a b c", {"b": 2}, "cannot be divided"),
        ("(a b) c -> a b c", {}, "cannot be divided"),
        ("a b -> b a", {"c": 2}, "which the pattern has not"),
        ("a+b c -> c a b", {}, "a side of the pattern"),
    ],
)
def test_refused(pattern, sizes, message):
    with pytest.raises(ValueError, match=message):
        keras.ops.rearrange(torch.zeros(3, 2), pattern, **sizes)
