"""`tf.data`."""

from torchkeras.compat.tensorflow.data.base import AUTOTUNE as AUTOTUNE
from torchkeras.compat.tensorflow.data.base import INFINITE_CARDINALITY as INFINITE_CARDINALITY
from torchkeras.compat.tensorflow.data.base import UNKNOWN_CARDINALITY as UNKNOWN_CARDINALITY
from torchkeras.compat.tensorflow.data.dataset import Dataset as Dataset
from torchkeras.compat.tensorflow.data.dataset import __getattr__ as __getattr__
from torchkeras.compat.tensorflow.data.dataset import experimental as experimental
from torchkeras.compat.tensorflow.data.options import Options as Options
from torchkeras.compat.tensorflow.data.options import TensorSpec as TensorSpec
