"""Looking at a model without changing it."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import nn

from torchkeras.layers import Layer


@contextmanager
def untouched(model: nn.Module) -> Iterator[None]:
    """Put the model into inference for a `with` block and give all of it back as it was.

    Modes, the values of buffers (moving means, states of stateful layers, counters of seeds) and
    the global random streams are those of before; no gradient is kept anywhere.
    """
    modes = [(m, m.training) for m in model.modules()]
    buffers = [(b, b._version, b.detach().clone()) for b in model.buffers()]
    devices = {b.device for b in (*model.parameters(), *model.buffers()) if b.is_cuda}
    with torch.random.fork_rng(devices=list(devices)):
        try:
            if not isinstance(model, Layer):  # a layer is told its mode at the call
                model.eval()
            yield
        finally:
            for module, training in modes:
                if module.training != training:
                    module.training = training
            with torch.no_grad():
                for buffer, version, value in buffers:
                    if buffer._version != version:
                        buffer.copy_(value)


def call(model: nn.Module, inputs: object) -> object:
    """Run a model in inference; inside `untouched`."""
    if isinstance(model, Layer):
        return model(inputs, training=False)
    if isinstance(inputs, dict):
        return model(**inputs)
    if isinstance(inputs, (list, tuple)):
        return model(*inputs)
    return model(inputs)
