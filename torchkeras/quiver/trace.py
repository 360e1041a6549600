"""One run of a model, seen through torch's hooks: its calls, what fed what, and the values.

It needs nothing but that the model is an `nn.Module`: functional, sequential and subclassed Keras
models and plain torch ones are traced alike. Modules are seen by forward hooks, the operations
between them by a `TorchFunctionMode`.
"""

import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import nn
from torch.overrides import TorchFunctionMode, resolve_name
from torch.utils import _pytree as pytree

from torchkeras.quiver import richer
from torchkeras.quiver.untouched import call, untouched

# More calls of one module than this within one call of its parent are the steps of a loop (the
# cell of an RNN): the parent is then shown as one.
MANY_CALLS = 16

# Functions that hand their tensor on without computing anything a person would look at.
_QUIET = frozenset({
    "__get__", "__set__", "__getitem__", "contiguous", "to", "type", "type_as", "float", "double",
    "half", "bfloat16", "int", "long", "bool", "clone", "detach", "copy_", "cpu", "cuda", "numpy",
    "requires_grad_", "view", "reshape", "permute", "transpose", "movedim", "flatten",
    "unflatten", "squeeze", "unsqueeze", "expand", "expand_as", "t", "swapaxes", "unbind",
    "split", "chunk", "tensor_split", "narrow", "select", "broadcast_to", "broadcast_tensors",
    "meshgrid", "empty_like", "zeros_like", "ones_like", "full_like", "new_zeros", "new_ones",
    "new_empty", "new_full", "new_tensor", "size", "dim",
})  # fmt: skip

Key = tuple[Any, ...]


def _writes(name: str, kwargs: dict[str, Any]) -> bool:
    """Tell whether a function writes into its first argument, or `out`."""
    return (
        (name.endswith("_") and not name.endswith("__"))
        or (name.startswith("__i") and name.endswith("__"))
        or name == "__setitem__"
        or bool(kwargs.get("inplace"))
        or kwargs.get("out") is not None
    )


@dataclass
class Call:
    """One call of a module, or of a function between modules.

    `key` tells the same call again in another run: `("call", path, number)`, `("input", number)`
    or `("op", *key of the call around it, name, number)`; `parent` is the key of the call around
    it.
    """

    key: Key
    name: str
    class_name: str
    kind: str  # input, layer, op or group
    parent: Key | None
    module: nn.Module | None = None
    sources: list[Key] = field(default_factory=list)
    value: torch.Tensor | None = None  # with its batch axis
    shape: tuple[int, ...] | None = None  # also where the value was not kept
    batch_axis: int = 0
    rich: torch.Tensor | None = None  # what shows more than the output: scores, all time steps


@dataclass
class Trace:
    """The calls of one run in their order, and what came out."""

    calls: dict[Key, Call]
    outputs: list[torch.Tensor]
    sources: list[Key | None]  # which call each output came from
    watched: torch.Tensor | None = None  # of the watched call, inside the autograd graph

    @property
    def nbytes(self) -> int:
        """Memory of all values kept, in bytes."""
        return sum(
            t.numel() * t.element_size()
            for c in self.calls.values()
            for t in (c.value, c.rich)
            if t is not None
        )


@dataclass
class _Frame:
    """A call that has not ended: what its tensors came from, which calls it made."""

    call: Call
    origin: dict[int, tuple[torch.Tensor, frozenset[Key]]] = field(default_factory=dict)
    members: list[Key] = field(default_factory=list)
    modules: Counter[int] = field(default_factory=Counter)
    names: Counter[str] = field(default_factory=Counter)


def tensors(structure: Any) -> list[torch.Tensor]:
    """Return the tensors of a nested structure, flat."""
    return [x for x in pytree.tree_leaves(structure) if isinstance(x, torch.Tensor)]


