"""FeatureSpace: named columns of numbers and strings, ready for a model."""

from torchkeras.utils.feature_space.space import FeatureSpace as FeatureSpace
