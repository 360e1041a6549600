"""The weights of MultiHeadAttention in torch, which joins the projections."""

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from torchkeras.saving.torch.rule import Row, Rule, row, rule, same, variables

_PROJECTIONS = ("query", "key", "value")


def _attention_variables(layer: Any) -> dict[str, Tensor]:
    found = {}
    for part in (*_PROJECTIONS, "output"):
        dense = getattr(layer, f"{part}_dense")
        found |= {f"{part}.{n}": v for n, v in variables(dense).items()}
    return found


def _attention_obstacle(layer: Any, module: Any) -> str | None:
    if getattr(layer, "use_gate", False):
        return "use_gate=True, which torch does not know"
    sizes = layer.num_heads * layer.key_dim, layer.num_heads * layer.value_dim
    if sizes[0] != sizes[1]:
        return f"key_dim={layer.key_dim} and value_dim={layer.value_dim}, which torch has equal"
    if module is not None:
        if module.num_heads != layer.num_heads:
            return f"num_heads={layer.num_heads} and num_heads={module.num_heads}"
        if module.bias_k is not None or module.add_zero_attn:
            return "add_bias_kv or add_zero_attn, which Keras does not know"
    return None


def attention() -> Rule:
    def matrix(part: str) -> Row:
        return Row(
            f"{part}.kernel", (f"{part[0]}_proj_weight",),
            lambda layer, t: t.t().unflatten(1, (layer.num_heads, -1)),
            lambda _, v: (v.flatten(1).t(),),
        )  # fmt: skip

    def vector(part: str) -> Row:
        return Row(
            f"{part}.bias", (f"{part[0]}_proj_bias",),
            lambda layer, t: t.unflatten(0, (layer.num_heads, -1)), lambda _, v: (v.flatten(),),
        )  # fmt: skip

    return rule(
        "MultiheadAttention",
        *(matrix(p) for p in _PROJECTIONS),
        *(vector(p) for p in _PROJECTIONS),
        Row(
            "output.kernel", ("out_proj.weight",),
            lambda layer, t: t.t().unflatten(0, (layer.num_heads, -1)),
            lambda _, v: (v.flatten(0, 1).t(),),
        ),
        row("output.bias", "out_proj.bias", same),
        obstacle=_attention_obstacle,
        own=_attention_variables,
    )  # fmt: skip


def split_projections(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return an attention's tensors with one for each of query, key and value."""
    found = dict(tensors)
    for joint, single in (
        ("in_proj_weight", "{}_proj_weight"), ("in_proj_bias", "{}_proj_bias")
    ):  # fmt: skip
        if joint in found:
            parts = found.pop(joint).chunk(3)
            found |= {single.format(p[0]): t for p, t in zip(_PROJECTIONS, parts, strict=True)}
    return found


def join_projections(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return an attention's tensors as torch has them: one weight if all have one size."""
    found = dict(tensors)
    weights = [found.pop(f"{p[0]}_proj_weight") for p in _PROJECTIONS]
    if len({w.shape[1] for w in weights}) == 1:
        joined = {"in_proj_weight": torch.cat(weights)}
    else:
        joined = {f"{p[0]}_proj_weight": w for p, w in zip(_PROJECTIONS, weights, strict=True)}
    biases = [found.pop(f"{p[0]}_proj_bias", None) for p in _PROJECTIONS]
    if biases[0] is not None:
        joined["in_proj_bias"] = torch.cat(biases)
    return joined | found
