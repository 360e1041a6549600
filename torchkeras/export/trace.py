"""A function on tensors as a program of torch's own operations: `torch.export`, made easy."""

import contextlib
import dataclasses
import functools
import inspect
from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch import nn

from torchkeras._base.check import received
from torchkeras._base.optional import require
from torchkeras.core import dtypes, nest
from torchkeras.export import signature
from torchkeras.export.signature import TensorSpec
from torchkeras.layers import _mode
from torchkeras.layers.layer import Layer

# Sizes that stand for unknown ones: the batch, then the other axes. Highly divisible, so that
# strides and poolings come out whole, and large enough for a deep convolutional network.
_BATCH, _OTHERS = 3, (96, 104, 112, 120, 128, 136, 144)


@dataclasses.dataclass
class Program:
    """A function on tensors, recorded.

    Args:
        exported: What `torch.export` made of it, free of anything that is not torch's.
        inputs: The inputs, named, in the order in which the program takes them.
        outputs: The outputs, named, in order.
        arguments: The structure of its positional arguments, with the inputs' numbers.
        result: The structure of its result, with the outputs' numbers; None for other values.
    """

    exported: Any
    inputs: list[TensorSpec]
    outputs: list[TensorSpec]
    arguments: list[Any]
    result: Any


class _Endpoint(nn.Module):
    """What `torch.export` is given: the function, with the modules that it computes with."""

    def __init__(self, fn: Callable[..., Any], modules: dict[str, nn.Module]) -> None:
        super().__init__()
        self.__dict__["fn"] = fn
        if len(modules) == 1:
            # The program's weights are named as in the module's own state_dict.
            (module,) = modules.values()
            for store in ("_parameters", "_buffers", "_modules", "_non_persistent_buffers_set"):
                self.__dict__[store] = module.__dict__[store]
        else:
            self._modules.update(modules)

    def forward(self, *inputs: Any) -> Any:
        return self.fn(*inputs)


def _recording(fn: Callable[..., Any], kept: list[Any]) -> Callable[..., Any]:
    """Return the function with a result of plain containers, which is also put into `kept`."""

    def call(*inputs: Any) -> Any:
        seen = {id(t) for t in signature.leaves(list(inputs))}

        def own(x: Any) -> Any:
            # An input that is also an output, or two equal outputs, could not be named apart.
            if not isinstance(x, torch.Tensor):
                return x
            if id(x) in seen:
                x = x.clone()
            seen.add(id(x))
            return x

        kept[:] = [nest.map_structure(own, _plain(fn(*inputs)))]
        return kept[0]

    return call


def trace(
    fn: Callable[..., Any],
    arguments: list[Any],
    *,
    tracked: tuple[Any, ...] = (),
    name: str = "export",
    **options: Any,
) -> Program:
    """Record a function (or a layer, model or module, at inference) for inputs of these specs.

    Args:
        fn: The function, of tensors in the structures of `arguments`.
        arguments: For each positional argument, a structure of TensorSpecs. Sizes of None stay
            open in the program.
        tracked: Layers and modules whose weights the program shall hold, if `fn` uses them.
        name: What messages call the function.
        options: For `torch.export.export`.

    Raises:
        ValueError: if the function cannot be recorded, or only for fixed sizes.
    """
    specs = signature.leaves(arguments)
    names = signature.input_names(arguments, signature.parameter_names(fn, len(arguments)))
    inputs = [dataclasses.replace(s, name=n) for s, n in zip(specs, names, strict=True)]
    modules = _modules_of(fn, tracked)
    kept: list[Any] = []
    endpoint = _Endpoint(_recording(_at_inference(fn), kept), modules)
    with _prepared(list(modules.values())):
        exported = _export(endpoint, arguments, inputs, name, options)
    result = kept[0]
    leaves = [t for t in signature.leaves(result) if isinstance(t, torch.Tensor)]
    if not leaves:
        raise ValueError(f"{name}: the result must hold a tensor. {received('result', result)}")
    places = iter(range(len(leaves)))
    numbered = nest.map_structure(
        lambda t: next(places) if isinstance(t, torch.Tensor) else None, result
    )
    order = signature.leaves(numbered)
    all_names = signature.output_names(numbered)
    out_names = [n for n, i in zip(all_names, order, strict=True) if i is not None]
    outputs = [
        TensorSpec(
            tuple(n if isinstance(n, int) else None for n in t.shape),
            dtypes.standardize_dtype(t.dtype),
            n_,
        )
        for t, n_ in zip(leaves, out_names, strict=True)
    ]
    _purge(exported)
    positions = signature.renumbered(arguments, range(len(inputs)))
    return Program(exported, inputs, outputs, positions, numbered)


def _export(
    endpoint: nn.Module,
    arguments: list[Any],
    inputs: list[TensorSpec],
    name: str,
    options: dict[str, Any],
) -> Any:
    export = require("torch.export")
    failure: Exception | None = None
    # Sizes that may differ are tried as different ones; two inputs of one length come after.
    for apart in (True, False):
        example, dynamic = _examples(arguments, apart, export.Dim.DYNAMIC)
        given = {"dynamic_shapes": (tuple(dynamic),), "strict": False, **options}
        try:
            return export.export(endpoint, tuple(example), **given)
        except Exception as e:
            failure = failure or e
        if all(n is None for s in inputs for n in s.shape[1:2]) and len(inputs) < 2:
            break
    open_sizes = [f"{s.name}{list(s.shape)}" for s in inputs if None in s.shape]
    hint = (
        f" If it needs fixed sizes, give numbers in place of None: {', '.join(open_sizes)}."
        if open_sizes
        else ""
    )
    reason = str(failure).strip().split("\n\n")[0].replace("\n", " ")[:600]
    raise ValueError(
        f"{name}: torch.export cannot record it.{hint} {type(failure).__name__}: {reason}"
    ) from failure


