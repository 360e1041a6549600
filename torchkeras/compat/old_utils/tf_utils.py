"""What `keras.utils` of tf.keras had alone: ordinal labels, embeddings of another vocabulary."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import torch

from torchkeras import initializers
from torchkeras._base.check import positive_int, received
from torchkeras.core.dtypes import is_float, standardize_dtype
from torchkeras.core.tensor import convert_to_numpy, convert_to_tensor


def to_ordinal(y: Any, num_classes: int | None = None, dtype: str = "float32") -> np.ndarray:
    """Turn class numbers into ordinal rows: entry `k` is 1 if the class is above `k`.

    Shapes: `(...,) -> (..., num_classes - 1)`; a last dimension of 1 is dropped first.

    Args:
        y: Whole numbers from 0 to `num_classes - 1`.
        num_classes: Default: the largest of `y`, plus 1.
        dtype: Of the result.

    Raises:
        ValueError: if an entry is no whole number within the range.

    >>> to_ordinal([0, 1, 3])
    array([[0., 0., 0.],
           [1., 0., 0.],
           [1., 1., 1.]], dtype=float32)
    """
    labels = np.asarray(convert_to_numpy(y))
    if labels.dtype.kind not in "biuf":
        raise ValueError(
            f"to_ordinal: y must hold whole numbers, not {labels.dtype}. {received('y', y)}"
        )
    if labels.ndim > 1 and labels.shape[-1] == 1:
        labels = labels.reshape(labels.shape[:-1])
    if num_classes is not None:
        num_classes = positive_int("to_ordinal", "num_classes", num_classes)
    elif labels.size == 0:
        raise ValueError(f"to_ordinal: num_classes is needed when y is empty. {received('y', y)}")
    else:
        num_classes = int(labels.max()) + 1
    if not ((labels >= 0) & (labels < num_classes) & (labels == np.floor(labels))).all():
        raise ValueError(
            f"to_ordinal: y must hold whole numbers from 0 to num_classes - 1, and num_classes is "
            f"{num_classes}. {received('y', y)}"
        )
    return (labels[..., None] > np.arange(num_classes - 1)).astype(dtype)


def warmstart_embedding_matrix(
    base_vocabulary: Any,
    new_vocabulary: Any,
    base_embeddings: Any,
    new_embeddings_initializer: Any = "uniform",
) -> torch.Tensor:
    """Return the embeddings of a new vocabulary: known words keep theirs.

    Args:
        base_vocabulary: Words of `base_embeddings`: a list, an array, or the path of a file with
            one word a line. Of a word that comes twice the last row counts.
        new_vocabulary: Words of the result, likewise.
        base_embeddings: Matrix of shape `(words, size)`.
        new_embeddings_initializer: Makes the rows of the words that are new.

    Raises:
        ValueError: for an empty vocabulary, or one with more words than there are embeddings.

    >>> warmstart_embedding_matrix(["a", "b"], ["b", "c"], [[1.0], [2.0]], "zeros")
    tensor([[2.],
            [0.]])
    """
    base, new = _words("base", base_vocabulary), _words("new", new_vocabulary)
    known = convert_to_tensor(base_embeddings).detach()
    if known.ndim != 2 or len(known) < len(base):
        raise ValueError(
            f"warmstart_embedding_matrix: base_embeddings must have the shape ({len(base)}, size), "
            f"a row for each word. Received: shape={tuple(known.shape)}."
        )
    make = initializers.get(new_embeddings_initializer or "uniform")
    dtype = standardize_dtype(known.dtype)
    shape = (len(new), known.shape[1])
    found = convert_to_tensor(make(shape, dtype=dtype) if is_float(dtype) else make(shape))
    found = found.detach().to(known.dtype, copy=True)
    row_of = {word: row for row, word in enumerate(base)}
    kept = [(i, row_of[word]) for i, word in enumerate(new) if word in row_of]
    if kept:
        to, source = zip(*kept, strict=True)
        found[list(to)] = known[list(source)]
    return found


def _words(which: str, vocabulary: Any) -> list[Any]:
    if isinstance(vocabulary, (str, Path)):
        vocabulary = Path(vocabulary).read_text(encoding="utf-8").splitlines()
    elif hasattr(vocabulary, "numpy"):
        vocabulary = vocabulary.numpy()
    words = list(vocabulary) if isinstance(vocabulary, Iterable) else []
    if not words:
        raise ValueError(
            f"warmstart_embedding_matrix: {which}_vocabulary must be a list of words, or the path "
            f"of a file with one a line. {received(f'{which}_vocabulary', vocabulary)}"
        )
    return [word.decode() if isinstance(word, bytes) else word for word in words]
