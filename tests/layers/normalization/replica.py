"""A process that normalises its part of a batch: `replica.py RANK WORLD STORE IN OUT`."""

import sys

import torch
import torch.distributed as dist

import torchkeras


def main(rank, world, store, source, target):
    """Normalise one part, with the other processes, and write what came out."""
    rank, world = int(rank), int(world)
    dist.init_process_group("gloo", init_method=f"file://{store}", rank=rank, world_size=world)
    results = {}
    x, mask, cotangent = torch.load(source, weights_only=True)
    for masked in (False, True):
        part = x.chunk(world)[rank].clone().requires_grad_()
        layer = torchkeras.layers.BatchNormalization(synchronized=True, momentum=0.5)
        out = layer(part, training=True, mask=mask.chunk(world)[rank] if masked else None)
        (out * cotangent.chunk(world)[rank]).sum().backward()
        results[f"out{masked}"] = out.detach()
        results[f"grad{masked}"] = part.grad
        results[f"mean{masked}"] = layer.moving_mean.detach().clone()
        results[f"variance{masked}"] = layer.moving_variance.detach().clone()
    torch.save(results, f"{target}.{rank}")
    dist.destroy_process_group()


if __name__ == "__main__":
    main(*sys.argv[1:])
