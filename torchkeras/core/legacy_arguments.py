"""Arguments of Keras 1, Keras 2 and tf.keras to those of today."""

from collections.abc import Mapping
from typing import Any

from torchkeras._base.check import received
from torchkeras.core import legacy_names as names


def current_class(class_name: str) -> str:
    """Return what a class of the past is called now.

    >>> current_class("Convolution2D")
    'Conv2D'
    """
    return names.CLASSES.get(class_name, class_name)


def legacy_arguments(class_name: str, kwargs: Mapping[str, Any], era: int = 2) -> dict[str, Any]:
    """Return the arguments of today for those of a layer of Keras 1, Keras 2 or tf.keras.

    What is not old comes back as it is: translating twice changes nothing.

    Args:
        class_name: Class of then or of now; `current_class` gives the one the result is for.
        kwargs: The arguments by name, of a call or out of a config.
        era: 1 for Keras 1, whose initializers of some names were others; else 2.

    Raises:
        ValueError: for an argument whose value means what no layer of today can do.

    >>> legacy_arguments("Convolution2D", {"nb_filter": 8, "nb_row": 3, "nb_col": 5, "bias": True})
    {'filters': 8, 'use_bias': True, 'kernel_size': (3, 5)}
    """
    name = current_class(class_name)
    renames = names.ARGUMENTS.get(name) or names.OTHERS.get(name, {})
    dropped = names.DROPPED.get(name) or names.OTHERS_DROPPED.get(name, {})
    found: dict[str, Any] = {}
    for old, value in kwargs.items():
        if _is_dropped(name, old, value, dropped) or _is_dropped(name, old, value, _EVERYWHERE):
            continue
        new = renames.get(old, old)
        if new != old and new in kwargs:
            raise ValueError(f"{class_name}: {old} and {new} are the same argument; give one.")
        found[new] = _value(class_name, old, new, value, era)
    _join_kernel(found)
    if class_name in _SPECIAL:
        _SPECIAL[class_name](found)
    if name in ("SeparableConv1D", "SeparableConv2D") and "init" in kwargs:
        for part in ("depthwise_initializer", "pointwise_initializer"):
            found.setdefault(part, found["kernel_initializer"])
        del found["kernel_initializer"]
    if "input_dtype" in found:
        dtype = found.pop("input_dtype")
        if name == "InputLayer" or (name != "Embedding" and dtype is not None):
            found.setdefault("dtype", dtype)
    if "experimental_autocast" in found:
        found["autocast"] = found.pop("experimental_autocast")
    _join_shape(name, found)
    return found


_EVERYWHERE = names.DROPPED["*"]


def _is_dropped(owner: str, old: str, value: Any, table: dict[str, Any]) -> bool:
    allowed = table.get(old)
    if allowed is None:
        return False
    if allowed is names.ANY:
        return True
    plain = tuple(value) if isinstance(value, list) else value
    if any(plain is a or (type(plain) is type(a) and plain == a) for a in allowed):
        return True
    accepted = " or ".join(repr(a) for a in allowed)
    raise ValueError(
        f"{owner}: {old} is no argument any more; of an old layer it must be {accepted}. "
        f"{received(old, value)}"
    )


def _value(owner: str, old: str, new: str, value: Any, era: int) -> Any:
    """Return the value of an argument whose values have changed too."""
    if old == "dim_ordering" and isinstance(value, str):
        if value not in names.DATA_FORMATS:
            raise ValueError(
                f"{owner}: dim_ordering must be 'tf', 'th' or 'default'. {received(old, value)}"
            )
        return names.DATA_FORMATS[value]
    if old == "border_mode" and value == "full":
        raise ValueError(
            f"{owner}: border_mode='full' was Theano's alone; put a ZeroPadding layer in front. "
            f"{received(old, value)}"
        )
    if old == "forget_bias_init":
        return value in ("one", "ones")
    if new == "padding" and isinstance(value, Mapping):
        return _paddings(owner, value)
    if isinstance(value, str):
        if new in ("activation", "recurrent_activation"):
            return names.ACTIVATIONS.get(value, value)
        if era == 1 and new.endswith("_initializer") and value in names.INITIALIZERS_1:
            return initializer_config(*names.INITIALIZERS_1[value])
    return value


