"""Activation functions as layers."""

from torchkeras.layers.activation.activation import Activation as Activation
from torchkeras.layers.activation.advanced import ELU as ELU
from torchkeras.layers.activation.advanced import LeakyReLU as LeakyReLU
from torchkeras.layers.activation.advanced import PReLU as PReLU
from torchkeras.layers.activation.advanced import ReLU as ReLU
from torchkeras.layers.activation.advanced import Softmax as Softmax
