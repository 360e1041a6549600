"""A process that takes the moments of its part: `replica.py RANK WORLD STORE IN OUT`."""

import sys

import torch
import torch.distributed as dist

import torchkeras


def main(rank, world, store, source, target):
    """Take moments of this part and those of the other processes; write them and gradients."""
    rank, world = int(rank), int(world)
    dist.init_process_group("gloo", init_method=f"file://{store}", rank=rank, world_size=world)
    results = []
    for x, sizes, axes, keepdims, cotangents in torch.load(source, weights_only=True):
        part = x.split(sizes)[rank].clone().requires_grad_()
        outs = torchkeras.ops.moments(part, axes, keepdims=keepdims, synchronized=True)
        # Each process has its share of the loss, as it has of the batch.
        sum((o * c).sum() / world for o, c in zip(outs, cotangents, strict=True)).backward()
        results.append([*(o.detach() for o in outs), part.grad])
    torch.save(results, f"{target}.{rank}")
    dist.destroy_process_group()


if __name__ == "__main__":
    main(*sys.argv[1:])
