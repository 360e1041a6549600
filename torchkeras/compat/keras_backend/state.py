"""Variables and their values, the learning phase, and settings that no backend has any more."""

import contextlib
import warnings
from collections.abc import Iterator
from typing import Any

import numpy as np
import torch

from torchkeras import ops
from torchkeras._base import config
from torchkeras._base.naming import clear_names
from torchkeras._base.scope import state as layer_state
from torchkeras.core.dtypes import standardize_dtype
from torchkeras.core.symbolic import KerasTensor
from torchkeras.core.tensor import convert_to_numpy, convert_to_tensor
from torchkeras.core.tensor import is_tensor as is_tensor
from torchkeras.core.variable import Variable
from torchkeras.layers import Input

# ------------------------------------------------------------------------------- variables


def variable(value: Any, dtype: str | None = None, name: str | None = None, constraint: Any = None):
    """Return a trainable variable that starts with a value."""
    made = Variable(np.asarray(convert_to_numpy(value)), dtype=dtype or config.floatx(), name=name)
    made.constraint = constraint
    return made


def constant(value: Any, dtype: str | None = None, shape: Any = None, name: str | None = None):
    """Return a tensor of a value, repeated to a shape."""
    tensor = convert_to_tensor(value, dtype or config.floatx())
    if shape is None:
        return tensor
    if tensor.numel() == 1:
        return tensor.reshape(()).expand(tuple(shape)).clone()
    return tensor.reshape(tuple(shape))


def placeholder(
    shape: Any = None,
    ndim: int | None = None,
    dtype: str | None = None,
    sparse: bool = False,
    name: str | None = None,
    ragged: bool = False,
):
    """Return an input of a functional model; `shape` begins with the batch."""
    if shape is None:
        shape = (None,) * (ndim or 0)
    return Input(batch_shape=tuple(shape), dtype=dtype or config.floatx(), sparse=sparse, name=name)


def get_value(x: Any) -> Any:
    """Return a variable's value as a NumPy array or number."""
    if isinstance(x, KerasTensor):
        raise ValueError("get_value: a symbolic tensor has no value; use K.function.")
    value = convert_to_numpy(x) if isinstance(x, (torch.Tensor, Variable)) else np.asarray(x)
    return value[()] if value.ndim == 0 else value


eval = get_value


def batch_get_value(tensors: Any) -> list[Any]:
    """Return the values of several variables."""
    return [get_value(t) for t in tensors]


def set_value(x: Any, value: Any) -> None:
    """Set a variable's value."""
    if not hasattr(x, "assign"):
        raise TypeError(
            f"set_value: a variable is needed; of an optimizer take optimizer.learning_rate. "
            f"Received: {type(x).__name__}."
        )
    x.assign(value)


def batch_set_value(tuples: Any) -> None:
    """Set the values of several variables, given as pairs."""
    for x, value in tuples:
        set_value(x, value)


def update(x: Any, new_x: Any) -> Any:
    """Set a variable, and return it."""
    x.assign(new_x)
    return x


def update_add(x: Any, increment: Any) -> Any:
    """Add to a variable, and return it."""
    x.assign_add(increment)
    return x


def update_sub(x: Any, decrement: Any) -> Any:
    """Subtract from a variable, and return it."""
    x.assign_sub(decrement)
    return x


def moving_average_update(x: Any, value: Any, momentum: float) -> Any:
    """Move a variable towards a value: `x = x * momentum + value * (1 - momentum)`."""
    x.assign(x * momentum + ops.cast(value, x.dtype) * (1.0 - momentum))
    return x


# ------------------------------------------------------------------------------- what things are


def is_variable(x: Any) -> bool:
    """Tell whether something is a variable."""
    return isinstance(x, Variable)


def is_symbolic(x: Any) -> bool:
    """Tell whether something is a symbolic tensor."""
    return isinstance(x, KerasTensor)


def is_placeholder(x: Any) -> bool:
    """Tell whether something is an input of a functional model."""
    return isinstance(x, KerasTensor) and x._source is not None and x._source[0].is_input


def is_sparse(tensor: Any) -> bool:
    """Tell whether a tensor is sparse."""
    return bool(getattr(tensor, "is_sparse", False) or getattr(tensor, "sparse", False))


def to_dense(tensor: Any) -> Any:
    """Return a sparse tensor as a dense one; a dense one as it is."""
    return tensor.to_dense() if getattr(tensor, "is_sparse", False) else tensor


def dtype(x: Any) -> str:
    """Return the dtype's name."""
    return standardize_dtype(x.dtype)


def ndim(x: Any) -> int:
    """Return the number of dimensions."""
    return len(x.shape)


def shape(x: Any) -> Any:
    """Return the sizes: a tuple, None where not known."""
    return ops.shape(x)


