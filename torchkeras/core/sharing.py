"""Objects that a model holds in several places: one config in a file tells them apart by a number.

As Keras, only files of whole models do that; a config by itself (`get_config`, `to_json`,
`clone_model`) makes an object at each place.
"""

import itertools
from typing import Any

from torchkeras._base import scope
from torchkeras._base.errors import ModelFileError

KEY = "shared_object_id"


class ObjectSharingScope:
    """Write the same object twice as one object, and read it so, until the block ends.

    >>> import torchkeras as keras
    >>> act = keras.layers.ReLU()
    >>> with ObjectSharingScope():
    ...     configs = keras.saving.serialize_keras_object([act, act])
    ...     made = keras.saving.deserialize_keras_object(configs)
    >>> made[0] is made[1]
    True
    """

    def __enter__(self) -> "ObjectSharingScope":
        self._before = scope.state.sharing
        scope.state.sharing = self
        # id -> object and its first config; the object too, or another one could get its id
        self._written: dict[int, tuple[Any, dict[str, Any]]] = {}
        self._numbers = itertools.count(1)
        self._made: dict[int, Any] = {}
        return self

    def __exit__(self, *exc: object) -> None:
        scope.state.sharing = self._before

    def write(self, obj: Any, config: dict[str, Any]) -> None:
        """Mark an object's config, and its first one, if there is one already."""
        _, first = self._written.setdefault(id(obj), (obj, config))
        if first is not config:
            number = first.get(KEY)
            if number is None:
                number = first[KEY] = next(self._numbers)
            config[KEY] = number

    def find(self, config: dict[str, Any], cls: Any) -> Any:
        """Return the object that was made of another config with the same number, or None.

        Raises:
            ModelFileError: if the number is none, or that of an object of another class.
        """
        number = config.get(KEY)
        if number is None:
            return None
        if not isinstance(number, int):
            raise ModelFileError(f"{KEY} must be an integer. Received: {type(number).__name__}.")
        found = self._made.get(number)
        if found is not None and type(found) is not cls:
            raise ModelFileError(
                f"{KEY}={number} is that of a {type(found).__name__}, not of a "
                f"{config.get('class_name')}."
            )
        return found

    def made(self, config: dict[str, Any], obj: Any) -> None:
        """Keep an object that was made of a config with a number."""
        if KEY in config:
            self._made[config[KEY]] = obj