class _Tracer(TorchFunctionMode):
    def __init__(self, model: nn.Module, watched: Key | None) -> None:
        super().__init__()
        self._watched = watched
        self._paths = {id(m): path for path, m in model.named_modules()}
        self._root = model
        self._thread = threading.get_ident()
        self._paused = False
        self._numbers: Counter[str] = Counter()
        self._kept: dict[int, list[Call]] = {}  # by where their values' memory is
        self.calls: dict[Key, Call] = {}
        self.graph_value: torch.Tensor | None = None
        root = Call((), "", type(model).__name__, "group", None, model)
        self._frames = [_Frame(root)]

    # ------------------------------------------------------------------ provenance

    def _origin(self, x: torch.Tensor) -> frozenset[Key]:
        for frame in reversed(self._frames):
            found = frame.origin.get(id(x))
            if found is not None:
                return found[1]
        return frozenset()

    def _origins(self, structure: Any) -> list[Key]:
        found = {key: None for x in tensors(structure) for key in self._origin(x)}
        return sorted(found, key=list(self.calls).index) if len(found) > 1 else list(found)

    def _mark(self, structure: Any, keys: frozenset[Key]) -> None:
        origin = self._frames[-1].origin
        for x in tensors(structure):
            origin[id(x)] = (x, keys)  # the tensor is held, so that its id stays its own

    def add_input(self, number: int, name: str, x: torch.Tensor) -> None:
        made = Call(("input", number), name, "Input", "input", None)
        self._keep(made, x)
        self.calls[made.key] = made
        self._mark(x, frozenset([made.key]))
        if made.key == self._watched:
            self.graph_value = x

    def source(self, x: torch.Tensor) -> Key | None:
        """Return the last call that a tensor came from."""
        return next(reversed(self._origins(x)), None)

    # ------------------------------------------------------------------ modules

    @property
    def _listens(self) -> bool:
        return not self._paused and threading.get_ident() == self._thread

    def enter(self, module: nn.Module, args: Any, kwargs: Any) -> None:
        if not self._listens or module is self._root:
            return
        parent = self._frames[-1]
        path = self._paths[id(module)]
        parent.modules[id(module)] += 1
        number = self._numbers[path]
        self._numbers[path] += 1
        made = Call(
            ("call", path, number),
            getattr(module, "name", None) or path.rpartition(".")[2],
            type(module).__name__,
            "layer",
            parent.call.key or None,
            module,
            sources=self._origins((args, kwargs)),
        )
        self.calls[made.key] = made
        parent.members.append(made.key)
        self._frames.append(_Frame(made))

    def leave(self, module: nn.Module, args: Any, kwargs: Any, output: Any) -> Any:
        if not self._listens or module is self._root:
            return None
        frame = self._frames.pop()
        made = frame.call
        looped = frame.modules and max(frame.modules.values()) > MANY_CALLS
        if not frame.modules or looped:
            self._forget(frame.members)
            keys = frozenset([made.key])
            self._mark(output, keys)
        else:
            made.kind = "group"
            for x in tensors(output):
                found = frame.origin.get(id(x))
                self._mark(x, found[1] if found else self._origin(x) or frozenset([made.key]))
        found = tensors(output)
        made.batch_axis = richer.batch_axis(module)
        if found and self._watched is None:
            self._keep(made, found[0])
            with self._pause():
                made.rich = richer.value(module, args, kwargs, output)
        if found and made.key == self._watched:
            return self._watch(output, found[0])
        return None

    def _watch(self, output: Any, x: torch.Tensor) -> Any:
        """Keep a tensor of the autograd graph; what goes on is a copy that may be overwritten.

        The graph begins here where nothing before can have a gradient (inputs of integers).
        """
        given, x = x, x if x.requires_grad else x.detach().requires_grad_()
        self.graph_value = x
        copy = x.clone()
        self._mark(copy, self._origin(given))
        if output is given:
            return copy
        return pytree.tree_map(lambda y: copy if y is given else y, output)

    def _forget(self, members: list[Key]) -> None:
        gone = set(members)
        while gone:
            for key in gone & self.calls.keys():
                self.calls.pop(key).value = None
            gone = {k for k, c in self.calls.items() if c.parent in gone}

    @contextmanager
    def _pause(self) -> Iterator[None]:
        self._paused = True
        try:
            yield
        finally:
            self._paused = False

    # ------------------------------------------------------------------ values

    def _keep(self, made: Call, x: torch.Tensor) -> None:
        made.value, made.shape = x.detach(), tuple(x.shape)
        self._kept.setdefault(x.untyped_storage().data_ptr(), []).append(made)

    def copy_before_writing(self, target: Any) -> None:
        """Save the values that share memory with what a function is about to overwrite."""
        for x in tensors(target):
            for made in self._kept.pop(x.untyped_storage().data_ptr(), ()):
                if made.value is not None:
                    made.value = made.value.clone()

    # ------------------------------------------------------------------ functions

    def __torch_function__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        kwargs = kwargs or {}
        name = getattr(func, "__name__", "") or str(resolve_name(func))
        if _writes(name, kwargs):
            self.copy_before_writing(kwargs.get("out", args[0] if args else None))
        output = func(*args, **kwargs)
        if not self._listens or not isinstance(output, (torch.Tensor, tuple, list)):
            return output
        sources = self._origins((args, kwargs))
        if not sources:
            return output
        made = tensors(output)
        if name in _QUIET or not made or not made[0].is_floating_point():
            self._mark(output, frozenset(sources))
            return output
        frame = self._frames[-1]
        name = name.strip("_")
        number = frame.names[name]
        frame.names[name] += 1
        key = ("op", *frame.call.key, name, number)
        call_ = Call(key, name, name, "op", frame.call.key or None, sources=sources)
        self.calls[key] = call_
        frame.members.append(key)
        self._mark(output, frozenset([key]))
        if self._watched is None:
            self._keep(call_, made[0])
        if key == self._watched:
            return self._watch(output, made[0])
        return output


