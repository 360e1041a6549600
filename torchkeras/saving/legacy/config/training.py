"""Optimizers, losses and metrics of old configs: to the compile config of Keras 3."""

import re
import warnings
from typing import Any

from torchkeras.core import legacy_names as names
from torchkeras.core.registry import LOSSES, METRICS, OPTIMIZERS, SCHEDULES
from torchkeras.saving.legacy.config import era as eras
from torchkeras.saving.legacy.config.common import (
    as_dict,
    below,
    class_name,
    is_user_class,
    made,
    plain,
    refuse,
)
from torchkeras.saving.legacy.config.era import Era

# Arguments of TensorFlow's optimizers that say how, not what.
_DROPPED = frozenset(
    {"jit_compile", "is_legacy_optimizer", "gradient_aggregator", "gradient_transformers"}
)
_LOSS_SCALES = frozenset({"LossScaleOptimizer", "LossScaleOptimizerV1", "LossScaleOptimizerV3"})
_SLOTS = ("loss", "loss_weights", "metrics", "weighted_metrics")


def modernize_training(
    config: Any, keras_version: Any = None, backend: Any = None
) -> dict[str, Any] | None:
    """Return the compile config for the `training_config` of an HDF5 file.

    Args:
        config: The parsed attribute.
        keras_version: Version that wrote it; default: Keras 2.
        backend: Its backend, if that is known.

    Returns:
        What `compile_from_config` takes; None if it has no optimizer that can be made today.

    Raises:
        ModelFileError: for a malformed config.

    >>> old = {"optimizer_config": {"class_name": "SGD", "config": {"lr": 0.5}}, "loss": "mse"}
    >>> modernize_training(old, "2.1.6")["optimizer"]["config"]
    {'learning_rate': 0.5}
    """
    found = eras.find({}, keras_version, backend)
    at = "training_config"
    config = plain(as_dict(config, "the config of training", at), at)
    if "optimizer_config" in config:
        config = {**config, "optimizer": config.pop("optimizer_config")}
    if found is None and _is_modern(keras_version):
        return config
    return compile_config(config, found or Era(2), at)


def _is_modern(version: Any) -> bool:
    text = version.decode("utf-8", "replace") if isinstance(version, bytes) else version
    match = re.match(r"(\d+)", text) if isinstance(text, str) else None
    return match is not None and int(match[1]) >= 3


def compile_config(config: dict[str, Any], era: Era, at: str) -> dict[str, Any] | None:
    """Return the arguments of `compile` in the form of Keras 3."""
    if not config:
        return config
    found = optimizer(config.get("optimizer"), era, below(at, "optimizer"))
    if found is None:
        return None
    result = {"optimizer": found}
    result["loss"] = _each(config.get("loss"), _loss, below(at, "loss"))
    result["loss_weights"] = config.get("loss_weights")
    for key in ("metrics", "weighted_metrics"):
        result[key] = _metrics(config.get(key), below(at, key))
    for key in ("run_eagerly", "steps_per_execution", "jit_compile"):
        if config.get(key) is not None and key != "jit_compile":
            result[key] = config[key]
    return result


# ------------------------------------------------------------------------------- optimizers


def optimizer(value: Any, era: Era, at: str) -> Any:
    """Return the config of an optimizer; None for one that is none without TensorFlow."""
    if isinstance(value, str):
        value = {"class_name": value, "config": {}} if value in names.OPTIMIZERS else value
    if not isinstance(value, dict) or is_user_class(value):
        return value
    full = class_name(value, at)
    name = names.OPTIMIZERS.get(full.removeprefix("Custom>"))
    inner = as_dict(value.get("config", {}), "config", below(at, "config"))
    if full.removeprefix("Custom>") in _LOSS_SCALES:
        return _loss_scale(inner, era, below(at, "config"))
    if name is None:
        if full == "TFOptimizer":
            warnings.warn(f"{at}: an optimizer of TensorFlow 1 is left out.", stacklevel=2)
            return None
        return value
    config = {k: v for k, v in inner.items() if k not in _DROPPED}
    if "lr" in config:
        rate = config.pop("lr")
        config.setdefault("learning_rate", rate)
    if not era.tensorflow:
        for key, default in names.OPTIMIZER_DEFAULTS.get(name, {}).items():
            config.setdefault(key, default)
        if config.get("clipnorm") is not None:
            config["global_clipnorm"] = config.pop("clipnorm")  # it was that of all gradients
    config["learning_rate"] = _rate(config.get("learning_rate", 0.001), below(at, "config"))
    if config.get("epsilon", 0) is None:
        config["epsilon"] = 1e-7
    if config.get("weight_decay") is False:
        config["weight_decay"] = None
    config.pop("schedule_decay", None)  # Nadam's; its schedule is fixed now
    decay = config.pop("decay", None) or 0.0
    if name == "Nadam":
        decay = 0.0  # tf.keras's name of the same
    if decay:
        config["decay"] = decay
    if isinstance(config.get("name"), str):
        config["name"] = config["name"].lower() if config["name"] == name else config["name"]
    known = OPTIMIZERS.names.get(name)
    if known is None:
        raise refuse(f"{name} is no optimizer here.", at)
    return made("keras.optimizers", name, config)


