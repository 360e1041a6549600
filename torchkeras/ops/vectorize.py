"""A function of single values, made one of arrays."""

import functools
import re
from collections.abc import Callable, Iterable
from typing import Any

import torch

from torchkeras.core import serialize
from torchkeras.core.tensor import convert_to_tensor
from torchkeras.ops._op import op

Dimensions = list[tuple[str, ...]]
_CORE = r"\(\s*(?:\w+(?:\s*,\s*\w+)*)?\s*\)"
_SIGNATURE = re.compile(rf"\s*({_CORE}(?:\s*,\s*{_CORE})*)?\s*->\s*({_CORE}(?:\s*,\s*{_CORE})*)\s*")


def _parsed(signature: str) -> tuple[Dimensions, Dimensions]:
    """Return the names of the axes of each argument and of each result."""
    found = _SIGNATURE.fullmatch(signature)
    if not found:
        raise ValueError(
            "vectorize: signature must be of the form '(m,n),(n)->(m)'. "
            f"Received: signature={signature!r}."
        )
    sides = (
        [tuple(re.findall(r"\w+", c)) for c in re.findall(_CORE, s or "")] for s in found.groups()
    )
    inputs, outputs = sides
    return inputs, outputs


def _measure(cores: Dimensions, shapes: Iterable[tuple[int, ...]], sizes: dict[str, int]) -> None:
    """Note the size of each named axis; one name is one size."""
    for core, shape in zip(cores, shapes, strict=True):
        own = shape[len(shape) - len(core) :]
        if len(own) != len(core):
            raise ValueError(
                f"vectorize: dimensions {core} of the signature are more than those of the tensor. "
                f"Received: shape {shape}."
            )
        for name, size in zip(core, own, strict=True):
            if sizes.setdefault(name, size) != size:
                raise ValueError(
                    f"vectorize: dimension {name!r} of the signature must have one size. "
                    f"Received: {sizes[name]} and {size}."
                )


def _mapped(
    function: Callable[..., Any], tensors: list[torch.Tensor], cores: Dimensions
) -> tuple[Any, int]:
    """Map over the axes before those of the cores, broadcast; return also their number."""
    loops = [t.shape[: t.ndim - len(core)] for t, core in zip(tensors, cores, strict=True)]
    sizes = torch.broadcast_shapes(*loops)
    over: list[list[int | None]] = [[] for _ in sizes]
    for i, loop in enumerate(loops):
        absent = len(sizes) - len(loop)
        for axes in over[:absent]:
            axes.append(None)
        for axes, own, size in zip(over[absent:], loop, sizes[absent:], strict=True):
            axes.append(0 if own == size else None)  # None: of size 1, the same for all
        single = [a for a, n in enumerate(loop) if n != sizes[absent + a]]
        tensors[i] = tensors[i].squeeze(single)
    for axes in reversed(over):
        function = torch.vmap(function, in_dims=tuple(axes), randomness="different")
    return function(*tensors), len(sizes)


@op("Vectorize")
def _vectorized(
    *args: Any,
    pyfunc: Any = None,
    excluded: Any = (),
    signature: str | None = None,
    named: Any = (),
) -> Any:
    if isinstance(pyfunc, dict):  # as a file holds it
        pyfunc = serialize.deserialize_keras_object(pyfunc)
    places = [i for i in range(len(args)) if i not in excluded]
    tensors = [convert_to_tensor(args[i]) for i in places]
    inputs, outputs = _parsed(signature) if signature else ([()] * len(tensors), None)
    if len(inputs) != len(tensors):
        raise ValueError(
            f"vectorize: signature {signature!r} must have an entry for each argument. "
            f"Received: {len(tensors)} arguments."
        )
    sizes: dict[str, int] = {}
    _measure(inputs, [tuple(t.shape) for t in tensors], sizes)

    def inner(*values: torch.Tensor) -> Any:
        whole = list(args)
        for place, value in zip(places, values, strict=True):
            whole[place] = value
        first = len(whole) - len(named)
        return pyfunc(*whole[:first], **dict(zip(named, whole[first:], strict=True)))

    if not tensors:
        return inner()
    out, loops = _mapped(inner, tensors, inputs)
    if outputs is not None:
        results = out if isinstance(out, (list, tuple)) else [out]
        _measure(outputs, [tuple(r.shape[loops:]) for r in results], sizes)
    return out


def vectorize(
    pyfunc: Callable[..., Any],
    *,
    excluded: Iterable[int | str] | None = None,
    signature: str | None = None,
) -> Callable[..., Any]:
    """Return the function that applies `pyfunc` to each entry of its broadcast arguments at once.

    Args:
        pyfunc: Function of scalar tensors, or of those that the signature tells.
        excluded: Places and names of arguments that are passed on as they are.
        signature: Axes that belong to `pyfunc`, for example `"(m,n),(n)->(m)"`.

    Raises:
        ValueError: if `pyfunc` is no function, the signature is malformed, or sizes do not fit it.

    >>> import torchkeras as keras
    >>> keras.ops.vectorize(lambda a, b: a + b)([1, 2, 3], 2)
    tensor([3, 4, 5], dtype=torch.int32)
    """
    if not callable(pyfunc):
        raise ValueError(f"vectorize: pyfunc must be a function. Received: pyfunc={pyfunc!r}.")
    if excluded is not None and not isinstance(excluded, (set, frozenset, list, tuple)):
        raise ValueError(f"vectorize: excluded must be a set. Received: excluded={excluded!r}.")
    kept = tuple(excluded or ())
    if signature is not None:
        _parsed(signature)

    @functools.wraps(pyfunc)
    def vectorized(*args: Any, **kwargs: Any) -> Any:
        names = tuple(kwargs)
        places = [i for i in kept if isinstance(i, int)]
        places += [len(args) + i for i, n in enumerate(names) if n in kept]
        return _vectorized(
            *args, *kwargs.values(), pyfunc=pyfunc, excluded=places, signature=signature,
            named=names,
        )  # fmt: skip

    return vectorized
