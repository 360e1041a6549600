"""The distribution in use."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch

from torchkeras._base.check import received
from torchkeras.core.tensor import convert_to_tensor
from torchkeras.distribution.mesh import DeviceMesh, TensorLayout, only_device


class Distribution:
    """Base of the ways of spreading work over the devices of a mesh.

    Args:
        device_mesh: The mesh.
        batch_dim_name: Its axis that batches lie along.
        auto_shard_dataset: Whether datasets are shared out to the processes.
    """

    def __init__(
        self,
        device_mesh: DeviceMesh,
        batch_dim_name: str | None = None,
        auto_shard_dataset: bool = True,
    ) -> None:
        self._device_mesh = device_mesh
        self._batch_dim_name = batch_dim_name
        self._auto_shard_dataset = auto_shard_dataset

    @property
    def device_mesh(self) -> DeviceMesh:
        """The mesh."""
        return self._device_mesh

    @property
    def batch_dim_name(self) -> str | None:
        """Axis of the mesh that batches lie along."""
        return self._batch_dim_name

    @property
    def auto_shard_dataset(self) -> bool:
        """Whether datasets are shared out to the processes."""
        return self._auto_shard_dataset

    @auto_shard_dataset.setter
    def auto_shard_dataset(self, value: bool) -> None:
        self._auto_shard_dataset = value

    @contextmanager
    def scope(self) -> Iterator[None]:
        """Use this distribution within a `with` block."""
        before = distribution()
        set_distribution(self)
        try:
            yield
        finally:
            _Current.distribution = before

    def __repr__(self) -> str:
        return f"<{type(self).__name__} device_mesh={self._device_mesh}>"


class _Current:
    distribution: Distribution | None = None


def distribution() -> Distribution | None:
    """Return the distribution in use, or None."""
    return _Current.distribution


def set_distribution(value: Distribution | None) -> None:
    """Use a distribution from now on; None ends it.

    Raises:
        ValueError: for anything else.
        RuntimeError: for a mesh of several devices.
    """
    if value is not None:
        if not isinstance(value, Distribution):
            raise ValueError(
                "set_distribution: value must be a Distribution or None. "
                f"{received('value', value)}"
            )
        only_device(value.device_mesh)
    _Current.distribution = value


def distribute_tensor(tensor: Any, layout: TensorLayout) -> torch.Tensor:
    """Return a tensor on the device of a layout's mesh.

    Raises:
        ValueError: for a layout that is not the tensor's.
        RuntimeError: for a mesh of several devices.

    >>> import torchkeras as keras
    >>> mesh = keras.distribution.DeviceMesh((1,), ["batch"], ["cpu:0"])
    >>> layout = keras.distribution.TensorLayout(("batch", None), mesh)
    >>> keras.distribution.distribute_tensor([[1.0, 2.0]], layout)
    tensor([[1., 2.]])
    """
    if not isinstance(layout, TensorLayout):
        raise ValueError(
            f"distribute_tensor: layout must be a TensorLayout. {received('layout', layout)}"
        )
    tensor = convert_to_tensor(tensor)
    if len(layout.axes) != tensor.ndim:
        raise ValueError(
            "distribute_tensor: layout must have an entry for each axis of the tensor. "
            f"Received: axes={layout.axes}, shape={tuple(tensor.shape)}."
        )
    return tensor.to(layout.backend_layout)