def _loss_scale(inner: dict[str, Any], era: Era, at: str) -> Any:
    wrapped = optimizer(inner.get("inner_optimizer", inner.get("optimizer")), era, at)
    if wrapped is None:
        return None
    config = {"inner_optimizer": wrapped}
    for old, new in (
        ("initial_scale", "initial_scale"),
        ("dynamic_growth_steps", "dynamic_growth_steps"),
    ):
        if inner.get(old) is not None:
            config[new] = inner[old]
    return made("keras.optimizers", "LossScaleOptimizer", config)


def _rate(value: Any, at: str) -> Any:
    """Return a learning rate: a number, or the config of a schedule."""
    if not isinstance(value, dict) or is_user_class(value):
        return value
    name = class_name(value, at)
    if name not in SCHEDULES.names:
        return value
    inner = as_dict(value.get("config", {}), "config", at)
    config = {k: v for k, v in inner.items() if not (k == "name" and v is None)}
    return made("keras.optimizers.schedules", name, config)


# ------------------------------------------------------------------------------- losses, metrics


def _each(value: Any, make: Any, at: str) -> Any:
    """Apply a function to one entry, or to each of a list or dict."""
    if isinstance(value, list):
        return [_each(v, make, below(at, i)) for i, v in enumerate(value)]
    if isinstance(value, dict) and "class_name" not in value:
        return {k: _each(v, make, below(at, k)) for k, v in value.items()}
    return make(value, at)


def _loss(value: Any, at: str) -> Any:
    if isinstance(value, str):
        return value
    if not isinstance(value, dict) or is_user_class(value):
        return value
    name = class_name(value, at)
    if name not in LOSSES.names:
        return value
    config = dict(as_dict(value.get("config", {}), "config", below(at, "config")))
    config.pop("fn", None)
    if config.get("reduction") == "auto":
        config["reduction"] = "sum_over_batch_size"
    return made("keras.losses", name, config)


def _metrics(value: Any, at: str) -> Any:
    """Return metrics; a list of lists stood for the outputs, also if there was but one."""
    if isinstance(value, list) and len(value) == 1 and isinstance(value[0], list):
        value = value[0]
    done = _each(value, _metric, at)
    return _without_gone(done)


_GONE = object()


def _without_gone(value: Any) -> Any:
    if isinstance(value, list):
        return [_without_gone(v) for v in value if v is not _GONE]
    if isinstance(value, dict) and "class_name" not in value:
        return {k: _without_gone(v) for k, v in value.items() if v is not _GONE}
    return value


def _metric(value: Any, at: str) -> Any:
    if is_user_class({"class_name": value} if isinstance(value, str) else {}):
        return value
    if isinstance(value, str):
        if value in names.METRICS_GONE:
            warnings.warn(f"{at}: the metric {value!r} of Keras 1 is left out.", stacklevel=2)
            return _GONE
        return value
    if not isinstance(value, dict) or is_user_class(value):
        return value
    name = class_name(value, at)
    config = dict(as_dict(value.get("config", {}), "config", below(at, "config")))
    if name in ("MeanMetricWrapper", "SumOverBatchSizeMetricWrapper"):
        return _wrapped(config, at)
    if name not in METRICS.names:
        return value
    config.pop("fn", None)
    return made("keras.metrics", name, config)


def _wrapped(config: dict[str, Any], at: str) -> Any:
    """Return the metric that averages a function: by its own name, it finds the function again."""
    function, name = config.get("fn"), config.get("name")
    if isinstance(function, dict):
        function = function.get("config")
    if not isinstance(function, str):
        raise refuse("fn of a metric must be the name of a function.", at)
    if name in ("acc", "accuracy", "crossentropy", "ce", function):
        return name
    known = METRICS.names.get(function)
    if known is None or not isinstance(known, type):
        return function
    arguments = {k: v for k, v in config.items() if k != "fn"}
    return made("keras.metrics", known.__name__, arguments)
