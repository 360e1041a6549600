"""DeviceMesh and TensorLayout: devices in a grid, and a tensor's axes along those of the grid."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch

from torchkeras._base.check import received
from torchkeras.distribution.devices import list_devices


class DeviceMesh:
    """Devices in a grid whose axes have names.

    Args:
        shape: Sizes of the axes, `(2, 4)`.
        axis_names: Their names.
        devices: As many devices; default: those of `list_devices()`.

    Raises:
        ValueError: if these do not fit each other.

    >>> import torchkeras as keras
    >>> keras.distribution.DeviceMesh((1,), ["batch"], ["cpu:0"])
    <DeviceMesh shape=(1,), axis_names=['batch']>
    """

    def __init__(
        self, shape: Sequence[int], axis_names: Sequence[str], devices: Any = None
    ) -> None:
        if not shape or not axis_names:
            raise ValueError(
                "DeviceMesh: shape and axis_names cannot be empty. "
                f"Received: shape={shape}, axis_names={axis_names}."
            )
        if len(shape) != len(axis_names):
            raise ValueError(
                "DeviceMesh: shape and axis_names must have the same size. "
                f"Received: shape={shape}, axis_names={axis_names}."
            )
        found = np.array(list_devices() if devices is None else devices)
        if int(np.prod(shape)) != found.size:
            raise ValueError(
                "DeviceMesh: shape must be that of the number of devices. "
                f"Received: shape={shape}, {found.size} devices."
            )
        self._shape, self._axis_names = shape, axis_names
        self._devices = found.reshape(shape)

    @property
    def shape(self) -> Sequence[int]:
        """Sizes of the axes."""
        return self._shape

    @property
    def axis_names(self) -> Sequence[str]:
        """Names of the axes."""
        return self._axis_names

    @property
    def devices(self) -> np.ndarray:
        """Names of the devices, in the shape of the mesh."""
        return self._devices

    @property
    def backend_mesh(self) -> torch.device:
        """torch's device of a mesh of one.

        Raises:
            RuntimeError: for more of them.
        """
        kind, _, index = only_device(self).lower().partition(":")
        return torch.device("cuda", int(index or 0)) if kind == "gpu" else torch.device(kind)

    def __repr__(self) -> str:
        return f"<DeviceMesh shape={self._shape}, axis_names={self._axis_names}>"


def only_device(mesh: DeviceMesh) -> str:
    """Return the device of a mesh of one; an error for others says what there is instead."""
    if mesh.devices.size != 1:
        raise RuntimeError(
            "torchkeras works on one device a process: neither the batch nor the weights are "
            f"spread over the {mesh.devices.size} of {mesh}. Train the model, which is a "
            "torch.nn.Module, in a torch loop within "
            "torch.nn.parallel.DistributedDataParallel or FSDP."
        )
    return str(mesh.devices.flat[0])


class TensorLayout:
    """The axis of a mesh that each axis of a tensor lies along; None where it is not split.

    Args:
        axes: Names, or None, for each axis of the tensor.
        device_mesh: The mesh; it can be set once later.

    Raises:
        ValueError: for names that the mesh does not have.

    >>> import torchkeras as keras
    >>> keras.distribution.TensorLayout(("batch", None)).axes
    ('batch', None)
    """

    def __init__(self, axes: Sequence[str | None], device_mesh: DeviceMesh | None = None) -> None:
        self._axes = tuple(axes)
        self._device_mesh = device_mesh
        self._validate()

    @property
    def axes(self) -> tuple[str | None, ...]:
        """Name of the mesh's axis, or None, for each axis."""
        return self._axes

    @property
    def device_mesh(self) -> DeviceMesh | None:
        """The mesh, or None."""
        return self._device_mesh

    @device_mesh.setter
    def device_mesh(self, device_mesh: DeviceMesh) -> None:
        if self._device_mesh is not None:
            raise ValueError(
                f"TensorLayout: device_mesh is set already, to {self._device_mesh}. "
                f"{received('device_mesh', device_mesh)}"
            )
        self._device_mesh = device_mesh
        self._validate()

    @property
    def backend_layout(self) -> torch.device:
        """torch's device of a mesh of one, where nothing can be split."""
        if self._device_mesh is None:
            raise ValueError("TensorLayout: backend_layout needs a device_mesh. Set it before.")
        return self._device_mesh.backend_mesh

    def _validate(self) -> None:
        if self._device_mesh is None:
            return
        valid, given = set(self._device_mesh.axis_names), set(self._axes) - {None}
        if given - valid:
            raise ValueError(
                f"TensorLayout: axes must be of the mesh's axes {sorted(valid)}. "
                f"{received('axes', self._axes)}"
            )

    def __repr__(self) -> str:
        return f"<TensorLayout axes={self._axes}, device_mesh={self._device_mesh}>"
