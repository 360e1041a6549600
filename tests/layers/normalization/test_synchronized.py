"""BatchNormalization(synchronized=True): replicas normalise by the whole batch."""

import subprocess
import sys
from pathlib import Path

import pytest
import torch

import torchkeras
from oracle import assert_close

WORLD = 2


@pytest.fixture(scope="module")
def replicas(tmp_path_factory):
    """The data, and what two processes made of their halves."""
    folder = tmp_path_factory.mktemp("replicas")
    torch.manual_seed(0)
    x, cotangent = torch.randn(6, 5, 3), torch.randn(6, 5, 3)
    mask = torch.rand(6, 5) < 0.7
    torch.save((x, mask, cotangent), folder / "in")
    script = Path(__file__).with_name("replica.py")
    running = [
        subprocess.Popen(
            [sys.executable, script, str(rank), str(WORLD), folder / "store", folder / "in",
             folder / "out"]
        )
        for rank in range(WORLD)
    ]  # fmt: skip
    assert [p.wait(timeout=120) for p in running] == [0] * WORLD
    results = [torch.load(f"{folder}/out.{rank}", weights_only=True) for rank in range(WORLD)]
    return x, mask, cotangent, results


@pytest.mark.parametrize("masked", [False, True])
def test_replicas_equal_one_process_with_all(replicas, masked):
    x, mask, cotangent, results = replicas
    whole = x.clone().requires_grad_()
    layer = torchkeras.layers.BatchNormalization(momentum=0.5)
    out = layer(whole, training=True, mask=mask if masked else None)
    (out * cotangent).sum().backward()
    assert_close(torch.cat([r[f"out{masked}"] for r in results]), out)
    assert_close(torch.cat([r[f"grad{masked}"] for r in results]), whole.grad)
    for r in results:
        assert_close(r[f"mean{masked}"], layer.moving_mean)
        assert_close(r[f"variance{masked}"], layer.moving_variance)


def test_alone_it_is_as_without():
    x = torch.randn(4, 3)
    outs = [
        torchkeras.layers.BatchNormalization(synchronized=s)(x, training=True)
        for s in (True, False)
    ]
    assert torch.equal(*outs)
