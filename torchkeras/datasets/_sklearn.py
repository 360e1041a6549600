"""Datasets that scikit-learn ships: no network is needed."""

from typing import Any

import numpy as np

from torchkeras._base.optional import require


def load(
    name: str, test_split: float, seed: int
) -> tuple[tuple[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]]:
    """Return a dataset in Keras's form, classes in equal shares in both parts."""
    if not 0 < test_split < 1:
        raise ValueError(f"{name}.load_data: test_split must be in (0, 1). Received: {test_split}.")
    found: Any = getattr(require("sklearn.datasets", "sklearn"), f"load_{name}")()
    x = found.images if name == "digits" else found.data
    y = found.target
    classes = y if y.dtype.kind == "i" else None
    select = require("sklearn.model_selection", "sklearn")
    x, x_test, y, y_test = select.train_test_split(
        np.asarray(x, "float32"),
        y if classes is not None else np.asarray(y, "float32"),
        test_size=test_split,
        random_state=seed,
        stratify=classes,
    )
    return (x, y), (x_test, y_test)
