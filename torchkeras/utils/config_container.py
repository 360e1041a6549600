"""`Config`: named values that can be frozen."""

import json
from collections.abc import Iterator, MutableMapping
from typing import Any


class Config(MutableMapping[str, Any]):
    """Named values, read and written as attributes or as those of a dict.

    Args:
        kwargs: The values.

    >>> import torchkeras as keras
    >>> config = keras.utils.Config(learning_rate=0.1)
    >>> config.seed = 123
    >>> config.freeze().to_json()
    '{"learning_rate": 0.1, "seed": 123}'
    """

    _values: dict[str, Any]
    _frozen: bool

    def __init__(self, **kwargs: Any) -> None:
        self.__dict__.update(_values=kwargs, _frozen=False)

    def __getitem__(self, key: str) -> Any:
        return self._values[key]

    def __setitem__(self, key: str, value: Any) -> None:
        self._refuse_if_frozen()
        self._values[key] = value

    def __delitem__(self, key: str) -> None:
        self._refuse_if_frozen()
        del self._values[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def __getattr__(self, name: str) -> Any:
        try:
            return self.__dict__["_values"][name]
        except KeyError:
            raise AttributeError(f"Config: there is no value {name!r}.") from None

    def __setattr__(self, name: str, value: Any) -> None:
        self[name] = value

    def __delattr__(self, name: str) -> None:
        if name not in self:
            raise AttributeError(f"Config: there is no value {name!r}.")
        del self[name]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Config) and self._values == other._values

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"<Config {self._values}>"

    def __getstate__(self) -> dict[str, Any]:
        return dict(self.__dict__)

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)

    def pop(self, *args: Any) -> Any:
        """Take a value out."""
        self._refuse_if_frozen()
        return self._values.pop(*args)

    def update(self, *args: Any, **kwargs: Any) -> None:
        """Write several values."""
        self._refuse_if_frozen()
        self._values.update(*args, **kwargs)

    def as_dict(self) -> dict[str, Any]:
        """Return the values as a plain dict."""
        return dict(self._values)

    def to_json(self) -> str:
        """Return the values as JSON."""
        return json.dumps(self._values)

    def freeze(self) -> "Config":
        """Refuse changes from now on."""
        self.__dict__["_frozen"] = True
        return self

    def unfreeze(self) -> "Config":
        """Take changes again."""
        self.__dict__["_frozen"] = False
        return self

    @property
    def frozen(self) -> bool:
        """Whether changes are refused."""
        return self._frozen

    def _refuse_if_frozen(self) -> None:
        if self._frozen:
            raise ValueError("Config: it is frozen; unfreeze() it before changes.")
