"""The learning rate: one value, seen as Keras's variable and as torch's `param_groups[i]["lr"]`."""

import inspect
from numbers import Real
from typing import Any

import numpy as np
import torch

from torchkeras._base import scope
from torchkeras._base.check import received
from torchkeras.core.variable import Variable
from torchkeras.optimizers.schedules import LearningRateSchedule


class Rate:
    """The part of an optimizer that owns its learning rate.

    The number in the first param group is what a step uses; torch's schedulers set it. The
    variable that Keras code assigns to is compared by its version counter: a change of either
    reaches the other, and a step reads neither back from a tensor.
    """

    name: str
    param_groups: list[dict[str, Any]]
    _variables: list[Variable]
    _iterations: Variable
    _inverse_decay = 0.0  # `decay` of Keras 1 and 2

    def _init_rate(self, value: Any) -> float:
        self._schedule: Any = None
        self._rate: Variable | None = None
        if callable(value) and not isinstance(value, torch.Tensor):
            self._schedule = value
            self._takes_step = _takes_step(value)
            # A callable is asked at the first step only: before, it may have no answer.
            return float(value.at(0)) if isinstance(value, LearningRateSchedule) else 0.0
        number = self._number(value)
        with scope.scoped(names=(self.name,)):
            self._rate = Variable(number, trainable=False, name="learning_rate")
        self._rate.data = self._rate.data.cpu()
        self._variables.append(self._rate)
        self._mark_rate(number)
        return number

    def _number(self, value: Any) -> float:
        if not isinstance(value, bool) and (
            isinstance(value, Real)
            or (isinstance(value, (torch.Tensor, np.ndarray)) and value.ndim == 0)
        ):
            return float(value.detach() if isinstance(value, torch.Tensor) else value)
        raise ValueError(
            f"{type(self).__name__}: learning_rate must be a number, a LearningRateSchedule or a "
            f"callable that returns a number. {received('learning_rate', value)}"
        )

    @property
    def learning_rate(self) -> Any:
        """The current rate: a variable, or what the schedule or callable gives at this step.

        Setting a number is an error while a schedule gives the rate; setting a schedule or
        callable puts it in place of a number.
        """
        if self._schedule is None:
            self._sync_rate()
            return self._rate
        if isinstance(self._schedule, LearningRateSchedule):
            return torch.tensor(self._scheduled(self._iterations.item()))
        return self._schedule(self._iterations) if self._takes_step else self._schedule()

    @learning_rate.setter
    def learning_rate(self, value: Any) -> None:
        if callable(value) and not isinstance(value, torch.Tensor):
            self._schedule = value
            self._takes_step = _takes_step(value)
            self._variables = [v for v in self._variables if v is not self._rate]
            self._rate = None
            return
        number = self._number(value)
        if self._schedule is not None:
            raise TypeError(
                f"{type(self).__name__}: the learning rate comes from a schedule, so no number can "
                f"be set; make the optimizer with a number. {received('learning_rate', value)}"
            )
        self._sync_rate()
        self._spread_rate(number)
        self._sync_rate()

    def _scheduled(self, count: int) -> float:
        schedule = self._schedule
        if isinstance(schedule, LearningRateSchedule):
            return float(schedule.at(count))
        return float(schedule(self._iterations) if self._takes_step else schedule())

    def _refresh_rate(self, count: int) -> None:
        """Bring the groups' rate up to date before a step."""
        if self._schedule is not None:
            self._spread_rate(self._scheduled(count))
        elif (
            self.param_groups[0]["lr"] is not self._rate_seen
            or self._rate._version != self._rate_version
        ):
            self._sync_rate()

    def _sync_rate(self) -> None:
        if self._rate is None:
            return
        if self._rate._version != self._rate_version:  # assigned
            self._spread_rate(self._rate.item())
        elif self.param_groups[0]["lr"] != self._rate_seen:  # set in the group
            with torch.no_grad():
                self._rate.fill_(float(self.param_groups[0]["lr"]))
        self._mark_rate(self.param_groups[0]["lr"])

    def _mark_rate(self, seen: Any) -> None:
        """Note what group and variable agree on."""
        self._rate_seen = seen
        self._rate_version = self._rate._version
        # What a file holds is what a step uses: a run that is loaded again goes on exactly.
        self._rate_used = self._rate.item()

    def _rate_of(self, group: dict[str, Any]) -> float:
        """Return the rate of a step for a param group."""
        if self._rate is not None and group is self.param_groups[0]:
            rate = self._rate_used
        else:
            rate = float(group["lr"])
        if self._inverse_decay:
            return rate / (1.0 + self._inverse_decay * int(self._iterations))
        return rate

    def _spread_rate(self, rate: float) -> None:
        """Set the rate of the first group; the others keep their ratio to it."""
        first, *others = self.param_groups
        for group in others:
            if first["lr"]:
                group["lr_ratio"] = group["lr"] / first["lr"]
            group["lr"] = rate * group.get("lr_ratio", 1.0)
        first["lr"] = rate


def _takes_step(schedule: Any) -> bool:
    """Tell whether a callable wants the iteration; a zero-argument one is Keras's usual form."""
    try:
        parameters = inspect.signature(schedule).parameters.values()
    except (TypeError, ValueError):
        return False
    return any(
        p.default is p.empty and p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)
        for p in parameters
    )
