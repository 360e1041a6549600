"""Operations that torch's ONNX exporter has no translation for, in terms of those it has."""

from collections.abc import Callable
from typing import Any

import torch

from torchkeras._base.optional import require

_aten = torch.ops.aten


def _regions(size: int, parts: int) -> list[tuple[int, int]]:
    """Return start and length of each region of an adaptive pooling."""
    bounds = [(i * size // parts, -((i + 1) * size // -parts)) for i in range(parts)]
    return [(start, end - start) for start, end in bounds]


def _adaptive(x: Any, output_size: Any, reduce: Callable[..., Any]) -> Any:
    """Pool one axis after the other; the regions of an axis do not depend on the others."""
    for axis, parts in zip(range(-len(output_size), 0), output_size, strict=True):
        pieces = [
            reduce(x.narrow(axis, start, length), axis)
            for start, length in _regions(x.shape[axis], parts)
        ]
        x = torch.stack(pieces, axis)
    return x


def _adaptive_mean(x: Any, output_size: Any) -> Any:
    return _adaptive(x, output_size, lambda part, axis: part.mean(axis))


def _adaptive_max(x: Any, output_size: Any) -> tuple[Any, Any]:
    out = _adaptive(x, output_size, lambda part, axis: part.amax(axis))
    return out, torch.zeros_like(out, dtype=torch.int64)  # positions, which no layer reads


def _attention_of_one_head(
    query: Any, key: Any, value: Any, attn_mask: Any = None, *args: Any, **kwargs: Any
) -> Any:
    if query.ndim != 3:
        return NotImplemented
    query, key, value = (t.unsqueeze(1) for t in (query, key, value))
    if attn_mask is not None and attn_mask.ndim == 3:
        attn_mask = attn_mask.unsqueeze(1)
    out = _aten.scaled_dot_product_attention.default(query, key, value, attn_mask, *args, **kwargs)
    return out.squeeze(1)


_TABLE = {
    _aten.__lshift__.Tensor: _aten.bitwise_left_shift.Tensor,
    _aten.__rshift__.Tensor: _aten.bitwise_right_shift.Tensor,
    _aten.adaptive_max_pool2d.default: _adaptive_max,
    _aten.adaptive_max_pool3d.default: _adaptive_max,
    _aten.adaptive_avg_pool3d.default: _adaptive_mean,
    _aten._adaptive_avg_pool3d.default: _adaptive_mean,
    _aten.scaled_dot_product_attention.default: _attention_of_one_head,
}


def for_onnx(exported: Any) -> Any:
    """Return a program without the operations that ONNX has no words for."""
    nodes = exported.graph_module.graph.nodes
    used = {n.target for n in nodes if n.op == "call_function"} & set(_TABLE)
    three = [
        n
        for n in nodes
        if n.target is _aten.scaled_dot_product_attention.default
        and n.args[0].meta["val"].ndim == 3
    ]
    if not three:
        used.discard(_aten.scaled_dot_product_attention.default)
    if not used:
        return exported
    require("torch.export")
    return exported.run_decompositions({target: _TABLE[target] for target in used})


def translations() -> dict[Any, Callable[..., Any]]:
    """Return translations of operations that ONNX has and torch's exporter does not use."""
    opset = require("onnxscript", "onnx").opset18

    def int8_product(a: Any, b: Any) -> Any:
        return opset.MatMulInteger(a, b)

    return {_aten._int_mm.default: int8_product}
