"""What a student is to have in common with its teacher: outputs, or features within."""

import numbers
from typing import Any

import torch

from torchkeras import ops
from torchkeras._base.check import received
from torchkeras.core import nest, serialize
from torchkeras.core.configurable import Configurable
from torchkeras.core.registry import LOSSES
from torchkeras.core.tensor import convert_to_tensor
from torchkeras.losses import KLDivergence

_MODULE = "keras.distillation"


@LOSSES.register(module=_MODULE)
class DistillationLoss(Configurable):
    """Base of distillation losses: a subclass defines `compute_loss`."""

    def compute_loss(self, teacher_outputs: Any, student_outputs: Any, **kwargs: Any) -> Any:
        """Return the loss of a batch.

        Args:
            teacher_outputs: Tensor, or structure of them.
            student_outputs: The same of the student.
            **kwargs: Anything that a loss of one's own needs.
        """
        raise NotImplementedError("Subclasses must implement compute_loss")

    def validate_outputs(self, teacher_outputs: Any, student_outputs: Any) -> None:
        """Raise a ValueError unless both models have equally many outputs."""
        _same_number("outputs of teacher and student", teacher_outputs, student_outputs)

    def validate_model_compatibility(self, teacher: Any, student: Any) -> None:
        """Raise a ValueError if the loss cannot be computed of these models."""


class _Structured(DistillationLoss):
    """A loss for each output, in the structure of the outputs."""

    loss: Any

    def _config_overrides(self) -> dict[str, Any]:
        written = nest.map_structure(
            lambda f: None if f is None else serialize.serialize_keras_object(f), self.loss
        )
        return {"loss": written}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> "_Structured":
        """Make the loss of a config."""
        made = serialize.deserialize_keras_object(config["loss"])
        return cls(**{**config, "loss": made})

    def validate_outputs(self, teacher_outputs: Any, student_outputs: Any) -> None:
        """Raise a ValueError unless the outputs of both have the structure of the losses."""
        super().validate_outputs(teacher_outputs, student_outputs)
        _same_number(f"{type(self).__name__}: losses and outputs", self.loss, student_outputs)

    def _pairs(self, teacher: Any, student: Any) -> Any:
        """Yield a loss, the teacher's and the student's output; outputs without one are left."""
        flat = (nest.flatten(self.loss), nest.flatten(teacher), nest.flatten(student))
        for loss, first, second in zip(*flat, strict=False):
            if loss is not None:
                yield loss, convert_to_tensor(first), convert_to_tensor(second)


@LOSSES.register(module=_MODULE)
class LogitsDistillation(_Structured):
    """The student's logits, divided by a temperature, shall be the teacher's.

    A `KLDivergence` instance compares the softmax of both, times `temperature**2` (Hinton et al.,
    2015, arXiv:1503.02531). Any other loss, and one given by name, gets the divided logits as they
    are, as in Keras: give `keras.losses.KLDivergence()` rather than the default for logits.

    Args:
        temperature: Positive number; default 3.
        loss: Name, function or Loss; a structure of them, None where an output has no part.

    Raises:
        ValueError: for a temperature that is not positive, or no loss at all.

    >>> import torch, torchkeras as keras
    >>> loss = keras.distillation.LogitsDistillation(2.0, loss=keras.losses.KLDivergence())
    >>> loss.compute_loss(torch.tensor([[2.0, 0.0]]), torch.tensor([[0.0, 2.0]]))
    tensor(1.8485)
    """

    def __init__(self, temperature: float = 3.0, loss: Any = "kl_divergence") -> None:
        if not isinstance(temperature, numbers.Real):
            raise ValueError(
                "LogitsDistillation: temperature must be a number. "
                f"{received('temperature', temperature)}"
            )
        if temperature <= 0:
            raise ValueError(
                "LogitsDistillation: temperature must be positive. "
                f"{received('temperature', temperature)}"
            )
        self.temperature = temperature
        self.loss = _losses("LogitsDistillation", loss)

    def compute_loss(
        self, teacher_outputs: Any, student_outputs: Any, **kwargs: Any
    ) -> torch.Tensor:
        """Return the sum of the outputs' losses."""
        t = self.temperature
        total: Any = 0.0
        for loss, teacher, student in self._pairs(teacher_outputs, student_outputs):
            if isinstance(loss, KLDivergence):
                value = loss(ops.softmax(teacher / t), ops.softmax(student / t)) * t**2
            else:
                value = loss(teacher / t, student / t)
            total = total + value.mean()
        return total


@LOSSES.register(module=_MODULE)
class FeatureDistillation(_Structured):
    """What a layer of the student gives shall be what a layer of the teacher gives.

    Args:
        loss: Name, function or Loss; a structure of them, None where an output has no part.
        teacher_layer_name: Layer of the teacher; default: its outputs.
        student_layer_name: Layer of the student; default: its outputs.

    Raises:
        ValueError: if there is no loss at all.

    >>> import torch, torchkeras as keras
    >>> loss = keras.distillation.FeatureDistillation("mae")
    >>> loss.compute_loss(torch.tensor([[2.0, 0.0]]), torch.tensor([[0.0, 1.0]]))
    tensor(1.5000)
    """

    def __init__(
        self,
        loss: Any = "mse",
        teacher_layer_name: str | None = None,
        student_layer_name: str | None = None,
    ) -> None:
        self.teacher_layer_name = teacher_layer_name
        self.student_layer_name = student_layer_name
        self.loss = _losses("FeatureDistillation", loss)

    def compute_loss(
        self, teacher_outputs: Any, student_outputs: Any, **kwargs: Any
    ) -> torch.Tensor:
        """Return the sum of the losses of the features."""
        total: Any = 0.0
        for loss, teacher, student in self._pairs(teacher_outputs, student_outputs):
            total = total + loss(teacher, student).mean()
        return total

    def validate_model_compatibility(self, teacher: Any, student: Any) -> None:
        """Raise a ValueError unless both models have the layers, and symbolic tensors of them."""
        chosen = (
            ("teacher", teacher, self.teacher_layer_name),
            ("student", student, self.student_layer_name),
        )
        for role, model, name in chosen:
            if name is None:
                continue
            if not getattr(model, "inputs", None):
                raise ValueError(
                    "FeatureDistillation: layers can be named of functional models, and of "
                    f"Sequential ones whose input shape is known. The {role} "
                    f"{model.name!r} is none: leave the names out to compare its outputs."
                )
            try:
                model.get_layer(name=name)
            except ValueError as e:
                raise ValueError(f"In {role} model: {e}") from None


def _losses(owner: str, loss: Any) -> Any:
    if all(entry is None for entry in nest.flatten(loss)):
        raise ValueError(
            f"The `loss` argument in `{owner}` must contain at least one non-`None` value."
        )
    return nest.map_structure(lambda f: None if f is None else LOSSES.get(f), loss)


def _same_number(what: str, first: Any, second: Any) -> None:
    a, b = (len(nest.flatten(x)) for x in (first, second))
    dicts = [set(x) if isinstance(x, dict) else None for x in (first, second)]
    if a != b or dicts[0] != dicts[1]:
        raise ValueError(f"The {what} must have the same structure. Received: {a} and {b}.")
