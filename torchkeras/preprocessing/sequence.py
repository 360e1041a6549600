"""Sequences of unequal length."""

from torchkeras.utils import pad_sequences as pad_sequences
