"""Distribution under Keras's names: devices, meshes, layouts, strategies."""

from torchkeras.distribution.current import distribute_tensor as distribute_tensor
from torchkeras.distribution.current import distribution as distribution
from torchkeras.distribution.current import set_distribution as set_distribution
from torchkeras.distribution.devices import get_device_count as get_device_count
from torchkeras.distribution.devices import initialize as initialize
from torchkeras.distribution.devices import list_devices as list_devices
from torchkeras.distribution.layout_map import LayoutMap as LayoutMap
from torchkeras.distribution.mesh import DeviceMesh as DeviceMesh
from torchkeras.distribution.mesh import TensorLayout as TensorLayout
from torchkeras.distribution.strategies import DataParallel as DataParallel
from torchkeras.distribution.strategies import ModelParallel as ModelParallel
