"""Attention."""

from torchkeras.layers.attention.attention import AdditiveAttention as AdditiveAttention
from torchkeras.layers.attention.attention import Attention as Attention
from torchkeras.layers.attention.group_query import GroupedQueryAttention as GroupQueryAttention
from torchkeras.layers.attention.multi_head import MultiHeadAttention as MultiHeadAttention
