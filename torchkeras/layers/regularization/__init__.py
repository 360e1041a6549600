"""Noise and penalties that keep a model from learning by heart."""

from torchkeras.layers.regularization.dropout import Dropout as Dropout
