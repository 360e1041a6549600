"""Layer: an `nn.Module` that is called, built, configured and saved as a Keras layer."""

import warnings
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.nn.modules import module as _module

from torchkeras import constraints, initializers, regularizers
from torchkeras._base import scope
from torchkeras._base.check import received
from torchkeras.core import configurable, dtypes, infer, nest, policy, stateful, tracking
from torchkeras.core.operation import Node, Operation
from torchkeras.core.registry import LAYERS
from torchkeras.core.serialize import is_builtin
from torchkeras.core.symbolic import KerasTensor, any_symbolic
from torchkeras.core.tensor import convert_to_numpy, convert_to_tensor
from torchkeras.core.variable import Variable
from torchkeras.layers import _build, _call_spec, _mask
from torchkeras.layers.input_spec import InputSpec, check_inputs
from torchkeras.random import SeedGenerator

_state = scope.state
_Tensor = torch.Tensor
_calls = scope.call_numbers


def _converted(x: Any, dtype: torch.dtype | None) -> Any:
    """Make a tensor of an array, and cast a floating one. (No closure: it would be a cycle.)"""
    if not isinstance(x, torch.Tensor):
        if not isinstance(x, (np.ndarray, np.generic)) and not hasattr(x, "__array__"):
            return x
        if isinstance(x, KerasTensor) or getattr(x, "dtype", None) in (np.dtype(object),):
            return x
        x = convert_to_tensor(x)
    if dtype is None or x.dtype is dtype or not x.is_floating_point():
        return x
    cast = x.to(dtype)
    mask = _mask.get_mask(x)
    if mask is not None:
        cast._keras_mask = mask  # type: ignore[attr-defined]
    return cast


def global_hooks() -> bool:
    """Tell whether somebody hooked all modules there are."""
    return bool(
        _module._global_forward_hooks
        or _module._global_forward_pre_hooks
        or _module._global_backward_hooks
        or _module._global_backward_pre_hooks
    )


_NOT_INITIALISED = (
    "{0}: call super().__init__() as the first statement of __init__, before any attribute is set."
)


