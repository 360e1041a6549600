"""Keras scripts, unchanged: the alias for `keras` and its kin, and the names of old versions."""

from torchkeras.compat.install import install as install
from torchkeras.compat.install import uninstall as uninstall