def trace(model: nn.Module, inputs: Any, *, watched: Key | None = None) -> Trace:
    """Run a model in inference once and return what happened; the model is as before after it.

    Args:
        model: Any module.
        inputs: What it is called with, with a batch axis of 1: a tensor, or a list or dict.
        watched: For gradients: key of one call whose output is kept inside the autograd graph
            (`Trace.watched`). The outputs are in that graph as well then, and no other value
            is kept.
    """
    gradients = watched is not None
    inputs = pytree.tree_map(lambda x: _leaf(x) if gradients else x, inputs)
    tracer = _Tracer(model, watched)
    handles: list[Any] = []
    with untouched(model):
        if not getattr(model, "built", True):
            call(model, inputs)  # it makes its weights, and calls layers for their shapes
        try:
            for module in model.modules():
                handles.append(module.register_forward_pre_hook(tracer.enter, with_kwargs=True))
                handles.append(module.register_forward_hook(tracer.leave, with_kwargs=True))
            flat = tensors(inputs)
            for i, (name, x) in enumerate(zip(_input_names(model, len(flat)), flat, strict=True)):
                tracer.add_input(i, name, x)
            with torch.enable_grad() if gradients else torch.no_grad(), tracer:
                output = call(model, inputs)
            # What a layer hands out of its own weights would change as they are trained.
            tracer.copy_before_writing([*model.parameters(), *model.buffers()])
        finally:
            for handle in handles:
                handle.remove()
    outputs = tensors(output)
    sources = [tracer.source(x) for x in outputs]
    return Trace(tracer.calls, outputs, sources, tracer.graph_value)


def _leaf(x: Any) -> Any:
    """Start the autograd graph at the input, so that frozen weights are no end of it."""
    if isinstance(x, torch.Tensor) and x.is_floating_point():
        return x.detach().clone().requires_grad_()
    return x


def _input_names(model: nn.Module, count: int) -> list[str]:
    names = getattr(model, "input_names", None)
    if isinstance(names, (list, tuple)) and len(names) == count:
        return [str(name) for name in names]
    return ["input"] if count == 1 else [f"input_{i + 1}" for i in range(count)]
