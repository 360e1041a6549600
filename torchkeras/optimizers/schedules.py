"""Learning rates that follow the training step."""

import math
from collections.abc import Sequence
from typing import Any

import torch

from torchkeras._base.check import received
from torchkeras.core.configurable import Configurable
from torchkeras.core.registry import SCHEDULES


class LearningRateSchedule(Configurable):
    """Base of learning-rate schedules: subclass it and write `__call__(step)`.

    A schedule of ours computes in Python numbers (`at`), so that a training step costs no tensor
    operation; called with a number or a tensor of steps it returns a float32 tensor.

    >>> import torchkeras as keras
    >>> class Halving(keras.optimizers.schedules.LearningRateSchedule):
    ...     def __call__(self, step):
    ...         return 0.1 / 2**step
    >>> keras.optimizers.SGD(Halving()).learning_rate
    tensor(0.1000)
    """

    def __call__(self, step: Any) -> torch.Tensor:
        """Return the rate at a step, or those of a tensor of steps."""
        if isinstance(step, torch.Tensor):
            rates = [self.at(s) for s in step.detach().reshape(-1).tolist()]
            return torch.tensor(rates, device=step.device).reshape(step.shape)
        return torch.tensor(self.at(float(step)))

    def at(self, step: float) -> float:
        """Return the rate at a step as a Python number."""
        if type(self).__call__ is LearningRateSchedule.__call__:
            raise NotImplementedError(
                f"Learning rate schedule {type(self).__name__!r} must override "
                "`__call__(self, step)`."
            )
        return float(self(torch.tensor(step)))


def _positive(owner: str, name: str, value: Any) -> Any:
    if isinstance(value, bool) or not value > 0:
        raise ValueError(f"{owner}: {name} must be > 0. {received(name, value)}")
    return value


@SCHEDULES.register()
class ExponentialDecay(LearningRateSchedule):
    """Decay by a factor in every period.

    `initial_learning_rate * decay_rate ** (step / decay_steps)`

    Args:
        initial_learning_rate: Rate at step 0.
        decay_steps: Length of the period, above 0.
        decay_rate: Factor of one period.
        staircase: Whether the exponent is floored, so that the rate falls in steps.
        name: Name in configs.

    >>> ExponentialDecay(0.1, decay_steps=100, decay_rate=0.5)(200)
    tensor(0.0250)
    """

    def __init__(
        self,
        initial_learning_rate: float,
        decay_steps: float,
        decay_rate: float,
        staircase: bool = False,
        name: str | None = "ExponentialDecay",
    ) -> None:
        self.initial_learning_rate = initial_learning_rate
        self.decay_steps = _positive("ExponentialDecay", "decay_steps", decay_steps)
        self.decay_rate = decay_rate
        self.staircase = staircase
        self.name = name

    def at(self, step: float) -> float:
        """Return the rate at a step as a Python number."""
        periods = step / self.decay_steps
        if self.staircase:
            periods = math.floor(periods)
        return self.initial_learning_rate * self.decay_rate**periods


@SCHEDULES.register()
class InverseTimeDecay(LearningRateSchedule):
    """Decay with the inverse of time.

    `initial_learning_rate / (1 + decay_rate * step / decay_steps)`

    Args:
        initial_learning_rate: Rate at step 0.
        decay_steps: Length of the period, above 0.
        decay_rate: Growth of the divisor in one period.
        staircase: Whether `step / decay_steps` is floored.
        name: Name in configs.

    >>> InverseTimeDecay(0.1, decay_steps=10, decay_rate=1.0)(10)
    tensor(0.0500)
    """

    def __init__(
        self,
        initial_learning_rate: float,
        decay_steps: float,
        decay_rate: float,
        staircase: bool = False,
        name: str | None = "InverseTimeDecay",
    ) -> None:
        self.initial_learning_rate = initial_learning_rate
        self.decay_steps = _positive("InverseTimeDecay", "decay_steps", decay_steps)
        self.decay_rate = decay_rate
        self.staircase = staircase
        self.name = name

    def at(self, step: float) -> float:
        """Return the rate at a step as a Python number."""
        periods = step / self.decay_steps
        if self.staircase:
            periods = math.floor(periods)
        return self.initial_learning_rate / (1 + self.decay_rate * periods)


@SCHEDULES.register()
class PiecewiseConstantDecay(LearningRateSchedule):
    """One value up to and including each boundary, and a last one after them.

    Args:
        boundaries: Steps, increasing.
        values: Rates, one more than there are boundaries.
        name: Name in configs.

    Raises:
        ValueError: if the number of values does not fit.

    >>> rate = PiecewiseConstantDecay([10, 20], [1.0, 0.5, 0.1])
    >>> rate(10), rate(11), rate(21)
    (tensor(1.), tensor(0.5000), tensor(0.1000))
    """

    def __init__(
        self,
        boundaries: Sequence[float],
        values: Sequence[float],
        name: str | None = "PiecewiseConstant",
    ) -> None:
        if len(boundaries) != len(values) - 1:
            raise ValueError(
                "PiecewiseConstantDecay: values must be one more than boundaries. "
                f"Received: {len(boundaries)} boundaries and {len(values)} values."
            )
        self.boundaries = boundaries
        self.values = values
        self.name = name

    def at(self, step: float) -> float:
        """Return the rate at a step as a Python number."""
        for boundary, value in zip(self.boundaries, self.values, strict=False):
            if step <= boundary:
                return float(value)
        return float(self.values[-1])


