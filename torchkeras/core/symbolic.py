"""KerasTensor: the placeholder that functional models are drawn with."""

from collections.abc import Callable
from typing import Any, NamedTuple

import torch

from torchkeras._base import naming
from torchkeras._base.legacy import old_attribute
from torchkeras.core import dtypes

# Set by core.torch_function: records a call of a torch function on symbols.
_record: Callable[..., Any] | None = None


# Set by ops._einops: makes symbols known to einops once that is imported.
_on_lookup: Callable[[], None] | None = None


class _SymbolType(type):
    """The type of KerasTensor, which notices being looked up.

    einops keeps a dict from types of tensors to backends. That it asks this dict for our type is
    all that we see of a first call of it on a symbol.
    """

    def __hash__(cls) -> int:
        if _on_lookup is not None:
            _on_lookup()
        return type.__hash__(cls)


class History(NamedTuple):
    """Where a symbolic tensor comes from."""

    operation: Any
    node_index: int
    tensor_index: int


class KerasTensor(metaclass=_SymbolType):
    """A tensor without values: a shape, a dtype, and the node that computes it.

    Operators, `keras.ops.*` and any `torch.*` function take it, and record what they would do.

    Args:
        shape: Tuple of dimensions; None where a size is not known yet.
        dtype: Default `"float32"`.
        sparse: Kept as Keras does.
        ragged: Kept as Keras does.
        record_history: Kept as Keras does.
        name: Default `keras_tensor`, `keras_tensor_1`, ….

    >>> import torch, torchkeras as keras
    >>> torch.cat([keras.Input((3,)), keras.Input((4,))], -1).shape
    (None, 7)
    """

    _is_symbolic = True
    # (node, index): the strong reference that keeps the graph behind a tensor alive
    _source: tuple[Any, int] | None = None

    def __init__(
        self,
        shape: Any,
        dtype: Any = "float32",
        sparse: bool = False,
        ragged: bool = False,
        record_history: bool = True,
        name: str | None = None,
        **kwargs: Any,
    ) -> None:
        if isinstance(shape, int) or shape is None:
            shape = (shape,)
        if sparse and ragged:
            raise ValueError(
                "KerasTensor: a tensor cannot be sparse and ragged at once. "
                "Received: sparse=True, ragged=True."
            )
        self._shape = tuple(None if d is None else int(d) for d in shape)
        self._dtype = dtypes.standardize_dtype(dtype)
        self._sparse = bool(sparse)
        self._ragged = bool(ragged)
        self.name = name or naming.auto_name(type(self).__name__)
        self.record_history = record_history

    @property
    def shape(self) -> tuple[int | None, ...]:
        """Sizes of the dimensions, None where one is not known yet."""
        return self._shape

    @property
    def dtype(self) -> str:
        """Name of the dtype."""
        return self._dtype

    @property
    def sparse(self) -> bool:
        """Whether it stands for a sparse tensor."""
        return self._sparse

    @property
    def ragged(self) -> bool:
        """Whether it stands for a ragged tensor."""
        return self._ragged

    @property
    def ndim(self) -> int:
        """Number of dimensions."""
        return len(self.shape)

    @old_attribute("Read shape.")
    def _keras_shape(self) -> tuple[int | None, ...]:
        """The shape, as Keras 1 and 2 noted it on tensors of their backends."""
        return self.shape

    @property
    def _keras_history(self) -> History:
        if self._source is None:
            raise AttributeError("this KerasTensor is no output of an operation")
        node, index = self._source
        return History(node.operation, node.index, index)

    def history_config(self) -> dict[str, Any]:
        """Return shape, dtype and origin as Keras writes them in a functional config."""
        history = self._keras_history
        return {
            "shape": list(self.shape),
            "dtype": self.dtype,
            "keras_history": [history.operation.name, history.node_index, history.tensor_index],
        }

    @property
    def key(self) -> tuple[int, int]:
        """Identity of the value: the same for every tensor object that stands for it."""
        if self._source is None:
            return (id(self), -1)
        return (id(self._source[0]), self._source[1])

    @classmethod
    def __torch_function__(
        cls, func: Any, types: Any, args: Any = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        return _record(func, args, kwargs or {})  # type: ignore[misc]

    def __getattr__(self, name: str) -> Any:
        # Any tensor method or property of torch, recorded.
        if name.startswith("_") or not hasattr(torch.Tensor, name):
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")
        member = getattr(torch.Tensor, name)
        if not callable(member):
            return _record(member.__get__, (self,), {})  # type: ignore[misc]

        def method(*args: Any, **kwargs: Any) -> Any:
            return _record(member, (self, *args), kwargs)  # type: ignore[misc]

        method.__name__ = name
        return method

    def __repr__(self) -> str:
        return (
            f"<KerasTensor shape={self.shape}, dtype={self.dtype}, sparse={self.sparse}, "
            f"ragged={self.ragged}, name={self.name}>"
        )

    def _refuse(self, what: str, error: type[Exception] = ValueError) -> Exception:
        return error(
            f"A KerasTensor is symbolic: it has a shape and a dtype but no values, so it cannot "
            f"{what}. Use keras.ops or torch functions on it, or a custom layer whose call() does "
            f"this on real tensors. Received: {self!r}."
        )

    def __array__(self, *args: Any, **kwargs: Any) -> Any:
        raise self._refuse("become a NumPy array")

    def __bool__(self) -> bool:
        raise self._refuse("be used as a Python bool", TypeError)

    def __float__(self) -> float:
        raise self._refuse("become a Python float")

    def __int__(self) -> int:
        raise self._refuse("become a Python int")

    def __index__(self) -> int:
        raise self._refuse("become a Python int", TypeError)

    def __iter__(self) -> Any:
        raise self._refuse("be iterated over", NotImplementedError)

    # No __len__: whoever has lists of symbols as well as single ones tells them apart by it.


def is_keras_tensor(x: Any) -> bool:
    """Tell whether `x` is a symbolic tensor.

    >>> import torchkeras as keras
    >>> keras.utils.is_keras_tensor(keras.Input((2,)))
    True
    """
    return isinstance(x, KerasTensor)


def any_symbolic(args: Any) -> bool:
    """Tell whether a nested structure holds a symbolic tensor."""
    if isinstance(args, KerasTensor):
        return True
    if isinstance(args, dict):
        return any(any_symbolic(v) for v in args.values())
    if isinstance(args, (list, tuple)):
        for e in args:  # a generator costs more than what it asks
            if type(e) is not torch.Tensor and any_symbolic(e):
                return True
    return False
