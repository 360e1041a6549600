"""The mode of torch modules that a layer holds, for the time of one call."""

from collections.abc import Iterable

from torch import nn

Modes = list[tuple[nn.Module, bool]]


def switch(modules: Iterable[nn.Module], training: bool) -> Modes | None:
    """Put modules in a mode; return what all under them were in, or None if nothing changes."""
    other = [m for m in modules if m.training != training]
    if not other:
        return None
    before = [(m, m.training) for module in other for m in module.modules()]
    for module in other:
        module.train(training)
    return before


def restore(modes: Modes) -> None:
    """Put modules back in the modes that they were in."""
    for module, mode in modes:
        module.training = mode
