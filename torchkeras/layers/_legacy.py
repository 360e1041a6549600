"""What layers of Keras 1 and 2 had besides: old methods, attributes and orders of arguments."""

import functools
import inspect
from collections.abc import Callable
from typing import Any, ClassVar

import torch

from torchkeras._base import legacy, scope
from torchkeras._base.legacy import old_attribute, old_method
from torchkeras.core import dtypes, nest
from torchkeras.core.registry import METRICS

_ORDER_2 = ("name", "shape", "dtype", "initializer", "regularizer", "trainable", "constraint")
_ORDER_1 = ("shape", "initializer", "name", "trainable", "regularizer", "constraint")
_GONE = (
    "partitioner", "use_resource", "synchronization", "collections", "caching_device", "getter",
    "experimental_autocast",
)  # fmt: skip


def takes_old_weights(add_weight: Callable[..., Any]) -> Callable[..., Any]:
    """Let `add_weight` take its arguments in the order of Keras 1 or 2, told by their types."""

    @functools.wraps(add_weight)
    def wrapped(self: Any, *args: Any, **kwargs: Any) -> Any:
        order = None
        if args and (isinstance(args[0], str) or (args[0] is None and "shape" in kwargs)):
            order = _ORDER_2
        elif len(args) > 2 and isinstance(args[2], str) and not _is_dtype(args[2]):
            order = _ORDER_1
        gone = [k for k in _GONE if k in kwargs]
        if order or gone:
            new = {**dict(zip(order or (), args, strict=False)), **kwargs}
            new = {k: v for k, v in new.items() if k not in _GONE}
            text = ", ".join(f"{k}={v!r}" for k, v in new.items() if not callable(v))
            what = ", ".join(gone) if gone else "name first" if order is _ORDER_2 else "name third"
            if legacy.allow(f"add_weight({what})", f"Write add_weight({text})."):
                args, kwargs = () if order else args, new
        return add_weight(self, *args, **kwargs)

    return wrapped


def _is_dtype(name: str) -> bool:
    try:
        dtypes.standardize_dtype(name)
    except (TypeError, ValueError):
        return False
    return True


def old_initializer(given: Any) -> Any:
    """Return an initializer that may be a function of Keras 1: `(shape, name=None)`.

    Such a function knows no dtype, and returns a variable.
    """
    if not inspect.isfunction(given):
        return given
    parameters = inspect.signature(given).parameters.values()
    if any(p.name == "dtype" or p.kind is p.VAR_KEYWORD for p in parameters):
        return given
    if sum(p.kind is not p.KEYWORD_ONLY for p in parameters) > 1 and not any(
        p.name == "name" for p in parameters
    ):
        return given  # its second argument is the dtype, under another name

    def initialize(shape: Any, dtype: Any = None) -> Any:
        value = given(shape)
        if isinstance(value, torch.Tensor):
            value = value.detach()
            return value.to(dtypes.torch_dtype(dtype)) if dtype is not None else value
        return value

    return initialize


def _shapes(tensors: Any) -> Any:
    flat = [tuple(t.shape) for t in nest.flatten(tensors)]
    return flat[0] if len(flat) == 1 else flat


