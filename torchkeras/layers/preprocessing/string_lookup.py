"""StringLookup: strings to their places in a vocabulary."""

from itertools import compress, repeat
from typing import Any

import numpy as np
import torch

from torchkeras._base.check import received
from torchkeras.core.registry import LAYERS
from torchkeras.core.strings import as_strings, encode
from torchkeras.core.tensor import get_device
from torchkeras.layers.preprocessing import _fingerprint, _vocabulary
from torchkeras.layers.preprocessing._index_lookup import IndexLookup

_UNKNOWN = -2


@LAYERS.register()
class StringLookup(IndexLookup):
    """Turns strings into their indices in a vocabulary, which is given or learned by `adapt`.

    Args:
        max_tokens: Largest size of the vocabulary, special tokens included.
        num_oov_indices: Number of indices for unknown strings: 0 refuses them, more than 1 spreads
            them by a hash.
        mask_token: String with index 0 in mode `"int"`, which counts for nothing in the others.
        oov_token: What `invert` returns for an index of the unknown.
        vocabulary: List or array of strings, or path of a file with one a line.
        idf_weights: Weights of the vocabulary for `"tf_idf"`.
        invert: Return the strings of indices instead, as an array of `str`.
        output_mode: `"int"`: `(...) -> (...)`; `"one_hot"`: `(..., 1) -> (..., tokens)`;
            `"multi_hot"`, `"count"`, `"tf_idf"`: `(batch, n) -> (batch, tokens)`.
        pad_to_max_tokens: Whether encoded outputs have `max_tokens` columns in any case.
        sparse: Only False.
        encoding: How bytes are read.
        salt: One or two integers: unknown strings are spread by SipHash, not FarmHash.

    Raises:
        ValueError: for an argument out of its range, or an unknown string without an index for it.

    >>> import torchkeras as keras
    >>> layer = keras.layers.StringLookup(vocabulary=["a", "b", "c", "d"])
    >>> layer([["a", "c", "d"], ["d", "z", "b"]])
    tensor([[1, 3, 4],
            [4, 0, 2]])
    """

    dtype = variable_dtype = compute_dtype = input_dtype = "string"  # type: ignore[assignment]
    _inverted_dtype = "string"

    def __init__(
        self,
        max_tokens: int | None = None,
        num_oov_indices: int = 1,
        mask_token: str | None = None,
        oov_token: str = "[UNK]",
        vocabulary: Any = None,
        idf_weights: Any = None,
        invert: bool = False,
        output_mode: str = "int",
        pad_to_max_tokens: bool = False,
        sparse: bool = False,
        encoding: str = "utf-8",
        name: str | None = None,
        salt: Any = None,
        **kwargs: Any,
    ) -> None:
        "".encode(encoding)  # an unknown name is refused
        self.__dict__["encoding"] = encoding
        super().__init__(
            max_tokens=max_tokens,
            num_oov_indices=num_oov_indices,
            mask_token=mask_token,
            oov_token=oov_token,
            vocabulary=vocabulary,
            idf_weights=idf_weights,
            invert=invert,
            output_mode=output_mode,
            pad_to_max_tokens=pad_to_max_tokens,
            sparse=sparse,
            name=name,
            salt=salt,
            **kwargs,
        )

    def _checked_tokens(self, vocabulary: Any) -> list[str]:
        return _vocabulary.as_list("StringLookup", vocabulary, self.encoding)

    def _rows(self, x: Any) -> list[list[str]]:
        x = self._strings(x)
        if self.output_mode != "tf_idf":
            return [x.ravel().tolist()]  # nobody asks where a document ends
        return x.reshape(-1, 1).tolist() if x.ndim < 2 else x.reshape(len(x), -1).tolist()

    def _strings(self, x: Any) -> np.ndarray:
        if isinstance(x, np.ndarray):
            return x
        if not x.numel():
            return np.empty(tuple(x.shape), object)
        raise ValueError(f"StringLookup: inputs must be strings. {received('inputs', x)}")

    def _indices(self, x: Any) -> torch.Tensor:
        x = self._strings(x)
        found = self.find(x.ravel().tolist())
        return torch.from_numpy(found.reshape(x.shape)).to(get_device())

    def find(self, strings: list[Any]) -> np.ndarray:
        """Return the index of each string of a list; they may also all be UTF-8 bytes."""
        table = self._lookup_table(bool(strings) and isinstance(strings[0], bytes))
        oov = self._first_oov if self.num_oov_indices == 1 else _UNKNOWN
        indices = np.fromiter(map(table.get, strings, repeat(oov)), np.int64, len(strings))
        if oov == _UNKNOWN:
            self._spread(strings, indices)
        return indices

    def _lookup_table(self, encoded: bool) -> dict[Any, int]:
        words = self._words
        if words.table is None:
            words.table = {t: i for i, t in enumerate(words.tokens or (), len(self._specials))}
            if self.mask_token is not None:
                words.table[self.mask_token] = 0 if self.output_mode == "int" else -1
        if encoded and words.encoded is None:
            words.encoded = dict(zip(encode(words.table), words.table.values(), strict=True))
        return words.encoded if encoded else words.table  # type: ignore[return-value]

    def _spread(self, strings: list[Any], indices: np.ndarray) -> None:
        """Give the unknown strings indices by their hash."""
        unknown = indices == _UNKNOWN
        if not unknown.any():
            return
        strings = list(compress(strings, unknown))
        if self.num_oov_indices == 0:
            raise self._no_bucket(strings)
        if isinstance(strings[0], str):
            strings = encode(strings)
        indices[unknown] = (
            _fingerprint.bins(strings, self.num_oov_indices, self.salt) + self._first_oov
        )

    def _inverted(self, x: Any) -> np.ndarray:
        if isinstance(x, np.ndarray):
            raise ValueError(f"StringLookup: with invert inputs are indices. {received('x', x)}")
        table = self._words.table
        if table is None:
            table = as_strings([*self.get_vocabulary(), self.oov_token], "StringLookup")
            self._words.table = table
        places = x.detach().cpu().numpy().astype(np.int64)
        known = (places >= 0) & (places < len(table) - 1)
        return np.asarray(table[np.where(known, places, len(table) - 1)], object)
