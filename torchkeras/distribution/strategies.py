"""DataParallel and ModelParallel: what lies where on a mesh."""

import math
import warnings
from collections.abc import Sequence
from typing import Any

from torchkeras._base.check import received
from torchkeras.distribution.current import Distribution
from torchkeras.distribution.devices import list_devices, rank, world_size
from torchkeras.distribution.layout_map import LayoutMap
from torchkeras.distribution.mesh import DeviceMesh, TensorLayout


class _Parallel(Distribution):
    """What both have: batches along one axis of the mesh, processes that share them."""

    @property
    def num_processes(self) -> int:
        """Number of processes of the job."""
        return world_size()

    @property
    def data_shard_id(self) -> int:
        """Which share of the data is that of this process."""
        shares = min(self.num_model_replicas, self.num_processes)  # processes may share a replica
        return rank() * shares // self.num_processes

    @property
    def num_model_replicas(self) -> int:
        """Number of copies of the model, each with a share of the batch."""
        axis = list(self.device_mesh.axis_names).index(self.batch_dim_name)
        return self.device_mesh.shape[axis]

    def get_data_layout(self, data_shape: Sequence[int | None]) -> TensorLayout:
        """Return the layout of data: split along the first axis."""
        axes = [self.batch_dim_name, *[None] * (len(data_shape) - 1)]
        return TensorLayout(axes, self.device_mesh)

    def get_tensor_layout(self, path: str) -> TensorLayout | None:
        """Return the layout of a tensor within a model, or None."""
        return None

    def get_variable_layout(self, variable: Any) -> TensorLayout:
        """Return the layout of a variable: its own, or one that splits nothing."""
        own = getattr(variable, "_layout", None)
        return own or TensorLayout([None] * len(variable.shape), self.device_mesh)

    def distribute_dataset(self, dataset: Any) -> Any:
        """Return what this process shall read of a dataset.

        Raises:
            RuntimeError: if it would have to be shared out to several processes.
        """
        if self.num_processes > 1 and self.auto_shard_dataset:
            raise RuntimeError(
                f"{type(self).__name__}: a dataset is not shared out to processes. Give each its "
                "share (torch.utils.data.DistributedSampler), and auto_shard_dataset=False."
            )
        return dataset


class DataParallel(_Parallel):
    """Every device has all weights and a share of the batch.

    Args:
        device_mesh: Mesh; the first axis is the batch's.
        devices: Devices of a mesh of one axis, `"batch"`, instead; default: `list_devices()`.
        auto_shard_dataset: Whether datasets are shared out to the processes.

    Raises:
        ValueError: for something else as a mesh.

    >>> import torchkeras as keras
    >>> with keras.distribution.DataParallel(devices=["cpu:0"]).scope():
    ...     model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(2)])
    """

    def __init__(
        self,
        device_mesh: DeviceMesh | None = None,
        devices: Sequence[str] | None = None,
        auto_shard_dataset: bool = True,
    ) -> None:
        if device_mesh is None:
            found = list_devices() if devices is None else list(devices)
            device_mesh = DeviceMesh((len(found),), ["batch"], found)
        if not isinstance(device_mesh, DeviceMesh):
            raise ValueError(
                "DataParallel: device_mesh must be a DeviceMesh. "
                f"{received('device_mesh', device_mesh)}"
            )
        if len(device_mesh.shape) > 1:
            warnings.warn(
                f"DataParallel: of the axes {list(device_mesh.axis_names)} of the mesh only the "
                "first is used.",
                stacklevel=2,
            )
        super().__init__(device_mesh, device_mesh.axis_names[0], auto_shard_dataset)

    @property
    def num_model_replicas(self) -> int:
        """Number of devices: each has a copy."""
        return math.prod(self.device_mesh.shape)


class ModelParallel(_Parallel):
    """Weights are split as a map says, batches along one axis of the mesh.

    Args:
        layout_map: Layouts by paths; its mesh is the distribution's.
        batch_dim_name: Axis of the mesh that batches lie along; default: the first.
        auto_shard_dataset: Whether datasets are shared out to the processes.

    Raises:
        ValueError: without a LayoutMap with a mesh, or for an axis that it does not have.

    >>> import torchkeras as keras
    >>> mesh = keras.distribution.DeviceMesh((1, 1), ["batch", "model"], ["cpu:0"])
    >>> layouts = keras.distribution.LayoutMap(mesh)
    >>> keras.distribution.ModelParallel(layout_map=layouts).batch_dim_name
    'batch'
    """

    def __init__(
        self,
        *,
        layout_map: LayoutMap | None = None,
        batch_dim_name: str | None = None,
        auto_shard_dataset: bool = True,
        **kwargs: Any,
    ) -> None:
        kwargs.pop("device_mesh", None)  # Keras takes it, and the map's
        if kwargs:
            raise TypeError(f"ModelParallel: unknown arguments {sorted(kwargs)}.")
        if not isinstance(layout_map, LayoutMap) or layout_map.device_mesh is None:
            raise ValueError(
                "ModelParallel: layout_map must be a LayoutMap with a device_mesh. "
                f"{received('layout_map', layout_map)}"
            )
        mesh = layout_map.device_mesh
        name = mesh.axis_names[0] if batch_dim_name is None else batch_dim_name
        if name not in mesh.axis_names:
            raise ValueError(
                f"ModelParallel: batch_dim_name must be one of {list(mesh.axis_names)}. "
                f"{received('batch_dim_name', batch_dim_name)}"
            )
        super().__init__(mesh, name, auto_shard_dataset)
        self._layout_map = layout_map

    def get_variable_layout(self, variable: Any) -> TensorLayout:
        """Return the layout of a variable: its own, the map's, or one that splits nothing."""
        own = getattr(variable, "_layout", None) or self._layout_map[variable.path]
        return own or super().get_variable_layout(variable)

    def get_tensor_layout(self, path: str) -> TensorLayout | None:
        """Return the map's layout of a path, or None."""
        return self._layout_map[path]
