"""torchkeras: Keras's API, native to PyTorch."""

from torchkeras import activations as activations
from torchkeras import backend as backend
from torchkeras import callbacks as callbacks
from torchkeras import config as config
from torchkeras import constraints as constraints
from torchkeras import datasets as datasets
from torchkeras import dtype_policies as dtype_policies
from torchkeras import export as export
from torchkeras import initializers as initializers
from torchkeras import layers as layers
from torchkeras import legacy as legacy
from torchkeras import losses as losses
from torchkeras import metrics as metrics
from torchkeras import mixed_precision as mixed_precision
from torchkeras import models as models
from torchkeras import ops as ops
from torchkeras import optimizers as optimizers
from torchkeras import preprocessing as preprocessing
from torchkeras import quantizers as quantizers
from torchkeras import quiver as quiver
from torchkeras import random as random
from torchkeras import regularizers as regularizers
from torchkeras import saved_model as saved_model
from torchkeras import saving as saving
from torchkeras import tree as tree
from torchkeras import utils as utils
from torchkeras import visualization as visualization
from torchkeras._base.optional import require as _require
from torchkeras._base.scope import name_scope as name_scope
from torchkeras.callbacks import Callback as Callback
from torchkeras.constraints import Constraint as Constraint
from torchkeras.core.function import Function as Function
from torchkeras.core.operation import Operation as Operation
from torchkeras.core.policy import DTypePolicy as DTypePolicy
from torchkeras.core.policy import FloatDTypePolicy as FloatDTypePolicy
from torchkeras.core.remat import RematScope as RematScope
from torchkeras.core.remat import remat as remat
from torchkeras.core.stateless import StatelessScope as StatelessScope
from torchkeras.core.stateless import SymbolicScope as SymbolicScope
from torchkeras.core.symbolic import KerasTensor as KerasTensor
from torchkeras.core.tensor import device as device
from torchkeras.core.torch_function import TorchFunction as TorchFunction
from torchkeras.core.variable import Variable as Variable
from torchkeras.initializers import Initializer as Initializer
from torchkeras.layers import Input as Input
from torchkeras.layers import InputSpec as InputSpec
from torchkeras.layers import Layer as Layer
from torchkeras.losses import Loss as Loss
from torchkeras.metrics import Metric as Metric
from torchkeras.models import Functional as Functional
from torchkeras.models import Model as Model
from torchkeras.models import Sequential as Sequential
from torchkeras.optimizers import Optimizer as Optimizer
from torchkeras.quantizers import Quantizer as Quantizer
from torchkeras.regularizers import Regularizer as Regularizer

__version__ = "0.1.0"


# Loaded when they are asked for: they need packages that take long to load, or are seldom used.
_LATER = frozenset(
    {"applications", "compat", "datasets", "distillation", "distribution", "wrappers"}
)


def __getattr__(name: str) -> object:
    if name in _LATER:
        return _require(f"torchkeras.{name}")
    raise AttributeError(f"module 'torchkeras' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *_LATER})


def version() -> str:
    """Return the version of torchkeras."""
    return __version__
