"""Stand-ins for insides of Keras that its tests use as tools; insides.txt says which for what."""

import os
from collections import OrderedDict
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import numpy as np
import torch

import torchkeras
from torchkeras import layers, regularizers
from torchkeras._base import config, scope
from torchkeras.core import dtypes, infer, symbolic
from torchkeras.datasets._pickled import read_object_array
from torchkeras.models import _quantize
from torchkeras.saving import api

# ------------------------------------------------------------------------------- data

BOOL_TYPES = ("bool",)
INT_TYPES = tuple(f"{sign}int{bits}" for sign in ("u", "") for bits in (8, 16, 32, 64))
FLOAT_TYPES = ("bfloat16", "float16", "float32", "float64")
FLOAT8_TYPES = ("float8_e4m3fn", "float8_e5m2")
COMPLEX_TYPES = ("complex64", "complex128")
ALLOWED_DTYPES = (*FLOAT_TYPES, *INT_TYPES, *BOOL_TYPES, "string", *FLOAT8_TYPES, *COMPLEX_TYPES)

YES, NO = True, False
CONFIG, METADATA = "config.json", "metadata.json"
WEIGHTS, WEIGHTS_FILE, ASSETS = "model.weights", "model.weights.h5", "assets"
join, exists, removesuffix = os.path.join, os.path.exists, str.removesuffix


class AUCCurve:
    """Names that are an enumeration in Keras."""

    ROC, PR, PRGAIN = "ROC", "PR", "PRGAIN"


class AUCSummationMethod:
    """The same of the rule that sums up."""

    INTERPOLATION, MAJORING, MINORING = "interpolation", "majoring", "minoring"


# ------------------------------------------------------------------------------- backend


def get_device() -> str:
    """Return where tensors are made."""
    return "cpu"


def random_seed_dtype() -> str:
    """Return the dtype that the random tests take for that of seeds."""
    return "int32"


def standardize_data_format(data_format: str | None) -> str:
    """Check a data format."""
    return config.standardize_data_format(data_format, "conformance")


def standardize_shape(shape: Any) -> tuple[Any, ...]:
    """Return a shape as a tuple."""
    return tuple(shape)


def set_keras_mask(x: Any, mask: Any) -> None:
    """Give a tensor a mask."""
    x._keras_mask = mask


def convert_tf_tensor(outputs: Any, inputs: Any = None, dtype: Any = None) -> Any:
    """Return outputs: none of ours is TensorFlow's."""
    return outputs


def compute_output_spec(fn: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    """Return the symbols that a function makes of symbols."""
    return infer.fitting_spec(fn, args, kwargs)


def any_symbolic_tensors(args: Any = None, kwargs: Any = None) -> bool:
    """Tell whether a symbol is among arguments."""
    return symbolic.any_symbolic(args or ()) or symbolic.any_symbolic(kwargs or {})


def autocast_scope(dtype: Any) -> AbstractContextManager[Any]:
    """Read variables in a dtype."""
    return scope.scoped(autocast=None if dtype is None else dtypes.torch_dtype(dtype))


def current_path() -> str:
    """Return the names of the name scopes."""
    return "/".join(scope.state.names)


def in_symbolic_scope() -> bool:
    """Tell whether symbols are computed."""
    return scope.state.symbolic


class _Module:
    available = False


class _Tree:
    """The functions of `keras.tree`, for the tests that name a library behind it."""

    def register_tree_node_class(self, cls: type) -> type:
        return cls

    def __getattr__(self, name: str) -> Any:
        return getattr(torchkeras.tree, name)


absent, tree_functions = _Module(), _Tree()


def tracked_list(values: Any = (), tracker: Any = None) -> list[Any]:
    """Return a plain list: containers are followed without a class of their own."""
    return list(values)


def tracked_dict(values: Any = (), tracker: Any = None) -> dict[Any, Any]:
    """Return a plain dict."""
    return dict(values)


def tracked_ordered_dict(values: Any = (), tracker: Any = None) -> OrderedDict[Any, Any]:
    """Return a plain dict with an order."""
    return OrderedDict(values)


class TrackedSet(set):
    """A plain set."""

    def __init__(self, values: Any = (), tracker: Any = None) -> None:
        super().__init__(values)


# ------------------------------------------------------------------------------- layers, models


def conv_lstm(rank: int, **kwargs: Any) -> layers.Layer:
    """Return the layer of a rank."""
    return getattr(layers, f"ConvLSTM{rank}D")(**kwargs)


def index_lookup(*, vocabulary_dtype: str, **kwargs: Any) -> layers.Layer:
    """Return the lookup of a dtype."""
    kind = layers.StringLookup if vocabulary_dtype == "string" else layers.IntegerLookup
    return kind(**kwargs)


def validate_float_arg(value: Any, name: str) -> Any:
    """Check a regularizer's factor."""
    return regularizers._factor("Regularizer", name, value)


def should_quantize_layer(layer: Any, filters: Any) -> bool:
    """Tell whether filters let a layer be quantized."""
    return _quantize._filter(filters)(layer)


def dequantize_with_sz_map(
    weights: torch.Tensor, scale: Any, zero: Any, index: torch.Tensor, group_axis: int = -1
) -> torch.Tensor:
    """Undo a quantization by groups."""
    index = index.long()
    zero = zero.index_select(group_axis, index)
    return (weights - zero) * scale.index_select(group_axis, index)


# ------------------------------------------------------------------------------- files


def save_weights_only(model: Any, filepath: Any, **kwargs: Any) -> None:
    """Write a model's weights."""
    api.save_weights(model, filepath, **kwargs)


def load_weights_only(model: Any, filepath: Any, **kwargs: Any) -> None:
    """Read a model's weights."""
    api.load_weights(model, filepath, **kwargs)


def save_model_to_hdf5(
    model: Any, filepath: Any, overwrite: bool = True, include_optimizer: bool = True
) -> None:
    """Write an `.h5` file."""
    api.save_model(model, str(filepath), overwrite, include_optimizer=include_optimizer)


def load_model_from_hdf5(
    filepath: Any, custom_objects: Any = None, compile: bool = True, safe_mode: bool = True
) -> Any:
    """Read an `.h5` file."""
    return api.load_model(str(filepath), custom_objects, compile, safe_mode)


def export_onnx(model: Any, filepath: Any, **kwargs: Any) -> None:
    """Write an ONNX file."""
    model.export(filepath, format="onnx", **kwargs)


def load_npz(path: Any) -> dict[str, np.ndarray]:
    """Read a dataset's file, arrays of lists too, without running a pickle."""
    found = {}
    with np.load(path, allow_pickle=False) as file:
        for name in file.files:
            try:
                found[name] = file[name]
            except ValueError:
                found[name] = read_object_array(path, name)
    return found
