"""Batches for the training loop, from every source that users have."""

from .adapter import make_adapter as make_adapter
from .base import DataAdapter as DataAdapter
from .packing import pack_x_y_sample_weight as pack_x_y_sample_weight
from .packing import unpack_x_y_sample_weight as unpack_x_y_sample_weight
from .pydataset import PyDataset as PyDataset
from .slicing import to_device as to_device
from .slicing import train_validation_split as train_validation_split
