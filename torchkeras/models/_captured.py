"""Parameters that functions of a functional model are called with: `F.linear(x, weight)`.

They are weights of the model, `captured_0`, `captured_1`, …, and stand among its weights in a file;
its config holds their shapes. One that belongs to a layer of the model (tied weights) stays there.
"""

from collections.abc import Iterable
from typing import Any

import torch
from torch import nn

from torchkeras import initializers
from torchkeras._base.errors import ModelFileError
from torchkeras.core import nest
from torchkeras.core.dtypes import is_float, standardize_dtype
from torchkeras.core.variable import Variable
from torchkeras.layers.layer import Layer

CLASS_NAME = "__parameter__"


def captured(operations: Iterable[Any]) -> list[nn.Parameter]:
    """Return the parameters in the calls of functions that no layer among them holds.

    Raises:
        ValueError: for a tensor that is computed from parameters: training would not reach them.
    """
    operations = list(operations)
    owned = {id(p) for op in operations if isinstance(op, Layer) for p in op.weights}
    found: dict[int, nn.Parameter] = {}
    for operation in operations:
        if isinstance(operation, nn.Module):
            continue
        for node in operation.inbound_nodes:
            for x in nest.flatten([list(node.args), node.kwargs]):
                if isinstance(x, torch.Tensor) and x._is_view():
                    x = x._base  # w.T is trained with w
                if isinstance(x, nn.Parameter) and id(x) not in owned:
                    found[id(x)] = x
                elif (
                    isinstance(x, torch.Tensor)
                    and not isinstance(x, nn.Parameter)
                    and x.grad_fn is not None
                ):
                    raise ValueError(
                        f"{operation.name!r} is called with a tensor of shape {tuple(x.shape)} "
                        "that was computed from weights, once and for all. Give the weights "
                        "themselves and compute on symbols or in a layer's call(); or detach() "
                        "the tensor, if it is a constant."
                    )
    return list(found.values())


def written(model: Any, x: torch.Tensor) -> dict[str, Any]:
    """Return what stands for a parameter in the config of a functional model.

    Raises:
        ValueError: for a tensor that is computed from parameters: only its value would be kept.
    """
    for operation in model.operations:
        for i, weight in enumerate(operation.weights if isinstance(operation, Layer) else ()):
            if weight is x:
                return {"class_name": CLASS_NAME, "config": {"layer": operation.name, "index": i}}
    own = [p for k, p in model._parameters.items() if k.startswith("captured_")]
    for i, parameter in enumerate(own):
        if parameter is x:
            config = {
                "index": i,
                "shape": list(x.shape),
                "dtype": standardize_dtype(x.dtype),
                "trainable": x.requires_grad,
            }
            return {"class_name": CLASS_NAME, "config": config}
    raise ValueError(
        f"Model {model.name!r} cannot be stored: a function in it is called with a tensor of shape "
        f"{tuple(x.shape)} that was computed from weights, which would be a constant in the file. "
        "Compute it in the call() of a layer, or from symbolic tensors."
    )


class Reader:
    """Gives the parameters of a config: those of layers, and new ones, each once."""

    def __init__(self, operations: dict[str, Any]) -> None:
        self._operations = operations
        self._made: dict[int, Variable] = {}

    def read(self, config: dict[str, Any]) -> Any:
        """Return a parameter, or None if its layer is not built yet."""
        index = config.get("index")
        if not isinstance(index, int) or index < 0:
            raise ModelFileError("a captured parameter without an index.", where="layers")
        if "layer" in config:
            layer = self._operations.get(config["layer"])
            if not isinstance(layer, Layer):
                raise ModelFileError(f"there is no layer {config['layer']!r}.", where="layers")
            weights = layer.weights
            return weights[index] if layer.built and index < len(weights) else None
        if index not in self._made:
            dtype = config["dtype"]
            self._made[index] = Variable(
                initializers.get("glorot_uniform" if is_float(dtype) else "zeros"),
                shape=config["shape"],
                dtype=dtype,
                trainable=config["trainable"],
                name=f"captured_{index}",
            )
        return self._made[index]
