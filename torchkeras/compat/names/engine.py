"""What `keras.engine` had, in whichever of its files."""

from torchkeras.compat.old_merge import Merge as Merge
from torchkeras.compat.old_merge import merge as merge
from torchkeras.compat.old_utils.numbers import batch_shuffle as batch_shuffle
from torchkeras.compat.old_utils.numbers import make_batches as make_batches
from torchkeras.compat.old_utils.numbers import slice_arrays as slice_X
from torchkeras.compat.old_utils.numbers import slice_arrays as slice_arrays
from torchkeras.compat.old_utils.numbers import to_list as to_list
from torchkeras.compat.old_utils.workers import GeneratorEnqueuer as GeneratorEnqueuer
from torchkeras.core.operation import Node as Node
from torchkeras.core.symbolic import KerasTensor as KerasTensor
from torchkeras.layers import Input as Input
from torchkeras.layers import InputLayer as InputLayer
from torchkeras.layers import InputSpec as InputSpec
from torchkeras.layers import Layer as Layer
from torchkeras.models import Functional as Functional
from torchkeras.models import Model as Model
from torchkeras.models import Sequential as Sequential
from torchkeras.utils import get_source_inputs as get_source_inputs

Container = Network = Functional
