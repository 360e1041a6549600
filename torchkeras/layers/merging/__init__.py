"""Layers of several inputs and one output."""

from torchkeras.layers.merging.concatenate import Concatenate as Concatenate
from torchkeras.layers.merging.dot import Dot as Dot
from torchkeras.layers.merging.functional import add as add
from torchkeras.layers.merging.functional import average as average
from torchkeras.layers.merging.functional import concatenate as concatenate
from torchkeras.layers.merging.functional import dot as dot
from torchkeras.layers.merging.functional import maximum as maximum
from torchkeras.layers.merging.functional import minimum as minimum
from torchkeras.layers.merging.functional import multiply as multiply
from torchkeras.layers.merging.functional import subtract as subtract
from torchkeras.layers.merging.merge import Add as Add
from torchkeras.layers.merging.merge import Average as Average
from torchkeras.layers.merging.merge import Maximum as Maximum
from torchkeras.layers.merging.merge import Minimum as Minimum
from torchkeras.layers.merging.merge import Multiply as Multiply
from torchkeras.layers.merging.merge import Subtract as Subtract
