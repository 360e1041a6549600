"""TextVectorization: texts to sequences of indices, or to bags of words."""

from itertools import chain
from typing import Any

import numpy as np
import torch

from torchkeras._base import check
from torchkeras._base.check import received
from torchkeras.core import serialize
from torchkeras.core.registry import LAYERS
from torchkeras.core.strings import decode
from torchkeras.core.symbolic import KerasTensor
from torchkeras.core.tensor import get_device
from torchkeras.layers.preprocessing import _encode, _text_arguments, _tokens
from torchkeras.layers.preprocessing._index_lookup import MODES
from torchkeras.layers.preprocessing._text_layer import TextLayer
from torchkeras.layers.preprocessing.string_lookup import StringLookup


@LAYERS.register()
class TextVectorization(TextLayer):
    """Splits texts into tokens, and turns these into indices or into one vector a text.

    Args:
        max_tokens: Largest size of the vocabulary, special tokens included.
        standardize: `"lower_and_strip_punctuation"`, `"lower"`, `"strip_punctuation"` (all of
            ASCII), None, or a function from an array of strings to another.
        split: `"whitespace"` (of ASCII), `"character"`, None, or a function from an array of
            strings to a list of lists of tokens.
        ngrams: Join tokens to n-grams up to this length, or of the lengths of a tuple.
        output_mode: `"int"`: `(batch,) -> (batch, longest)`, 0 for padding, 1 for unknown
            tokens; `"multi_hot"`, `"count"`, `"tf_idf"`: `(batch,) -> (batch, tokens)`.
        output_sequence_length: Pad or cut the indices to this length.
        pad_to_max_tokens: Whether encoded outputs have `max_tokens` columns in any case.
        vocabulary: List or array of tokens, or path of a file with one a line; else call `adapt`.
        idf_weights: Weights of the vocabulary for `"tf_idf"`.
        sparse: Only False.
        ragged: Only False.
        encoding: How bytes are read.

    Raises:
        ValueError: for an argument out of its range, or inputs that are not one text a sample.

    >>> import torchkeras as keras
    >>> layer = keras.layers.TextVectorization(output_sequence_length=4)
    >>> layer.adapt(["foo bar", "bar baz", "baz bada boom"])
    >>> layer([["foo qux bar"], ["Qux, baz!"]])
    tensor([[4, 1, 3, 0],
            [1, 2, 0, 0]])
    """

    dtype = variable_dtype = compute_dtype = input_dtype = "string"  # type: ignore[assignment]

    def __init__(
        self,
        max_tokens: int | None = None,
        standardize: Any = "lower_and_strip_punctuation",
        split: Any = "whitespace",
        ngrams: Any = None,
        output_mode: str = "int",
        output_sequence_length: int | None = None,
        pad_to_max_tokens: bool = False,
        vocabulary: Any = None,
        idf_weights: Any = None,
        sparse: bool = False,
        ragged: bool = False,
        encoding: str = "utf-8",
        name: str | None = None,
        vocabulary_size: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(name=name, **kwargs)
        owner = "TextVectorization"
        _text_arguments.refuse_sparse(owner, sparse=sparse, ragged=ragged)
        output_mode = "multi_hot" if output_mode == "binary" else output_mode
        check.one_of(owner, "output_mode", output_mode, MODES)
        self.standardize = _known_or_callable("standardize", standardize, _tokens.STANDARDIZE)
        self.split = _known_or_callable("split", split, _tokens.SPLIT)
        self._ngram_sizes = _tokens.widths(ngrams)
        self.ngrams = ngrams
        if output_sequence_length is not None:
            if output_mode != "int":
                raise ValueError(
                    f"{owner}: output_sequence_length must not be set if output_mode is not 'int'. "
                    f"{received('output_sequence_length', output_sequence_length)}"
                )
            check.non_negative_int(owner, "output_sequence_length", output_sequence_length)
        self.max_tokens = _text_arguments.checked_max_tokens(owner, max_tokens, pad_to_max_tokens)
        self.output_mode = output_mode
        self.output_sequence_length = output_sequence_length
        self.pad_to_max_tokens = bool(pad_to_max_tokens)
        self.sparse = self.ragged = False
        self.encoding = encoding
        self._lookup_layer = StringLookup(
            max_tokens=max_tokens,
            mask_token="",
            vocabulary=vocabulary,
            idf_weights=idf_weights,
            output_mode=output_mode,
            pad_to_max_tokens=pad_to_max_tokens,
            encoding=encoding,
            vocabulary_size=vocabulary_size,
        )
        self._built_from_the_start()

    # ------------------------------------------------------------------ vocabulary

    def get_vocabulary(self, include_special_tokens: bool = True) -> list[str]:
        """Return the tokens, each at the place of its index; the special ones first."""
        return self._lookup_layer.get_vocabulary(include_special_tokens)

    def vocabulary_size(self) -> int:
        """Return the number of tokens, special ones included."""
        return self._lookup_layer.vocabulary_size()

    def set_vocabulary(self, vocabulary: Any, idf_weights: Any = None) -> None:
        """Set the vocabulary, and with `output_mode="tf_idf"` the weights of its tokens."""
        self._lookup_layer.set_vocabulary(vocabulary, idf_weights)

    def adapt(self, data: Any, batch_size: int | None = None, steps: int | None = None) -> None:
        """Learn the vocabulary from texts: their tokens, the most frequent ones first.

        Args:
            data: List or array of texts, or an iterable of such batches.
            batch_size: Accepted as in Keras; the result does not depend on it.
            steps: How many batches of an iterable are read; default all.

        Raises:
            ValueError: if the vocabulary was set, or the data does not hold texts.
        """
        self._lookup_layer._check_adaptable()
        self.reset_state()
        for batch in _text_arguments.text_batches("TextVectorization", data, steps):
            self.update_state(batch)
        self.finalize_state()

    def update_state(self, data: Any) -> None:
        """Count the tokens of a batch of texts."""
        self._lookup_layer._check_adaptable()
        texts = self._texts(self._input(data))
        if self.split is None and texts.ndim == 1:
            texts = texts[:, None]
        rows, _ = self._tokens_of(texts)
        first = next(chain.from_iterable(rows), "")
        self._lookup_layer._counts.add(rows, decode if isinstance(first, bytes) else None)

    def finalize_state(self) -> None:
        """Make the vocabulary of what was counted."""
        self._lookup_layer.finalize_state()

    def reset_state(self) -> None:
        """Forget what was counted; the vocabulary stays until the next `finalize_state`."""
        self._lookup_layer.reset_state()

    # ------------------------------------------------------------------ the call

    def _texts(self, x: Any) -> np.ndarray:
        if isinstance(x, np.ndarray):
            return x
        if not x.numel():
            return np.empty(tuple(x.shape), object)
        raise ValueError(f"TextVectorization: inputs must be strings. {received('inputs', x)}")

    def _tokens_of(self, texts: np.ndarray) -> tuple[list[list[Any]], tuple[int, ...]]:
        """Return the tokens of each text, and the shape of the batch of texts."""
        flat = _tokens.standardized(texts, self.standardize)
        if self.split is None:
            lead, width = texts.shape[:-1], texts.shape[-1] if texts.ndim else 1
            rows = [flat[i : i + width] for i in range(0, len(flat), width or 1)]
        else:
            if texts.ndim > 1 and texts.shape[-1] != 1:
                raise ValueError(
                    "TextVectorization: to split texts, the input rank must be 1 or the last "
                    f"shape dimension must be 1. Received: inputs of shape {texts.shape}."
                )
            lead = texts.shape[:-1] if texts.ndim > 1 else texts.shape
            rows = _tokens.split(flat, self.split)
        if self._ngram_sizes is not None:
            rows = _tokens.with_ngrams(rows, self._ngram_sizes)
        return rows, lead

    def call(self, inputs: Any) -> torch.Tensor:
        """Return indices of tokens, or encoded texts."""
        lookup = self._lookup_layer
        if lookup._words.tokens is None:
            raise RuntimeError(
                "TextVectorization: you must set the layer's vocabulary before calling it: pass "
                "`vocabulary`, or call `adapt` with data."
            )
        texts = self._texts(self._input(inputs))
        rows, lead = self._tokens_of(texts)
        length = self.output_sequence_length
        if length is not None:
            rows = [row[:length] for row in rows]
        counts = np.fromiter(map(len, rows), np.int64, len(rows))
        indices = lookup.find(list(chain.from_iterable(rows)))
        if self.output_mode in ("int", "one_hot"):
            longest = int(counts.max(initial=0)) if length is None else length
            padding = 0 if self.output_mode == "int" else -1
            out = np.full((len(rows), longest), padding, np.int64)
            out[np.arange(longest) < counts[:, None]] = indices
            scalar = self.split is None and texts.ndim == 0 and length is None
            out = out.reshape(() if scalar else (*lead, longest))
            return lookup._encoded(torch.from_numpy(out).to(get_device()))
        return self._bags(indices, counts).reshape(*lead, -1)

    def _bags(self, indices: np.ndarray, counts: np.ndarray) -> torch.Tensor:
        """Return one vector for each text."""
        lookup = self._lookup_layer
        depth = lookup._depth
        places = np.repeat(np.arange(len(counts)) * depth, counts) + indices
        kept = indices >= 0  # empty tokens count for nothing
        at = torch.from_numpy(places[kept]).to(get_device())
        if self.output_mode == "tf_idf":
            weights = lookup._weights(at.device)[torch.from_numpy(indices[kept]).to(at.device)]
        else:
            weights = torch.ones_like(at)
        bags = torch.zeros(len(counts) * depth, dtype=weights.dtype, device=at.device)
        if self.output_mode == "multi_hot":
            bags[at] = 1
        else:
            bags.index_add_(0, at, weights)
        return bags.reshape(len(counts), depth)

    def compute_output_shape(self, input_shape: Any) -> tuple[int | None, ...]:
        """Return the shape of the outputs."""
        shape = tuple(input_shape)
        lead = shape[:-1] if len(shape) > 1 or self.split is None else shape
        if self.output_mode not in ("int", "one_hot"):
            return (*lead, self._lookup_layer._depth)
        length = self.output_sequence_length
        if length is None and self.split is None and self.ngrams is None:
            length = shape[-1] if shape else None
        indices = shape if self.split is None and not shape else (*lead, length)
        return _encode.encoded_shape(indices, self.output_mode, self._lookup_layer._depth)

    def compute_output_spec(self, inputs: Any) -> KerasTensor:
        """Return the KerasTensor of the outputs."""
        dtype = "float32" if self.output_mode == "tf_idf" else "int64"
        return KerasTensor(self.compute_output_shape(inputs.shape), dtype)

    # ------------------------------------------------------------------ configuration and files

    def _config_overrides(self) -> dict[str, Any]:
        return {
            **super()._config_overrides(),
            "vocabulary": _text_arguments.given_vocabulary(self),
            "idf_weights": _text_arguments.given_weights(self),
            "vocabulary_size": self.vocabulary_size(),
        }

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Any:
        """Make the layer of a config, which may not name a file.

        Raises:
            UnsafeModelError: if its vocabulary is a path.
        """
        _text_arguments.refuse_path(cls.__name__, config)
        made = {
            key: serialize.deserialize_keras_object(config[key])
            for key in ("standardize", "split")
            if isinstance(config.get(key), dict)
        }
        if isinstance(config.get("ngrams"), list):
            made["ngrams"] = tuple(config["ngrams"])
        return super().from_config({**config, **made})

    def get_build_config(self) -> dict[str, Any] | None:
        """Return a config without a shape: the layer is built from the beginning."""
        return {"input_shape": None}

    def build_from_config(self, config: dict[str, Any]) -> None:
        """Do nothing: the layer is built from the beginning."""

    def save_assets(self, dir_path: str) -> None:
        """Write the vocabulary to `vocabulary.txt` in a folder, unless the config holds it."""
        self._lookup_layer.save_assets(dir_path)

    def load_assets(self, dir_path: str) -> None:
        """Read the vocabulary from a folder, unless the config held it."""
        self._lookup_layer.load_assets(dir_path)

    def save_own_variables(self, store: Any) -> None:
        """Add the weights of the tokens to a file, where there are any."""
        self._lookup_layer.save_own_variables(store)

    def load_own_variables(self, store: Any) -> None:
        """Read the weights of the tokens."""
        self._lookup_layer.load_own_variables(store)


def _known_or_callable(name: str, value: Any, known: Any) -> Any:
    if value is None or callable(value) or (isinstance(value, str) and value in known):
        return value
    raise ValueError(
        f"TextVectorization: {name} must be None, a function, or one of {tuple(known)}. "
        f"{received(name, value)}"
    )
