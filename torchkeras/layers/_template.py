"""The half of a layer that runs it: the template around `call`, and the quick way past it."""

import warnings
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.nn.modules import module as _module

from torchkeras._base import legacy, scope
from torchkeras._base.check import received
from torchkeras.core import infer, nest, remat, tracking
from torchkeras.core.operation import Node
from torchkeras.core.serialize import is_builtin
from torchkeras.core.strings import as_strings, is_list_of_strings, is_string_array
from torchkeras.core.symbolic import KerasTensor, any_symbolic
from torchkeras.core.tensor import convert_to_tensor
from torchkeras.layers import _build, _call_spec, _mask, _mode
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
        if is_string_array(x):
            return as_strings(x)
        x = convert_to_tensor(x)
    if dtype is None or x.dtype is dtype or not x.is_floating_point():
        return x
    cast = x.to(dtype)
    mask = _mask.get_mask(x)
    if mask is not None:
        cast._keras_mask = mask  # type: ignore[attr-defined]
    return cast


# Hooks on all modules there are; torch fills these dicts and never replaces them.
_on_forward, _on_pre_forward = _module._global_forward_hooks, _module._global_forward_pre_hooks
_on_backward, _on_pre_backward = _module._global_backward_hooks, _module._global_backward_pre_hooks


def global_hooks() -> bool:
    """Tell whether somebody hooked all modules there are."""
    return bool(_on_forward or _on_pre_forward or _on_backward or _on_pre_backward)