class OldLayer:
    """Old names of a layer."""

    # What nothing stands for: name -> what to do instead.
    _gone_names: ClassVar[dict[str, str]] = {
        "add_inbound_node": "Call the layer on the tensor.",
        "assert_input_compatibility": "A call checks its inputs.",
        "compute_output_signature": "Use compute_output_spec().",
        "constraints": "Look at the constraint of each of weights.",
        "create_input_layer": "Call the layer on keras.Input(shape).",
        "finalize_state": "Leave it out.",
        "get_input": "Use input.",
        "get_output": "Use output.",
        "get_params": "Use trainable_weights.",
        "get_weight_paths": "Look at the path of each of weights.",
        "name_scope": "Use keras.name_scope(name).",
        "regularizers": "Look at the regularizer of each of weights.",
        "state_spec": "Look at state_size of the cell.",
        "submodules": "Use modules().",
        "with_name_scope": "Use keras.name_scope(name) in the method.",
    }

    # ------------------------------------------------------------------ weights

    @old_method("Use add_weight(shape=…, initializer=…, name=…).")
    def add_variable(self: Any, *args: Any, **kwargs: Any) -> Any:
        """Create a variable of this layer; see `add_weight`."""
        return self.add_weight(*args, **kwargs)

    @old_method("Hold a keras.metrics.Mean as an attribute, and update it in call().")
    def add_metric(self: Any, value: Any, name: str | None = None, aggregation: Any = None) -> None:
        """Show the mean of a value of this call in the logs.

        What has no name, or that of a metric held by the layer, is the result of that metric,
        which has counted it already.
        """
        if scope.state.probe_size is not None or name is None:
            return
        key = f"_added_{name}"
        if key not in self.__dict__:
            if any(m.name == name for m in self.metrics):
                return
            with torch.inference_mode(False):  # it is updated in training too
                setattr(self, key, METRICS.lookup("Mean")(name=name))
        value = value.detach() if isinstance(value, torch.Tensor) else value
        self.__dict__[key].update_state(value)

    @old_method("Assign to variables in call().")
    def add_update(self: Any, updates: Any, inputs: Any = None) -> None:
        """Do nothing: what is assigned in a call has happened."""

    @old_attribute("What call() assigns has happened.")
    def updates(self: Any) -> list[Any]:
        """Nothing: what is assigned in a call has happened."""
        return []

    @old_method("Look at losses.")
    def get_losses_for(self: Any, inputs: Any) -> list[Any]:
        """Return the losses; they belong to no inputs."""
        return list(self.losses)

    @old_method("What call() assigns has happened.")
    def get_updates_for(self: Any, inputs: Any) -> list[Any]:
        """Return nothing: what is assigned in a call has happened."""
        return []

    # ------------------------------------------------------------------ shapes and nodes

    @old_method("Use compute_output_shape().")
    def get_output_shape_for(self: Any, input_shape: Any) -> Any:
        """Return the shape of the outputs; the name of Keras 1."""
        return self.compute_output_shape(input_shape)

    @old_method("Take the shape of get_input_at().")
    def get_input_shape_at(self: Any, node_index: int) -> Any:
        """Return the shape of the input of a call."""
        return _shapes(self.get_input_at(node_index))

    @old_method("Take the shape of get_output_at().")
    def get_output_shape_at(self: Any, node_index: int) -> Any:
        """Return the shape of the output of a call."""
        return _shapes(self.get_output_at(node_index))

    @old_attribute("Read input.shape.")
    def input_shape(self: Any) -> Any:
        """Shape of the input of the first call."""
        return _shapes(self.input)

    @old_attribute("Read output.shape.")
    def output_shape(self: Any) -> Any:
        """Shape of the output of the first call."""
        return _shapes(self.output)

    @old_attribute("Masks go with the tensors of a call.")
    def input_mask(self: Any) -> None:
        """None: masks go with the tensors of a call."""
        return

    @old_attribute("Masks go with the tensors of a call.")
    def output_mask(self: Any) -> None:
        """None: masks go with the tensors of a call."""
        return

    @old_method("Masks go with the tensors of a call.")
    def get_input_mask_at(self: Any, node_index: int) -> None:
        """Return None: masks go with the tensors of a call."""

    @old_method("Masks go with the tensors of a call.")
    def get_output_mask_at(self: Any, node_index: int) -> None:
        """Return None: masks go with the tensors of a call."""

    # ------------------------------------------------------------------ modes

    @old_attribute("No layer is.")
    def dynamic(self: Any) -> bool:
        """False: every layer may run any Python code."""
        return False

    @old_attribute("Look whether there is a stateful recurrent layer.")
    def stateful(self: Any) -> bool:
        """Whether states go on from batch to batch."""
        return any(
            m.__dict__.get("stateful", False) for m in self.modules() if isinstance(m, OldLayer)
        )

    @old_attribute("Look whether call() takes `training`.")
    def uses_learning_phase(self: Any) -> bool:
        """Whether training and inference differ."""
        return any(
            m._call_spec.has_training and type(m).call is not getattr(type(m), "_same_call", 0)
            for m in self.modules()
            if isinstance(m, OldLayer) and not hasattr(m, "fit")
        )
