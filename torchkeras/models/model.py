"""Model: a layer that is trained, evaluated, saved and looked into."""

import json
from collections.abc import Callable
from typing import Any, ClassVar

import torch
from torch import nn

from torchkeras import saving
from torchkeras._base import legacy, scope
from torchkeras._base.check import received
from torchkeras.core import nest, serialize
from torchkeras.core.registry import LAYERS, MODELS
from torchkeras.core.symbolic import KerasTensor
from torchkeras.layers import _call_spec
from torchkeras.layers._build import as_shape
from torchkeras.layers._template import global_hooks
from torchkeras.layers.layer import Layer
from torchkeras.models import _graph, _quantize, _state_tree
from torchkeras.models._legacy import OldModel
from torchkeras.saving.legacy.config import modernize
from torchkeras.training._legacy import old_call
from torchkeras.training.trainer import Trainer

_state = scope.state
_Tensor = torch.Tensor
_calls = scope.call_numbers


def _functional_arguments(args: tuple[Any, ...], kwargs: dict[str, Any]) -> bool:
    if "input" in kwargs and "output" in kwargs and legacy.is_known():
        return True
    return (
        len(args) >= 2
        or ("inputs" in kwargs and ("outputs" in kwargs or len(args) == 1))
        or (len(args) == 1 and "outputs" in kwargs)
    )


class OfGraph:
    """An attribute of models that have a graph; others may be given one of the same name."""

    def __init__(self, read: Callable[[Any], Any]) -> None:
        self.read = read
        self.__doc__ = read.__doc__

    def __get__(self, model: Any, owner: type) -> Any:
        if model is None:
            return self
        if model._graph is None:
            raise AttributeError(self.read.__name__)
        return self.read(model)


