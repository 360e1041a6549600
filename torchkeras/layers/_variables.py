"""The half of a layer that holds its state: attributes, variables, weights, moves."""

import functools
import operator
import weakref
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.compiler import is_compiling
from torch.nn.parameter import UninitializedTensorMixin

from torchkeras import constraints, initializers, regularizers
from torchkeras._base import legacy, scope
from torchkeras._base.check import received
from torchkeras.core import dtypes, policy, stateful, tracking
from torchkeras.core.operation import GRAPH_FIELDS
from torchkeras.core.tensor import convert_to_numpy, convert_to_tensor
from torchkeras.core.variable import Variable
from torchkeras.layers._legacy import old_initializer, takes_old_weights
from torchkeras.random import SeedGenerator

_state = scope.state

_NOT_INITIALISED = "{0}: its __init__ must call super().__init__()."


class LayerVariables(nn.Module):
    """Attributes and variables of a layer, as Keras and as torch users know them."""

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
                return _cast(value, cast_to) if getattr(value, "autocast", True) else value
        modules = fields.get("_modules")
        if modules is not None and name in modules:
            return modules[name]
        if name in fields.get("_adapted", ()):
            return self._adapted_weight(name)  # see layers/adapters
        if modules is None:
            forgotten = _NOT_INITIALISED.format(type(self).__name__)
            if name in ("_fast", "_parameters"):  # a call, or a weight to be
                raise RuntimeError(forgotten)
            hint = f". {forgotten}"
        else:
            hint = legacy.explain(type(self), name)
        raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}{hint}")

    def __setattr__(self, name: str, value: Any) -> None:
        fields = self.__dict__
        if "_modules" not in fields:
            if name == "__dict__":  # how torch copies a layer with parametrizations
                object.__setattr__(self, name, value)
                for of_graph in GRAPH_FIELDS:  # a copy takes part in no graph
                    self.__dict__.pop(of_graph, None)
                return
            fields[name] = value  # as in Keras, values may come before super().__init__()
            return
        fields["_fast"] = False  # whatever it is that changes, the next call looks at all again
        if isinstance(value, nn.Module):
            fields["_settled"] = False
        if isinstance(value, Variable):
            self._own(name, value)
        elif tracking.is_state_list(value) and not isinstance(value, nn.Module):
            if type(getattr(type(self), name, None)) is property:
                object.__setattr__(self, name, value)
                return
            tracked = tracking.track(value)
            super().__setattr__(name, tracked)
            if isinstance(value, tuple):
                fields[name] = value  # a tuple stays one; its entries are followed
        else:
            if isinstance(fields["_modules"].get(name), tracking.Tracked):
                # An attribute that was a list or a dict may become anything, as a plain one may.
                del fields["_modules"][name]
                fields["_settled"] = False
            super().__setattr__(name, value)
            if isinstance(value, nn.Parameter):
                self._take_place(name, value)
            elif type(value) in (list, dict):
                fields.setdefault("_plain_lists", set()).add(name)

    def _follow_lists(self) -> None:
        """Follow the lists and dicts that held plain values when they were assigned, if any got
        a layer or a variable since."""
        names, self.__dict__["_plain_lists"] = self._plain_lists, set()
        for name in names:
            value = self.__dict__.get(name)
            if tracking.is_state_list(value):
                setattr(self, name, value)

    def _take_place(self, name: str, variable: Any) -> None:
        """Note when the layer first had a variable of a name: what files number them by."""
        places = self.__dict__.setdefault("_places", {})
        if name not in places:
            places[name] = tracking.stamp(variable)

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
        self._take_place(name, variable)
        table.clear()
        table.update(entries)

    @takes_old_weights
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

        Raises:
            ValueError: within the layer's own `call`, which would make another one each time.
        """
        if self.built and not self.__dict__.get("_building") and self._is_called():
            raise ValueError(
                f"{type(self).__name__}: add_weight cannot add new elements of state in call(); "
                f"make weights in __init__() or build(). {received('name', name)}"
            )
        shape = () if shape is None else (shape,) if isinstance(shape, int) else tuple(shape)
        dtype = dtypes.standardize_dtype(dtype or self.variable_dtype)
        if initializer is None:
            initializer = "glorot_uniform" if dtypes.is_float(dtype) else "zeros"
        names = _state.names if _state.names[-1:] == (self.name,) else (*_state.names, self.name)
        with scope.scoped(autocast=None, names=names):
            variable = Variable(
                old_initializer(initializers.get(initializer)),
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
        base = variable.name if name else "variable"  # its automatic number is not the layer's
        key, n = base, 0
        while key in self._parameters or key in self._buffers or key in self._modules:
            n += 1
            key = f"{base}_{n}"
        variable._provisional = True  # type: ignore[attr-defined]  # until an attribute names it
        variable._release = functools.partial(_release, weakref.ref(self), weakref.ref(variable))  # type: ignore[attr-defined]
        table[key] = variable
        tracking.stamp(variable)
        if not self._trainable:
            variable.trainable = False
        self.__dict__["_fast"] = False
        return variable

    def _is_called(self) -> bool:
        """Tell whether `call` is running, be it to infer shapes."""
        running = _state.depth > 0 or _state.probe_size is not None
        return running and _state.names[-1:] == (self.name,)

    def _own_variables(self) -> list[Variable]:
        """Variables of this layer itself, those in its lists and dicts included, learned first."""
        places = self.__dict__.get("_places", {})
        containers = list(tracking.containers(self._modules.values()))
        found = []
        for kind in ("_parameters", "_buffers"):
            table = [
                (places.get(key) if key in places else tracking.stamp(v), v)
                for key, v in getattr(self, kind).items()
                if v is not None
            ]
            for holder in containers:
                table += [(tracking.stamp(v), v) for v in getattr(holder, kind).values()]
            found += sorted(table, key=operator.itemgetter(0))
        return list({id(v): v for _, v in found}.values())

    def _stored_variables(self) -> list[Variable]:
        """Variables that a file keeps of this layer itself, in its order; adapters keep others."""
        return self._own_variables()

    def _walk(self) -> Iterator[nn.Module]:
        """This layer and all modules under it, each once, in the order of their assignment."""
        return self.modules()

    def _collect(self, seeds: bool) -> list[Variable]:
        out: dict[int, Variable] = {}
        for module in self._walk():
            if isinstance(module, SeedGenerator) and not seeds:
                continue
            if isinstance(module, LayerVariables):
                own = module._own_variables()  # with those in its lists and dicts
            else:
                own = [
                    v
                    for v in (*module._parameters.values(), *module._buffers.values())
                    if not isinstance(v, UninitializedTensorMixin)
                ]
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
        """The variables that training changes: none of a frozen layer, whatever is in it."""
        if not self._trainable:
            return []
        return [v for v in self._collect(seeds=False) if _is_trainable(v)]

    @property
    def non_trainable_variables(self) -> list[Variable]:
        """The variables that training does not change."""
        return [v for v in self.variables if not (self._trainable and _is_trainable(v))]

    @property
    def trainable_weights(self) -> list[Variable]:
        """The weights that training changes."""
        return self.trainable_variables

    @trainable_weights.setter
    def trainable_weights(self, weights: Sequence[Variable]) -> None:
        self._list_weights("trainable_weights", weights, True)

    @property
    def non_trainable_weights(self) -> list[Variable]:
        """The weights that training does not change."""
        return [v for v in self.weights if not (self._trainable and _is_trainable(v))]

    @non_trainable_weights.setter
    def non_trainable_weights(self, weights: Sequence[Variable]) -> None:
        self._list_weights("non_trainable_weights", weights, False)

    def _list_weights(self, name: str, weights: Sequence[Variable], trainable: bool) -> None:
        """Take the list of its weights that a layer of Keras 1 makes itself."""
        if not legacy.allow(f"Setting {name}", "Make weights with add_weight().", AttributeError):
            raise AttributeError(f"property {name!r} of {type(self).__name__!r} has no setter")
        known = {id(v) for v in self._own_variables()}
        for v in weights:
            v.trainable = trainable
            if id(v) not in known:
                setattr(self, f"_{name}_{len(self._parameters) + len(self._buffers)}", v)

    @property
    def trainable(self) -> bool:
        """Whether training changes the layer; setting it reaches all sub-layers."""
        return self._trainable

    @trainable.setter
    def trainable(self, value: bool) -> None:
        value = bool(value)
        for module in self._walk():
            if isinstance(module, LayerVariables):
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
            if isinstance(module, LayerVariables)
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

    def _apply(
        self, fn: Callable[[torch.Tensor], torch.Tensor], recurse: bool = True
    ) -> "LayerVariables":
        # torch replaces buffers by plain tensors: keep the Variable objects and move their data.
        kept = {k: b for k, b in self._buffers.items() if isinstance(b, Variable)}
        super()._apply(fn, recurse)
        for key, variable in kept.items():
            variable.data = self._buffers[key].detach()
            self._buffers[key] = variable
        old = dtypes.torch_dtype(self.variable_dtype)
        new = fn(torch.empty(0, dtype=old)).dtype
        if new != old:  # layer.half() and the like
            name = dtypes.standardize_dtype(new)
            mode, found, _ = self._policy.name.rpartition("_from_")
            self._policy = policy.get(f"{mode}{found}{name}")  # the weights stay quantized
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

    def __getstate__(self) -> dict[str, Any]:
        state = nn.Module.__getstate__(self)
        return {k: v for k, v in state.items() if k not in GRAPH_FIELDS}

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__(state)
        # Variables to come must get higher numbers than those that came from another process.
        known = [*self.__dict__.get("_places", {}).values()]
        for table in (self._parameters, self._buffers):
            known += [v._stamp or 0 for v in table.values() if isinstance(v, Variable)]
        tracking.go_past(max(known, default=-1))

    @stateful.standard
    def save_own_variables(self, store: dict[str, Any]) -> None:
        """Put this layer's own variables into a dict of arrays."""
        for i, v in enumerate(self._stored_variables()):
            store[str(i)] = convert_to_numpy(v)

    @stateful.standard
    def load_own_variables(self, store: dict[str, Any]) -> None:
        """Set this layer's own variables from a dict of arrays."""
        own = self._stored_variables()
        if len(store) != len(own):
            raise ValueError(
                f"Layer {self.name!r} expects {len(own)} variables. Received: {len(store)} "
                f"({sorted(store)}). Is it built for the same input shape?"
            )
        for i, v in enumerate(own):
            v.assign(store[str(i)])


def _cast(variable: torch.Tensor, dtype: torch.dtype) -> torch.Tensor:
    """Return a variable's value in the dtype that a layer computes in; `call` may assign to it."""
    value = variable.to(dtype)
    if value is not variable and isinstance(variable, Variable) and not is_compiling():
        value.assign = variable.assign  # type: ignore[attr-defined]
        value.assign_add = variable.assign_add  # type: ignore[attr-defined]
        value.assign_sub = variable.assign_sub  # type: ignore[attr-defined]
    return value


def _release(layer: Any, variable: Any) -> None:
    """Take a variable that a list or dict names out of its layer's table of unnamed ones."""
    layer, variable = layer(), variable()
    if layer is None or variable is None or not getattr(variable, "_provisional", False):
        return
    variable._provisional = False
    for table in (layer._parameters, layer._buffers):
        for key in [k for k, v in table.items() if v is variable]:
            del table[key]


def _is_trainable(v: torch.Tensor) -> bool:
    return v.trainable and v._learned if isinstance(v, Variable) else v.requires_grad
