"""What models of Keras 1 and 2 had besides: generators' methods, classes, old arguments."""

from collections.abc import Iterator
from typing import Any, ClassVar

import numpy as np
import torch

from torchkeras._base import legacy
from torchkeras._base.check import received
from torchkeras._base.legacy import old_attribute, old_method, warn_user
from torchkeras.core import nest
from torchkeras.core.symbolic import KerasTensor
from torchkeras.layers._legacy import OldLayer
from torchkeras.layers.legacy import AddLoss, AddMetric
from torchkeras.training._legacy import LOADING, RENAMED, hand_over
from torchkeras.training.compile_metrics import CompileMetrics
from torchkeras.training.data import PyDataset
from torchkeras.training.step import batch_size

# Arguments of Keras 1 that say that `steps` are counted in samples.
_SAMPLES = ("samples_per_epoch", "nb_val_samples", "val_samples")
_KERAS_1 = (*_SAMPLES, "nb_epoch", "max_q_size", "nb_worker", "pickle_safe")
_FIT = (
    "steps_per_epoch", "epochs", "verbose", "callbacks", "validation_data", "validation_steps",
    "validation_freq", "class_weight", "max_queue_size", "workers", "use_multiprocessing",
    "shuffle", "initial_epoch",
)  # fmt: skip
_FIT_1 = (
    "samples_per_epoch", "nb_epoch", "verbose", "callbacks", "validation_data", "nb_val_samples",
    "class_weight", "max_q_size", "nb_worker", "pickle_safe", "initial_epoch",
)  # fmt: skip
_EVALUATE = ("steps", "callbacks", "max_queue_size", "workers", "use_multiprocessing", "verbose")
_EVALUATE_1 = ("val_samples", "max_q_size", "nb_worker", "pickle_safe")


_DISTRIBUTED = "Use keras.distribution."
_STEP = "Write {0}_step(data), or call {0}_on_batch()."


