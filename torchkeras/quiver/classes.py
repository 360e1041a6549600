"""What a model's outputs mean: which have classes, what the classes are called."""

import json
from collections.abc import Sequence
from typing import Any

import torch

from torchkeras._base import config
from torchkeras.quiver.trace import Key, Trace

_IMAGENET = 1000


class Outputs:
    """The outputs of a model, read off a run of it.

    Args:
        run: Any run.
        names: Names of the classes, one a unit of the first output that has classes.

    Attributes:
        names: The names, or ImageNet's where they fit (see `imagenet`), or None.
        described: What a client has to know of each output.
        can_explain: Whether an output is one value a class.

    Raises:
        ValueError: if there are not as many names as classes.
    """

    def __init__(self, run: Trace, names: list[str] | None) -> None:
        self.described = [
            _described(run, i, y, key)
            for i, (y, key) in enumerate(zip(run.outputs, run.sources, strict=True))
        ]
        self.can_explain = any(y.dim() == 2 for y in run.outputs)
        units = next((d["units"] for d in self.described if d["kind"] == "classes"), None)
        self.names = names if names is not None or units is None else imagenet(units)
        if names is not None and units != len(names):
            raise ValueError(
                f"Quiver: classes must name each class of the model's output. Received: "
                f"{len(names)} names for {units or 'no'} classes."
            )

    def label(self, output: int, index: int) -> str:
        """Return the name of a class, or its number."""
        names = self._names_of(output)
        return names[index] if names else str(index)

    def labels(self, run: Trace, key: Key, units: int) -> list[str] | None:
        """Return the names of a call's units if it gives the classes."""
        for i, source in enumerate(run.sources):
            if source == key and units == self.described[i]["units"]:
                return self._names_of(i)
        return None

    def best(self, run: Trace, count: int) -> list[dict[str, Any]]:
        """Return the classes with the greatest values, for each output."""
        return [
            {**described, "top": self._top(described["index"], y.detach(), count)}
            for y, described in zip(run.outputs, self.described, strict=True)
        ]

    def _top(self, output: int, y: torch.Tensor, count: int) -> list[dict[str, Any]]:
        if y.dim() != 2:
            return []
        flat = y.flatten().float()
        order = torch.nan_to_num(flat, nan=-torch.inf).topk(min(count, flat.numel())).indices
        return [
            {"index": k, "label": self.label(output, k), "value": number(flat[k])}
            for k in order.tolist()
        ]

    def _names_of(self, output: int) -> list[str] | None:
        described = self.described[output]
        fit = self.names is not None and described["units"] == len(self.names)
        return self.names if fit and described["kind"] == "classes" else None


def _described(run: Trace, index: int, y: torch.Tensor, key: Key | None) -> dict[str, Any]:
    call = run.calls.get(key) if key is not None else None
    units = y.shape[-1] if y.dim() else 1
    return {
        "index": index,
        "name": call.name if call is not None else f"output_{index + 1}",
        "units": units,
        "kind": "classes" if y.dim() == 2 and units > 1 else "values",
    }


def number(value: torch.Tensor) -> float | None:
    """Return a number as JSON knows it: None for NaN and infinity."""
    x = float(value)
    return x if abs(x) != float("inf") and x == x else None


def checked(classes: Sequence[str] | None) -> list[str] | None:
    """Return the names as strings.

    Raises:
        TypeError: if they are no sequence of names.
    """
    if classes is None:
        return None
    if isinstance(classes, (str, bytes)) or not hasattr(classes, "__iter__"):
        raise TypeError(
            f"Quiver: classes must be a list of names, one an output. Received: classes={classes!r}"
        )
    return [str(name) for name in classes]


def imagenet(units: int) -> list[str] | None:
    """Return ImageNet's names if a model has as many outputs and Keras's file of them is there.

    The file is the one that `keras.applications…decode_predictions` downloads at its first use;
    the viewer downloads nothing.
    """
    if units != _IMAGENET:
        return None
    try:
        text = (config.home() / "models" / "imagenet_class_index.json").read_text()
        index = json.loads(text)
        return [str(index[str(i)][1]) for i in range(_IMAGENET)]
    except (OSError, ValueError, KeyError, IndexError, TypeError, RuntimeError):
        return None
