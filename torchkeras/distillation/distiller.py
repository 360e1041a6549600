"""Distiller: a model that trains a student on labels and on what a teacher says."""

import numbers
from typing import Any

import torch

from torchkeras._base.check import received
from torchkeras.core import nest, serialize
from torchkeras.core.registry import MODELS
from torchkeras.distillation.losses import DistillationLoss, FeatureDistillation
from torchkeras.metrics import Mean
from torchkeras.models import Model


@MODELS.register(module="keras.distillation")
class Distiller(Model):
    """A student that learns from labels and from a frozen teacher; its outputs are the student's.

    `loss = w * student_loss + (1 - w) * sum(weight_i * distillation_loss_i)`

    Args:
        teacher: Trained model; it is frozen.
        student: Model to train; use it by itself afterwards.
        distillation_losses: Distillation loss, or list of them.
        distillation_loss_weights: Weight of each; default 1.
        student_loss_weight: `w`, from 0 to 1; default 0.5.
        name: Default `"distiller"`.
        **kwargs: Arguments of Model.

    Raises:
        ValueError: for other arguments, or models whose inputs, outputs or layers do not fit.

    >>> import torchkeras as keras
    >>> import numpy as np
    >>> teacher = keras.Sequential([keras.Input((4,)), keras.layers.Dense(2)])
    >>> student = keras.Sequential([keras.Input((4,)), keras.layers.Dense(2)])
    >>> loss = keras.distillation.LogitsDistillation(3.0, keras.losses.KLDivergence())
    >>> distiller = keras.distillation.Distiller(teacher, student, loss)
    >>> distiller.compile("adam", loss="mse")
    >>> sorted(distiller.fit(np.ones((8, 4)), np.ones((8, 2)), verbose=0).history)
    ['distillation_loss', 'loss', 'student_loss', 'total_loss']
    """

    def __init__(
        self,
        teacher: Model,
        student: Model,
        distillation_losses: Any,
        distillation_loss_weights: Any = None,
        student_loss_weight: float = 0.5,
        name: str = "distiller",
        **kwargs: Any,
    ) -> None:
        losses = _as_list(distillation_losses)
        weights = [1.0] * len(losses) if distillation_loss_weights is None else (
            _as_list(distillation_loss_weights)
        )  # fmt: skip
        _check(teacher, student, losses, weights, student_loss_weight)
        super().__init__(name=name, **kwargs)
        teacher.trainable = False
        self.teacher = teacher
        self.student = student
        self.distillation_losses = losses
        self.distillation_loss_weights = weights
        self.student_loss_weight = student_loss_weight
        self.student_loss_tracker = Mean(name="student_loss")
        self.distillation_loss_tracker = Mean(name="distillation_loss")
        self.total_loss_tracker = Mean(name="total_loss")
        layers = [_layer_names(loss) for loss in losses]
        fields = self.__dict__  # extractors share the models' layers, and are no layers of ours
        fields["_teacher_view"] = _view(teacher, [first for first, _ in layers])
        fields["_student_view"] = _view(student, [second for _, second in layers])
        fields["_seen"] = None

    def call(self, inputs: Any, training: bool | None = None, **kwargs: Any) -> Any:
        """Return the outputs of the student."""
        if not training or self._student_view is None:
            return self.student(inputs, training=training, **kwargs)
        outputs, *features = self._student_view(inputs, training=training, **kwargs)
        self.__dict__["_seen"] = features  # one forward pass serves the loss too
        return outputs

    def compile(  # type: ignore[override]
        self, optimizer: Any = "adam", loss: Any = None, metrics: Any = None, **kwargs: Any
    ) -> None:
        """Choose what the student is trained with.

        Args:
            optimizer: As in `Model.compile`.
            loss: The student's loss of the labels; it must be given.
            metrics: As in `Model.compile`.
            **kwargs: Other arguments of `Model.compile`.

        Raises:
            ValueError: if there is no loss.
        """
        if loss is None:
            raise ValueError("Distiller.compile: 'loss' cannot be `None`.")
        super().compile(optimizer=optimizer, loss=loss, metrics=metrics, **kwargs)

    def compile_from_config(self, config: dict[str, Any]) -> None:
        """Compile as a config says."""
        self._compile_as(config)

    def compute_loss(
        self,
        x: Any = None,
        y: Any = None,
        y_pred: Any = None,
        sample_weight: Any = None,
        training: bool = True,
    ) -> torch.Tensor:
        """Return the student's loss and the distillation losses, weighted."""
        w = self.student_loss_weight
        zero = nest.flatten(y_pred)[0].new_zeros(())
        student = zero
        if w > 0.0:
            student = super().compute_loss(x, y, y_pred, sample_weight, training)
        distilled = self._distillation_loss(x, y_pred, training) if w < 1.0 else zero
        total = w * student + (1.0 - w) * distilled
        self.student_loss_tracker.update_state(student.detach())
        self.distillation_loss_tracker.update_state(distilled.detach())
        self.total_loss_tracker.update_state(total.detach())
        return total

    def _distillation_loss(self, x: Any, y_pred: Any, training: bool) -> Any:
        features, self.__dict__["_seen"] = self._seen, None
        with torch.no_grad():
            teacher_view = self._teacher_view
            run = self.teacher if teacher_view is None else teacher_view
            found = run(x, training=False)
        teacher, taught = (found, []) if teacher_view is None else (found[0], found[1:])
        if features is None and self._student_view is not None:
            features = self._student_view(x, training=training)[1:]
        total: Any = 0.0
        taught, features = iter(taught), iter(features or ())
        for loss, weight in zip(
            self.distillation_losses, self.distillation_loss_weights, strict=True
        ):
            first, second = _layer_names(loss)
            a = teacher if first is None else next(taught)
            b = y_pred if second is None else next(features)
            loss.validate_outputs(a, b)
            total = total + weight * loss.compute_loss(a, b)
        return total

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Any = None) -> "Distiller":
        """Make the model of a config, with teacher and student."""
        parts = ("teacher", "student", "distillation_losses")
        with serialize.CustomObjectScope(custom_objects):
            made = {k: serialize.deserialize_keras_object(config[k]) for k in parts}
        return cls(**{**config, **made})


