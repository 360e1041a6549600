"""What shows more of a layer than its output: attention's scores, an RNN's state at every step."""

import copy
import inspect
from typing import Any

import torch
from torch import nn

from torchkeras.layers import RNN, Bidirectional


def batch_axis(module: nn.Module) -> int:
    """Return the batch axis of a module's output: 1 for torch's layers that put time first."""
    return int(getattr(module, "batch_first", True) is False)


def is_recurrent(module: nn.Module | None) -> bool:
    """Tell whether a module's output, or `value`, is time by units."""
    return isinstance(module, (RNN, Bidirectional, nn.RNNBase))


def value(module: nn.Module, args: Any, kwargs: Any, output: Any) -> torch.Tensor | None:
    """Return attention scores (batch, heads, queries, keys) or states (batch, time, units).

    None for a layer whose output is all there is. The layer runs once more on the same arguments,
    a recurrent one as a copy that shares its weights and returns all steps.
    """
    if isinstance(module, nn.MultiheadAttention):
        asked = {**kwargs, "need_weights": True, "average_attn_weights": False}
        return module(*args[:3], **asked)[1].detach()
    if _returns_scores(type(module)):
        scores = module(*args, **{**kwargs, "return_attention_scores": True})[1].detach()
        return scores.unsqueeze(1) if scores.dim() == 3 else scores
    if isinstance(module, (RNN, Bidirectional)) and not module.return_sequences:
        twin = _returning_sequences(module)
        states = twin(*args, **kwargs)
        return (states[0] if isinstance(states, (list, tuple)) else states).detach()
    return None


def _returns_scores(cls: type) -> bool:
    call = getattr(cls, "call", None)
    return call is not None and "return_attention_scores" in inspect.signature(call).parameters


def _returning_sequences(layer: Any) -> Any:
    twin = copy.copy(layer)
    fields = twin.__dict__
    fields["return_sequences"] = True
    if isinstance(layer, Bidirectional):
        for name in ("forward_layer", "backward_layer"):
            fields["_modules"] = {**fields["_modules"]}
            fields["_modules"][name] = _returning_sequences(getattr(layer, name))
    return twin
