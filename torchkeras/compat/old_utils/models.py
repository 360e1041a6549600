"""`layer_utils`, `vis_utils`, `generic_utils`, `multi_gpu_utils`."""

import inspect
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from torchkeras._base.check import received
from torchkeras._base.legacy import warn_user
from torchkeras.compat.old_utils.numbers import convert_kernel
from torchkeras.layers import deserialize
from torchkeras.utils import plot_model, summary


def plot(
    model: Any,
    to_file: str = "model.png",
    show_shapes: bool = False,
    show_layer_names: bool = True,
    **kwargs: Any,
) -> Any:
    """Draw a model into a file (Keras 1)."""
    return plot_model(
        model, to_file, show_shapes=show_shapes, show_layer_names=show_layer_names, **kwargs
    )


def print_summary(
    model: Any,
    line_length: int | None = None,
    positions: Any = None,
    print_fn: Callable[[str], Any] | None = None,
) -> None:
    """Print a model's layers."""
    summary(model, line_length, positions, print_fn)


def count_params(weights: Any) -> int:
    """Return how many numbers weights hold, each weight once."""
    return sum(int(np.prod(tuple(w.shape))) for w in {id(w): w for w in weights}.values())


def layer_from_config(config: Mapping[str, Any], custom_objects: Any = None) -> Any:
    """Return the layer of a config (Keras 1)."""
    return deserialize(dict(config), custom_objects)


def convert_all_kernels_in_model(model: Any) -> None:
    """Reverse the space of all convolution kernels: Theano's to TensorFlow's, and back."""
    for layer in model.layers:
        if "Conv" in type(layer).__name__ and hasattr(layer, "kernel"):
            values = layer.get_weights()
            values[0] = convert_kernel(values[0])
            layer.set_weights(values)


def convert_dense_weights_data_format(
    dense: Any, previous_feature_map_shape: Any, target_data_format: str = "channels_first"
) -> None:
    """Reorder a Dense layer's rows for flattened images of the other data format."""
    kernel, *rest = dense.get_weights()
    shape = tuple(previous_feature_map_shape)
    first = target_data_format == "channels_first"
    before = (*shape[1:], shape[0]) if first else (*shape[-1:], *shape[:-1])
    order = (2, 0, 1) if first else (1, 2, 0)
    rows = np.arange(len(kernel)).reshape(before if first else (shape[2], *shape[:2]))
    dense.set_weights([kernel[rows.transpose(order).ravel()], *rest])


def has_arg(fn: Callable[..., Any], name: str, accept_all: bool = False) -> bool:
    """Tell whether a function takes an argument by this name."""
    parameters = inspect.signature(fn).parameters
    if accept_all and any(p.kind is p.VAR_KEYWORD for p in parameters.values()):
        return True
    found = parameters.get(name)
    return found is not None and found.kind in (found.POSITIONAL_OR_KEYWORD, found.KEYWORD_ONLY)


def get_from_module(
    identifier: Any,
    module_params: Mapping[str, Any],
    module_name: str,
    instantiate: bool = False,
    kwargs: Mapping[str, Any] | None = None,
) -> Any:
    """Return what a name stands for in a module (Keras 1)."""
    if not isinstance(identifier, str):
        return identifier
    found = module_params.get(identifier)
    if found is None:
        raise ValueError(f"Invalid {module_name}: {identifier}.")
    return found(**(kwargs or {})) if instantiate else found


def object_list_uid(objects: Any) -> str:
    """Return a key for a list of objects; who caches by tensors takes it."""
    given = objects if isinstance(objects, (list, tuple)) else [objects]
    return ", ".join(str(id(x)) for x in given)


def multi_gpu_model(
    model: Any, gpus: Any = None, cpu_merge: bool = True, cpu_relocation: bool = False
) -> Any:
    """Return the model as it is; several devices are used by `keras.distribution`."""
    if gpus is not None and not isinstance(gpus, (int, list, tuple)):
        raise TypeError(
            f"multi_gpu_model: gpus must be a number or a list. {received('gpus', gpus)}"
        )
    warn_user(
        "multi_gpu_model is the form of an older Keras; the model runs on one device. "
        "Use keras.distribution.DataParallel."
    )
    return model