def initializer_config(class_name: str, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Return the config of an initializer of Keras."""
    return {
        "module": "keras.initializers",
        "class_name": class_name,
        "config": dict(arguments),
        "registered_name": None,
    }


def _paddings(owner: str, value: Mapping[str, Any]) -> Any:
    keys = (("top_pad", "bottom_pad"), ("left_pad", "right_pad"))
    unknown = set(value) - {k for pair in keys for k in pair}
    if unknown:
        raise ValueError(f"{owner}: padding has unknown keys {sorted(map(str, unknown))}.")
    pairs = tuple((value.get(a, 0), value.get(b, 0)) for a, b in keys)
    return pairs if any(k in value for k in keys[0]) or "2D" in owner else pairs[1]


def _join_kernel(found: dict[str, Any]) -> None:
    for parts in names.KERNEL_SIZES:
        if parts[0] in found:
            missing = [p for p in parts if p not in found]
            if missing:
                raise ValueError(f"{parts[0]} must come with {', '.join(missing)}.")
            found["kernel_size"] = tuple(found.pop(p) for p in parts)


def _join_shape(name: str, found: dict[str, Any]) -> None:
    """Make one `input_shape` of the sizes that sequences had."""
    known = {"input_shape", "batch_input_shape"} & set(found)
    if name == "Embedding":
        if "input_length" in found:
            length = found.pop("input_length")
            if not known:
                shape = tuple(length) if isinstance(length, (list, tuple)) else (length,)
                found["input_shape"] = shape
        return
    if "input_length" not in found and not (name in names.SEQUENCES and "input_dim" in found):
        return
    if name == "Dense" and "input_length" not in found:
        return
    length, dim = found.pop("input_length", None), found.pop("input_dim", None)
    if dim is not None and not known:
        found["input_shape"] = (length, dim)


def _cudnn(found: dict[str, Any]) -> None:
    found.setdefault("recurrent_activation", "sigmoid")


def _cudnn_gru(found: dict[str, Any]) -> None:
    _cudnn(found)
    found.setdefault("reset_after", True)


def _deconvolution(found: dict[str, Any]) -> None:
    """Find the padding of the output that a shape of the output asks for."""
    shape, kernel = found.pop("output_shape", None), found.get("kernel_size")
    if not isinstance(shape, (list, tuple)) or not isinstance(kernel, (list, tuple)):
        return
    rank, strides = len(kernel), found.get("strides", 1)
    strides = (strides,) * rank if isinstance(strides, int) else strides
    sizes = shape[2:] if found.get("data_format") == "channels_first" else shape[1:-1]
    for row in (sizes, kernel, strides):
        if not isinstance(row, (list, tuple)) or len(row) != rank:
            return
        if any(not isinstance(n, int) or n < 1 for n in row):
            return
    same = found.get("padding") == "same"
    usual = all(
        (n % s == 0) if same else (n - max(k, s)) % s == 0
        for n, k, s in zip(sizes, kernel, strides, strict=True)
    )
    if not usual:
        found["output_padding"] = tuple(
            (n - k + (2 * (k // 2) if same else 0)) % s
            for n, k, s in zip(sizes, kernel, strides, strict=True)
        )


def _synchronized(found: dict[str, Any]) -> None:
    found.setdefault("synchronized", True)


_SPECIAL = {
    "CuDNNLSTM": _cudnn,
    "CuDNNGRU": _cudnn_gru,
    "Deconvolution2D": _deconvolution,
    "Deconvolution3D": _deconvolution,
    "SyncBatchNormalization": _synchronized,
}
