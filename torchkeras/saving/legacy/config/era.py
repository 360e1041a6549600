"""Which Keras wrote a config: by the version it names, or by what only old ones look like."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

_VERSION = re.compile(r"(\d{1,4})\.(\d{1,4})")

# Keys and classes that no Keras after 1 wrote.
_KEYS_1 = frozenset(
    {
        "init", "inner_init", "inner_activation", "forget_bias_init", "W_regularizer",
        "U_regularizer", "b_regularizer", "W_constraint", "b_constraint", "nb_filter", "nb_row",
        "nb_col", "filter_length", "border_mode", "subsample", "subsample_length", "dim_ordering",
        "pool_length", "consume_less", "dropout_W", "dropout_U", "nb_feature", "concat_axis",
    }
)  # fmt: skip
_CLASSES_1 = frozenset({"Merge", "TimeDistributedDense", "MaxoutDense", "Highway", "SReLU"})
_KEYS_2 = frozenset({"batch_input_shape", "time_major"})  # of layers; Keras 3 writes neither
_NEVER = object()
_CLASSES_2 = frozenset({"Model", "Network", "Container", "TFOpLambda", "SlicingOpLambda"})


@dataclass(frozen=True)
class Era:
    """The Keras that wrote a config.

    Args:
        number: 1 for Keras 1 and before, 2 for all that came until Keras 3.
        minor: Second part of the version; None if it is not known.
        tensorflow: Whether it was tf.keras.
    """

    number: int
    minor: int | None = None
    tensorflow: bool = False

    def before(self, number: int, minor: int) -> bool:
        """Tell whether it was older than a version, as far as is known."""
        return (self.number, 99 if self.minor is None else self.minor) < (number, minor)


def find(config: Any, keras_version: Any, backend: Any) -> Era | None:
    """Return the era of a config; None for Keras 3, whose configs need no translation."""
    version = keras_version
    if version is None and isinstance(config, dict):
        version = config.get("keras_version")
    if isinstance(version, bytes):
        version = version.decode("utf-8", "replace")
    match = _VERSION.match(version) if isinstance(version, str) else None
    if match is None:
        number = _guess(config)
        return None if number is None else Era(number, None, _is_labelled(config))
    major, minor = int(match[1]), int(match[2])
    if major >= 3 or _of_keras_core(config):
        return None
    if isinstance(backend, bytes):
        backend = backend.decode("utf-8", "replace")
    # Keras 2.4 and later is tf.keras; before that, its versions say so.
    tensorflow = major == 2 and (minor >= 4 or "-tf" in version or _is_labelled(config))
    return Era(1 if major < 2 else 2, minor, tensorflow and backend in (None, "tensorflow"))


def _of_keras_core(config: Any) -> bool:
    """Tell whether it is of Keras 3's own preview, which counted from 0.1."""
    module = config.get("module") if isinstance(config, dict) else None
    return isinstance(module, str) and module.startswith("keras_core")


def _is_labelled(config: Any) -> bool:
    return isinstance(config, dict) and ("module" in config or "registered_name" in config)


def _guess(config: Any) -> int | None:
    number = 2 if isinstance(config, list) and config else None
    for entry in _entries(config):
        inner = entry.get("config")
        keys = inner.keys() if isinstance(inner, dict) else ()
        name = entry.get("class_name")
        if not isinstance(name, str):
            continue
        module = entry.get("module", _NEVER)  # of tf.keras 2.12 and later, and of Keras 3
        if module is _NEVER and (name in _CLASSES_1 or not _KEYS_1.isdisjoint(keys)):
            return 1
        ours = module is _NEVER or (isinstance(module, str) and module.startswith("keras"))
        if (
            name in _CLASSES_2
            or (name == "Sequential" and isinstance(inner, list))
            or (ours and not _KEYS_2.isdisjoint(keys))
            or (module is _NEVER and _is_written(inner))
            or _has_old_nodes(entry)
            or _has_old_policy(inner)
        ):
            number = 2
    return number


def _entries(config: Any) -> Iterator[dict[str, Any]]:
    """Yield the entries of a model and all its layers."""
    waiting = [config]
    while waiting:
        entry = waiting.pop()
        if isinstance(entry, list):
            waiting.extend(e for e in entry if isinstance(e, dict))
        elif isinstance(entry, dict):
            yield entry
            inner = entry.get("config")
            layers = inner.get("layers") if isinstance(inner, dict) else inner
            if isinstance(layers, list):
                waiting.append(layers)
            waiting.extend(
                inner[k] for k in ("layer", "cell") if isinstance(inner, dict) and k in inner
            )


def _has_old_nodes(entry: dict[str, Any]) -> bool:
    nodes = entry.get("inbound_nodes")
    return isinstance(nodes, list) and any(isinstance(n, list) for n in nodes)


def _is_written(inner: Any) -> bool:
    """Tell whether a layer's `get_config` wrote it, not a person, and not that of Keras 3."""
    if not isinstance(inner, dict) or "layers" in inner:
        return False
    return {"name", "trainable"} <= inner.keys() and not isinstance(inner.get("dtype"), dict)


def _has_old_policy(inner: Any) -> bool:
    dtype = inner.get("dtype") if isinstance(inner, dict) else None
    return isinstance(dtype, dict) and dtype.get("class_name") in ("Policy", "PolicyV1")
