"""Samples of a calibration: pieces of equal length out of a text or a row of tokens."""

from collections.abc import Iterable
from typing import Any

import numpy as np
import torch

from torchkeras._base.check import received
from torchkeras.core.tensor import convert_to_numpy


def samples(
    owner: str, dataset: Any, tokenizer: Any, count: int, length: int
) -> list[torch.Tensor]:
    """Return `count` tensors of int32 tokens, each of shape `(1, length)`.

    All samples of the dataset are joined; the pieces start at equal distances from its start.
    A dataset with too few tokens is repeated.

    Args:
        owner: Name in errors.
        dataset: Iterable of strings, or of arrays or lists of tokens.
        tokenizer: Has a method `tokenize`, or is a function, from a string to tokens.
        count: Number of pieces.
        length: Tokens of a piece.

    Raises:
        ValueError: without dataset or tokenizer, or for an empty dataset.
        TypeError: if the dataset is a string, or nothing that can be iterated over.
    """
    if dataset is None or tokenizer is None:
        raise ValueError(
            f"{owner}: a dataset and a tokenizer are needed. "
            f"{received('dataset', dataset)} {received('tokenizer', tokenizer)}"
        )
    if isinstance(dataset, str) or not isinstance(dataset, Iterable):
        raise TypeError(
            f"{owner}: dataset must be an iterable of strings or tokens. "
            f"{received('dataset', dataset)}"
        )
    tokenize = getattr(tokenizer, "tokenize", tokenizer)
    parts = [tokenize(part) if isinstance(part, str) else part for part in dataset]
    rows = [np.asarray(convert_to_numpy(part)).reshape(-1) for part in parts]
    tokens = np.concatenate(rows) if rows else np.zeros(0)
    if not tokens.size:
        raise ValueError(f"{owner}: dataset is empty. {received('dataset', dataset)}")
    tokens = np.tile(tokens, max(1, -(-count * length // tokens.size))).astype("int32")
    step = (tokens.size - length + 1) // count
    pieces = [tokens[None, i * step : i * step + length] for i in range(count)]
    return [torch.from_numpy(piece.copy()) for piece in pieces]
