import numpy as np
import pytest
import torch
from op_check import check
from ops_oracle import check_gradients, check_op

import torchkeras as keras
from oracle import rand

Q, K, V = (rand(2, n, 4, 8, seed=i) for i, n in enumerate((3, 5, 5)))
SHAPES = [(2, 4, 3, 5), (2, 1, 3, 5), (1, 3, 5), (3, 5), (1, 1, 1, 5)]


@pytest.mark.parametrize("heads", [4, 2, 1])
def test_plain(heads):
    key, value = K[:, :, :heads], V[:, :, :heads]
    for options in ({}, {"scale": 0.3}, {"is_causal": True}, {"flash_attention": False}):
        check("dot_product_attention", Q, key, value, **options)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("is_causal", [False, True])
def test_bias_and_mask(shape, is_causal):
    bias, mask = rand(*shape, seed=3), rand(*shape, seed=4) > -0.3
    for extra in ({"bias": bias}, {"mask": mask}, {"mask": mask.astype("float32")}):
        args = (Q, K, V, extra.get("bias"), extra.get("mask"))
        # Keras does not combine three dimensions with is_causal.
        assert check_op("dot_product_attention", *args, is_causal=is_causal) or len(shape) == 3
    seeing = mask.copy()
    seeing[..., 0] = True  # of a query that sees nothing, Keras's gradients are wrong
    for args in ((bias,), (None, seeing)):
        check_gradients("dot_product_attention", Q, K, V, *args, is_causal=is_causal)
    both = keras.ops.dot_product_attention(Q, K, V, bias, mask, is_causal=is_causal)
    added = np.where(mask, bias, -1e30).astype("float32")
    one = keras.ops.dot_product_attention(Q, K, V, added, is_causal=is_causal)
    seen = mask & np.tri(3, 5, dtype=bool) if is_causal else mask
    some = np.broadcast_to(seen.any(-1), (2, 4, 3)).transpose(0, 2, 1).copy()
    torch.testing.assert_close(both[some], one[some])


def test_a_query_that_sees_nothing():
    mask = np.zeros((3, 5), bool)
    check_op("dot_product_attention", Q, K, V, None, mask)
    assert keras.ops.dot_product_attention(Q, K, V, mask=mask).isfinite().all()


@pytest.mark.parametrize("options", [{}, {"is_causal": True}, {"attn_logits_soft_cap": 2.0}])
@pytest.mark.parametrize("bias", [False, True])
@pytest.mark.parametrize("heads", [4, 2, 1])
def test_its_gradients(heads, bias, options):
    """Those of the mean of the values; torch's kernels give as many times more as there are keys.

    Beside finite differences: `gradcheck` fails without the care taken, and for Keras.
    """
    generator = torch.Generator().manual_seed(1)
    q, k, v = (
        torch.randn(2, n, h, 3, dtype=torch.float64, generator=generator, requires_grad=True)
        for n, h in ((3, 4), (5, heads), (5, heads))
    )
    mask = torch.rand(2, 4, 3, 5, generator=generator) > 0.4
    mask[:, :, 1] = False
    added = torch.tensor(rand(3, 5)).double() if bias else None

    def attend(q, k, v):
        return keras.ops.dot_product_attention(q, k, v, added, mask, **options)

    assert torch.autograd.gradcheck(attend, (q, k, v), atol=1e-4)
    mean = v.mean(1, keepdim=True).repeat_interleave(4 // heads, 2)
    torch.testing.assert_close(attend(q, k, v)[:, 1:2], mean)
    with torch.no_grad():
        torch.testing.assert_close(attend(q, k, v)[:, 1:2], mean)


@pytest.mark.parametrize("options", [{}, {"is_causal": True}, {"mask": rand(3, 5) > 0}])
@pytest.mark.parametrize("heads", [4, 2])
def test_soft_cap(options, heads):
    """Of a cap far away nothing is to be seen; a near one bounds what a score can do."""
    key, value = K[:, :, :heads], V[:, :, :heads]
    plain = keras.ops.dot_product_attention(Q, key, value, **options)
    capped = keras.ops.dot_product_attention(Q, key, value, **options, attn_logits_soft_cap=1e4)
    torch.testing.assert_close(capped, plain, rtol=1e-4, atol=1e-5)
    flat = keras.ops.dot_product_attention(100 * Q, key, value, attn_logits_soft_cap=1e-6)
    mean = torch.tensor(value).mean(1, keepdim=True).repeat_interleave(4 // heads, 2)
    torch.testing.assert_close(flat, mean.expand_as(flat), rtol=1e-4, atol=1e-5)


def test_symbols():
    q, k = keras.KerasTensor((None, 3, 4, 8)), keras.KerasTensor((None, None, 2, 8))
    assert keras.ops.dot_product_attention(q, k, k).shape == (None, 3, 4, 8)
    bias = keras.KerasTensor((None, 4, 3, None))
    assert keras.ops.dot_product_attention(q, k, k, bias=bias).shape == (None, 3, 4, 8)


@pytest.mark.parametrize(
    ("shapes", "message"),
    [
        ([(2, 3, 8)] * 3, "must have the shape"),
        ([(2, 3, 4, 8), (2, 3, 3, 8), (2, 3, 3, 8)], "divides the query's"),
        ([(2, 3, 4, 8), (2, 3, 2, 8), (2, 3, 4, 8)], "divides the query's"),
    ],
)
def test_bad_arguments(shapes, message):
    for make in (torch.ones, keras.KerasTensor):
        with pytest.raises(ValueError, match=message):
            keras.ops.dot_product_attention(*(make(s) for s in shapes))
