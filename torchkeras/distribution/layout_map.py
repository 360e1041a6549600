"""LayoutMap: layouts by patterns of variables' paths."""

import re
from collections.abc import Iterator, MutableMapping
from typing import Any

from torchkeras._base.check import received
from torchkeras.distribution.mesh import DeviceMesh, TensorLayout


class LayoutMap(MutableMapping[str, Any]):
    """Pattern of a path -> TensorLayout; a look-up gives the layout whose pattern is the path's.

    Args:
        device_mesh: Mesh of the layouts; a tuple of axes becomes a layout on it.

    Raises:
        ValueError: for a pattern given twice, for what is no layout, and for a path that
            several patterns describe.

    >>> import torchkeras as keras
    >>> mesh = keras.distribution.DeviceMesh((1,), ["model"], ["cpu:0"])
    >>> layouts = keras.distribution.LayoutMap(mesh)
    >>> layouts[".*dense.*kernel"] = (None, "model")
    >>> layouts["net/dense_1/kernel"].axes
    (None, 'model')
    >>> layouts["net/dense_1/bias"] is None
    True
    """

    def __init__(self, device_mesh: DeviceMesh | None) -> None:
        self._device_mesh = device_mesh
        self._layouts: dict[str, TensorLayout] = {}

    @property
    def device_mesh(self) -> DeviceMesh | None:
        """Mesh of the layouts."""
        return self._device_mesh

    def __getitem__(self, key: str) -> TensorLayout | None:
        if key in self._layouts:
            return self._layouts[key]
        found = [k for k in self._layouts if re.fullmatch(k, key)]
        if len(found) > 1:
            raise ValueError(f"LayoutMap: path {key!r} is described by several patterns: {found}.")
        return self._layouts[found[0]] if found else None

    def __setitem__(self, key: str, layout: Any) -> None:
        if key in self._layouts:
            raise ValueError(f"LayoutMap: {key!r} has the layout {self._layouts[key]} already.")
        if isinstance(layout, (tuple, list)):
            layout = TensorLayout(tuple(layout), self._device_mesh)
        if not isinstance(layout, TensorLayout):
            raise ValueError(
                f"LayoutMap: a value must be a TensorLayout or a tuple. {received(key, layout)}"
            )
        if layout.device_mesh is None and self._device_mesh is not None:
            layout.device_mesh = self._device_mesh
        self._layouts[key] = layout

    def __delitem__(self, key: str) -> None:
        del self._layouts[key]

    def pop(self, key: str, *default: Any) -> Any:
        """Take a pattern and its layout out."""
        return self._layouts.pop(key, *default)

    def __len__(self) -> int:
        return len(self._layouts)

    def __iter__(self) -> Iterator[str]:
        return iter(self._layouts)
