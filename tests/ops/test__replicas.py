"""moments(synchronized=True) in two processes: those of all values, however they are divided."""

import subprocess
import sys
from pathlib import Path

import pytest
import torch

import torchkeras
from oracle import assert_close

CASES = [
    (axes, sizes, keepdims, dtype)
    for axes in ([0], [0, 1], [-3, 2], [0, 1, 2])
    for sizes in ([3, 3], [1, 5])
    for keepdims in (False, True)
    for dtype in (torch.float32, torch.float64, torch.float16)
]


@pytest.fixture(scope="module")
def replicas(tmp_path_factory):
    """The data, and what two processes made of their parts."""
    folder, data = tmp_path_factory.mktemp("replicas"), []
    generator = torch.Generator().manual_seed(0)
    for axes, sizes, keepdims, dtype in CASES:
        # Far from 0: the variance must not come out of a difference of squares.
        x = (torch.randn(6, 4, 3, generator=generator) + 30).to(dtype)
        shape = torchkeras.ops.mean(x, axes, keepdims).shape
        cotangents = [torch.randn(shape, generator=generator).to(dtype) for _ in range(2)]
        data.append((x, sizes, axes, keepdims, cotangents))
    torch.save(data, folder / "in")
    script = Path(__file__).with_name("replica.py")
    running = [
        subprocess.Popen(
            [sys.executable, script, str(rank), "2", folder / "store", folder / "in",
             folder / "out"]
        )
        for rank in range(2)
    ]  # fmt: skip
    assert [p.wait(timeout=120) for p in running] == [0, 0]
    return data, [torch.load(f"{folder}/out.{rank}", weights_only=True) for rank in range(2)]


def test_moments_are_those_of_all_values(replicas):
    data, (first, second) = replicas
    assert len(data) == len(first) == len(CASES)
    for (x, _, axes, keepdims, cotangents), one, other in zip(data, first, second, strict=True):
        x = x.clone().requires_grad_()
        outs = torchkeras.ops.moments(x, axes, keepdims)
        sum((o * c).sum() for o, c in zip(outs, cotangents, strict=True)).backward()
        rtol = 4e-3 if x.dtype is torch.float16 else 1e-5
        for found in (one, other):
            assert found[0].dtype is x.dtype
            assert_close(found[:2], [o.detach() for o in outs], rtol, rtol / 10)
        assert_close(torch.cat([one[2], other[2]]), x.grad, rtol, rtol)


def test_alone_it_is_as_without():
    x = torch.randn(4, 3)
    for a, b in zip(*(torchkeras.ops.moments(x, [0], synchronized=s) for s in (True, False)),
                    strict=True):  # fmt: skip
        assert torch.equal(a, b)
