"""Sequential: layers one after the other."""

from typing import Any

from torch import nn

from torchkeras._base import naming
from torchkeras._base.check import received
from torchkeras.core import nest, serialize
from torchkeras.core.registry import LAYERS
from torchkeras.core.strings import is_string_array, string_leaves
from torchkeras.core.symbolic import KerasTensor
from torchkeras.core.tracking import module_key
from torchkeras.layers._build import as_shape
from torchkeras.layers._mask import set_masks
from torchkeras.layers.core.input import InputLayer
from torchkeras.layers.core.torch_module import TorchModuleWrapper
from torchkeras.layers.input_spec import InputSpec
from torchkeras.layers.layer import Layer
from torchkeras.models.model import Model, _zero_specs
from torchkeras.saving.legacy.config import modernize


@LAYERS.register(module="keras")
class Sequential(Model):
    """A model of layers in a row; any `nn.Module` may be one of them.

    It is built at once if it begins with an `Input` (or a layer with `input_shape`), else at the
    first call.

    Args:
        layers: Layers to add.
        trainable: Whether the layers are trained.
        name: Default `sequential`, `sequential_1`, ….

    >>> import torchkeras as keras
    >>> model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(2)])
    >>> model.output_shape
    (None, 2)
    """

    def __new__(cls, *args: Any, **kwargs: Any) -> "Sequential":
        return Layer.__new__(cls)

    def __init__(
        self, layers: Any = None, trainable: bool = True, name: str | None = None, **kwargs: Any
    ) -> None:
        super().__init__(trainable=trainable, name=name, **kwargs)
        self.__dict__["_row"] = []
        for layer in layers or ():
            self.add(layer, rebuild=False)
        self._rebuild()

    def add(self, layer: Any, rebuild: bool = True) -> None:
        """Put a layer at the end.

        Raises:
            ValueError: if it is no layer, or its name is taken already.
        """
        if isinstance(layer, KerasTensor):
            layer = layer._keras_history.operation
        if not isinstance(layer, nn.Module):
            raise ValueError(
                f"Only instances of keras.Layer or torch.nn.Module can be added to a Sequential. "
                f"{received('layer', layer)} (of type {type(layer).__name__})"
            )
        if not isinstance(layer, Layer):
            layer = TorchModuleWrapper(layer)
        if any(layer.name == other.name for other in self._row):
            raise ValueError(
                "All layers added to a Sequential model should have unique names. Name "
                f"{layer.name!r} is already the name of a layer in this model."
            )
        if isinstance(layer, InputLayer) and self._row:
            raise ValueError(
                f"Sequential: an Input can only come first; {self.name!r} has layers already."
            )
        if not self._row and not isinstance(layer, InputLayer):
            first = _first_shape(layer)
            if first is not None:
                self._row.append(InputLayer(batch_shape=first[0], dtype=first[1]))
        self._row.append(layer)
        if rebuild:
            self._rebuild()

    def pop(self, rebuild: bool = True) -> Layer:
        """Take the last layer away and return it."""
        layer = self._row.pop()
        if rebuild:
            self._rebuild()
        return layer

    def _rebuild(self) -> None:
        """Draw the graph anew for the present layers, if the input's shape is known."""
        fields = self.__dict__
        fields["_graph"] = fields["_runner"] = fields["_build_shapes"] = None
        fields["_settled"] = fields["_fast"] = False
        self.built = False
        self._modules.clear()
        for layer in self._row:
            self._modules[module_key(layer.name, self._modules, layer)] = layer
        if len(self._row) > 1 and isinstance(self._row[0], InputLayer):
            self.build(self._row[0].batch_shape)
        elif self._row and _joins_inputs(self._row[0]):
            self._build_on(self._row[0])

    def build(self, input_shape: Any = None) -> None:
        """Build all layers for an input shape (with the batch dimension)."""
        if not self._row:
            raise ValueError(
                f"Sequential model {self.name!r} cannot be built because it has no layers. "
                "Call `model.add(layer)`."
            )
        for layer in self.layers:
            _check_takes_one(layer)
        if _is_form(input_shape):
            self._infer_spec(_zero_specs(input_shape))  # such a model has no graph
            return
        if isinstance(self._row[0], InputLayer):
            source = self._row[0]
            _check_agrees(self, source.batch_shape, as_shape(input_shape))
            if self.built:
                return
        else:
            if input_shape is None:
                input_shape = self._row[0]._usual_shape  # what an older Keras built for
            if input_shape is None:
                raise ValueError(
                    f"You must provide an `input_shape` argument to build {self.name!r}."
                )
            dtype = "string" if self._row[0].takes_strings else None
            source = InputLayer(batch_shape=as_shape(input_shape), dtype=dtype)
            self._row.insert(0, source)
        x = inputs = source.new_output()
        try:
            for layer in self._row[1:]:
                x = layer(x)
        except NotImplementedError:  # a layer that does not tell its output's shape
            return  # the layers after it are built when they are called
        modules = dict(self._modules)
        naming.auto_name("Functional")  # Keras has a model of that name inside: numbers agree
        self._set_graph(inputs, x)
        # Sizes are for the layers to check: the one that does not fit names itself.
        rank = len(source.batch_shape)
        self.input_spec = [InputSpec(shape=(None,) * rank, allow_last_axis_squeeze=True)]
        self._modules.clear()
        self._modules.update(modules)
        self._modules[module_key(source.name, self._modules, source)] = source

    def _call_without_graph(self, inputs: Any, mask: Any) -> Any:
        set_masks(inputs, mask)
        for layer in self.layers:
            inputs = layer(inputs)
        return inputs

    def _build_on(self, first: Model) -> None:
        """Build all layers after a model of several inputs, which become those of this one."""
        inputs = [InputLayer(batch_shape=t.shape, dtype=t.dtype).new_output() for t in first.inputs]
        x = first(nest.pack_as(first._inputs_struct, inputs))
        for layer in self._row[1:]:
            x = layer(x)
        modules = dict(self._modules)
        self._set_graph(inputs, x)
        self._modules.clear()
        self._modules.update(modules)

    @property
    def layers(self) -> list[Layer]:
        """The layers, without the InputLayer."""
        return [layer for layer in self._row if not isinstance(layer, InputLayer)]

    def _full_call(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        if not self.built and args:
            x = args[0]
            if not hasattr(x, "shape") and self.accepts_strings():
                x = string_leaves(x, self.name, "inputs")
                args = (x, *args[1:])
            if hasattr(x, "shape"):
                self._build_from(x)
        return super()._full_call(args, kwargs)

    def _build_from(self, x: Any) -> None:
        shape = (None, *as_shape(tuple(x.shape[1:])))
        if self._row and not isinstance(self._row[0], InputLayer):
            dtype = "string" if is_string_array(x) else x.dtype
            self._row.insert(0, InputLayer(batch_shape=shape, dtype=dtype))
        self.build(shape)

    def compute_output_shape(self, input_shape: Any) -> Any:
        """Return the output's shape for an input shape."""
        if self._graph is not None:
            return super().compute_output_shape(input_shape)
        for layer in self.layers:
            input_shape = layer.compute_output_shape(input_shape)
        return input_shape

    def get_config(self) -> dict[str, Any]:
        """Return the configs of the layers."""
        config: dict[str, Any] = {
            "name": self.name,
            "trainable": self.trainable,
            "dtype": serialize.serialize_keras_object(self._policy),
            "layers": [serialize.serialize_keras_object(layer) for layer in self._row],
        }
        if self._graph is not None and self._row and not _joins_inputs(self._row[0]):
            config["build_input_shape"] = self._row[0].batch_shape
        return config

    @classmethod
    def from_config(cls, config: Any, custom_objects: Any = None) -> "Sequential":
        """Make the model of a config, today's or of an older Keras (also a bare list of layers)."""
        if isinstance(config, list) and any(isinstance(c, dict) and "module" in c for c in config):
            config = {"layers": config}  # the entries are not those of a Keras that wrote lists
        with serialize.CustomObjectScope(custom_objects):
            entry = modernize({"class_name": "Sequential", "config": config})
            if entry["class_name"] != "Sequential":  # branches that a Merge joined at its begin
                return serialize.deserialize_keras_object(entry)
            config = entry["config"]
            layers = [LAYERS.deserialize(c) for c in config["layers"]]
        model = cls(layers, name=config.get("name"))
        if config.get("trainable") is False:
            model.trainable = False
        shape = config.get("build_input_shape")
        if not model.built and shape and layers:
            model.build(shape)
        return model

    def get_build_config(self) -> dict[str, Any] | None:
        """Return the shape that the model was built for."""
        if self._graph is None:
            return super().get_build_config()
        if _joins_inputs(self._row[0]):
            return None
        return {"input_shape": self._row[0].batch_shape}

    def build_from_config(self, config: dict[str, Any]) -> None:
        """Build for the shape of a config, if that was not done yet."""
        if not self.built and config.get("input_shape"):
            self.build(config["input_shape"])


def _is_form(shape: Any) -> bool:
    """Tell whether it is a list or dict of shapes."""
    return isinstance(shape, dict) or (
        isinstance(shape, (list, tuple)) and any(isinstance(s, (list, tuple, dict)) for s in shape)
    )


def _check_agrees(model: Sequential, shape: tuple[Any, ...], given: Any) -> None:
    if given is not None and (
        len(given) != len(shape)
        or any(None not in (a, b) and a != b for a, b in zip(given, shape, strict=True))
    ):
        raise ValueError(
            f"Sequential: {model.name!r} has the input shape {shape} already. "
            f"{received('input_shape', given)}"
        )


def _check_takes_one(layer: Layer) -> None:
    """Refuse a layer whose call needs more than the tensor of the layer before."""
    spec = layer._call_spec
    needed = [n for n in spec.names if n in spec.required]
    if len(needed) > 1:
        raise ValueError(
            "Sequential: the call of a layer must need one argument only, the input. "
            f"Received: {type(layer).__name__}.call({', '.join(needed)})."
        )


def _joins_inputs(layer: Any) -> bool:
    """Tell whether a layer is a model of several inputs."""
    return isinstance(layer, Model) and layer._graph is not None and len(layer._graph.inputs) > 1


def _first_shape(layer: Any) -> tuple[Any, str] | None:
    """Return (batch shape, dtype) that a first layer brings with it."""
    given = getattr(layer, "_input_shape_arg", None)
    if given is not None:
        return given, layer.compute_dtype
    inputs = getattr(layer, "inputs", None) if isinstance(layer, Model) else None
    if inputs is not None and len(inputs) == 1:
        return inputs[0].shape, inputs[0].dtype
    return None