@LAYERS.register(module="keras")
class Layer(nn.Module, Operation, configurable.Configurable):
    """Base of all layers: state (weights) and a computation (`call`).

    A subclass makes its weights in `build(input_shape)` with `add_weight`, and computes in
    `call(inputs)`, which may take `training` and `mask`.

    Args:
        activity_regularizer: Regularizer of the layer's output.
        trainable: Whether the layer's variables are trained.
        dtype: Dtype or DTypePolicy; default: the global policy.
        autocast: Whether floating inputs are cast to the compute dtype.
        name: Default: the class name in snake case, made unique.

    >>> import torchkeras as keras
    >>> class Scale(keras.layers.Layer):
    ...     def build(self, input_shape):
    ...         self.factor = self.add_weight(shape=(input_shape[-1],), initializer="ones")
    ...     def call(self, inputs):
    ...         return inputs * self.factor
    >>> Scale()(torch.ones(2, 3)).shape
    torch.Size([2, 3])
    """

    _config_root = _config_base = True
    config_skip = frozenset({"autocast"})
    # Set by layers that give their outputs a mask although the input has none (Masking).
    makes_mask = False
    # Set by layers that are called on strings or Python numbers.
    takes_any_positional = False
    # Set by layers whose configs hold `activity_regularizer: None` in Keras (most leave it out).
    writes_absent_regularizer = False

    def __init__(
        self,
        *,
        activity_regularizer: Any = None,
        trainable: bool = True,
        dtype: Any = None,
        autocast: bool = True,
        name: str | None = None,
        **kwargs: Any,
    ) -> None:
        nn.Module.__init__(self)
        fields = self.__dict__
        fields["training"] = False  # Keras: model(x) is inference until somebody says otherwise
        fields["_fast"] = False
        fields["_policy"] = policy.get(dtype)
        fields["_losses"] = []
        fields["_loss_call"] = None
        fields["_top_call"] = 0  # the last call in which no other layer stood around this one
        fields["_trainable"] = bool(trainable)
        fields["_call_spec"] = _call_spec.call_spec(type(self).call)
        self.built = False
        self.autocast = autocast
        self.supports_masking = type(self).compute_mask is not Layer.compute_mask
        self.input_spec: Any = None
        Operation.__init__(self, name)
        self.activity_regularizer = regularizers.get(activity_regularizer)
        self._input_shape_arg = self._shape_argument(kwargs)
        if kwargs:
            raise ValueError(
                f"Unrecognized keyword arguments passed to {type(self).__name__}: {kwargs}"
            )

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if "build" in cls.__dict__:
            cls.build = _build.wrap_build(cls.__dict__["build"])  # type: ignore[method-assign]

    @staticmethod
    def _shape_argument(kwargs: dict[str, Any]) -> tuple[int | None, ...] | None:
        if "input_dim" in kwargs:
            return (None, kwargs.pop("input_dim"))
        if "batch_input_shape" in kwargs:
            return tuple(kwargs.pop("batch_input_shape"))
        if "input_shape" in kwargs:
            shape = kwargs.pop("input_shape")
            return (None, *((shape,) if isinstance(shape, int) else shape))
        return None

    # ------------------------------------------------------------------ attributes

    def __getattr__(self, name: str) -> Any:
        # Only reached for what is not in __dict__: parameters, buffers and sub-modules.
        fields = self.__dict__
        for table in ("_parameters", "_buffers"):
            entries = fields.get(table)
            if entries is not None and name in entries:
                value = entries[name]
                cast_to = _state.autocast
                if cast_to is None or value is None or not value.is_floating_point():
                    return value
                return value.to(cast_to) if getattr(value, "autocast", True) else value
        modules = fields.get("_modules")
        if modules is not None and name in modules:
            return modules[name]
        raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")

    def __setattr__(self, name: str, value: Any) -> None:
        fields = self.__dict__
        if "_modules" not in fields:
            if isinstance(value, (nn.Module, nn.Parameter)):
                raise RuntimeError(_NOT_INITIALISED.format(type(self).__name__))
            fields[name] = value  # plain values may come first, as in Keras
            return
        fields["_fast"] = False  # whatever it is that changes, the next call looks at all again
        if isinstance(value, nn.Module):
            fields["_settled"] = False
        if isinstance(value, Variable):
            self._own(name, value)
        elif tracking.is_state_list(value) and not isinstance(value, nn.Module):
            tracked = tracking.track(value)
            super().__setattr__(name, tracked)
            if isinstance(value, tuple):
                fields[name] = value  # a tuple stays one; its entries are followed
        else:
            super().__setattr__(name, value)

    def _own(self, name: str, variable: Variable) -> None:
        """Enter a variable under its attribute name, where torch users look for it."""
        table, other = self._parameters, self._buffers
        if not variable._learned:
            table, other = other, table
        for holder in (self.__dict__, self._modules, other):
            holder.pop(name, None)
        provisional = getattr(variable, "_provisional", False)
        old = [k for k, v in table.items() if v is variable and provisional]
        # Files number variables in the order of their creation: a new key keeps the place.
        entries = {}
        for key, v in table.items():
            if key == name and v is not variable and getattr(v, "_provisional", False):
                key = f"{name}_0"  # no attribute names that one yet; it must not be lost
            entries[name if key in old else key] = v
        entries[name] = variable
        variable._provisional = False  # type: ignore[attr-defined]
        table.clear()
        table.update(entries)

    # ------------------------------------------------------------------ variables

    def add_weight(
        self,
        shape: int | Sequence[int] | None = None,
        initializer: Any = None,
        dtype: Any = None,
        trainable: bool = True,
        autocast: bool = True,
        regularizer: Any = None,
        constraint: Any = None,
        aggregation: str = "none",
        overwrite_with_gradient: bool = False,
        name: str | None = None,
        *,
        order: Sequence[int] | None = None,
    ) -> Variable:
        """Create a variable of this layer.

        Args:
            shape: Shape; default a scalar.
            initializer: Default `"glorot_uniform"` for floats, `"zeros"` for others.
            dtype: Default: the layer's variable dtype.
            trainable: Whether it is trained, when the layer is.
            autocast: Whether a mixed-precision layer reads it in its compute dtype.
            regularizer: Regularizer of its value.
            constraint: Constraint applied after each optimizer step.
            aggregation: How replicas combine it.
            overwrite_with_gradient: Whether its gradient is its next value.
            name: Name; default `variable`.
            order: Memory order of the dimensions, outermost first; default that of the shape.
        """
        shape = () if shape is None else (shape,) if isinstance(shape, int) else tuple(shape)
        dtype = dtypes.standardize_dtype(dtype or self.variable_dtype)
        if initializer is None:
            initializer = "glorot_uniform" if dtypes.is_float(dtype) else "zeros"
        names = _state.names if _state.names[-1:] == (self.name,) else (*_state.names, self.name)
        with scope.scoped(autocast=None, names=names):
            variable = Variable(
                initializers.get(initializer),
                shape=shape,
                dtype=dtype,
                trainable=trainable,
                autocast=autocast,
                aggregation=aggregation,
                name=name,
                order=order,
            )
        variable.regularizer = regularizers.get(regularizer)
        variable.constraint = constraints.get(constraint)
        variable.overwrite_with_gradient = overwrite_with_gradient
        table = self._parameters if trainable else self._buffers
        key, n = variable.name, 0
        while key in self._parameters or key in self._buffers or key in self._modules:
            n += 1
            key = f"{variable.name}_{n}"
        variable._provisional = True  # type: ignore[attr-defined]  # until an attribute names it
        table[key] = variable
        if not self._trainable:
            variable.trainable = False
        self.__dict__["_fast"] = False
        return variable

    def _own_variables(self) -> list[Variable]:
        """Variables of this layer itself, those in its lists and dicts included, learned first."""
        holders = [self, *tracking.containers(self._modules.values())]
        learned = [v for h in holders for v in h._parameters.values()]
        found = learned + [v for h in holders for v in h._buffers.values()]
        return list({id(v): v for v in found if v is not None}.values())

    def _walk(self) -> Iterator[nn.Module]:
        """This layer and all modules under it, each once, in the order of their assignment."""
        return self.modules()

    def _collect(self, seeds: bool) -> list[Variable]:
        out: dict[int, Variable] = {}
        for module in self._walk():
            if isinstance(module, SeedGenerator) and not seeds:
                continue
            if isinstance(module, Layer):
                own = module._own_variables()  # with those in its lists and dicts
            else:
                own = [*module._parameters.values(), *module._buffers.values()]
            for v in own:
                if v is not None:
                    out.setdefault(id(v), v)
        return list(out.values())

    @property
    def variables(self) -> list[Variable]:
        """All variables, with the state of random generators; metrics keep their own."""
        return self._collect(seeds=True)

    @property
    def weights(self) -> list[Variable]:
        """All weights, those of sub-layers included."""
        return self._collect(seeds=False)

    @property
    def trainable_variables(self) -> list[Variable]:
        """The variables that training changes."""
        return [v for v in self._collect(seeds=False) if _is_trainable(v)]

    @property
    def non_trainable_variables(self) -> list[Variable]:
        """The variables that training does not change."""
        return [v for v in self.variables if not _is_trainable(v)]

    @property
    def trainable_weights(self) -> list[Variable]:
        """The weights that training changes."""
        return self.trainable_variables

    @property
    def non_trainable_weights(self) -> list[Variable]:
        """The weights that training does not change."""
        return [v for v in self.weights if not _is_trainable(v)]

    @property
    def trainable(self) -> bool:
        """Whether training changes the layer; setting it reaches all sub-layers."""
        return self._trainable

    @trainable.setter
    def trainable(self, value: bool) -> None:
        value = bool(value)
        for module in self._walk():
            if isinstance(module, Layer):
                module.__dict__["_trainable"] = value
            for v in module._parameters.values():
                if isinstance(v, Variable):
                    v.trainable = value
                elif v is not None and v.is_floating_point():
                    v.requires_grad_(value)

    def _tracked_metrics(self) -> list[Any]:
        return [
            value
            for module in self._walk()
            if isinstance(module, Layer)
            for value in module.__dict__.values()
            if hasattr(value, "update_state") and hasattr(value, "reset_state")
        ]

    @property
    def metrics(self) -> list[Any]:
        """Metrics held as attributes by the layer and its sub-layers."""
        return self._tracked_metrics()

    @property
    def metrics_variables(self) -> list[Variable]:
        """Variables of the metrics."""
        return [v for m in self.metrics for v in m.variables]

    def get_weights(self) -> list[np.ndarray]:
        """Return the values of `weights` as numpy arrays."""
        return [convert_to_numpy(v).copy() for v in self.weights]

    def set_weights(self, weights: Sequence[Any]) -> None:
        """Set the values of `weights`; all are checked before the first is changed."""
        own = self.weights
        if len(own) != len(weights):
            raise ValueError(
                f"You called `set_weights(weights)` on layer {self.name!r} with a list of length "
                f"{len(weights)}, but the layer was expecting {len(own)} weights."
            )
        for v, w in zip(own, weights, strict=True):
            if tuple(v.shape) != tuple(np.shape(w)):
                raise ValueError(
                    f"Layer {self.name!r}: weight {getattr(v, 'path', '')} has shape "
                    f"{tuple(v.shape)}. Received: a value of shape {tuple(np.shape(w))}."
                )
        with torch.no_grad():
            for v, w in zip(own, weights, strict=True):
                v.copy_(convert_to_tensor(w))

    def count_params(self) -> int:
        """Return the number of scalars in the weights."""
        if not self.built:
            raise ValueError(
                f"You tried to call `count_params` on layer {self.name!r}, but the layer isn't "
                f"built. You can build it manually via: `{self.name}.build(input_shape)`."
            )
        return sum(v.numel() for v in self.weights)

    # ------------------------------------------------------------------ dtypes

    @property
    def dtype_policy(self) -> policy.DTypePolicy:
        """Policy of compute and variable dtypes."""
        return self._policy

    @dtype_policy.setter
    def dtype_policy(self, value: Any) -> None:
        self._policy = policy.get(value)

    @property
    def dtype(self) -> str:
        """Dtype of the variables."""
        return self._policy.variable_dtype

    variable_dtype = dtype

    @property
    def compute_dtype(self) -> str:
        """Dtype of the computation and outputs."""
        return self._policy.compute_dtype

    input_dtype = compute_dtype

    @property
    def quantization_mode(self) -> str | None:
        """Mode of quantization, or None."""
        return self._policy.quantization_mode

    def _apply(self, fn: Callable[[torch.Tensor], torch.Tensor], recurse: bool = True) -> "Layer":
        # torch replaces buffers by plain tensors: keep the Variable objects and move their data.
        kept = {k: b for k, b in self._buffers.items() if isinstance(b, Variable)}
        super()._apply(fn, recurse)
        for key, variable in kept.items():
            variable.data = self._buffers[key].detach()
            self._buffers[key] = variable
        old = dtypes.torch_dtype(self.variable_dtype)
        new = fn(torch.empty(0, dtype=old)).dtype
        if new != old:  # layer.half() and the like
            self._policy = policy.DTypePolicy(dtypes.standardize_dtype(new))
        return self

    def _load_from_state_dict(
        self, state_dict: Any, prefix: str, local_metadata: Any, *args: Any
    ) -> None:
        tables = (self._parameters, self._buffers)
        before = [{k: v for k, v in t.items() if isinstance(v, Variable)} for t in tables]
        super()._load_from_state_dict(state_dict, prefix, local_metadata, *args)
        if local_metadata.get("assign_to_params_buffers", False):
            # torch puts plain parameters in the place of all; names and paths stay with ours.
            for table, other, old in zip(tables, reversed(tables), before, strict=True):
                for key, variable in old.items():
                    new = table.get(key)
                    new = other.pop(key) if new is None else new
                    table[key] = new if new is variable else variable.around(new)

    # ------------------------------------------------------------------ the call

    def call(self, *args: Any, **kwargs: Any) -> Any:
        """Compute the outputs; a subclass defines it."""
        raise NotImplementedError(f"Layer {type(self).__name__} does not have a `call()` method.")

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Run the layer on tensors, arrays or symbols.

        A layer that has run before gets plain tensors most of the time: then nothing of the
        template is needed but a look at the input's shape.
        """
        if self._fast and not kwargs and len(args) == 1 and not global_hooks():
            x = args[0]
            if (
                type(x) is _Tensor
                and (x.dtype is self._torch_dtype or not x.is_floating_point())
                and getattr(x, "_keras_mask", None) is None
                and _state.autocast is None
            ):
                spec = self.input_spec
                if spec is not None and spec.mismatch(x.shape, x.dtype) is not None:
                    check_inputs(spec, x, self.name)
                training = _state.training
                if training is None and self.training:
                    training = True
                try:
                    if training is not None and self._call_spec.has_training:
                        return self.call(x, training=training)
                    return self.call(x)
                except Exception as e:
                    self._annotate(e, args)
                    raise
        return nn.Module.__call__(self, *args, **kwargs)

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        """Run the template; what a call comes to between torch's hooks."""
        if self._fast and not kwargs and self._is_plain(args):
            training = _state.training
            if training is None and self.training:
                training = True
            try:
                if training is not None and self._call_spec.has_training:
                    return self.call(*args, training=training)
                return self.call(*args)
            except Exception as e:
                self._annotate(e, args)
                raise
        return self._full_call(args, kwargs)

    def _is_plain(self, args: tuple[Any, ...]) -> bool:
        """Tell whether all arguments are tensors, or lists of them, that need no conversion."""
        if _state.autocast is not None or self.input_spec is not None:
            return False
        dtype = self._torch_dtype
        for arg in args:
            for x in arg if type(arg) is list else (arg,):
                if (
                    type(x) is not _Tensor
                    or (x.dtype is not dtype and x.is_floating_point())
                    or getattr(x, "_keras_mask", None) is not None
                ):
                    return False
            if type(arg) is list and self._call_spec.mask_names:
                return False  # its mask is a list of None
        return True

    def _full_call(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        self._refresh()
        spec = self._call_spec
        if "training" in kwargs and not spec.has_training:
            explicit = kwargs.pop("training")
        else:
            explicit = None
        args, kwargs = self._convert(args, kwargs)
        if not self.takes_any_positional:
            self._check_positional(args)
        if any_symbolic(args) or any_symbolic(kwargs):
            return self.symbolic_call(*args, **kwargs)
        arguments = self._arguments(args, kwargs)
        first = next(iter(arguments.values()), None)
        previous_mask = _mask.get_masks(first)
        for name, mask_name in spec.mask_names.items():
            if arguments.get(mask_name) is None and name in arguments:
                mask = previous_mask if arguments[name] is first else None
                mask = _mask.get_masks(arguments[name]) if mask is None else mask
                if mask is None and nest.is_nested(arguments[name]):
                    mask = nest.map_structure(lambda x: None, arguments[name])
                if mask is not None:
                    kwargs[mask_name] = mask
        if arguments.get("mask") is not None:
            previous_mask = arguments["mask"]  # given by hand, it is handed on as well
        check_inputs(self.input_spec, first, self.name)
        if not self.built:
            self._build_for(arguments)
        training = arguments.get("training", explicit)
        training = _state.training if training is None else bool(training)
        if training is None and self.training:
            training = True
        if training is not None and spec.has_training and arguments.get("training") is None:
            kwargs["training"] = training
        outputs = self._run(args, kwargs, training)
        if self.activity_regularizer is not None:
            for x in nest.flatten(outputs):
                # Keras counts it per sample.
                self.add_loss(self.activity_regularizer(x) / (x.shape[0] if x.ndim else 1))
        if self.supports_masking:
            if previous_mask is not None or self.makes_mask:
                _mask.set_masks(outputs, self.compute_mask(first, previous_mask))
        elif previous_mask is not None:
            warnings.warn(
                f"Layer {self.name!r} (of type {type(self).__name__}) was passed an input with a "
                "mask attached to it. However, this layer does not support masking and will "
                "therefore destroy the mask information. Downstream layers will not see the mask.",
                stacklevel=2,
            )
        return outputs

    def _run(self, args: Any, kwargs: Any, training: bool | None) -> Any:
        """Run `call` in this layer's scopes, which its sub-layers see."""
        settled = self.__dict__.get("_settled", False)
        before = (_state.training, _state.autocast, _state.names)
        if _state.depth == 0:
            _state.call_id = self.__dict__["_top_call"] = next(_calls)
        _state.depth += 1
        _state.training = training
        _state.autocast = self._cast_dtype()
        if not settled:
            _state.names = (*before[2], self.name)
        try:
            outputs = self.call(*args, **kwargs)
        except Exception as e:
            self._annotate(e, args)
            raise
        finally:
            _state.training, _state.autocast, _state.names = before
            _state.depth -= 1
        self._settle()
        return outputs

    def _cast_dtype(self) -> torch.dtype | None:
        p = self._policy
        return None if p._compute_dtype == p._variable_dtype else p.torch_compute_dtype

    def _settle(self) -> None:
        """Note, after a whole call, whether the next one may pass the template by."""
        fields = self.__dict__
        if not fields.get("_settled", False):
            layers = [m for m in self._walk() if isinstance(m, Layer)]
            fields["_settled"] = all(m.built for m in layers)
            fields["_adds_losses"] = any(m._may_add_losses() for m in layers)
        fields["_torch_dtype"] = self._policy.torch_compute_dtype
        fields["_fast"] = (
            fields["_settled"]
            and self.activity_regularizer is None
            and not self.makes_mask
            and self._loss_call is None
            and not fields.get("_adds_losses", False)
            and self._cast_dtype() is None
            and bool(self._call_spec.names)
            and (self.input_spec is None or isinstance(self.input_spec, InputSpec))
            and not self._has_hooks()
        )

    def _has_hooks(self) -> bool:
        return bool(
            self._forward_hooks
            or self._forward_pre_hooks
            or self._backward_hooks
            or self._backward_pre_hooks
            or self._compiled_call_impl is not None
        )

    def register_forward_hook(self, *args: Any, **kwargs: Any) -> Any:
        """See `nn.Module`."""
        self.__dict__["_fast"] = False
        return super().register_forward_hook(*args, **kwargs)

    def register_forward_pre_hook(self, *args: Any, **kwargs: Any) -> Any:
        """See `nn.Module`."""
        self.__dict__["_fast"] = False
        return super().register_forward_pre_hook(*args, **kwargs)

    def register_full_backward_hook(self, *args: Any, **kwargs: Any) -> Any:
        """See `nn.Module`."""
        self.__dict__["_fast"] = False
        return super().register_full_backward_hook(*args, **kwargs)

    def register_full_backward_pre_hook(self, *args: Any, **kwargs: Any) -> Any:
        """See `nn.Module`."""
        self.__dict__["_fast"] = False
        return super().register_full_backward_pre_hook(*args, **kwargs)

    def _may_add_losses(self) -> bool:
        """Tell whether calls count here: a layer that adds losses clears those of the last one."""
        return (
            self.activity_regularizer is not None
            or self._loss_call is not None
            or _call_spec.mentions(type(self), "add_loss", Layer)
        )

    def _check_positional(self, args: Any) -> None:
        for x in nest.flatten(list(args)):
            if x is not None and not isinstance(x, (torch.Tensor, KerasTensor)):
                raise ValueError(
                    f"{type(self).__name__}: positional arguments of a call are tensors or arrays; "
                    f"give others by keyword. {received('argument', x)}"
                )

    def _refresh(self) -> None:
        """Renew what is derived from public attributes; every full call begins with it."""

    def _annotate(self, e: Exception, args: Any) -> None:
        shapes = [tuple(x.shape) if hasattr(x, "shape") else x for x in nest.flatten(list(args))]
        text = ", ".join(str(s) for s in shapes)
        if len(text) > 200:
            text = text[:197] + "..."
        e.add_note(f"in layer {self.name!r} ({type(self).__name__}), inputs: {text}")

    def _arguments(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> dict[str, Any]:
        names = self._call_spec.names
        if len(args) == 1 and names and names[0] not in kwargs:
            return {names[0]: args[0], **kwargs}
        return _call_spec.bind(self._call_spec, args, kwargs)

    def _convert(self, args: Any, kwargs: Any) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """Make tensors of arrays, and cast floating ones to the compute dtype."""
        dtype = self._policy.torch_compute_dtype if self.autocast else None
        if len(args) == 1 and not kwargs:
            x = args[0]
            if not nest.is_nested(x):
                return (_converted(x, dtype),), kwargs
            return (nest.map_structure(lambda leaf: _converted(leaf, dtype), x),), kwargs
        return nest.map_structure(lambda leaf: _converted(leaf, dtype), (tuple(args), kwargs))

    def symbolic_call(self, *args: Any, **kwargs: Any) -> Any:
        """Record a call on symbolic tensors: build, check, infer the outputs' shapes."""
        arguments = self._arguments(args, kwargs)
        check_inputs(self.input_spec, next(iter(arguments.values()), None), self.name)
        if not self.built:
            self._build_for(arguments)
        try:
            spec = self.compute_output_spec(*args, **kwargs)
        except Exception as e:
            self._annotate(e, args)
            raise
        return Node(self, args, kwargs, spec).outputs

    def compute_output_spec(self, *args: Any, **kwargs: Any) -> Any:
        """Return KerasTensors of the outputs' shapes and dtypes."""
        if type(self).compute_output_shape is Layer.compute_output_shape:
            return self._infer_spec(*args, **kwargs)
        arguments = self._arguments(args, kwargs)
        shapes = _call_spec.shapes_by_parameter(arguments, type(self).compute_output_shape)
        return _specs(self.compute_output_shape(**shapes), self.compute_dtype)

    def _infer_spec(self, *args: Any, **kwargs: Any) -> Any:
        """Find the outputs' shapes by running `call` without memory."""
        # While building, the scope around us has our name already.
        names = _state.names if self.__dict__.get("_building") else (*_state.names, self.name)
        with scope.scoped(autocast=self._cast_dtype(), names=names):
            return infer.output_spec(self.call, args, kwargs)

    def compute_output_shape(self, *args: Any, **kwargs: Any) -> Any:
        """Return the shape of the outputs for the shape of the inputs."""
        inputs = _specs(_build.as_shape(list(args)), self.compute_dtype)
        named = _specs(_build.as_shape(kwargs), self.compute_dtype) if kwargs else {}
        if not self.built:
            self._build_for(self._arguments(tuple(inputs), named))
        return nest.map_structure(lambda t: t.shape, self.compute_output_spec(*inputs, **named))

    def compute_mask(self, inputs: Any, previous_mask: Any) -> Any:
        """Return the mask of the outputs: by default that of the inputs."""
        return previous_mask

    # ------------------------------------------------------------------ building

    def build(self, input_shape: Any) -> None:
        """Create the weights; a subclass defines it."""
        self.built = True

    def _build_for(self, arguments: dict[str, Any]) -> None:
        build = type(self).build
        if build is Layer.build:
            self.built = True
            if not is_builtin(type(self)):
                shapes = _call_spec.shapes_by_parameter(arguments, build)
                self.__dict__["_build_shapes"] = _build.as_shape(shapes)
            return
        shapes = _call_spec.shapes_by_parameter(arguments, build)
        self.build(**shapes)

    def get_build_config(self) -> dict[str, Any] | None:
        """Return the shapes that the layer was built for."""
        return _build.build_config(self.__dict__.get("_build_shapes"))

    def build_from_config(self, config: dict[str, Any]) -> None:
        """Build the layer for the shapes of a config."""
        if "input_shape" in config:
            self.build(_build.as_shape(config["input_shape"]))
        elif "shapes_dict" in config:
            self.build(**_build.as_shape(config["shapes_dict"]))

    # ------------------------------------------------------------------ losses

    def add_loss(self, loss: Any) -> None:
        """Add a scalar (or a list of them) to the training loss; for use inside `call`."""
        fields = self.__dict__
        if _state.probe_size is not None:
            return  # a probe for shapes has no values
        if fields["_loss_call"] != _state.call_id:
            fields["_losses"] = []
            fields["_loss_call"] = _state.call_id
        fields["_fast"] = False
        _state.loss_call = _state.call_id
        for x in nest.flatten(loss):
            if callable(x):
                raise ValueError(
                    f"add_loss: a loss is a tensor, computed in call(). {received('loss', loss)}"
                )
            fields["_losses"].append(x)

    @property
    def losses(self) -> list[torch.Tensor]:
        """Losses added in the last call, then the weights' regularization losses."""
        found: list[torch.Tensor] = []
        _current_losses(self, 0, found, set())
        return found + [
            v.regularizer(v)
            for v in self.trainable_weights
            if getattr(v, "regularizer", None) is not None
        ]

    # ------------------------------------------------------------------ configuration and files

    def __getstate__(self) -> dict[str, Any]:
        state = nn.Module.__getstate__(self)
        return {k: v for k, v in state.items() if k != "_nodes"}

    def _config_overrides(self) -> dict[str, Any]:
        return {
            "dtype": self._policy,
            "name": self.name,
            "trainable": self._trainable,
            "activity_regularizer": self.activity_regularizer,
        }

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that make an equal layer, ready for JSON."""
        config = super().get_config()
        plain = type(self) is Layer or not is_builtin(type(self))
        if plain and type(self).__init__ is Layer.__init__:
            # A user's class without arguments of its own: Keras writes all of Layer's.
            return {
                **config,
                "activity_regularizer": config.get("activity_regularizer"),
                "autocast": self.autocast,
            }
        if config.get("activity_regularizer", False) is None and not self.writes_absent_regularizer:
            del config["activity_regularizer"]
        return config

    @stateful.standard
    def save_own_variables(self, store: dict[str, Any]) -> None:
        """Put this layer's own variables into a dict of arrays."""
        for i, v in enumerate(self._own_variables()):
            store[str(i)] = convert_to_numpy(v)

    @stateful.standard
    def load_own_variables(self, store: dict[str, Any]) -> None:
        """Set this layer's own variables from a dict of arrays."""
        own = self._own_variables()
        if len(store) != len(own):
            raise ValueError(
                f"Layer {self.name!r} expects {len(own)} variables. Received: {len(store)} "
                f"({sorted(store)}). Is it built for the same input shape?"
            )
        for i, v in enumerate(own):
            v.assign(store[str(i)])

    @property
    def path(self) -> str:
        """Name scopes around the layer and its name."""
        return "/".join((*_state.names, self.name))

    def __repr__(self) -> str:
        return f"<{type(self).__name__} name={self.name}, built={self.built}>"


def _current_losses(module: nn.Module, since: int, found: list[Any], seen: set[int]) -> None:
    """Collect losses of a module and those under it that no later call has cleared."""
    if id(module) in seen:
        return
    seen.add(id(module))
    if isinstance(module, Layer):
        since = max(since, module._top_call)
        if module._loss_call is not None and module._loss_call >= since:
            found.extend(module._losses)
    for child in module._modules.values():
        if child is not None:
            _current_losses(child, since, found, seen)


def _is_trainable(v: torch.Tensor) -> bool:
    return v.trainable and v._learned if isinstance(v, Variable) else v.requires_grad


def _specs(shape: Any, dtype: str) -> Any:
    """Turn a structure of shapes into one of KerasTensors."""
    if isinstance(shape, dict):
        return {k: _specs(s, dtype) for k, s in shape.items()}
    if isinstance(shape, (list, tuple)) and any(isinstance(s, (list, tuple, dict)) for s in shape):
        return [_specs(s, dtype) for s in shape]
    return KerasTensor(shape, dtype)
