"""Layers of several inputs and one output."""

from torchkeras.layers.merging.concatenate import Concatenate as Concatenate
from torchkeras.layers.merging.merge import Add as Add
from torchkeras.layers.merging.merge import Average as Average
from torchkeras.layers.merging.merge import Maximum as Maximum
from torchkeras.layers.merging.merge import Minimum as Minimum
from torchkeras.layers.merging.merge import Multiply as Multiply
from torchkeras.layers.merging.merge import Subtract as Subtract
