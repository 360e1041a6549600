"""FeatureSpace: the features, their crosses, and what comes out for a table of data."""

from collections.abc import Mapping, Sequence
from typing import Any

from torchkeras._base.check import one_of, received
from torchkeras.core import dtypes, serialize
from torchkeras.core.registry import LAYERS
from torchkeras.core.symbolic import KerasTensor
from torchkeras.layers import CategoryEncoding, Discretization, HashedCrossing, Input, Layer
from torchkeras.saving.api import save_model
from torchkeras.utils.feature_space import columns
from torchkeras.utils.feature_space.feature import Cross, Feature, TFDConcat
from torchkeras.utils.feature_space.kinds import FeatureKinds


def _learns(layer: Any) -> bool:
    """Tell whether a preprocessor learns from data, and was not given what it would learn."""
    if not hasattr(layer, "adapt"):
        return False
    given = ("input_mean", "input_bin_boundaries")
    if any(getattr(layer, name, None) is not None for name in given):
        return False
    return not getattr(getattr(layer, "_lookup_layer", layer), "_static", False)


@LAYERS.register(module="keras.utils")
class FeatureSpace(FeatureKinds, Layer):
    """Encodes tables of named columns: numbers, categories, strings, and crosses of them.

    Call it on a dict of columns (or of single values) after `adapt(data)`. In a functional model
    `get_inputs()` are the inputs and `get_encoded_features()` what they are encoded to.

    Args:
        features: Name of a column -> feature, made by `FeatureSpace.float_normalized()` and the
            like, or the name of its kind: `"float"`, `"float_rescaled"`, `"float_normalized"`,
            `"float_discretized"`, `"integer_categorical"`, `"string_categorical"`,
            `"integer_hashed"`, `"string_hashed"`.
        output_mode: `"concat"`: one vector a sample, features in the order of their names, then
            crosses; `"dict"`: each by its name.
        crosses: Tuples of names of features, or `FeatureSpace.cross(...)`.
        crossing_dim: Values of a cross.
        hashing_dim: Values of a hashed feature.
        num_discretization_bins: Bins of a discretised feature.
        name: Name of the layer.

    >>> import torchkeras as keras
    >>> table = {"size": [1.0, 3.0], "kind": ["cat", "dog"]}
    >>> space = keras.utils.FeatureSpace({"size": "float", "kind": "string_categorical"})
    >>> space.adapt(table)
    >>> space(table)
    tensor([[0., 0., 1., 1.],
            [0., 1., 0., 3.]])
    """

    config_skip = frozenset({"name"})

    def __init__(
        self,
        features: Mapping[str, Any],
        output_mode: str = "concat",
        crosses: Sequence[Any] | None = None,
        crossing_dim: int = 32,
        hashing_dim: int = 32,
        num_discretization_bins: int = 32,
        name: str | None = None,
    ) -> None:
        super().__init__(name=name)
        if not features:
            raise ValueError(
                f"FeatureSpace: at least one feature is needed. {received('features', features)}"
            )
        self.output_mode = one_of("FeatureSpace", "output_mode", output_mode, ("concat", "dict"))
        self.crossing_dim = crossing_dim
        self.hashing_dim = hashing_dim
        self.num_discretization_bins = num_discretization_bins
        self.features = {k: self._as_feature(k, v) for k, v in features.items()}
        self.crosses = [self._as_cross(c) for c in crosses or ()]
        self.crosses_by_name = {c.name: c for c in self.crosses}
        self.inputs = {k: Input((1,), dtype=f.dtype, name=k) for k, f in self.features.items()}
        self.preprocessors = {k: f.preprocessor for k, f in self.features.items()}
        self.crossers = {
            c.name: HashedCrossing(num_bins=c.crossing_dim, name=c.name) for c in self.crosses
        }
        self._is_adapted = False
        self._forget()

    def _forget(self) -> None:
        """Drop what depends on what the preprocessors have learned."""
        self.one_hot_encoders: dict[str, CategoryEncoding] = {}
        self.concat: TFDConcat | None = None
        self.encoded_features: Any = None
        self.built = False

    def _as_feature(self, name: str, feature: Any) -> Feature:
        if isinstance(feature, Feature):
            return feature
        if isinstance(feature, dict):
            return serialize.deserialize_keras_object(feature)
        if feature in ("integer_hashed", "string_hashed"):
            return getattr(self, feature)(self.hashing_dim, name=name)
        if feature == "float_discretized":
            return self.float_discretized(self.num_discretization_bins, name=name)
        kinds = (
            "float", "float_rescaled", "float_normalized", "integer_categorical",
            "string_categorical",
        )  # fmt: skip
        if feature in kinds:
            return getattr(self, feature)(name=name)
        listed = ", ".join(map(repr, (*kinds, "float_discretized", "integer_hashed")))
        raise ValueError(
            f"FeatureSpace: a feature is one of {listed}, 'string_hashed', or made by "
            f"FeatureSpace.feature(...) and the like. {received(name, feature)}"
        )

    def _as_cross(self, cross: Any) -> Cross:
        if isinstance(cross, dict):
            cross = serialize.deserialize_keras_object(cross)
        elif not isinstance(cross, Cross):
            cross = Cross(cross, self.crossing_dim)
        unknown = [n for n in cross.feature_names if n not in self.features]
        if unknown:
            raise ValueError(
                f"FeatureSpace: all features of a cross must be among {list(self.features)}. "
                f"{received('unknown', unknown)}"
            )
        return cross

    # ------------------------------------------------------------------ learning

    def _adaptable(self) -> list[str]:
        """Return the names of the features whose preprocessor learns from data."""
        return [name for name, layer in self.preprocessors.items() if _learns(layer)]

    def adapt(self, dataset: Any) -> None:
        """Let all preprocessors learn from data: vocabularies, means, quantiles.

        Args:
            dataset: Dict of columns or DataFrame; or an iterable of such dicts, each a batch or a
                single sample: a list, a generator, a DataLoader, a PyDataset. Of pairs `(x, y)`,
                x is taken.

        Raises:
            ValueError: if it is none of these.
            KeyError: if a feature is missing.
        """
        tables = columns.batches(dataset)
        # All is read before any layer changes.
        read = {
            name: list(columns.column_of(tables, name, self.features[name].dtype))
            for name in self._adaptable()
        }
        for name, parts in read.items():
            layer = self.preprocessors[name]
            if not layer.built and parts:
                layer.build((None, *parts[0].shape[1:]))
            if isinstance(layer, Discretization) and columns.is_table(dataset):
                parts = columns.slices(parts[0])
            layer.adapt(parts[0] if len(parts) == 1 else iter(parts))
        self._is_adapted = True
        self._forget()
        self._encoded()

    def _check_adapted(self) -> None:
        if not self._is_adapted and self._adaptable():
            raise ValueError(
                "FeatureSpace: call adapt(data) before it is used. "
                f"{received('features that are to learn', self._adaptable())}"
            )

    # ------------------------------------------------------------------ the graph

    def get_inputs(self) -> dict[str, KerasTensor]:
        """Return the symbolic inputs by name, each of shape `(batch, 1)`."""
        self._check_adapted()
        return self.inputs

    def get_encoded_features(self) -> Any:
        """Return what the symbolic inputs are encoded to: a symbol, or a dict of them."""
        self._check_adapted()
        return self._encoded()

    def _encoded(self) -> Any:
        if self.encoded_features is None:
            self.encoded_features = self._encode(self.inputs)
            self.built = True
        return self.encoded_features

    def __call__(self, data: Any) -> Any:
        """Encode a dict of columns, or of single values.

        Raises:
            ValueError: if it is no dict, or `adapt` was not called.
            KeyError: if features are missing, or there are others.
        """
        self._check_adapted()
        if not columns.is_table(data):
            raise ValueError(
                f"FeatureSpace: a dict of columns or values is needed. {received('data', data)}"
            )
        if set(data.keys()) != set(self.features):
            raise KeyError(
                f"FeatureSpace: the data must have the features {sorted(self.features)}. "
                f"{received('keys', sorted(data.keys()))}"
            )
        self._encoded()
        read = {k: columns.read(k, data[k], f.dtype) for k, f in self.features.items()}
        out = self._encode({k: column for k, (column, _) in read.items()})
        if not any(alone for _, alone in read.values()):
            return out
        return {k: v[0] for k, v in out.items()} if isinstance(out, dict) else out[0]

    def _encode(self, table: dict[str, Any]) -> Any:
        """Preprocess, cross and merge columns, whether they are symbols or data."""
        done = {name: self.preprocessors[name](table[name]) for name in self.features}
        crossed = {
            cross.name: self.crossers[cross.name]([done[n] for n in cross.feature_names])
            for cross in self.crosses
        }
        merged = {}
        for group, specs in ((done, self.features), (crossed, self.crosses_by_name)):
            for name in sorted(group):
                merged[name] = self._merged(name, group[name], specs[name].output_mode)
        if self.output_mode == "dict":
            return merged
        if self.concat is None:
            self.concat = TFDConcat(axis=-1)
        return self.concat(list(merged.values()))

    def _merged(self, name: str, x: Any, mode: str) -> Any:
        dtype = dtypes.standardize_dtype(x.dtype)
        if mode == "one_hot":
            if name not in self.one_hot_encoders:
                if not dtype.startswith(("int", "uint")):
                    raise ValueError(
                        f"FeatureSpace: feature {name!r} has output_mode='one_hot', so its "
                        f"preprocessor must return integers. {received('dtype', dtype)}"
                    )
                encoder = CategoryEncoding(self._size(name), output_mode="multi_hot")
                self.one_hot_encoders[name] = encoder
            return self.one_hot_encoders[name](x)
        if self.output_mode == "concat" and not dtypes.is_float(dtype):
            raise ValueError(
                f"FeatureSpace: feature {name!r} is not encoded, so it cannot be put together with "
                f"others; use output_mode='dict'. {received('dtype', dtype)}"
            )
        return x

    def _size(self, name: str) -> int:
        """Return how many values a feature or cross has."""
        if name in self.crosses_by_name:
            return self.crosses_by_name[name].crossing_dim
        layer = self.preprocessors[name]
        if callable(getattr(layer, "vocabulary_size", None)):
            return layer.vocabulary_size()
        if getattr(layer, "num_bins", None) is not None:
            return layer.num_bins
        if getattr(layer, "bin_boundaries", None) is not None:
            return len(layer.bin_boundaries) + 1
        raise ValueError(
            f"FeatureSpace: nobody knows how many values feature {name!r} has, so it cannot be "
            f"encoded; use output_mode='int'. {received('preprocessor', layer)}"
        )

    # ------------------------------------------------------------------ files

    def get_build_config(self) -> dict[str, Any] | None:
        """Return the build configs of the preprocessors, once they have learned."""
        if not self._is_adapted and self._adaptable():
            return None
        return {
            name: self._build_config(name, layer)
            for name, layer in self.preprocessors.items()
            if hasattr(layer, "get_build_config")
        }

    def _build_config(self, name: str, layer: Any) -> dict[str, Any]:
        config = layer.get_build_config()
        return {"input_shape": self.inputs[name].shape} if config is None else config

    def build_from_config(self, config: dict[str, Any]) -> None:
        """Build the preprocessors; the file's weights and vocabularies come after that."""
        for name, layer in self.preprocessors.items():
            if config.get(name) and hasattr(layer, "build_from_config"):
                layer.build_from_config(config[name])
        self._is_adapted = True

    def save(self, filepath: Any) -> None:
        """Write features and what they have learned to a `.keras` file, for `load_model`."""
        save_model(self, filepath)
