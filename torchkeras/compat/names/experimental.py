"""What `keras.experimental` had."""

from torchkeras.compat.refused import refused
from torchkeras.optimizers.schedules import CosineDecay as CosineDecay
from torchkeras.optimizers.schedules import CosineDecayRestarts as CosineDecayRestarts

LinearModel = refused("LinearModel", "Write keras.Sequential([keras.layers.Dense(units)]).")
WideDeepModel = refused(
    "WideDeepModel", "Write a functional model that adds a Dense layer and a stack of them."
)
SequenceFeatures = refused("SequenceFeatures", "Use keras.utils.FeatureSpace.")
SidecarEvaluator = refused(
    "SidecarEvaluator", "Call evaluate() on a model that load_model() gives."
)
