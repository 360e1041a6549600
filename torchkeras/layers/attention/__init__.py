"""Attention."""

from torchkeras.layers.attention.multi_head import MultiHeadAttention as MultiHeadAttention
