from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import pytest

import torchkeras
from oracle import assert_close, clear_names, copy_weights, to_numpy


def _twins(build: Callable[[Any], Any]) -> tuple[Any, Any]:
    """The same model of both libraries, with equal names and weights."""
    models = []
    for lib in (torchkeras, keras):
        clear_names()
        np.random.seed(3)
        models.append(build(lib))
    ours, theirs = models
    copy_weights(theirs, ours)
    return ours, theirs


def _orders(tree: Any) -> Any:
    """Keys of dicts, in their order."""
    if isinstance(tree, dict):
        return [(k, _orders(v)) for k, v in tree.items()]
    return [_orders(v) for v in tree] if isinstance(tree, (list, tuple)) else None


def _both(build: Callable, run: Callable, rtol: float = 1e-5, atol: float = 1e-6) -> Any:
    """Hold what `run(lib, model)` returns, and the weights after it, to real Keras's."""
    ours, theirs = _twins(build)
    want, got = run(keras, theirs), run(torchkeras, ours)
    want, got = (getattr(r, "history", r) for r in (want, got))
    assert _orders(got) == _orders(want)
    assert_close(to_numpy(got), to_numpy(want), rtol, atol, "results")
    assert_close(ours.get_weights(), theirs.get_weights(), 5 * rtol, 5 * atol, "weights")
    return ours, theirs, got, want


@pytest.fixture(scope="session")
def twins() -> Callable:
    return _twins


@pytest.fixture(scope="session")
def both() -> Callable:
    return _both


@pytest.fixture(autouse=True)
def _clean():
    yield
    clear_names()
