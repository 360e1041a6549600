"""clone_model: a model with the same layers, made anew, on new inputs."""

from collections.abc import Callable
from typing import Any

from torchkeras._base.check import received
from torchkeras.core import nest
from torchkeras.core.operation import Operation
from torchkeras.core.symbolic import KerasTensor
from torchkeras.layers.core.input import Input, InputLayer
from torchkeras.layers.layer import Layer
from torchkeras.models.model import Functional, Model
from torchkeras.models.sequential import Sequential


def clone_model(
    model: Model,
    input_tensors: Any = None,
    clone_function: Callable[[Any], Any] | None = None,
    call_function: Callable[..., Any] | None = None,
    recursive: bool = False,
    **kwargs: Any,
) -> Model:
    """Make a model with the same layers, freshly initialized, on new inputs.

    Args:
        model: `Sequential` or functional model; a subclassed one is made again of its config.
        input_tensors: Symbolic tensors (a list, or the model's own structure) that the new model
            begins with; default: new inputs like the old ones.
        clone_function: `layer -> layer`; default: a layer of the same class and config.
        call_function: `(layer, *args, **kwargs) -> outputs`, which calls each new layer of a
            functional model; it can put others before and after it.
        recursive: Whether inner models are cloned by the same functions, layer by layer.

    Raises:
        ValueError: for an argument that does not go with the kind of model.
        TypeError: for what is no model.

    >>> import torchkeras as keras
    >>> model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2, name="d")])
    >>> keras.models.clone_model(model).layers[0].name
    'd'
    """
    if not isinstance(model, Model):
        raise TypeError(f"clone_model: model must be a Model. {received('model', model)}")
    cache = kwargs.pop("cache", None)
    if kwargs:
        raise ValueError(f"clone_model: unexpected arguments. {received('kwargs', kwargs)}")
    cloner = _Cloner(clone_function, call_function, recursive, {} if cache is None else cache)
    if isinstance(model, Sequential):
        if call_function is not None:
            raise ValueError(
                "clone_model: call_function is not for Sequential models, whose layers are called "
                "when the model runs. Make a functional model of it first."
            )
        clone = cloner.sequential(model, input_tensors)
    elif getattr(model, "_graph", None) is not None:
        clone = cloner.functional(model, input_tensors)
    else:
        for name, value in (
            ("clone_function", clone_function),
            ("input_tensors", input_tensors),
            ("call_function", call_function),
        ):
            if value is not None:
                raise ValueError(
                    f"clone_model: {name} is for Sequential and functional models. Received: "
                    f"model of class {type(model).__name__}."
                )
        return _made_again(model)
    if model.compiled:
        clone.compile_from_config(model.get_compile_config())
    return clone


def _made_again(layer: Any) -> Any:
    return type(layer).from_config(layer.get_config())


class _Cloner:
    """What one call of `clone_model` makes of each layer, once."""

    def __init__(
        self,
        clone: Callable[[Any], Any] | None,
        call: Callable[..., Any] | None,
        recursive: bool,
        made: dict[int, Any],
    ) -> None:
        self.clone = _made_again if clone is None else clone
        self.call = call
        self.recursive = recursive
        self.given = clone
        self.made = made

    def of(self, operation: Operation) -> Any:
        """Return the new one in the place of an operation; what is no layer is shared."""
        if id(operation) not in self.made:
            self.made[id(operation)] = self._new(operation)
        return self.made[id(operation)]

    def _new(self, operation: Operation) -> Any:
        if not isinstance(operation, Layer):
            return operation
        if self.recursive and isinstance(operation, (Sequential, Functional)):
            call = None if isinstance(operation, Sequential) else self.call
            return clone_model(
                operation,
                clone_function=self.given,
                call_function=call,
                recursive=True,
                cache=self.made,
            )
        return self.clone(operation)

    def sequential(self, model: Sequential, input_tensors: Any) -> Sequential:
        """Clone the layers, and the input if there is one."""
        layers = [self.of(layer) for layer in model.layers]
        if input_tensors is not None:
            tensors = nest.flatten(input_tensors)
            if len(tensors) != 1 or not isinstance(tensors[0], (KerasTensor, InputLayer)):
                raise ValueError(
                    "clone_model: input_tensors of a Sequential model must be one symbolic tensor. "
                    f"{received('input_tensors', input_tensors)}"
                )
            layers.insert(0, _as_input(tensors[0]))
        elif model._graph is not None:
            layers.insert(0, _as_input(model.inputs[0]))
        return Sequential(layers, name=model.name, trainable=model.trainable)

    def functional(self, model: Any, input_tensors: Any) -> Any:
        """Run the graph with new layers on new inputs."""
        old = model._graph.inputs
        if input_tensors is None:
            new = [_like(t) for t in old]
        else:
            new = nest.flatten(input_tensors)
            if len(new) != len(old) or not all(isinstance(t, KerasTensor) for t in new):
                raise ValueError(
                    f"clone_model: input_tensors must be {len(old)} symbolic tensors. "
                    f"{received('input_tensors', input_tensors)}"
                )
            if isinstance(model._inputs_struct, dict) != isinstance(input_tensors, dict):
                raise ValueError(
                    "clone_model: input_tensors must have the structure of model.input, "
                    f"{nest.map_structure(lambda t: t.name, model._inputs_struct)}. "
                    f"{received('input_tensors', input_tensors)}"
                )

        def call(operation: Operation, args: Any, kwargs: Any) -> Any:
            layer = self.of(operation)
            if self.call is None or not isinstance(operation, Layer):
                return layer(*args, **kwargs)
            return self.call(layer, *args, **kwargs)

        outputs = nest.pack_as(model._outputs_struct, model._graph.run(new, call))
        inputs = nest.pack_as(model._inputs_struct, new)
        # A class of one's own is kept if it is made of inputs and outputs too.
        kind = type(model) if type(model).__init__ is Model.__init__ else Functional
        return kind(inputs, outputs, name=model.name, trainable=model.trainable)


def _like(t: KerasTensor) -> KerasTensor:
    name = t._keras_history.operation.name
    optional = getattr(t._keras_history.operation, "optional", False)
    return Input(batch_shape=t.shape, dtype=t.dtype, name=name, optional=optional)


def _as_input(t: Any) -> InputLayer:
    if isinstance(t, InputLayer):
        return t
    return InputLayer(batch_shape=t.shape, dtype=t.dtype, name=t._keras_history.operation.name)
