"""OptimizerMap: regular expressions for paths of variables, and the optimizers they stand for."""

import re
from collections.abc import Iterator, MutableMapping
from typing import Any

import torch

from torchkeras._base.check import received
from torchkeras.core import serialize
from torchkeras.core.configurable import Configurable
from torchkeras.optimizers.base import Optimizer


class OptimizerMap(Configurable, MutableMapping):
    """Which optimizer takes a variable, by patterns that its whole path must match.

    Args:
        default_optimizer: Optimizer of the variables that no pattern matches.
        optimizer_map: Optimizers by regular expression, as `{"encoder/.*": Adam()}`.

    Raises:
        TypeError: for a default that is no optimizer, or a map that is no mapping.
        ValueError: for a key that is no pattern or there already, a value that is no optimizer,
            and at a look-up, if several patterns match.

    >>> import torchkeras as keras
    >>> by_path = OptimizerMap(keras.optimizers.SGD(0.1))
    >>> by_path["encoder/.*"] = keras.optimizers.Adam(0.01)
    >>> by_path["encoder/dense/kernel"].name, by_path["head/kernel"].name
    ('adam', 'sgd')
    """

    def __init__(self, default_optimizer: Optimizer, optimizer_map: Any = None) -> None:
        if not isinstance(default_optimizer, Optimizer):
            raise TypeError(
                "OptimizerMap: default_optimizer must be an optimizer. "
                f"{received('default_optimizer', default_optimizer)}"
            )
        if not isinstance(optimizer_map, dict | MutableMapping | None):
            raise TypeError(
                "OptimizerMap: optimizer_map must be a dict of optimizers by regular expression. "
                f"{received('optimizer_map', optimizer_map)}"
            )
        self._default_optimizer = default_optimizer
        self.optimizer_map: dict[str, Optimizer] = {}
        for pattern, optimizer in (optimizer_map or {}).items():
            self[pattern] = optimizer

    @property
    def default_optimizer(self) -> Optimizer:
        """Optimizer of the variables that no pattern matches."""
        return self._default_optimizer

    def __getitem__(self, path: str) -> Optimizer:
        """Return the optimizer of a path, which may also be one of the patterns."""
        if path in self.optimizer_map:
            return self.optimizer_map[path]
        matching = [pattern for pattern in self.optimizer_map if re.fullmatch(pattern, path)]
        if len(matching) > 1:
            raise ValueError(
                "OptimizerMap: one pattern at most must match a variable. "
                f"Received: path={path!r}, matched by {matching}."
            )
        return self.optimizer_map[matching[0]] if matching else self._default_optimizer

    def __setitem__(self, pattern: str, optimizer: Optimizer) -> None:
        """Add an optimizer for the variables whose whole path the pattern matches."""
        if not isinstance(pattern, str):
            raise ValueError(
                f"OptimizerMap: a key must be a regular expression. {received('key', pattern)}"
            )
        if pattern in self.optimizer_map:
            raise ValueError(
                "OptimizerMap: a pattern must not be there yet; delete it first. "
                f"{received('key', pattern)}"
            )
        try:
            re.compile(pattern)
        except re.error as e:
            raise ValueError(
                f"OptimizerMap: a key must be a regular expression, but {e}. "
                f"{received('key', pattern)}"
            ) from None
        if not isinstance(optimizer, Optimizer) or optimizer._wraps:
            raise ValueError(
                "OptimizerMap: a value must be an optimizer, not a MultiOptimizer or "
                f"LossScaleOptimizer. {received('value', optimizer)}"
            )
        self.optimizer_map[pattern] = optimizer

    def __delitem__(self, pattern: str) -> None:
        del self.optimizer_map[pattern]

    def __len__(self) -> int:
        return len(self.optimizer_map)

    def __iter__(self) -> Iterator[str]:
        return iter(self.optimizer_map)

    def __contains__(self, pattern: object) -> bool:
        return pattern in self.optimizer_map

    def __call__(self, variable: torch.Tensor) -> Optimizer:
        """Return the optimizer of a variable."""
        return self[getattr(variable, "path", None) or ""]

    @property
    def optimizers(self) -> list[Optimizer]:
        """All optimizers, the default last, each once."""
        return list(dict.fromkeys([*self.optimizer_map.values(), self._default_optimizer]))

    @classmethod
    def from_config(
        cls, config: dict[str, Any], custom_objects: dict[str, Any] | None = None
    ) -> "OptimizerMap":
        """Make the map of a config, with its optimizers."""
        return cls(**serialize.deserialize_keras_object(config, custom_objects))


serialize.add_builtin(OptimizerMap, "keras.optimizers", "OptimizerMap", "optimizer")
