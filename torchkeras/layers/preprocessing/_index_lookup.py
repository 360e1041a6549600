"""IndexLookup: what StringLookup and IntegerLookup share: a vocabulary and its indices."""

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any, ClassVar

import numpy as np
import torch

from torchkeras._base import check
from torchkeras._base.check import received
from torchkeras.core import dtypes
from torchkeras.core.symbolic import KerasTensor
from torchkeras.layers.preprocessing import _encode, _text_arguments, _vocabulary
from torchkeras.layers.preprocessing._text_layer import TextLayer

MODES = ("int", "one_hot", "multi_hot", "count", "tf_idf")
_OOV_METHODS = ("floormod", "farmhash")


class IndexLookup(TextLayer):
    """Base of layers that turn tokens into their places in a vocabulary, or back."""

    config_skip: ClassVar[frozenset[str]] = frozenset({"autocast", "activity_regularizer"})

    def __init__(
        self,
        max_tokens: int | None = None,
        num_oov_indices: int = 1,
        mask_token: Any = None,
        oov_token: Any = None,
        vocabulary: Any = None,
        idf_weights: Any = None,
        invert: bool = False,
        output_mode: str = "int",
        sparse: bool = False,
        pad_to_max_tokens: bool = False,
        oov_method: str = "floormod",
        salt: Any = None,
        vocabulary_size: int | None = None,
        **kwargs: Any,
    ) -> None:
        owner = type(self).__name__
        kwargs.pop("dtype", None)  # as in Keras: the dtypes follow from the tokens and the mode
        super().__init__(**kwargs)
        self.max_tokens = _text_arguments.checked_max_tokens(owner, max_tokens, pad_to_max_tokens)
        self.num_oov_indices = check.non_negative_int(owner, "num_oov_indices", num_oov_indices)
        if output_mode == "binary":
            output_mode = "multi_hot"  # the old name
        self.output_mode = check.one_of(owner, "output_mode", output_mode, MODES)
        if invert and output_mode != "int":
            raise ValueError(
                f"{owner}: output_mode must be 'int' when invert is True. "
                f"{received('output_mode', output_mode)}"
            )
        _text_arguments.refuse_sparse(owner, sparse=sparse)
        if idf_weights is not None and output_mode != "tf_idf":
            raise ValueError(
                f"{owner}: idf_weights should only be set if output_mode is 'tf_idf'. "
                f"{received('output_mode', output_mode)}"
            )
        self.oov_method = check.one_of(owner, "oov_method", oov_method, _OOV_METHODS)
        self.salt = _text_arguments.checked_salt(owner, salt)
        self.mask_token, self.oov_token = mask_token, oov_token
        self.invert, self.sparse = bool(invert), False
        self.pad_to_max_tokens = bool(pad_to_max_tokens)
        self._given_size = vocabulary_size
        self._static = False
        self._words = _vocabulary.Words()
        self._counts = _vocabulary.Counts(self.output_mode == "tf_idf")
        if vocabulary is not None:
            self.set_vocabulary(vocabulary, idf_weights)
        self._built_from_the_start()

    # ------------------------------------------------------------------ vocabulary

    def _checked_tokens(self, vocabulary: Any) -> list[Any]:
        """Return a vocabulary as a list of tokens."""
        raise NotImplementedError

    @property
    def _specials(self) -> list[Any]:
        """Tokens before the vocabulary's own."""
        masked = self.mask_token is not None and self.output_mode == "int"
        return [self.mask_token] * masked + [self.oov_token] * self.num_oov_indices

    @property
    def _first_oov(self) -> int:
        return int(self.mask_token is not None and self.output_mode == "int")

    def get_vocabulary(self, include_special_tokens: bool = True) -> list[Any]:
        """Return the tokens, each at the place of its index; the special ones first."""
        tokens = self._words.tokens or []
        return [*self._specials, *tokens] if include_special_tokens else list(tokens)

    def vocabulary_size(self) -> int:
        """Return the number of tokens, special ones included."""
        tokens = self._words.tokens
        if tokens is None and self._given_size is not None:
            return self._given_size  # of a file whose vocabulary is yet to be read
        return len(tokens or ()) + len(self._specials)

    def set_vocabulary(self, vocabulary: Any, idf_weights: Any = None) -> None:
        """Set the vocabulary, and with `output_mode="tf_idf"` the weights of its tokens.

        Args:
            vocabulary: List, tuple or array of tokens, with the special tokens at its beginning
                or without them; or the path of a text file with one token a line.
            idf_weights: List or array of as many numbers.

        Raises:
            ValueError: if tokens repeat, there are none or too many, or the weights do not fit.
        """
        owner = type(self).__name__
        from_file = _text_arguments.is_path(vocabulary)
        lines = _vocabulary.read_lines(owner, vocabulary) if from_file else vocabulary
        tokens = self._checked_tokens(lines)
        if not tokens:
            raise ValueError(
                f"{owner}: cannot set an empty vocabulary. {received('vocabulary', vocabulary)}"
            )
        weights = self._checked_weights(tokens, idf_weights)
        skipped = 0
        if not from_file and tokens[: len(self._specials)] == self._specials:
            skipped = len(self._specials)  # as get_vocabulary() returns them
        _vocabulary.check_unique(owner, tokens[skipped:])
        if self.mask_token is not None and self.mask_token in tokens[skipped:]:
            raise ValueError(
                f"{owner}: the reserved mask token stands at an unexpected place in `vocabulary`. "
                "Leave out all special tokens, or begin with them in just this order: "
                f"{self._specials}. Received: mask_token={self.mask_token!r} at index "
                f"{tokens[skipped:].index(self.mask_token) + skipped}."
            )
        size = len(tokens) - skipped + len(self._specials)
        if self.max_tokens is not None and size > self.max_tokens:
            raise ValueError(
                f"{owner}: attempted to set a vocabulary larger than the maximum vocab size. "
                f"Received: a vocabulary of {size}, max_tokens={self.max_tokens}."
            )
        if weights is not None and not skipped:
            mean = np.full(len(self._specials), weights.mean(), np.float32)
            weights = np.concatenate([mean, weights])
        self._words = _vocabulary.Words(tokens[skipped:], weights)
        self._static = True

    def _checked_weights(self, tokens: list[Any], weights: Any) -> np.ndarray | None:
        owner = type(self).__name__
        if self.output_mode != "tf_idf":
            if weights is not None:
                raise ValueError(
                    f"{owner}: idf_weights should only be set if output_mode is 'tf_idf'. "
                    f"{received('output_mode', self.output_mode)}"
                )
            return None
        if weights is None:
            raise ValueError(
                f"{owner}: idf_weights must be given with the vocabulary if output_mode is "
                "'tf_idf'. Received: idf_weights=None."
            )
        array = np.array(_text_arguments.plain(weights), np.float32)
        if array.shape != (len(tokens),):
            raise ValueError(
                f"{owner}: idf_weights must be the same length as vocabulary, {len(tokens)}. "
                f"Received: idf_weights of shape {array.shape}."
            )
        return array

    # ------------------------------------------------------------------ adapting

    def adapt(self, data: Any, steps: int | None = None) -> None:
        """Learn the vocabulary from data: its tokens, the most frequent ones first.

        Of equally frequent tokens the larger comes first. With `output_mode="tf_idf"` each row is
        a document, and a token weighs `log(1 + documents / (1 + documents with the token))`.

        Args:
            data: List, array or tensor of tokens, or an iterable of such batches: a generator,
                a DataLoader, a PyDataset.
            steps: How many batches of an iterable are read; default all.

        Raises:
            ValueError: if the vocabulary was set, or the data does not hold tokens.
        """
        self._check_adaptable()
        self.reset_state()
        for batch in self._batches(data, steps):
            self.update_state(batch)
        self.finalize_state()

    @property
    def idf_weights(self) -> np.ndarray | None:
        """Weights for `output_mode="tf_idf"`, those of the special tokens first; None without."""
        return self._words.weights

    def _check_adaptable(self) -> None:
        if self._static:
            raise ValueError(
                f"{type(self).__name__}: cannot adapt layer {self.name!r} after setting a static "
                "vocabulary via `vocabulary` argument or `set_vocabulary()` method."
            )

    def _batches(self, data: Any, steps: int | None) -> Iterator[Any]:
        return _text_arguments.text_batches(type(self).__name__, data, steps)

    def update_state(self, data: Any) -> None:
        """Count the tokens of a batch."""
        self._check_adaptable()
        rows = self._rows(self._input(data))
        self._counts.add(rows)

    def _rows(self, x: Any) -> list[list[Any]]:
        """Return the documents of a batch as lists of tokens."""
        raise NotImplementedError

    def finalize_state(self) -> None:
        """Make the vocabulary of what was counted."""
        if self._static or not (self._counts.tokens or self._words.tokens is None):
            return
        specials = self._specials
        limit = None if self.max_tokens is None else max(self.max_tokens - len(specials), 0)
        tokens = self._counts.ranked({self.mask_token, self.oov_token}, limit)
        weights = None
        if self.output_mode == "tf_idf":
            own = self._counts.idf(tokens)
            mean = own.mean() if own.size else 1.0
            weights = np.concatenate([np.full(len(specials), mean, np.float32), own])
        self._words = _vocabulary.Words(tokens, weights)
        self.reset_state()

    def reset_state(self) -> None:
        """Forget what was counted; the vocabulary stays until the next `finalize_state`."""
        self._counts = _vocabulary.Counts(self.output_mode == "tf_idf")

    # ------------------------------------------------------------------ the call

    def call(self, inputs: Any) -> Any:
        """Return indices, encoded indices, or with `invert` tokens."""
        inputs = self._input(inputs)
        if self._words.tokens is None:
            raise RuntimeError(
                f"{type(self).__name__}: you must set the layer's vocabulary before calling it: "
                "pass `vocabulary`, or call `adapt` with data."
            )
        if self.invert:
            return self._inverted(inputs)
        return self._encoded(self._indices(inputs))

    def _indices(self, x: Any) -> torch.Tensor:
        """Return the index of each token; -1 for the mask token where it counts for nothing."""
        raise NotImplementedError

    def _inverted(self, x: Any) -> Any:
        """Return the token of each index."""
        raise NotImplementedError

    @property
    def _depth(self) -> int:
        return self.max_tokens if self.pad_to_max_tokens else self.vocabulary_size()

    def _encoded(self, indices: torch.Tensor) -> torch.Tensor:
        mode = self.output_mode
        if mode == "int":
            return indices
        if mode != "tf_idf":
            return _encode.encode(indices, mode, self._depth, torch.int64)
        weights = self._weights(indices.device)
        return _encode.encode(indices, "count", self._depth, weights.dtype) * weights

    def _weights(self, device: torch.device) -> torch.Tensor:
        idf = self._words.weights
        if idf is None or len(idf) != self.vocabulary_size():
            raise RuntimeError(
                f"{type(self).__name__}: with output_mode='tf_idf' the vocabulary needs "
                "idf_weights: call set_vocabulary with them, or adapt."
            )
        weights = torch.zeros(self._depth, dtype=torch.float32, device=device)
        weights[: len(idf)] = torch.from_numpy(idf)
        return weights

    def _no_bucket(self, unknown: Iterable[Any]) -> ValueError:
        found = list(islice(dict.fromkeys(unknown), 10))
        return ValueError(
            f"{type(self).__name__}: when num_oov_indices=0 all inputs should be in vocabulary. "
            f"{received('OOV values', found)} Consider setting num_oov_indices=1."
        )

    def compute_output_shape(self, input_shape: Any) -> tuple[int | None, ...]:
        """Return the shape of the outputs."""
        mode = "count" if self.output_mode == "tf_idf" else self.output_mode
        return _encode.encoded_shape(tuple(input_shape), mode, self._depth)

    _inverted_dtype = "string"

    def compute_output_spec(self, inputs: Any) -> KerasTensor:
        """Return the KerasTensor of the outputs."""
        dtype = "float32" if self.output_mode == "tf_idf" else "int64"
        dtype = self._inverted_dtype if self.invert else dtype
        return KerasTensor(self.compute_output_shape(inputs.shape), dtypes.standardize_dtype(dtype))

    # ------------------------------------------------------------------ configuration and files

    def _config_overrides(self) -> dict[str, Any]:
        return {
            **super()._config_overrides(),
            "vocabulary": _text_arguments.given_vocabulary(self),
            "idf_weights": _text_arguments.given_weights(self),
            # None before there is a vocabulary, as in Keras.
            "vocabulary_size": self.vocabulary_size() if self._words.tokens else self._given_size,
        }

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Any:
        """Make the layer of a config, which may not name a file.

        Raises:
            UnsafeModelError: if its vocabulary is a path.
        """
        _text_arguments.refuse_path(cls.__name__, config)
        return super().from_config(config)

    def get_build_config(self) -> dict[str, Any] | None:
        """Return an empty config: the layer is built from the beginning."""
        return {}

    def build_from_config(self, config: dict[str, Any]) -> None:
        """Do nothing: the layer is built from the beginning."""

    def save_assets(self, dir_path: str) -> None:
        """Write the vocabulary to `vocabulary.txt` in a folder, unless the config holds it."""
        if _text_arguments.given_vocabulary(self) is None:
            _vocabulary.write(dir_path, self.get_vocabulary())

    def load_assets(self, dir_path: str) -> None:
        """Read the vocabulary from a folder, unless the config held it."""
        if _text_arguments.given_vocabulary(self) is not None:
            return
        tokens = _vocabulary.read(dir_path)
        if tokens is None:
            return
        tokens = self._checked_tokens(tokens)
        specials = self._specials
        if tokens[: len(specials)] == specials:
            tokens = tokens[len(specials) :]
        _vocabulary.check_unique(type(self).__name__, tokens)
        self._words = _vocabulary.Words(tokens, self._words.weights)

    def save_own_variables(self, store: Any) -> None:
        """Add the weights of the tokens to a file, where there are any."""
        if self._words.weights is not None:
            store["idf_weights"] = self._words.weights

    def load_own_variables(self, store: Any) -> None:
        """Read the weights of the tokens."""
        if self.output_mode == "tf_idf" and "idf_weights" in store:
            self._words.weights = np.array(store["idf_weights"], np.float32)