@SCHEDULES.register()
class PolynomialDecay(LearningRateSchedule):
    """Decay along a polynomial to an end value.

    `(initial - end) * (1 - min(step, decay_steps) / decay_steps) ** power + end`

    Args:
        initial_learning_rate: Rate at step 0.
        decay_steps: Steps to the end value, above 0.
        end_learning_rate: Last rate.
        power: Exponent; 1 is a straight line.
        cycle: Whether to start anew after `decay_steps`, each time twice, thrice, … as long.
        name: Name in configs.

    >>> PolynomialDecay(1.0, decay_steps=10, end_learning_rate=0.0)(5)
    tensor(0.5000)
    """

    def __init__(
        self,
        initial_learning_rate: float,
        decay_steps: float,
        end_learning_rate: float = 0.0001,
        power: float = 1.0,
        cycle: bool = False,
        name: str | None = "PolynomialDecay",
    ) -> None:
        self.initial_learning_rate = initial_learning_rate
        self.decay_steps = _positive("PolynomialDecay", "decay_steps", decay_steps)
        self.end_learning_rate = end_learning_rate
        self.power = power
        self.cycle = cycle
        self.name = name

    def at(self, step: float) -> float:
        """Return the rate at a step as a Python number."""
        steps = self.decay_steps
        if self.cycle:
            steps *= max(1, math.ceil(step / steps))
        left = 1 - min(step, steps) / steps
        start, end = self.initial_learning_rate, self.end_learning_rate
        return (start - end) * left**self.power + end


@SCHEDULES.register()
class CosineDecay(LearningRateSchedule):
    """Cosine decay, after an optional linear warm-up (https://arxiv.org/abs/1608.03983).

    `peak * ((1 - alpha) * (1 + cos(pi * step / decay_steps)) / 2 + alpha)`

    Args:
        initial_learning_rate: Rate at step 0; the peak if there is no warm-up.
        decay_steps: Steps of the decay, counted from the end of the warm-up; above 0.
        alpha: Last rate as a part of the peak.
        name: Name in configs.
        warmup_target: Rate at the end of the warm-up, the peak; None for no warm-up.
        warmup_steps: Steps of the warm-up.

    >>> CosineDecay(0.0, decay_steps=10, warmup_target=1.0, warmup_steps=10)(5)
    tensor(0.5000)
    """

    def __init__(
        self,
        initial_learning_rate: float,
        decay_steps: float,
        alpha: float = 0.0,
        name: str | None = "CosineDecay",
        warmup_target: float | None = None,
        warmup_steps: int = 0,
    ) -> None:
        self.initial_learning_rate = initial_learning_rate
        self.decay_steps = _positive("CosineDecay", "decay_steps", decay_steps)
        self.alpha = alpha
        self.name = name
        self.warmup_target = warmup_target
        self.warmup_steps = warmup_steps

    def at(self, step: float) -> float:
        """Return the rate at a step as a Python number."""
        start, peak = self.initial_learning_rate, self.warmup_target
        if peak is None:
            peak = start
        elif step < self.warmup_steps:
            return start + (peak - start) * step / self.warmup_steps
        else:
            step -= self.warmup_steps
        part = min(step, self.decay_steps) / self.decay_steps
        return peak * ((1 - self.alpha) * 0.5 * (1 + math.cos(math.pi * part)) + self.alpha)


@SCHEDULES.register()
class CosineDecayRestarts(LearningRateSchedule):
    """Cosine decay with warm restarts (SGDR, https://arxiv.org/abs/1608.03983).

    Args:
        initial_learning_rate: Rate at step 0.
        first_decay_steps: Length of the first period, above 0.
        t_mul: Factor from the length of one period to the next.
        m_mul: Factor from the first rate of one period to the next.
        alpha: Lowest rate as a part of the initial one.
        name: Name in configs.

    >>> rate = CosineDecayRestarts(1.0, first_decay_steps=10, m_mul=0.5)
    >>> rate(5), rate(10)
    (tensor(0.5000), tensor(0.5000))
    """

    def __init__(
        self,
        initial_learning_rate: float,
        first_decay_steps: float,
        t_mul: float = 2.0,
        m_mul: float = 1.0,
        alpha: float = 0.0,
        name: str | None = "SGDRDecay",
    ) -> None:
        self.initial_learning_rate = initial_learning_rate
        self.first_decay_steps = _positive(
            "CosineDecayRestarts", "first_decay_steps", first_decay_steps
        )
        self.t_mul = t_mul
        self.m_mul = m_mul
        self.alpha = alpha
        self.name = name

    def at(self, step: float) -> float:
        """Return the rate at a step as a Python number."""
        periods = step / self.first_decay_steps
        if self.t_mul == 1:
            restarts = math.floor(periods)
            part = periods - restarts
        else:
            # Lengths 1, t, t², … sum to (1 - t^n) / (1 - t); the epsilon keeps log's rounding
            # from missing a restart by one step.
            t = self.t_mul
            restarts = math.floor(math.log(1 - periods * (1 - t)) / math.log(t) + 1e-9)
            part = (periods - (1 - t**restarts) / (1 - t)) / t**restarts
        height = (1 - self.alpha) * self.m_mul**restarts
        wave = 0.5 * (1 + math.cos(math.pi * part))
        return self.initial_learning_rate * (height * wave + self.alpha)


def serialize(learning_rate_schedule: LearningRateSchedule) -> dict[str, Any]:
    """Return the config of a schedule.

    >>> serialize(ExponentialDecay(0.1, 10, 0.5))["class_name"]
    'ExponentialDecay'
    """
    return SCHEDULES.serialize(learning_rate_schedule)


def deserialize(
    config: dict[str, Any], custom_objects: dict[str, Any] | None = None
) -> LearningRateSchedule:
    """Return the schedule of a config.

    >>> deserialize(serialize(ExponentialDecay(0.1, 10, 0.5)))(0)
    tensor(0.1000)
    """
    return SCHEDULES.deserialize(config, custom_objects)
