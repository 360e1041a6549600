"""Feature and Cross: what becomes of one column, and of several together."""

from collections.abc import Sequence
from typing import Any

from torchkeras._base.check import one_of, received
from torchkeras.core import serialize
from torchkeras.core.configurable import Configurable
from torchkeras.layers import Concatenate, Identity

# Keras's files name these classes by the place of their source.
MODULE = "keras.src.layers.preprocessing.feature_space"


class Feature(Configurable):
    """One column: its dtype, the layer that reads it, and what is made of the layer's result.

    Args:
        dtype: Dtype of the raw values, `"string"` among others.
        preprocessor: Layer, function, or config of a layer.
        output_mode: `"float"` or `"int"`: the result as it is; `"one_hot"`: indices encoded.
    """

    def __init__(self, dtype: str, preprocessor: Any, output_mode: str) -> None:
        choices = ("int", "one_hot", "float")
        self.output_mode = one_of("Feature", "output_mode", output_mode, choices)
        self.dtype = dtype
        if isinstance(preprocessor, dict):
            preprocessor = serialize.deserialize_keras_object(preprocessor)
        self.preprocessor = preprocessor


class Cross(Configurable):
    """Several columns taken together: their joint values, hashed.

    Args:
        feature_names: Names of two or more features.
        crossing_dim: How many values there are to hash to.
        output_mode: `"one_hot"` or `"int"`.
    """

    def __init__(
        self, feature_names: Sequence[str], crossing_dim: int, output_mode: str = "one_hot"
    ) -> None:
        if isinstance(feature_names, str) or len(feature_names) < 2:
            raise ValueError(
                "FeatureSpace: a cross needs the names of two or more features. "
                f"{received('feature_names', feature_names)}"
            )
        self.output_mode = one_of("Cross", "output_mode", output_mode, ("int", "one_hot"))
        self.feature_names = tuple(feature_names)
        self.crossing_dim = crossing_dim

    @property
    def name(self) -> str:
        """The names joined by `_X_`."""
        return "_X_".join(self.feature_names)


class TFDIdentity(Identity):
    """The reader of plain numbers, under the name that Keras's files have for it."""


class TFDConcat(Concatenate):
    """The joint of all features, under the name that Keras's files have for it."""


for _cls, _kind in (
    (Feature, "feature"),
    (Cross, "feature cross"),
    (TFDIdentity, "layer"),
    (TFDConcat, "layer"),
):
    serialize.add_builtin(_cls, MODULE, _cls.__name__, _kind)