class OldModel:
    """Old names of a model."""

    _gone_names: ClassVar[dict[str, str]] = OldLayer._gone_names | {
        "autotune_steps_per_execution": "Give steps_per_execution to compile().",
        "container_nodes": "Look at operations.",
        "distribute_reduction_method": _DISTRIBUTED,
        "distribute_strategy": _DISTRIBUTED,
        "loss_functions": "Use loss.",
        "make_predict_function": _STEP.format("predict"),
        "make_test_function": _STEP.format("test"),
        "make_train_function": _STEP.format("train"),
        "metrics_tensors": "Use metrics.",
        "metrics_updates": "Call update_state of each of metrics.",
        "predict_function": _STEP.format("predict"),
        "run_internal_graph": "Call the model.",
        "sample_weight_mode": "Give sample_weight in the shape of the targets.",
        "sample_weight_modes": "Give sample_weight in the shape of the targets.",
        "sample_weights": "There are no placeholders: train_step(data) gets the weights.",
        "save_spec": "Use inputs.",
        "targets": "There are no placeholders: train_step(data) gets the targets.",
        "test_function": _STEP.format("test"),
        "total_loss": "Call compute_loss(y=…, y_pred=…).",
        "train_function": _STEP.format("train"),
        "train_tf_function": _STEP.format("train"),
    }

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        for name in ("train", "test", "predict"):
            if f"make_{name}_function" in cls.__dict__:
                warn_user(
                    f"{cls.__name__}.make_{name}_function() is called by nothing: write "
                    f"{name}_step(data).",
                    UserWarning,
                )

    @old_method("Leave it out.")
    def _make_train_function(self: Any) -> None:
        """Do nothing: there is no graph to make before the first step."""

    _make_test_function = _make_predict_function = _make_train_function

    @old_method("Call fit(generator, steps_per_epoch=…, epochs=…).")
    def fit_generator(self: Any, generator: Any, *args: Any, **kwargs: Any) -> Any:
        """Train on a generator: `fit` with the arguments of Keras 2, or of Keras 1 by name.

        Keras 2 counts steps; `samples_per_epoch` and `nb_val_samples` of Keras 1 count samples.
        """
        given = _given(_FIT, _FIT_1, args, kwargs)
        steps = _steps("fit_generator", generator, given, "samples_per_epoch", "steps_per_epoch")
        validation = given.get("validation_data")
        size = _steps("fit_generator", validation, given, "nb_val_samples", "validation_steps")
        hand_over(generator, {k: given.pop(k) for k in LOADING if k in given})
        _never_end(generator, validation)
        if validation is None:
            size = None
        return self.fit(generator, steps_per_epoch=steps, validation_steps=size, **given)

    @old_method("Call evaluate(generator, steps=…).")
    def evaluate_generator(self: Any, generator: Any, *args: Any, **kwargs: Any) -> Any:
        """Evaluate on a generator: `evaluate` with the arguments of Keras 2 or 1."""
        return self.evaluate(generator, **_of_data("evaluate_generator", generator, args, kwargs))

    @old_method("Call predict(generator, steps=…).")
    def predict_generator(self: Any, generator: Any, *args: Any, **kwargs: Any) -> Any:
        """Predict on a generator: `predict` with the arguments of Keras 2 or 1."""
        return self.predict(generator, **_of_data("predict_generator", generator, args, kwargs))

    @old_method("Call predict(x), then take argmax(axis=-1), or > 0.5 of a single column.")
    def predict_classes(
        self: Any, x: Any, batch_size: int | None = None, verbose: Any = 0
    ) -> np.ndarray:
        """Return the class of each sample: the largest output, or whether the only one is > 0.5."""
        found = self.predict(x, batch_size=batch_size, verbose=verbose)
        return found.argmax(axis=-1) if found.shape[-1] > 1 else (found > 0.5).astype("int32")

    @old_method("Call predict(x).")
    def predict_proba(
        self: Any, x: Any, batch_size: int | None = None, verbose: Any = 0
    ) -> np.ndarray:
        """Return what `predict` does; a warning tells of values that are no probabilities."""
        found = self.predict(x, batch_size=batch_size, verbose=verbose)
        if found.size and (found.min() < 0.0 or found.max() > 1.0):
            warn_user(
                "predict_proba: the outputs are not all between 0 and 1. Does the last layer have "
                "an activation such as softmax or sigmoid?",
                UserWarning,
            )
        return found

    @old_attribute("Look at layers.")
    def flattened_layers(self: Any) -> list[Any]:
        """Layers, those of inner models in their place."""
        return list(_flattened(self))

    @old_attribute("States live in the layers.")
    def state_updates(self: Any) -> list[Any]:
        """Nothing: states are updated when a layer is called."""
        return []

    def add_loss(self: Any, loss: Any, inputs: Any = None) -> None:
        """Add to the training loss: in `call` a tensor, after it symbols of a functional model."""
        for one in nest.flatten(loss):
            if type(one) is KerasTensor and self._graph is not None:
                self._add_loss_layer(one)
            else:
                super().add_loss(one)

    def _add_loss_layer(self: Any, loss: KerasTensor) -> None:
        advice = "Add the loss in the call() of a layer, or write a train_step()."
        name = f"{type(self).__name__}.add_loss(symbolic tensor)"
        if not legacy.allow(name, advice):
            raise ValueError(f"add_loss: the loss must be computed in call(). {advice}")
        first, *others = nest.flatten(self.output)
        outputs = [AddLoss()([first, loss]), *others]
        self._set_graph(self.input, nest.pack_as(self.output, outputs))

    def add_metric(self: Any, value: Any, name: str | None = None, aggregation: Any = None) -> None:
        """Show the mean of a value in the logs: in `call` of a tensor, after it of a symbol."""
        if type(value) is not KerasTensor or self._graph is None:
            super().add_metric(value, name, aggregation)
            return
        advice = "Hold a keras.metrics.Mean in a layer, and update it in call()."
        if not legacy.allow(f"{type(self).__name__}.add_metric(symbolic tensor)", advice):
            raise AttributeError(f"{type(self).__name__!r} object has no attribute 'add_metric'")
        first, *others = nest.flatten(self.output)
        outputs = [AddMetric(name)([first, value]), *others]
        self._set_graph(self.input, nest.pack_as(self.output, outputs))

    @old_attribute("Call compute_loss(y=…, y_pred=…).")
    def compiled_loss(self: Any) -> "CompiledLoss":
        """The loss given to `compile`, for a `train_step` of tf.keras 2."""
        return CompiledLoss(self)

    @old_attribute("Call update_state of each of metrics.")
    def compiled_metrics(self: Any) -> CompileMetrics:
        """The metrics given to `compile`, for a `train_step` of tf.keras 2."""
        compiled = _compiled(self, "compiled_metrics")
        return CompileMetrics(None, None) if compiled.metrics is None else compiled.metrics

    @old_attribute("Keep the data yourself.")
    def validation_data(self: Any) -> Any:
        """What `fit` validates on while it runs."""
        return self.__dict__.get("_validation_given")


