"""IntegerLookup: whole numbers to their places in a vocabulary."""

from typing import Any

import numpy as np
import torch

from torchkeras._base.check import received
from torchkeras.core.registry import LAYERS
from torchkeras.layers.preprocessing import _fingerprint, _vocabulary
from torchkeras.layers.preprocessing._index_lookup import IndexLookup

_DENSE = 16  # entries of a table by number, at most so many times the vocabulary's size
_ABSENT = -2


@LAYERS.register()
class IntegerLookup(IndexLookup):
    """Turns whole numbers into their indices in a vocabulary, which is given or learned by `adapt`.

    Args:
        max_tokens: Largest size of the vocabulary, special tokens included.
        num_oov_indices: Number of indices for unknown numbers: 0 refuses them, more than 1 spreads
            them by `oov_method`.
        mask_token: Number with index 0 in mode `"int"`, which counts for nothing in the others.
        oov_token: What `invert` returns for an index of the unknown.
        vocabulary: List, array or tensor of numbers, or path of a file with one a line.
        vocabulary_dtype: Only `"int64"`.
        idf_weights: Weights of the vocabulary for `"tf_idf"`.
        invert: Return the numbers of indices instead.
        output_mode: `"int"`: `(...) -> (...)`; `"one_hot"`: `(..., 1) -> (..., tokens)`;
            `"multi_hot"`, `"count"`, `"tf_idf"`: `(batch, n) -> (batch, tokens)`.
        sparse: Only False.
        pad_to_max_tokens: Whether encoded outputs have `max_tokens` columns in any case.
        oov_method: `"floormod"`: the remainder by `num_oov_indices`; `"farmhash"`: by a hash.
        salt: One or two integers: SipHash in the place of FarmHash.

    Raises:
        ValueError: for an argument out of its range, or an unknown number without an index for it.

    >>> import torch, torchkeras as keras
    >>> layer = keras.layers.IntegerLookup(vocabulary=[12, 36, 1138, 42])
    >>> layer(torch.tensor([[12, 1138, 42], [42, 1000, 36]]))
    tensor([[1, 3, 4],
            [4, 0, 2]])
    """

    dtype = variable_dtype = compute_dtype = input_dtype = "int64"  # type: ignore[assignment]
    takes_strings = False
    _inverted_dtype = "int64"

    def __init__(
        self,
        max_tokens: int | None = None,
        num_oov_indices: int = 1,
        mask_token: int | None = None,
        oov_token: int = -1,
        vocabulary: Any = None,
        vocabulary_dtype: str = "int64",
        idf_weights: Any = None,
        invert: bool = False,
        output_mode: str = "int",
        sparse: bool = False,
        pad_to_max_tokens: bool = False,
        oov_method: str = "floormod",
        salt: Any = None,
        name: str | None = None,
        **kwargs: Any,
    ) -> None:
        if vocabulary_dtype != "int64":
            raise ValueError(
                "IntegerLookup: only vocabulary_dtype='int64' is supported. "
                f"{received('vocabulary_dtype', vocabulary_dtype)}"
            )
        if salt is not None and oov_method != "farmhash":
            raise ValueError(
                "IntegerLookup: salt can only be used when oov_method='farmhash'. "
                f"{received('oov_method', oov_method)}"
            )
        for key, token in (("mask_token", mask_token), ("oov_token", oov_token)):
            if token is not None and not isinstance(token, (int, np.integer)):
                raise TypeError(f"IntegerLookup: {key} must be an integer. {received(key, token)}")
        super().__init__(
            max_tokens=max_tokens,
            num_oov_indices=num_oov_indices,
            mask_token=mask_token,
            oov_token=oov_token,
            vocabulary=vocabulary,
            idf_weights=idf_weights,
            invert=invert,
            output_mode=output_mode,
            sparse=sparse,
            pad_to_max_tokens=pad_to_max_tokens,
            oov_method=oov_method,
            salt=salt,
            name=name,
            **kwargs,
        )
        self.vocabulary_dtype = vocabulary_dtype

    def _checked_tokens(self, vocabulary: Any) -> list[int]:
        return _vocabulary.as_integers("IntegerLookup", vocabulary)

    def _integers(self, x: Any) -> torch.Tensor:
        if isinstance(x, np.ndarray):
            raise TypeError(f"IntegerLookup: inputs must be whole numbers. {received('inputs', x)}")
        return x if x.dtype == torch.int64 else x.to(torch.int64)

    def _rows(self, x: Any) -> list[list[int]]:
        x = self._integers(x).detach().cpu()
        return x.reshape(-1, 1).tolist() if x.ndim < 2 else x.reshape(len(x), -1).tolist()

    def update_state(self, data: Any) -> None:
        """Count the numbers of a batch."""
        if self.output_mode == "tf_idf":
            super().update_state(data)
            return
        self._check_adaptable()
        values, counts = self._integers(self._input(data)).unique(return_counts=True)
        known = self._counts.tokens
        for value, count in zip(values.tolist(), counts.tolist(), strict=True):
            known[value] += count

    def _search(self, device: torch.device) -> tuple[torch.Tensor, torch.Tensor]:
        """Return the sorted numbers and their indices, on the device of the inputs.

        If the numbers lie close together, it is the first and last of them, and the indices of all
        that lie between; -2 for those that are not in the vocabulary.
        """
        tables = self._words.table
        if tables is None:
            tables = self._words.table = {}
        if device not in tables:
            keys = list(self._words.tokens or ())
            indices = list(range(len(self._specials), len(self._specials) + len(keys)))
            if self.mask_token is not None:
                keys.append(self.mask_token)
                indices.append(0 if self.output_mode == "int" else -1)
            sorted_keys, order = torch.tensor(keys, dtype=torch.int64).sort()
            places = torch.tensor(indices, dtype=torch.int64)[order]
            span = max(keys) - min(keys) + 1 if len(keys) > 2 else 0
            if 0 < span <= _DENSE * len(keys):
                dense = torch.full((span,), _ABSENT)
                dense[sorted_keys - min(keys)] = places
                tables[device] = (sorted_keys[[0, -1]], dense.to(device))  # ends stay on the CPU
            else:
                tables[device] = (sorted_keys.to(device), places.to(device))
        return tables[device]

    def _indices(self, x: Any) -> torch.Tensor:
        x = self._integers(x)
        keys, indices = self._search(x.device)
        if not len(keys):
            known, out = torch.zeros_like(x, dtype=torch.bool), x
        elif len(indices) > len(keys):
            inside = x.clamp(*keys.tolist())
            out = indices[inside - keys[0]]
            known = (out != _ABSENT) & (inside == x)
        else:
            place = torch.searchsorted(keys, x).clamp_(max=len(keys) - 1)
            known, out = keys[place] == x, indices[place]
        if self.num_oov_indices == 1:
            return torch.where(known, out, self._first_oov)
        if self.num_oov_indices == 0:
            if not bool(known.all()):
                raise self._no_bucket(x[~known].tolist())
            return out
        return torch.where(known, out, self._spread(x, known) + self._first_oov)

    def _spread(self, x: torch.Tensor, known: torch.Tensor) -> torch.Tensor:
        if self.oov_method == "floormod":
            return x.remainder(self.num_oov_indices)
        out = torch.zeros_like(x)
        texts = [b"%d" % v for v in x[~known].tolist()]
        bins = _fingerprint.bins(texts, self.num_oov_indices, self.salt)
        out[~known] = torch.from_numpy(bins).to(x.device)
        return out

    def _inverted(self, x: Any) -> torch.Tensor:
        x = self._integers(x)
        tokens = torch.tensor([*self.get_vocabulary(), self.oov_token], device=x.device)
        known = (x >= 0) & (x < len(tokens) - 1)
        return tokens[torch.where(known, x, len(tokens) - 1)]
