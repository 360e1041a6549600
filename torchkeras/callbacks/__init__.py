"""The `keras.callbacks` namespace."""

from .backup import BackupAndRestore as BackupAndRestore
from .base import Callback as Callback
from .checkpoint import ModelCheckpoint as ModelCheckpoint
from .csv_log import CSVLogger as CSVLogger
from .early_stopping import EarlyStopping as EarlyStopping
from .history import History as History
from .lambda_ import LambdaCallback as LambdaCallback
from .learning_rate import LearningRateScheduler as LearningRateScheduler
from .learning_rate import ReduceLROnPlateau as ReduceLROnPlateau
from .list import CallbackList as CallbackList
from .nan import TerminateOnNaN as TerminateOnNaN
from .optuna import OptunaPruning as OptunaPruning
from .orbax import OrbaxCheckpoint as OrbaxCheckpoint
from .progress import ProgbarLogger as ProgbarLogger
from .quiver import Quiver as Quiver
from .remote import RemoteMonitor as RemoteMonitor
from .swap_ema import SwapEMAWeights as SwapEMAWeights
from .tensorboard import TensorBoard as TensorBoard