class CompiledLoss:
    """The compiled loss of a model, as tf.keras 2 had it: a call also counts in the log's loss.

    Args:
        model: A compiled model.
    """

    def __init__(self, model: Any) -> None:
        self._compiled = _compiled(model, "compiled_loss")

    def __call__(
        self, y_true: Any, y_pred: Any, sample_weight: Any = None, regularization_losses: Any = None
    ) -> torch.Tensor:
        """Return the total loss: the compiled one and those of `regularization_losses`."""
        loss, tracker = self._compiled.loss, self._compiled.tracker
        parts = [] if loss is None else [loss(y_true, y_pred, sample_weight)]
        total = sum([*parts, *(regularization_losses or ())], torch.zeros(()))
        tracker.update_state(total.detach(), sample_weight=batch_size(y_pred))
        return total

    @property
    def metrics(self) -> list[Any]:
        """The mean of the loss, and those of the outputs' losses."""
        loss = self._compiled.loss
        return [self._compiled.tracker, *([] if loss is None else loss.metrics)]

    def reset_state(self) -> None:
        """Start the means anew."""
        for metric in self.metrics:
            metric.reset_state()

    reset_states = reset_state


def _flattened(model: Any) -> Iterator[Any]:
    for layer in model.layers:
        if isinstance(layer, OldModel):
            yield from _flattened(layer)
        else:
            yield layer


def _compiled(model: Any, name: str) -> Any:
    if model._compile is None:
        raise ValueError(f"{name}: the model is not compiled. Call compile() before.")
    return model._compile


def _given(
    order: tuple[str, ...], order_1: tuple[str, ...], args: tuple[Any, ...], kwargs: dict[str, Any]
) -> dict[str, Any]:
    """Return all arguments by name; those of Keras 1 that only have other names under today's."""
    of_keras_1 = any(k in kwargs for k in _KERAS_1)
    given = {**dict(zip(order_1 if of_keras_1 else order, args, strict=False)), **kwargs}
    return {RENAMED.get(k, k): v for k, v in given.items()}


def _steps(owner: str, data: Any, given: dict[str, Any], samples: str, steps: str) -> int | None:
    """Take the number of steps out of the arguments; samples are divided by the batch size."""
    count, number = given.pop(steps, None), given.pop(samples, None)
    if number is None:
        return count
    size = getattr(data, "batch_size", None)
    if size:
        return max(int(number) // int(size), 1)
    warn_user(
        f"{owner}: {samples}={number} counts samples, and the generator does not tell the size of "
        f"its batches: {number} batches are taken. Give {steps} instead.",
        UserWarning,
    )
    return int(number)


def _never_end(*data: Any) -> None:
    """Let PyDatasets begin anew whenever they have been read, as Keras 2's Sequences did."""
    for dataset in data:
        if isinstance(dataset, PyDataset):
            dataset.endless = True


def _of_data(
    owner: str, generator: Any, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> dict[str, Any]:
    given = _given(_EVALUATE, _EVALUATE_1, args, kwargs)
    steps = _steps(owner, generator, given, "val_samples", "steps")
    hand_over(generator, {k: given.pop(k) for k in LOADING if k in given})
    _never_end(generator)
    unknown = set(given) - {"callbacks", "verbose"}
    if unknown:
        raise TypeError(f"{owner}: unknown arguments. {received('kwargs', sorted(unknown))}")
    return {"verbose": 0, "steps": steps, **given}