def int_shape(x: Any) -> tuple[int | None, ...] | None:
    """Return the sizes as a tuple with None where they are not known; None for no tensor."""
    return tuple(x.shape) if hasattr(x, "shape") else None


get_variable_shape = int_shape


def count_params(x: Any) -> int:
    """Return the number of elements."""
    return int(np.prod(tuple(x.shape), dtype=np.int64))


def size(x: Any, name: str | None = None) -> Any:
    """Return the number of elements."""
    return ops.size(x)


# ------------------------------------------------------------------------------- learning phase


class LearningPhase:
    """Whether layers train: the number 1 or 0 of the moment, and an input of `K.function`."""

    def __int__(self) -> int:
        training = layer_state.training
        return int(bool(_phase if training is None else training))

    __index__ = __int__

    def __bool__(self) -> bool:
        return bool(int(self))

    def __eq__(self, other: object) -> bool:
        return int(self) == other

    def __hash__(self) -> int:
        return id(self)

    def __repr__(self) -> str:
        return f"<learning phase {int(self)}>"


_PHASE = LearningPhase()
_phase = 0


def learning_phase() -> LearningPhase:
    """Return the learning phase: 1 while training, 0 else; follows the layer that is called."""
    return _PHASE


def set_learning_phase(value: int) -> None:
    """Set the phase of calls that are told none."""
    if value not in (0, 1):
        raise ValueError(f"set_learning_phase: the value must be 0 or 1. Received: {value!r}.")
    global _phase
    _phase = int(value)
    layer_state.training = bool(value)


@contextlib.contextmanager
def learning_phase_scope(value: int) -> Iterator[None]:
    """Set the learning phase for a block."""
    before = _phase, layer_state.training
    set_learning_phase(value)
    try:
        yield
    finally:
        globals()["_phase"], layer_state.training = before


def in_train_phase(x: Any, alt: Any, training: Any = None) -> Any:
    """Return `x` while training, `alt` else; either may be a function."""
    chosen = x if bool(learning_phase() if training is None else training) else alt
    return chosen() if callable(chosen) and not isinstance(chosen, torch.Tensor) else chosen


def in_test_phase(x: Any, alt: Any, training: Any = None) -> Any:
    """Return `alt` while training, `x` else; either may be a function."""
    return in_train_phase(alt, x, training=training)


# ------------------------------------------------------------------------------- settings

_DATA_FORMATS = {"tf": "channels_last", "th": "channels_first"}


def image_dim_ordering() -> str:
    """Return `"tf"` or `"th"`: Keras 1's word for the data format."""
    return "tf" if config.image_data_format() == "channels_last" else "th"


def set_image_dim_ordering(dim_ordering: str) -> None:
    """Set the data format by Keras 1's word for it."""
    if dim_ordering not in _DATA_FORMATS:
        raise ValueError(
            f"set_image_dim_ordering: must be 'tf' or 'th'. Received: {dim_ordering!r}."
        )
    config.set_image_data_format(_DATA_FORMATS[dim_ordering])


def normalize_data_format(value: str | None) -> str:
    """Return a data format, the global one for None."""
    found = config.image_data_format() if value is None else str(value).lower()
    if found not in _DATA_FORMATS.values():
        raise ValueError(
            "normalize_data_format: must be 'channels_first' or 'channels_last'. "
            f"Received: {value!r}."
        )
    return found


def reset_uids() -> None:
    """Begin the numbers of automatic names anew."""
    clear_names()


def cast_to_floatx(x: Any) -> Any:
    """Return a tensor, or array, in the default float type."""
    if isinstance(x, (torch.Tensor, KerasTensor)):
        return ops.cast(x, config.floatx())
    return np.asarray(x, dtype=config.floatx())


def control_dependencies(control_inputs: Any) -> contextlib.AbstractContextManager[None]:
    """Return a context that does nothing: torch runs what it is told, in order."""
    return contextlib.nullcontext()


def get_session(op_input_list: Any = ()) -> Any:
    """Raise: there are no sessions."""
    raise NotImplementedError(
        "get_session: torch has no sessions; a tensor is its value. Use K.get_value(x) or "
        "K.function(inputs, outputs)."
    )


def set_session(session: Any) -> None:
    """Do nothing, and say so: there are no sessions."""
    warnings.warn("set_session: torch has no sessions; nothing was set.", stacklevel=2)


def manual_variable_initialization(value: bool) -> None:
    """Do nothing: a variable has its value from the start."""


def set_legacy_weight_ordering(value: bool) -> None:
    """Do nothing: files tell their own order."""


def legacy_weight_ordering() -> bool:
    """Return False."""
    return False


def v1_variable_initialization() -> bool:
    """Return False."""
    return False


def print_tensor(x: Any, message: str = "", summarize: int = 3) -> Any:
    """Print a tensor with a message, and return it."""
    print(message, x if isinstance(x, KerasTensor) else convert_to_numpy(x))
    return x
