import keras
import numpy as np
import pytest
import torch
from scipy import stats

from torchkeras.core.symbolic import KerasTensor
from torchkeras.random import SeedGenerator, dropout


@pytest.mark.parametrize("rate", [1e-4, 0.003, 0.1, 0.25, 1 / 3, 0.5, 0.8, 0.997])
def test_share_and_scale(rate):
    n = 400_000
    out = dropout(torch.ones(n), rate, seed=1)
    values = out.unique().tolist()
    assert values[0] == 0 and values[1:] == pytest.approx([1 / (1 - rate)])
    dropped = int((out == 0).sum())
    assert stats.binomtest(dropped, n, rate).pvalue > 1e-4


def test_decisions_are_independent():
    kept = (dropout(torch.ones(1000, 1000), 0.5, seed=1) != 0).double()
    for lag in (1, 2, 3, 4, 5, 8):
        agree = (kept[:, lag:] == kept[:, :-lag]).double().mean().item()
        assert agree == pytest.approx(0.5, abs=0.003)
    assert stats.chisquare(kept.sum(0).numpy()).pvalue > 1e-4


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float32", "float64"])
def test_types_and_gradients(dtype):
    x = torch.randn(40, 50, dtype=getattr(torch, dtype), requires_grad=True)
    out = dropout(x, 0.4, seed=2)
    assert out.dtype == x.dtype
    out.sum().backward()
    mask = dropout(torch.ones_like(x), 0.4, seed=2)
    assert torch.equal(out, x * mask) and torch.equal(x.grad, mask)


@pytest.mark.parametrize(
    "noise_shape", [(4, 1, 1), (None, 1, None), (1, 3, 1), (1, 1, 1), (3, 5), (1,), (4, 3, 5)]
)
def test_noise_shape(noise_shape):
    x = torch.ones(4, 3, 5)
    out = dropout(x, 0.5, noise_shape=noise_shape, seed=3)
    want = keras.random.dropout(x, 0.5, noise_shape=noise_shape, seed=3)
    assert out.shape == want.shape == x.shape
    for axis, size in enumerate(reversed(noise_shape), 1):
        if size == 1:
            assert (out == out.narrow(-axis, 0, 1)).all(), "one decision along this axis"


@pytest.mark.parametrize("noise_shape", [(3, 3), (2, 1, 1), (2,)], ids=str)
def test_bad_noise_shapes(noise_shape):
    with pytest.raises(ValueError, match=r"must broadcast to the inputs' shape \(2, 3\)"):
        dropout(torch.ones(2, 3), 0.5, noise_shape=noise_shape)


def test_rates_at_the_ends():
    x = torch.randn(5, requires_grad=True)
    assert dropout(x, 0) is x and dropout(x, 0.0) is x
    out = dropout(x, 1)
    out.sum().backward()
    assert not out.any() and not x.grad.any()
    for rate in (1.5, -0.1, "a", None, float("nan")):
        with pytest.raises(ValueError, match=r"dropout: rate must be a number in \[0, 1\]"):
            dropout(x, rate)


@pytest.mark.parametrize("shape", [(), (1,), (3,), (0, 4), (5, 7, 3)], ids=str)
def test_sizes_that_fill_no_whole_word(shape):
    for rate in (0.5, 1e-3):
        assert dropout(torch.ones(shape), rate).shape == shape


def test_memory_order_is_kept():
    x = torch.ones(2, 3, 8, 9).to(memory_format=torch.channels_last)
    out = dropout(x, 0.5, seed=1)
    assert out.is_contiguous(memory_format=torch.channels_last)
    assert 0.3 < (out == 0).double().mean() < 0.7
    sliced = torch.ones(8, 10)[:, ::2]
    assert dropout(sliced, 0.5).shape == (8, 5)
    assert dropout(torch.ones(1, 4).expand(3, 4), 0.5, seed=1).unique(dim=0).shape[0] > 1


def test_whole_numbers_lists_and_arrays():
    assert dropout(torch.full((50,), 3, dtype=torch.int32), 0.5, seed=1).unique().tolist() == [0, 6]
    assert dropout([1.0, 2.0], 0.5).dtype == torch.float32
    assert dropout(np.ones(4), 0.5).dtype == torch.float64
    assert dropout(torch.ones(20, dtype=torch.complex64), 0.5).dtype == torch.complex64


def test_symbols_are_sent_to_the_layer():
    with pytest.raises(TypeError, match="they cannot be symbolic; use the Dropout layer"):
        dropout(KerasTensor((None, 3)), 0.5)


def test_under_vmap_and_meta():
    x = torch.ones(4, 500)
    out = torch.func.vmap(lambda row: dropout(row, 0.5), randomness="different")(x)
    assert out.unique(dim=0).shape[0] == 4
    stream = SeedGenerator(1)
    assert dropout(torch.ones(3, device="meta"), 0.5, seed=stream).is_meta
    assert stream.state.tolist() == [1, 0]


def test_exported_and_compiled_graphs_use_torchs_own():
    stream = SeedGenerator(1)
    fn = torch.compile(lambda x: dropout(x, 0.5, seed=stream), backend="eager", fullgraph=True)
    out = fn(torch.ones(1000))
    assert out.unique().tolist() == [0.0, 2.0]
    noise_shape = torch.compile(
        lambda x: dropout(x, 0.5, (None, 1)), backend="eager", fullgraph=True
    )
    assert noise_shape(torch.ones(50, 2)).unique(dim=0).tolist() == [[0.0, 0.0], [2.0, 2.0]]