def _as_list(x: Any) -> list[Any]:
    return list(x) if isinstance(x, (list, tuple)) else [x]


def _layer_names(loss: Any) -> tuple[str | None, str | None]:
    if isinstance(loss, FeatureDistillation):
        return loss.teacher_layer_name, loss.student_layer_name
    return None, None


def _view(model: Model, names: list[str | None]) -> Model | None:
    """Return a model that gives the outputs, then those of the named layers; None without any."""
    names = [n for n in names if n is not None]
    if not names:
        return None
    return Model(model.input, [model.output, *(model.get_layer(name=n).output for n in names)])


def _check(teacher: Any, student: Any, losses: Any, weights: Any, student_weight: Any) -> None:
    for role, model in (("teacher", teacher), ("student", student)):
        if not isinstance(model, Model):
            raise ValueError(f"Distiller: {role} must be a Model. {received(role, model)}")
    for loss in losses:
        if not isinstance(loss, DistillationLoss):
            raise ValueError(
                "Distiller: distillation_losses must be distillation losses. "
                f"{received('distillation_losses', loss)}"
            )
    if len(weights) != len(losses):
        raise ValueError(
            "Distiller: distillation_loss_weights must be as many as distillation_losses. "
            f"Received: {len(weights)} weights, {len(losses)} losses."
        )
    if not isinstance(student_weight, numbers.Real) or not 0.0 <= student_weight <= 1.0:
        raise ValueError(
            "Distiller: student_loss_weight must be a number from 0 to 1. "
            f"{received('student_loss_weight', student_weight)}"
        )
    for what in ("input", "output"):
        _same_shapes(what, teacher, student)
    for loss in losses:
        loss.validate_model_compatibility(teacher, student)


def _same_shapes(what: str, teacher: Model, student: Model) -> None:
    """Compare what is known of the two models' inputs or outputs."""
    if not (hasattr(teacher, "inputs") and hasattr(student, "inputs")):
        return  # a subclassed model shows at the first batch what it takes
    first, second = ([t.shape for t in getattr(m, f"{what}s")] for m in (teacher, student))
    same = len(first) == len(second) and all(
        len(a) == len(b) and all(None in (m, n) or m == n for m, n in zip(a, b, strict=True))
        for a, b in zip(first, second, strict=True)
    )
    if not same:
        raise ValueError(
            f"Distiller: teacher and student must have the same {what} shapes. "
            f"Received: teacher {first}, student {second}."
        )
