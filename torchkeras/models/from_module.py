"""A plain torch module as a model: `Model.from_module(module)`."""

import dataclasses
import inspect
from typing import Any

import torch
from torch import nn

from torchkeras._base import naming
from torchkeras._base.check import received
from torchkeras.core import serialize
from torchkeras.core.registry import MODELS
from torchkeras.layers import _mode
from torchkeras.layers.core.torch_module import eval_spec, is_lazy, policy_of
from torchkeras.models.model import Model


@MODELS.register(module="torchkeras.models")
class ModuleModel(Model):
    """A torch module with `compile`, `fit`, `evaluate`, `predict`, `summary` and `save`.

    The module is not copied: `model.module is module`, and its weights are those that are trained.
    A list of inputs becomes the positional arguments of a `forward` that takes several, a dict
    its keyword arguments if these are their names; any other `forward` gets the structure as it
    is. A dataclass that `forward` returns (or a subclass of dict) becomes a dict of its tensors,
    by whose keys losses and metrics are chosen.

    Args:
        module: The module. To be saved with `save()`, its class is one of torch.nn, is registered
            or given in `custom_objects`, and its arguments are attributes of the same names.
        name: Default: the name of the module's class in snake case.

    Raises:
        ValueError: if `module` is no torch module, or is a layer already.

    >>> import torch, torchkeras as keras
    >>> model = keras.Model.from_module(torch.nn.Sequential(torch.nn.Linear(3, 2)))
    >>> model.compile("sgd", "mse")
    >>> history = model.fit(torch.ones(4, 3), torch.ones(4, 2), verbose=0)
    >>> model.predict(torch.ones(4, 3), verbose=0).shape
    (4, 2)
    """

    def __init__(self, module: nn.Module, name: str | None = None, **kwargs: Any) -> None:
        if isinstance(module, dict):
            module = serialize.deserialize_keras_object(module)
        if not isinstance(module, nn.Module) or not serialize.is_torch_module(module):
            hint = " A layer goes into a Sequential." if isinstance(module, nn.Module) else ""
            raise ValueError(
                f"Model.from_module: module must be a torch.nn.Module that is no layer.{hint} "
                f"{received('module', module)}"
            )
        if kwargs.get("dtype") is None:
            kwargs["dtype"] = policy_of(module)
        super().__init__(name=name or naming.auto_name(type(module).__name__), **kwargs)
        self.module = module
        self.__dict__["_names"], self.__dict__["_places_of_forward"] = _signature(module)
        if not self.trainable:
            self.trainable = False  # the module's parameters too
        self.built = not is_lazy(module)

    def call(self, inputs: Any, *args: Any, training: bool | None = None, **kwargs: Any) -> Any:
        """Run the module on a structure of inputs, or on `forward`'s own arguments."""
        modes = None
        if training is not None and self.module.training != training:
            modes = _mode.switch((self.module,), training)
        try:
            return _plain(self._forward(inputs, args, kwargs))
        finally:
            if modes is not None:
                _mode.restore(modes)

    def _forward(self, inputs: Any, args: Any, kwargs: Any) -> Any:
        module = self._modules["module"]
        if args or kwargs:
            return module(inputs, *args, **kwargs)
        if isinstance(inputs, dict) and inputs and self._takes(inputs):
            return module(**inputs)
        if isinstance(inputs, (list, tuple)) and 1 < len(inputs) <= self._places_of_forward:
            return module(*inputs)
        return module(inputs)

    def _foreign_modules(self) -> list[nn.Module]:
        return []  # the call itself sees to the mode

    def _takes(self, inputs: dict[Any, Any]) -> bool:
        return self._names is None or set(inputs) <= self._names

    def compute_output_spec(self, *args: Any, **kwargs: Any) -> Any:
        """Return the symbolic outputs, by a run on the meta device that changes no mode."""
        return eval_spec(self, self._infer_spec, args, kwargs)


def _signature(module: nn.Module) -> tuple[frozenset[str] | None, float]:
    """Return the keyword names of `forward` (None: any), and how many positions it has."""
    parameters = inspect.signature(module.forward).parameters.values()
    kinds = {p.kind for p in parameters}
    named = [p for p in parameters if p.kind in (p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY)]
    places = sum(p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD) for p in parameters)
    open_ended = inspect.Parameter.VAR_POSITIONAL in kinds
    names = None if inspect.Parameter.VAR_KEYWORD in kinds else frozenset(p.name for p in named)
    return names, float("inf") if open_ended else places


def _plain(outputs: Any) -> Any:
    """Return dataclasses and kinds of dicts as dicts of what holds a value."""
    if isinstance(outputs, torch.Tensor):
        return outputs
    if dataclasses.is_dataclass(outputs) and not isinstance(outputs, type):
        names = [f.name for f in dataclasses.fields(outputs)]
        outputs = {n: getattr(outputs, n) for n in names}
    if isinstance(outputs, dict):
        return {k: _plain(v) for k, v in outputs.items() if v is not None}
    if type(outputs) in (list, tuple):
        return type(outputs)(_plain(v) for v in outputs)
    return outputs


Model._of_module = ModuleModel
