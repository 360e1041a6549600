"""Clipping against torch's functions and at the edges."""

import pytest
import torch

from torchkeras.optimizers import clip


def grads(dtype=torch.float32):
    g = torch.Generator().manual_seed(0)
    return [torch.randn(s, generator=g).to(dtype) for s in ((3, 4), (5,), ())]


def test_global_norm():
    params = [torch.nn.Parameter(torch.zeros_like(g)) for g in grads()]
    for p, g in zip(params, grads(), strict=True):
        p.grad = g
    torch.nn.utils.clip_grad_norm_(params, 0.5)
    for p, c in zip(params, clip.clip_by_global_norm(grads(), 0.5), strict=True):
        torch.testing.assert_close(p.grad, c)


@pytest.mark.parametrize("function", [clip.clip_by_norm, clip.clip_by_global_norm])
def test_below_the_limit_nothing_changes(function):
    for g, c in zip(grads(), function(grads(), 100.0), strict=True):
        assert torch.equal(g, c)


def test_norm_of_each():
    for g, c in zip(grads(), clip.clip_by_norm(grads(), 0.25), strict=True):
        torch.testing.assert_close(c.norm(), g.norm().clamp(max=0.25))


def test_half_precision_does_not_overflow():
    (g,) = clip.clip_by_norm([torch.full((64,), 1000.0, dtype=torch.float16)], 8.0)
    assert g.dtype == torch.float16
    assert g[0].item() == 1.0


def test_value():
    assert clip.clip_by_value([torch.tensor([-3.0, 0.5, 2.0])], 1.0)[0].tolist() == [-1, 0.5, 1]


def test_not_finite():
    bad = [torch.ones(2), torch.tensor([float("inf")])]
    each = clip.clip_by_norm(bad, 0.5)
    assert each[0].isfinite().all()
    assert each[1].isnan().all()
    assert all(g.isnan().all() for g in clip.clip_by_global_norm(bad, 0.5))
    nan = clip.clip_by_value([torch.tensor([float("nan"), 5.0])], 1.0)[0]
    assert nan[0].isnan()
    assert nan[1] == 1.0


def test_zero_gradients():
    for function in (clip.clip_by_norm, clip.clip_by_global_norm, clip.clip_by_value):
        assert function([torch.zeros(3)], 1.0)[0].tolist() == [0, 0, 0]
