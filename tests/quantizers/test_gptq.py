"""GPTQ and AWQ of a matrix against the papers' formulas, written out the long way."""

import numpy as np
import pytest
import torch

from oracle import assert_close, rand
from torchkeras.quantizers.awq import awq
from torchkeras.quantizers.gptq import gptq, group_parameters, nearest

ROWS, COLUMNS = 6, 300  # more than one block of lazy updates


def matrix(columns=COLUMNS):
    return torch.from_numpy(rand(ROWS, columns, seed=1)).double()


def inputs(columns=COLUMNS, rank=20):
    x = rand(80, rank, seed=2) @ rand(rank, columns, seed=3) + 0.3 * rand(80, columns, seed=4)
    return torch.from_numpy(x * np.exp(rand(columns, seed=5))).double()


def by_brain_surgeon(w, hessian, bits, size, symmetric, damping, order):
    """One weight after the other, the inverse of what is left of the Hessian found anew each time.

    Equations 2 and 3 of the GPTQ paper.
    """
    w, hessian = w.clone(), hessian.clone()
    hessian.diagonal().add_(damping * hessian.diagonal().mean())
    scale, zero = group_parameters(w, bits, size, symmetric)
    numbers, left = torch.empty_like(w), list(order)
    while left:
        q, *rest = left
        group = 0 if size == -1 else q // size
        s, z = scale[:, group], zero[:, group]
        numbers[:, q] = (torch.round(w[:, q] / s) + z).clamp(0, 2**bits - 1)
        inverse = torch.linalg.inv(hessian[left][:, left])
        error = (w[:, q] - (numbers[:, q] - z) * s) / inverse[0, 0]
        w[:, rest] -= torch.outer(error, inverse[0, 1:])
        left = rest
    return numbers


@pytest.mark.parametrize("symmetric", [False, True])
@pytest.mark.parametrize("activation_order", [False, True])
@pytest.mark.parametrize(("bits", "size"), [(4, -1), (3, 64), (2, 7), (8, 500)])
def test_like_the_paper(bits, size, activation_order, symmetric):
    w, x = matrix(), inputs()
    hessian = x.t() @ x
    found = gptq(w, hessian, bits, size, symmetric, activation_order=activation_order)
    order = range(COLUMNS)
    if activation_order:
        order = torch.argsort(hessian.diagonal(), descending=True).tolist()
    expected = by_brain_surgeon(w, hessian, bits, size, symmetric, 0.01, order)
    # The two ways round differently in their last digits; once a weight between two numbers goes
    # to the other, all later ones of its row are others.
    assert (found.numbers != expected).double().mean() < 0.01
    plain = nearest(w, bits, size, symmetric)
    assert torch.equal(found.scale, plain.scale) and torch.equal(found.zero, plain.zero)
    errors = [((r.floats() - w) @ x.t()).square().mean().item() for r in (found, plain)]
    assert errors[0] < 0.5 * errors[1]


def test_inputs_without_relation_are_just_rounded():
    w = matrix(40)
    hessian = torch.diag(torch.arange(40).double())  # one input has always been zero
    for order in (False, True):
        found = gptq(w, hessian, 4, 8, activation_order=order)
        assert torch.equal(found.numbers, nearest(w, 4, 8).numbers)


def test_damping():
    """Without any, a Hessian of too few samples is damped as much as it needs."""
    w, x = matrix(100), inputs(100)[:10]
    plain = nearest(w, 4).floats()
    for damping in (0.0, 1e-12, 1.0):
        found = gptq(w, x.t() @ x, 4, damping=damping).floats()
        assert found.isfinite().all()
        errors = [((y - w) @ x.t()).square().mean().item() for y in (found, plain)]
        assert errors[0] < 0.7 * errors[1]
    with pytest.raises(ValueError, match="not finite"):
        gptq(w, torch.full((100, 100), float("nan")), 4)


@pytest.mark.parametrize("bits", [2, 3, 4, 8])
@pytest.mark.parametrize("symmetric", [False, True])
def test_every_group_is_kept_to_half_a_step(bits, symmetric):
    """Also those of one sign, whose zero point lies far away."""
    w = torch.tensor(
        [[1, 2, 3, 4], [-1, -2, -3, -4], [0, 0, 0, 0], [9, 9, 9, 9], [50, 50.5, 51, 51],
         [-50, -50.5, -51, -51], [0, 0, 1, 1], [-1e-9, 0, 0, 0], [-5, 1, 2, 3]]
    )  # fmt: skip
    found = nearest(w, bits, 4, symmetric)
    assert found.zero.amin() >= 0 and found.zero.amax() <= 255
    limit = found.scale * (1.01 if symmetric else 0.51)  # the largest has no number of its own
    assert ((found.floats() - w).abs() <= limit + 1e-6).all()


def test_one_scale_for_all_outputs():
    w = matrix(20).float()
    scale, zero = group_parameters(w, 4, 10, per_channel=False)
    assert scale.shape == zero.shape == (ROWS, 2)
    for g in range(2):
        part = w[:, 10 * g : 10 * g + 10]
        assert_close(scale[:, g], ((part.max() - part.min()) / 15).expand(ROWS), 1e-6)
        assert_close(zero[:, g], torch.round(-part.min() / scale[0, g]).expand(ROWS))


@pytest.mark.parametrize(("size", "points"), [(-1, 20), (16, 7), (16, 1)])
def test_awq(size, points):
    w, x = matrix(48), inputs(48)
    largest = x.abs().amax(0)
    rounded, scales = awq(w, x.t() @ x, largest, 4, size, points)
    errors, all_scales = [], []
    for i in range(points + 1):
        s = largest ** (i / points)
        s = s / (s.max() * s.min()).sqrt()
        y = x / s @ nearest(w * s, 4, size).floats().t()
        errors.append((y - x @ w.t()).square().mean().item())
        all_scales.append(s)
    assert_close(scales, all_scales[int(np.argmin(errors))], 1e-6)
    assert torch.equal(rounded.numbers, nearest(w * scales, 4, size).numbers)


def test_awq_leaves_inputs_that_are_never_seen():
    w, x = matrix(16), inputs(16)
    x[:, 3] = 0
    rounded, scales = awq(w, x.t() @ x, x.abs().amax(0), 4)
    assert scales.isfinite().all() and rounded.floats().isfinite().all()
