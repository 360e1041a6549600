"""Optimizers and learning-rate schedules."""

from . import legacy as legacy
from . import schedules as schedules
from .adafactor import Adafactor as Adafactor
from .adam import Adam as Adam
from .adam import AdamW as AdamW
from .adaptive import Adadelta as Adadelta
from .adaptive import Adagrad as Adagrad
from .adaptive import Adamax as Adamax
from .adaptive import Nadam as Nadam
from .adaptive import RMSprop as RMSprop
from .base import Optimizer as Optimizer
from .ftrl import Ftrl as Ftrl
from .lamb import Lamb as Lamb
from .lion import Lion as Lion
from .loss_scale import LossScaleOptimizer as LossScaleOptimizer
from .multi import MultiOptimizer as MultiOptimizer
from .muon import Muon as Muon
from .optimizer_map import OptimizerMap as OptimizerMap
from .registry import deserialize as deserialize
from .registry import get as get
from .registry import serialize as serialize
from .schedule_free import ScheduleFreeAdamW as ScheduleFreeAdamW
from .sgd import SGD as SGD
from .wrap_torch import TorchOptimizer as TorchOptimizer
