"""Metric: state on the device that batches add to, and a result read from it."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import torch

from torchkeras import initializers
from torchkeras._base import config, legacy, naming, scope
from torchkeras._base.legacy import old_attribute, old_method
from torchkeras.core import dtypes, policy
from torchkeras.core.configurable import Configurable
from torchkeras.core.registry import METRICS
from torchkeras.core.tensor import convert_to_tensor
from torchkeras.core.variable import Variable


def _old_reset(self: Any) -> None:
    """Reset a metric whose class defines that under its name in Keras 2."""
    self.reset_states()


@METRICS.register(module="keras")
class Metric(Configurable):
    """Base of metrics: a subclass adds variables and defines `update_state` and `result`.

    Args:
        dtype: Type of the variables; default `floatx()`.
        name: Default: the class name in snake case, made unique.

    >>> import torchkeras as keras
    >>> class Count(keras.metrics.Metric):
    ...     def __init__(self, **kwargs):
    ...         super().__init__(**kwargs)
    ...         self.samples = self.add_variable((), "zeros", name="samples")
    ...     def update_state(self, y_true, y_pred, sample_weight=None):
    ...         self.samples.assign_add(len(y_true))
    ...     def result(self):
    ...         return self.samples
    >>> float(Count()([0, 1], [1, 1]))
    2.0
    """

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        own = cls.__dict__
        if "reset_states" in own and "reset_state" not in own:  # its name in Keras 2
            cls.reset_state = _old_reset  # type: ignore[method-assign]

    _width: Any = None  # number of columns, of a metric that takes it from its first batch

    def __init__(self, dtype: Any = None, name: str | None = None) -> None:
        self.name = name or naming.auto_name(type(self).__name__)
        self._dtype = config.floatx() if dtype is None else policy.get(dtype).compute_dtype
        self._torch_dtype = dtypes.torch_dtype(self._dtype)

    @property
    def dtype(self) -> str:
        """Name of the type of the variables."""
        return self._dtype

    # ------------------------------------------------------------------------------------- state

    def add_variable(
        self,
        shape: Sequence[int],
        initializer: Any = "zeros",
        dtype: Any = None,
        aggregation: str = "sum",
        name: str | None = None,
    ) -> Variable:
        """Create a variable that `reset_state` sets to 0.

        Args:
            shape: Its shape.
            initializer: Its first value.
            dtype: Default: the metric's.
            aggregation: How replicas are combined.
            name: Default: `variable`.
        """
        # A variable made within inference mode could not be changed outside of it.
        with torch.inference_mode(False), scope.scoped(names=(self.name,)):
            variable = Variable(
                initializers.get(initializer),
                shape=shape,
                dtype=dtype or self._dtype,
                trainable=False,
                aggregation=aggregation,
                name=name or "variable",
            )
        self.__dict__.setdefault("_variables", []).append(variable)
        return variable

    def add_weight(
        self,
        shape: Sequence[int] | str = (),
        initializer: Any = "zeros",
        dtype: Any = None,
        name: str | None = None,
    ) -> Variable:
        """Create a variable; the older name of `add_variable`."""
        if isinstance(shape, str) and legacy.allow(  # the order of Keras 2
            f"add_weight({shape!r})", f"Write add_weight(name={shape!r}).", TypeError
        ):
            name, shape = shape, initializer if isinstance(initializer, (tuple, list)) else ()
            initializer = "zeros" if isinstance(initializer, (tuple, list)) else initializer
        return self.add_variable(shape, initializer, dtype, name=name)

    @property
    def variables(self) -> list[Variable]:
        """The metric's variables, then those of metrics it holds as attributes."""
        found = list(self.__dict__.get("_variables", ()))
        for value in self.__dict__.values():
            found.extend(_held(value))
        return list({id(v): v for v in found}.values())

    def reset_state(self) -> None:
        """Set all variables to 0."""
        for v in self.variables:
            v.zero_()

    @old_attribute("Read variables.")
    def weights(self) -> list[Variable]:
        """The variables; the name of Keras 2."""
        return self.variables

    @old_attribute("Every metric is.")
    def stateful(self) -> bool:
        """True: a metric goes on from batch to batch."""
        return True

    @old_method("Call reset_state().")
    def reset_states(self) -> None:
        """Set all variables to 0; the name of Keras 2."""
        for klass in type(self).__mro__:
            reset = klass.__dict__.get("reset_state")
            if reset is not None and reset is not _old_reset:
                reset(self)
                return

    @staticmethod
    def _add(variable: Variable, value: torch.Tensor, times: float = 1) -> None:
        """Add `times * value` in place, on the device where the values come from."""
        if variable.device != value.device:
            variable.data = variable.data.to(value.device)
        variable.add_(value, alpha=times)

    # -------------------------------------------------------------------------------------- use

    def update_state(self, *args: Any, **kwargs: Any) -> Any:
        """Add a batch to the state: `(y_true, y_pred, sample_weight=None)` in most metrics."""
        raise NotImplementedError(f"{type(self).__name__}: a metric must define update_state().")

    def result(self) -> Any:
        """Return the metric's value, or a dict of name -> value."""
        raise NotImplementedError(f"{type(self).__name__}: a metric must define result().")

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Add a batch and return the result so far."""
        self.update_state(*args, **kwargs)
        return self.result()

    def merge_state(self, metrics: Iterable["Metric"]) -> None:
        """Add the state of metrics of the same kind, from other parts of the data."""
        for metric in metrics:
            if len(metric.variables) < len(self.variables):
                continue  # it has seen no batch, and does not know its shapes yet
            if len(self.variables) < len(metric.variables):
                self._build(metric._width)
            pairs = list(zip(self.variables, metric.variables, strict=True))
            for mine, other in pairs:
                self._add(mine, other)

    def _build(self, width: Any) -> None:
        """Make the variables of a metric that takes the number of columns from its first batch."""

    def stateless_update_state(
        self, metric_variables: Sequence[Any], *args: Any, **kwargs: Any
    ) -> list[torch.Tensor]:
        """Return the variables' values after a batch, starting from `metric_variables`."""
        with self._lent(metric_variables):
            self.update_state(*args, **kwargs)
            return [v.detach().clone() for v in self.variables]

    def stateless_result(self, metric_variables: Sequence[Any]) -> Any:
        """Return the result for the given values of the variables."""
        with self._lent(metric_variables):
            return self.result()

    def stateless_reset_state(self) -> list[torch.Tensor]:
        """Return the values of the variables after a reset."""
        with self._lent(self.variables):
            self.reset_state()
            return [v.detach().clone() for v in self.variables]

    def _lent(self, values: Sequence[Any]) -> "_Lent":
        variables = self.variables
        if len(values) != len(variables):
            raise ValueError(
                f"{type(self).__name__}: metric_variables must hold one value for each of its "
                f"{len(variables)} variables. Received: {len(values)} values."
            )
        return _Lent(self, [convert_to_tensor(v).detach().clone() for v in values])

    def _config_overrides(self) -> dict[str, Any]:
        return {"name": self.name, "dtype": self._dtype}

    def __repr__(self) -> str:
        return f"<{type(self).__name__} name={self.name}>"


class _Lent:
    """Give a metric other values within a `with` block."""

    def __init__(self, metric: Metric, values: list[torch.Tensor]) -> None:
        self.metric, self.values = metric, values

    def __enter__(self) -> None:
        self.before = [v.detach().clone() for v in self.metric.variables]
        self._assign(self.values)

    def __exit__(self, *exc: object) -> None:
        self._assign(self.before)

    def _assign(self, values: list[torch.Tensor]) -> None:
        for v, value in zip(self.metric.variables, values, strict=True):
            v.assign(value)


def _held(value: Any) -> Iterator[Variable]:
    if isinstance(value, Variable):
        yield value
    elif isinstance(value, Metric):
        yield from value.variables
    elif isinstance(value, (list, tuple)):
        for e in value:
            yield from _held(e)
    elif isinstance(value, dict):
        for e in value.values():
            yield from _held(e)