def _examples(arguments: list[Any], apart: bool, dynamic: Any) -> tuple[list[Any], list[Any]]:
    """Return tensors of the specs, and which of their sizes are open."""
    fresh = iter(_OTHERS * 8)

    def size(axis: int) -> int:
        if axis == 0:
            return _BATCH
        return next(fresh) if apart else _OTHERS[axis % len(_OTHERS)]

    def example(spec: TensorSpec) -> torch.Tensor:
        shape = [size(i) if n is None else n for i, n in enumerate(spec.shape)]
        return torch.zeros(shape, dtype=dtypes.torch_dtype(spec.dtype))

    def open_axes(spec: TensorSpec) -> dict[int, Any] | None:
        return {i: dynamic for i, n in enumerate(spec.shape) if n is None} or None

    return [nest.map_structure(example, a) for a in arguments], [
        nest.map_structure(open_axes, a) for a in arguments
    ]


# ------------------------------------------------------------------------ what is being recorded


def _at_inference(fn: Callable[..., Any]) -> Callable[..., Any]:
    if isinstance(fn, Layer) and "training" in fn._call_spec.accepted:
        return functools.partial(fn, training=False)
    return fn


@contextlib.contextmanager
def _prepared(modules: list[nn.Module]) -> Iterator[None]:
    """Put modules at inference, where nobody says otherwise, without gradients."""
    before = _mode.switch(modules, False)
    try:
        with torch.no_grad():
            yield
    finally:
        if before is not None:
            _mode.restore(before)


def _modules_of(fn: Any, tracked: tuple[Any, ...]) -> dict[str, nn.Module]:
    """Return the modules that a function may compute with: tracked ones and those it refers to."""
    found: dict[int, tuple[str, nn.Module]] = {}

    def add(name: str, x: Any, deep: bool = True) -> None:
        if isinstance(x, nn.Module):
            found.setdefault(id(x), (name, x))
        elif isinstance(x, (list, tuple)):
            for i, entry in enumerate(x):
                add(f"{name}_{i}", entry, False)
        elif isinstance(x, functools.partial):
            add(name, x.func)
            add(f"{name}_arguments", [*x.args, *x.keywords.values()])
        elif inspect.isfunction(x) and deep:
            cells = zip(x.__code__.co_freevars, x.__closure__ or (), strict=True)
            for key, cell in cells:
                with contextlib.suppress(ValueError):  # an empty cell
                    add(key, cell.cell_contents)
            for key in x.__code__.co_names:
                add(key, x.__globals__.get(key), False)
            add(name, [*(x.__defaults__ or ()), *(x.__kwdefaults__ or {}).values()], False)
            add(name, getattr(x, "__wrapped__", None))
        elif inspect.ismethod(x):
            add("model", x.__self__)
            add(name, x.__func__)
        elif deep and not isinstance(x, (type, torch.Tensor)) and hasattr(x, "__dict__"):
            for key, value in vars(x).items():
                add(key, value, False)

    for i, resource in enumerate(tracked):
        add(f"model_{i}" if i else "model", resource)
    add("model", fn)
    modules: dict[str, nn.Module] = {}
    parts = {id(m) for _, x in found.values() for m in x.modules() if m is not x}
    for name, module in found.values():
        if id(module) not in parts:
            key = name.replace(".", "_")
            while key in modules:
                key += "_"
            modules[key] = module
    return modules


def _plain(x: Any) -> Any:
    """Return dataclasses and subclasses of dict, list and tuple as plain ones of their content."""
    if isinstance(x, torch.Tensor):
        return x
    if dataclasses.is_dataclass(x) and not isinstance(x, type):
        x = {f.name: getattr(x, f.name) for f in dataclasses.fields(x)}
        x = {k: v for k, v in x.items() if v is not None}
    if isinstance(x, dict):
        return {k: _plain(v) for k, v in x.items()}
    if isinstance(x, tuple):
        return tuple(_plain(v) for v in x)
    return [_plain(v) for v in x] if isinstance(x, list) else x


def _purge(exported: Any) -> None:
    """Leave nothing in a program that is not torch's own, or says where it was made."""
    made: dict[Any, torch.Tensor] = {}
    for store in (exported.state_dict, exported.constants):
        for name, value in list(store.items()):
            if isinstance(value, torch.Tensor):
                place = (value.data_ptr(), value.shape, value.stride(), value.dtype)
                plain = made.setdefault(place, _own_memory(value.detach()))  # tied ones stay so
                if isinstance(value, nn.Parameter):
                    plain = nn.Parameter(plain, requires_grad=value.requires_grad)
                store[name] = plain
    exported.example_inputs = None
    for module in exported.graph_module.modules():
        if isinstance(module, torch.fx.GraphModule):
            for node in module.graph.nodes:
                node.meta.pop("stack_trace", None)


def _own_memory(x: torch.Tensor) -> torch.Tensor:
    """Return a tensor that fills its memory: files hold whole storages."""
    if x.numel() * x.element_size() == x.untyped_storage().nbytes():
        return x
    return x.contiguous() if 0 in x.stride() else x.clone()
