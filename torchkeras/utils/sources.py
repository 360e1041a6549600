"""The inputs behind a symbolic tensor."""

from typing import Any

from torchkeras import tree
from torchkeras.core.symbolic import KerasTensor


def get_source_inputs(tensor: Any) -> list[KerasTensor]:
    """Return the symbolic inputs that a symbolic tensor is computed from, as a list.

    Args:
        tensor: KerasTensor, or structure of them.

    >>> import torchkeras as keras
    >>> x = keras.Input((3,))
    >>> keras.utils.get_source_inputs(keras.layers.Dense(2)(x))[0] is x
    True
    """
    found: list[KerasTensor] = []
    seen: set[Any] = set()
    waiting = [t for t in reversed(tree.flatten(tensor)) if isinstance(t, KerasTensor)]
    while waiting:
        here = waiting.pop()
        node = here._source[0] if here._source is not None else None
        if node is None or node.is_input:
            if not any(here is t for t in found):
                found.append(here)
        elif node not in seen:
            seen.add(node)
            waiting.extend(reversed(node.input_tensors))
    return found
