"""What `keras.engine` had, in whichever of its files."""

from torchkeras.compat.old_merge import Merge as Merge
from torchkeras.compat.old_merge import merge as merge
from torchkeras.core.operation import Node as Node
from torchkeras.core.symbolic import KerasTensor as KerasTensor
from torchkeras.layers import Input as Input
from torchkeras.layers import InputLayer as InputLayer
from torchkeras.layers import InputSpec as InputSpec
from torchkeras.layers import Layer as Layer
from torchkeras.models import Functional as Functional
from torchkeras.models import Model as Model
from torchkeras.models import Sequential as Sequential

Container = Network = Functional