class LayerCall(nn.Module):
    """What happens when a layer is called: convert, check, build, run, losses, masks, record."""

    _mentions_add_loss = False

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        cls._mentions_add_loss = _call_spec.mentions(cls, "add_loss", LayerCall)

    def call(self, *args: Any, **kwargs: Any) -> Any:
        """Compute the outputs; a subclass defines it."""
        raise NotImplementedError(f"Layer {type(self).__name__} does not have a `call()` method.")

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Run the layer on tensors, arrays or symbols.

        A layer that has run before gets plain tensors most of the time: then nothing of the
        template is needed but a look at the input's shape.
        """
        hooked = _on_forward or _on_pre_forward or _on_backward or _on_pre_backward
        if (
            self._fast
            and len(args) == 1
            and not hooked
            and (
                not kwargs
                or (self._alone and len(kwargs) == 1 and kwargs.get("training") is not None)
            )
        ):
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
                training = kwargs["training"] if kwargs else _state.training
                if training is None and self.training:
                    training = True
                try:
                    if training is not None and self._call_spec.has_training:
                        return self.call(x, training=bool(training))
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
        if self._plain_lists:
            self._follow_lists()
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
                self.add_loss(self.activity_regularizer(x) / max(x.shape[0] if x.ndim else 1, 1))
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
        fields = self.__dict__
        settled = fields.get("_settled", False)
        modes = None
        if training is not None and (not settled or fields.get("_foreign", False)):
            modes = _mode.switch(self._foreign_modules(), training)
        before = (_state.training, _state.autocast, _state.names)
        if _state.depth == 0:
            _state.call_id = self.__dict__["_top_call"] = next(_calls)
        _state.depth += 1
        _state.training = training
        _state.autocast = self._cast_dtype()
        if not settled:
            _state.names = (*before[2], self.name)
        try:
            again = self.__dict__.get("_remat")
            if again is not None and again.applies(self, args, kwargs):
                outputs = remat.rematerialised(self.call, args, kwargs)
            else:
                outputs = self.call(*args, **kwargs)
        except Exception as e:
            self._annotate(e, args)
            raise
        finally:
            _state.training, _state.autocast, _state.names = before
            _state.depth -= 1
            if modes is not None:
                _mode.restore(modes)
        self._settle()
        return outputs

    def _foreign_modules(self) -> list[nn.Module]:
        """Return the torch modules that this layer holds, in lists and dicts too."""
        found = []
        for holder in (self, *tracking.containers(self._modules.values())):
            for child in holder._modules.values():
                if child is not None and not isinstance(child, _KNOWN):
                    found.append(child)
        return found

    def _cast_dtype(self) -> torch.dtype | None:
        p = self._policy
        return None if p._compute_dtype == p._variable_dtype else p.torch_compute_dtype

    def _settle(self) -> None:
        """Note, after a whole call, whether the next one may pass the template by."""
        fields = self.__dict__
        if not fields.get("_settled", False):
            layers = [m for m in self._walk() if isinstance(m, LayerCall)]
            fields["_settled"] = all(m.built for m in layers)
            fields["_adds_losses"] = any(m._may_add_losses() for m in layers)
            fields["_foreign"] = bool(self._foreign_modules())
        # An explicit mode is nobody else's business.
        fields["_alone"] = all(isinstance(m, SeedGenerator) for m in self._modules.values())
        fields["_torch_dtype"] = self._policy.torch_compute_dtype
        fields["_fast"] = (
            fields["_settled"]
            and fields.get("_remat") is None
            and not fields.get("_foreign", False)
            and self.activity_regularizer is None
            and not self.makes_mask
            and self._loss_call is None
            and not fields.get("_adds_losses", False)
            and self._cast_dtype() is None
            and self._call_spec.takes_positional
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
            or self._mentions_add_loss
        )

    def _check_positional(self, args: Any) -> None:
        for x in nest.flatten(list(args)):
            if x is not None and not isinstance(x, (torch.Tensor, KerasTensor)):
                if is_string_array(x):
                    if self.accepts_strings():
                        continue
                    raise ValueError(
                        f"{type(self).__name__}: inputs must be numbers, not strings. Put a "
                        "TextVectorization, StringLookup or Hashing layer before this one. "
                        f"{received('argument', x)}"
                    )
                raise ValueError(
                    f"{type(self).__name__}: positional arguments of a call are tensors or arrays; "
                    f"give others by keyword. {received('argument', x)}"
                )

    def accepts_strings(self) -> bool:
        """Tell whether arrays of strings may come in: to this layer, or to one within it."""
        own = not is_builtin(type(self))  # a user's layer knows what it does with them
        return own or any(getattr(m, "takes_strings", False) for m in self.modules())

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
            if is_list_of_strings(x):
                return (as_strings(x, type(self).__name__),), kwargs
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
        if type(self).compute_output_shape is LayerCall.compute_output_shape:
            return self._infer_spec(*args, **kwargs)
        arguments = self._arguments(args, kwargs)
        shapes = _call_spec.shapes_by_parameter(arguments, type(self).compute_output_shape)
        return _specs(self.compute_output_shape(**shapes), self.compute_dtype)

    def _infer_spec(self, *args: Any, **kwargs: Any) -> Any:
        """Find the outputs' shapes by running `call` without memory."""
        # While building, the scope around us has our name already.
        names = _state.names if self.__dict__.get("_building") else (*_state.names, self.name)
        with scope.scoped(autocast=self._cast_dtype(), names=names):
            try:
                return infer.output_spec(self.call, args, kwargs)
            except Exception:
                masks = self._symbolic_masks(args, kwargs)
                if not masks:
                    raise
            # A call that cannot do without masks: they are there when it gets data.
            return infer.output_spec(self.call, args, {**kwargs, **masks})

    def _symbolic_masks(self, args: Any, kwargs: Any) -> dict[str, Any]:
        """Return masks, one entry a step, for the tensors whose mask `call` takes."""
        arguments = self._arguments(args, kwargs)
        return {
            name: nest.map_structure(lambda x: KerasTensor(x.shape[:2], "bool"), arguments[tensor])
            for tensor, name in self._call_spec.mask_names.items()
            if arguments.get(name) is None and arguments.get(tensor) is not None
        }

    def compute_output_shape(self, *args: Any, **kwargs: Any) -> Any:
        """Return the shape of the outputs for the shape of the inputs."""
        if type(self).call is LayerCall.call:
            raise NotImplementedError(
                f"{type(self).__name__}: without a call(), compute_output_shape() must be defined."
            )
        find = self.compute_output_spec
        if type(self).compute_output_shape is not LayerCall.compute_output_shape:
            find = self._infer_spec  # we are asked by a method that overrides this one
            caller = next(c for c in type(self).__mro__ if "call" in c.__dict__)
            text = "Return a shape of your own; in Keras 3 there is none to begin with."
            if not is_builtin(caller) and legacy.allow("super().compute_output_shape()", text):
                return args[0]  # what it was in Keras 2
        inputs = [_specs(_build.as_shape(shape), self.compute_dtype) for shape in args]
        named = _specs(_build.as_shape(kwargs), self.compute_dtype) if kwargs else {}
        if not self.built:
            self._build_for(self._arguments(tuple(inputs), named))
        return nest.map_structure(lambda t: t.shape, find(*inputs, **named))

    def compute_mask(self, inputs: Any, previous_mask: Any) -> Any:
        """Return the mask of the outputs: by default that of the inputs."""
        return previous_mask

    def add_loss(self, loss: Any, inputs: Any = None) -> None:
        """Add a scalar (or a list of them) to the training loss; for use inside `call`.

        `inputs`, what a loss depended on in Keras 2, changes nothing.
        """
        fields = self.__dict__
        if _state.probe_size is not None:
            return  # a probe for shapes has no values
        if _state.stateless is not None and _state.stateless.collect_losses:
            for x in nest.flatten(loss):
                _state.stateless.add_loss(x)
            return
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


# Children that take the mode of a call from the scope, or have none.
_KNOWN = (LayerCall, tracking.Tracked, SeedGenerator)


def _current_losses(module: nn.Module, since: int, found: list[Any], seen: set[int]) -> None:
    """Collect losses of a module and those under it that no later call has cleared."""
    if id(module) in seen:
        return
    seen.add(id(module))
    if isinstance(module, LayerCall):
        since = max(since, module._top_call)
        if module._loss_call is not None and module._loss_call >= since:
            found.extend(module._losses)
    for child in module._modules.values():
        if child is not None:
            _current_losses(child, since, found, seen)


def _specs(shape: Any, dtype: str) -> Any:
    """Turn a structure of shapes into one of KerasTensors."""
    if isinstance(shape, dict):
        return {k: _specs(s, dtype) for k, s in shape.items()}
    if isinstance(shape, (list, tuple)) and any(isinstance(s, (list, tuple, dict)) for s in shape):
        found = [_specs(s, dtype) for s in shape]
        return found if isinstance(shape, list) else tuple(found)
    return KerasTensor(shape, dtype)
