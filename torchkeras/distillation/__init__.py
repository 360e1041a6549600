"""Knowledge distillation under Keras's names."""

from torchkeras.distillation.distiller import Distiller as Distiller
from torchkeras.distillation.losses import DistillationLoss as DistillationLoss
from torchkeras.distillation.losses import FeatureDistillation as FeatureDistillation
from torchkeras.distillation.losses import LogitsDistillation as LogitsDistillation