@LAYERS.register(module="keras")
class Model(OldModel, Trainer, Layer):
    """A layer with `fit`, `evaluate`, `predict` and `save`.

    `Model(inputs, outputs)` makes a functional model of the operations between them. A subclass
    makes layers in `__init__` and uses them in `call`; it may also pass inputs and outputs on to
    `super().__init__`. `Model(module=module)` is `Model.from_module(module)`.

    Args:
        inputs: Symbolic tensor, or list or dict of them.
        outputs: Symbolic tensor, or list or dict of them.
        name: Default: the class name in snake case, made unique.

    Raises:
        ValueError: if an output is not connected to the inputs.

    >>> import torchkeras as keras
    >>> inputs = keras.Input((4,))
    >>> model = keras.Model(inputs, keras.layers.Dense(2)(inputs))
    >>> model.count_params()
    10
    """

    _config_base = True
    config_skip = frozenset({"inputs", "outputs"})

    def __new__(cls, *args: Any, **kwargs: Any) -> "Model":
        if cls is Model and _functional_arguments(args, kwargs):
            return super().__new__(Functional)
        if cls is Model and "module" in kwargs:
            return super().__new__(cls._of_module)
        return super().__new__(cls, *args, **kwargs)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        functional = _functional_arguments(args, kwargs)
        if functional:
            kwargs.update(zip(("inputs", "outputs"), args[:2], strict=False))
            args = args[2:]
        inputs, outputs = kwargs.pop("inputs", None), kwargs.pop("outputs", None)
        if args:
            kwargs.setdefault("name", args[0])
        Layer.__init__(self, **kwargs)
        Trainer.__init__(self)
        self.__dict__["_graph"] = self.__dict__["_runner"] = None
        if functional:
            self._set_graph(inputs, outputs)

    # The class of `from_module`'s models, which is made of this one.
    _of_module: ClassVar[Any] = None

    @classmethod
    def from_module(cls, module: nn.Module, name: str | None = None, **kwargs: Any) -> "Model":
        """Return a model that runs and trains a plain torch module; see `ModuleModel`."""
        return cls._of_module(module, name=name, **kwargs)

    def _set_graph(self, inputs: Any, outputs: Any) -> None:
        """Become the model of the operations between `inputs` and `outputs`."""
        inputs, outputs = _graph.with_input_layers(inputs, outputs)
        graph, inputs, outputs = _graph.make_graph(inputs, outputs)
        self._set_structures(graph, inputs, outputs)
        _graph.register_operations(self, graph.operations)
        self.input_spec = _graph.input_specs(self)
        self.built = True
        self.__dict__["_settled"] = True

    def _set_structures(self, graph: Any, inputs: Any, outputs: Any) -> None:
        fields = self.__dict__
        fields["_graph"] = graph
        fields["_inputs_struct"] = inputs
        fields["_outputs_struct"] = outputs
        fields["_runner"] = _graph.Runner(graph)
        # Keras hands out the lone entry of a list of outputs.
        lone = isinstance(outputs, (list, tuple)) and len(outputs) == 1
        fields["_result_struct"] = outputs[0] if lone else outputs

    def __getstate__(self) -> dict[str, Any]:
        state = super().__getstate__()
        if state.get("_graph") is not None:
            for name in ("_runner", "_result_struct"):
                del state[name]
            for name in ("_inputs_struct", "_outputs_struct"):
                state[name] = nest.map_structure(lambda _: None, state[name])
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__(state)
        graph = self._graph
        if graph is not None:
            inputs = nest.pack_as(self._inputs_struct, graph.inputs)
            outputs = nest.pack_as(self._outputs_struct, graph.outputs)
            self._set_structures(graph, inputs, outputs)

    # ------------------------------------------------------------------ structure

    @property
    def layers(self) -> list[Layer]:
        """Direct sub-layers."""
        return _graph.layers_of(self)

    @property
    def operations(self) -> list[Any]:
        """Operations of a functional model: its layers, and raw ops on symbolic tensors."""
        return list(self._graph.operations) if self._graph is not None else self.layers

    @OfGraph
    def inputs(self) -> list[KerasTensor]:
        """Flat list of the symbolic inputs, of a model that has a graph."""
        return list(self._graph.inputs)

    @OfGraph
    def outputs(self) -> list[KerasTensor]:
        """Flat list of the symbolic outputs, of a model that has a graph."""
        return list(self._graph.outputs)

    @property
    def input(self) -> Any:
        """Symbolic inputs, in the structure they were given."""
        return self._inputs_struct if self._graph is not None else Layer.input.fget(self)  # type: ignore[attr-defined]

    @property
    def output(self) -> Any:
        """Symbolic outputs, in the structure they were given."""
        return self._outputs_struct if self._graph is not None else Layer.output.fget(self)  # type: ignore[attr-defined]

    @property
    def input_shape(self) -> Any:
        """Shape of the input, or list of them."""
        return _flat_shapes(self.input)

    @property
    def output_shape(self) -> Any:
        """Shape of the output, or list of them."""
        return _flat_shapes(self.output)

    @OfGraph
    def input_names(self) -> list[str]:
        """Names of the input layers, of a model that has a graph."""
        return [t._keras_history.operation.name for t in self._graph.inputs]

    @OfGraph
    def output_names(self) -> list[str]:
        """Names of the operations that make the outputs, of a model that has a graph."""
        return [t._keras_history.operation.name for t in self._graph.outputs]

    def get_layer(self, name: str | None = None, index: int | None = None) -> Layer:
        """Return a layer by its name or by its place in `layers`."""
        if (name is None) == (index is None):
            raise ValueError(
                "get_layer: give either a layer name or an index. "
                f"Received: index={index}, name={name!r}."
            )
        layers = self.layers
        if index is not None:
            if not -len(layers) <= index < len(layers):
                raise ValueError(
                    f"get_layer: index must be below {len(layers)}, the number of layers. "
                    f"{received('index', index)}"
                )
            return layers[index]
        for layer in layers:
            if layer.name == name:
                return layer
        raise ValueError(f"No such layer: {name}. Existing layers are: {[x.name for x in layers]}.")

    def summary(
        self,
        line_length: int | None = None,
        positions: list[float] | None = None,
        print_fn: Callable[[str], Any] | None = None,
        expand_nested: bool = False,
        show_trainable: bool = False,
        layer_range: list[str] | None = None,
    ) -> None:
        """Print the layers, their output shapes and their numbers of parameters."""
        Model._print_summary(
            self, line_length, positions, print_fn, expand_nested, show_trainable, layer_range
        )

    # Attached by utils.summary, which stands above this room.
    _print_summary: Callable[..., None] = staticmethod(lambda *args: None)

    # ------------------------------------------------------------------ the call

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Run the model; a functional one on one plain tensor goes the quick way."""
        runner = self._runner
        if self._fast and runner is not None and len(args) == 1 and not global_hooks():
            x = args[0]
            if (
                type(x) is _Tensor
                and x.dtype is runner.dtype
                and getattr(x, "_keras_mask", None) is None
                and runner.accepts(x.shape)
                and _state.autocast is None
            ):
                if not kwargs:
                    return self._run_plain(x, None)
                if len(kwargs) == 1 and "training" in kwargs:
                    return self._run_plain(x, kwargs["training"])
        if runner is not None:  # its input_spec is a list, which the quick call does not read
            return nn.Module.__call__(self, *args, **kwargs)
        return Layer.__call__(self, *args, **kwargs)

    @property
    def _is_plain_call(self) -> bool:
        return type(self).call is Model.call and self.activity_regularizer is None

    def _settle(self) -> None:
        super()._settle()
        if self._graph is not None:
            self.__dict__["_fast"] = (
                self._is_plain_call and self._runner.chain is not None and not self._has_hooks()
            )

    def _run_plain(self, x: torch.Tensor, training: bool | None) -> Any:
        """Run the graph on its only input, with nothing of the template around it."""
        before = _state.training
        if training is None and (before is not None or self.training):
            training = before if before is not None else True
        if _state.depth == 0:
            _state.call_id = self.__dict__["_top_call"] = next(_calls)
        _state.depth += 1
        _state.training = training
        try:
            chain = self._runner.chain
            if chain is not None:
                for operation in chain:
                    x = operation(x)
                return x
            outputs = self._graph.run([x])
            if len(outputs) == 1 and isinstance(self._result_struct, KerasTensor):
                return outputs[0]
            return nest.pack_as(self._result_struct, outputs)
        finally:
            _state.training = before
            _state.depth -= 1

    def call(self, inputs: Any, training: bool | None = None, mask: Any = None) -> Any:
        """Compute the outputs; a subclass that is not functional defines it."""
        if self._graph is None:
            return self._call_without_graph(inputs, mask)
        flat = self._runner.standardize(_graph.flat_inputs(self, inputs))
        if mask is not None:
            masks = nest.flatten(mask)
            for x, m in zip(flat, masks, strict=False):
                if m is not None and isinstance(x, torch.Tensor):
                    x._keras_mask = m  # type: ignore[attr-defined]
        return nest.pack_as(self._result_struct, self._graph.run(flat))

    def _call_without_graph(self, inputs: Any, mask: Any) -> Any:
        raise NotImplementedError(
            f"Model {type(self).__name__} does not have a `call()` method implemented."
        )

    def _full_call(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        if self._graph is not None and self._is_plain_call and args:
            # Rank and structure are adjusted before the inputs are checked.
            flat = _graph.flat_inputs(self, args[0])
            flat = self._runner.standardize(flat)
            struct = self._inputs_struct
            args = (nest.pack_as(struct, flat), *args[1:])
        return super()._full_call(args, kwargs)

    def compute_output_spec(self, inputs: Any, training: Any = None, mask: Any = None) -> Any:
        """Return KerasTensors of the outputs' shapes and dtypes."""
        if self._graph is None or not self._is_plain_call:
            return self._infer_spec(inputs)
        flat = _graph.flat_inputs(self, inputs)
        same = all(tuple(a.shape) == b.shape for a, b in zip(flat, self._graph.inputs, strict=True))
        if same:
            return nest.map_structure(lambda t: KerasTensor(t.shape, t.dtype), self._result_struct)

        def spec(operation: Any, args: Any, kwargs: Any) -> Any:
            return operation.compute_output_spec(*args, **kwargs)

        return nest.pack_as(self._result_struct, self._graph.run(flat, spec))

    def compute_output_shape(self, input_shape: Any) -> Any:
        """Return the shapes of the outputs for those of the inputs."""
        if self._graph is None:
            return super().compute_output_shape(input_shape)
        shapes = _shape_leaves(input_shape)
        flat = [KerasTensor(s, t.dtype) for s, t in zip(shapes, self._graph.inputs, strict=True)]
        inputs = nest.pack_as(self._inputs_struct, flat)
        return nest.map_structure(lambda t: t.shape, self.compute_output_spec(inputs))

    def compute_mask(self, inputs: Any, previous_mask: Any) -> Any:
        """Return None: the outputs of the inner layers carry their masks already."""
        return None if self._graph is not None else previous_mask

    def build(self, input_shape: Any) -> None:
        """Create the weights for an input shape, by a run of `call` without memory."""
        if self._graph is None:
            inputs = _zero_specs(input_shape)
            # A model of several inputs takes them as the arguments of its call.
            several = isinstance(inputs, list) and len(self._call_spec.names) >= len(inputs) > 1
            self._infer_spec(*inputs) if several else self._infer_spec(inputs)

    def _build_for(self, arguments: dict[str, Any]) -> None:
        if type(self).build is Model.build:
            # Nothing to do: the layers that the call uses are built by it.
            shapes = _call_spec.shapes_by_parameter(arguments, Model.build)
            self.__dict__["_build_shapes"] = {k: as_shape(s) for k, s in shapes.items()}
            self.built = True
        else:
            super()._build_for(arguments)

    # ------------------------------------------------------------------ configuration and files

    def get_config(self) -> dict[str, Any]:
        """Return the graph of a functional model, else the constructor's arguments."""
        if self._graph is not None and _graph.takes_graph(type(self)):
            return _graph.graph_config(self)
        return super().get_config()

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Any = None) -> "Model":
        """Make the model of a config, today's or of an older Keras."""
        if "layers" in config and "input_layers" in config:
            with serialize.CustomObjectScope(custom_objects):
                config = modernize({"class_name": "Functional", "config": config})["config"]
                inputs, outputs = _graph.from_graph_config(config)
            model = Functional if cls in (Model, Functional) else cls
            extra = _graph.accepted(
                model, {k: config[k] for k in ("name", "trainable") if k in config}
            )
            extra |= _graph.own_arguments(model, config)
            return model(inputs=inputs, outputs=outputs, **extra)
        with serialize.CustomObjectScope(custom_objects):
            return super().from_config(config)

    def get_build_config(self) -> dict[str, Any] | None:
        """Return the input shape that a subclassed model was built for."""
        return {"input_shape": None} if self._graph is not None else super().get_build_config()

    def to_json(self, **kwargs: Any) -> str:
        """Return the architecture as JSON; `kwargs` go to `json.dumps`."""
        return json.dumps(serialize.serialize_keras_object(self), **kwargs)

    def to_yaml(self, **kwargs: Any) -> str:
        """Return the architecture as YAML; `kwargs` go to `yaml.dump`."""
        return saving.yaml_text.dump_yaml(
            serialize.serialize_keras_object(self), "config", **kwargs
        )

    @old_call("save_format", "signatures", "options", "save_traces")
    def save(
        self, filepath: Any, overwrite: bool = True, zipped: bool | None = None, **kwargs: Any
    ) -> None:
        """Save architecture, weights and training state; the suffix chooses the format."""
        saving.save_model(self, filepath, overwrite=overwrite, zipped=zipped, **kwargs)

    @old_call("save_format", "options")
    def save_weights(
        self, filepath: Any, overwrite: bool = True, max_shard_size: float | None = None
    ) -> None:
        """Save the weights; the suffix chooses the format. See `saving.save_weights`."""
        saving.save_weights(self, filepath, overwrite=overwrite, max_shard_size=max_shard_size)

    @old_call("options", "reshape")
    def load_weights(self, filepath: Any, skip_mismatch: bool = False, **kwargs: Any) -> None:
        """Load weights that `save_weights` or `save` wrote; see `saving.load_weights`."""
        saving.load_weights(self, filepath, skip_mismatch=skip_mismatch, **kwargs)

    def export(
        self,
        filepath: Any,
        format: str | None = None,
        verbose: bool | None = None,
        input_signature: Any = None,
        **kwargs: Any,
    ) -> None:
        """Write the model for inference elsewhere; sizes of None stay open, the batch at least.

        Args:
            filepath: File, or folder of a saved model.
            format: `"onnx"`, `"torch"` (a `.pt2` program of `torch.export`, which runs without
                this package) or `"saved_model"` (a folder of both; `saved_model.load`). Default:
                by the suffix, `.onnx` or `.pt2`, else the folder.
            verbose: Whether to print what was written.
            input_signature: Specs of the inputs; default: those that the model was built for.
            **kwargs: `opset_version` of `"onnx"`; `options`, a `saved_model.SaveOptions`, of
                `"saved_model"`; `strict`, `dynamic_shapes` and others of `torch.export.export`.

        Raises:
            ValueError: for other formats, unknown inputs, or what cannot be recorded.
        """
        Model._export(self, filepath, format, verbose, input_signature, **kwargs)

    # Attached by export.model, which stands above this room.
    _export: Callable[..., None] = staticmethod(lambda *args, **kwargs: None)

    def quantize(
        self,
        mode: Any = None,
        config: Any = None,
        filters: Any = None,
        *,
        type_check: bool = True,
        **kwargs: Any,
    ) -> None:
        """Keep the weights of the layers in few bits from now on.

        Args:
            mode: `"int8"`, `"int4"`, `"float8"`, `"gptq"` or `"awq"`; default: that of `config`.
            config: A `keras.quantizers.QuantizationConfig`. A `GPTQConfig` or `AWQConfig` has the
                data that is sent through the blocks of the model; what is in no block stays.
            filters: Which layers: a regular expression that their names contain, a list of them,
                or a function of a layer.
            type_check: Whether user's subclasses of layers are left out.
            **kwargs: Nothing.

        Raises:
            ValueError: if the model is not built, a layer is quantized already, for an unknown
                mode or argument, or if GPTQ or AWQ have no blocks or no data.
        """
        if kwargs:
            raise ValueError(
                "quantize: the arguments are mode, config, filters and type_check. "
                f"Received: {', '.join(kwargs)}."
            )
        _quantize.quantize(self, mode, config, filters, type_check)

    def get_state_tree(self, value_format: str = "backend_tensor") -> dict[str, Any]:
        """Return the values of all variables, also of the training, as nested dicts.

        `{"trainable_variables": {"my_model": {"dense": {"kernel": ...}}}, ...}`, so for
        `"non_trainable_variables"`, `"optimizer_variables"` and `"metrics_variables"`.

        Args:
            value_format: `"backend_tensor"` (the variables themselves) or `"numpy_array"` (copies).

        Raises:
            ValueError: for another format, or if two variables have one path.
        """
        return _state_tree.get_state_tree(self, value_format)

    def set_state_tree(self, state_tree: dict[str, Any]) -> None:
        """Set variables from nested dicts like those of `get_state_tree`, or a part of them.

        Raises:
            ValueError: for another group of variables, or a value of another shape.
        """
        _state_tree.set_state_tree(self, state_tree)

    def get_quantization_layer_structure(self, mode: str | None = None) -> dict[str, Any] | None:
        """Return the blocks that GPTQ and AWQ go through; a model that has some overrides this.

        `{"pre_block_layers": [...], "sequential_blocks": [...]}`: samples go through all of these
        layers, one after the other, from tokens on.
        """
        return None

    def reset_states(self) -> None:
        """Reset the states of stateful recurrent layers."""
        for module in self.modules():
            if module is not self and hasattr(module, "reset_states"):
                module.reset_states()


@MODELS.register("Functional", name="Functional", module="keras.src.models.functional")
class Functional(Model):
    """A model made of the operations between symbolic inputs and outputs."""


def _flat_shapes(structure: Any) -> Any:
    shapes = [t.shape for t in nest.flatten(structure)]
    return shapes[0] if len(shapes) == 1 else shapes


def _shape_leaves(shape: Any) -> list[Any]:
    if isinstance(shape, dict):
        return [leaf for k in sorted(shape) for leaf in _shape_leaves(shape[k])]
    if any(isinstance(s, (list, tuple, dict)) for s in shape):
        return [leaf for s in shape for leaf in _shape_leaves(s)]
    return [tuple(shape)]


def _zero_specs(shape: Any) -> Any:
    if isinstance(shape, dict):
        return {k: _zero_specs(s) for k, s in shape.items()}
    if any(isinstance(s, (list, tuple, dict)) for s in shape):
        return [_zero_specs(s) for s in shape]
    return KerasTensor(shape)
