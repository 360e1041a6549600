"""The global random streams of Python, NumPy and torch: where they stand, and back to there."""

import random
from typing import Any

import numpy as np
import torch

_PYTHON_CELLS, _NUMPY_CELLS = 625, 624


def capture() -> dict[str, Any]:
    """Return where all streams stand, as numbers and arrays.

    NumPy's is None if the program has put another kind of generator in its place.

    >>> before = capture()
    >>> first = random.random(), np.random.rand(), torch.rand(()).item()
    >>> restore(before)
    >>> first == (random.random(), np.random.rand(), torch.rand(()).item())
    True
    """
    version, cells, gauss = random.getstate()
    found: dict[str, Any] = {
        "python": {"version": version, "cells": np.array(cells, np.uint32), "gauss": gauss},
        "numpy": None,
        "torch": torch.get_rng_state().numpy(),
        "cuda": [],
    }
    legacy = np.random.get_state(legacy=False)
    if legacy["bit_generator"] == "MT19937":
        found["numpy"] = {
            "cells": legacy["state"]["key"],
            "position": int(legacy["state"]["pos"]),
            "has_gauss": int(legacy["has_gauss"]),
            "gauss": float(legacy["gauss"]),
        }
    if torch.cuda.is_available() and torch.cuda.is_initialized():
        found["cuda"] = [state.numpy() for state in torch.cuda.get_rng_state_all()]
    return found


def check(state: Any) -> None:
    """Refuse what `capture` cannot have given.

    Raises:
        ValueError: that names the stream.
    """
    if not isinstance(state, dict) or set(state) != {"python", "numpy", "torch", "cuda"}:
        raise ValueError("the random streams must be those of python, numpy, torch and cuda.")
    python, numpy = state["python"], state["numpy"]
    now = random.getstate()
    if (
        not isinstance(python, dict)
        or python.get("version") != now[0]
        or not _is_array(python.get("cells"), np.uint32, _PYTHON_CELLS)
        or int(python["cells"][-1]) >= _PYTHON_CELLS
        or not isinstance(python.get("gauss"), (float, type(None)))
    ):
        raise ValueError("the random stream of python is malformed.")
    if numpy is not None and (
        not isinstance(numpy, dict)
        or not _is_array(numpy.get("cells"), np.uint32, _NUMPY_CELLS)
        or type(numpy.get("position")) is not int
        or not 0 <= numpy["position"] <= _NUMPY_CELLS
        or numpy.get("has_gauss") not in (0, 1)
        or not isinstance(numpy.get("gauss"), float)
    ):
        raise ValueError("the random stream of numpy is malformed.")
    size = torch.get_rng_state().numel()
    if not _is_array(state["torch"], np.uint8, size):
        raise ValueError("the random stream of torch is malformed.")
    try:
        torch.Generator().set_state(torch.from_numpy(state["torch"].copy()))
    except RuntimeError as e:
        raise ValueError("the random stream of torch is malformed.") from e
    cuda = state["cuda"]
    if not isinstance(cuda, list) or any(
        not isinstance(a, np.ndarray) or a.dtype != np.uint8 or a.ndim != 1 for a in cuda
    ):
        raise ValueError("the random streams of cuda are malformed.")


def restore(state: dict[str, Any]) -> None:
    """Set all streams to where `capture` saw them."""
    python, numpy = state["python"], state["numpy"]
    random.setstate((python["version"], tuple(python["cells"].tolist()), python["gauss"]))
    if numpy is not None:
        np.random.set_state(
            ("MT19937", numpy["cells"], numpy["position"], numpy["has_gauss"], numpy["gauss"])
        )
    torch.set_rng_state(torch.from_numpy(state["torch"].copy()))
    if state["cuda"] and torch.cuda.is_available():
        # On a machine with fewer devices, those that exist.
        for device, value in zip(range(torch.cuda.device_count()), state["cuda"], strict=False):
            torch.cuda.set_rng_state(torch.from_numpy(value.copy()), device)


def _is_array(value: Any, dtype: Any, size: int) -> bool:
    return isinstance(value, np.ndarray) and value.dtype == dtype and value.shape == (size,)
