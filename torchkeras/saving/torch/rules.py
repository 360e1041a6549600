"""How the weights of a Keras layer lie in the torch module of the same maths: a rule a class."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from torchkeras.saving.torch.attention import attention
from torchkeras.saving.torch.rule import Row, Rule, row, rule, same

_EXACT = 1e-12


# ------------------------------------------------------------------------------- options


def _options(**pairs: str) -> Callable[[Any, Any], str | None]:
    """Return the obstacle of options that must agree: `epsilon="eps"`."""

    def obstacle(layer: Any, module: Any) -> str | None:
        for ours, theirs in pairs.items():
            if module is None or not hasattr(module, theirs) or not hasattr(layer, ours):
                continue
            a, b = getattr(layer, ours), getattr(module, theirs)
            if theirs == "eps":
                b = torch.finfo(torch.float32).eps if b is None else b  # RMSNorm's default
                differ = abs(a - b) > _EXACT
            else:
                differ = _flat(a) != _flat(b)
            if differ:
                return f"{ours}={a} and {theirs}={b}"
        return None

    return obstacle


def _flat(value: Any) -> Any:
    """Return one number for a tuple of equal ones."""
    many = isinstance(value, (tuple, list))
    return value[0] if many and len(set(value)) == 1 else tuple(value) if many else value


# ------------------------------------------------------------------------------- dense, conv, norm


def _conv(rank: int) -> Rule:
    last, axes = rank + 1, tuple(range(2, rank + 2))
    return rule(
        f"Conv{rank}d",
        row(
            "kernel", "weight", lambda t: t.permute(*axes, 1, 0),
            lambda v: v.permute(last, last - 1, *range(rank)),
        ),
        row("bias", "bias", same),
        obstacle=_options(strides="stride", dilation_rate="dilation", groups="groups"),
    )  # fmt: skip


def _transpose(rank: int) -> Rule:
    last, axes = rank + 1, tuple(range(2, rank + 2))
    return rule(
        f"ConvTranspose{rank}d",
        row(
            "kernel", "weight", lambda t: t.permute(*axes, 1, 0),
            lambda v: v.permute(last, last - 1, *range(rank)),
        ),
        row("bias", "bias", same),
        obstacle=_options(strides="stride", dilation_rate="dilation"),
    )  # fmt: skip


def _depthwise(rank: int) -> Rule:
    spatial = tuple(range(2, rank + 2))

    def load(layer: Any, t: Tensor) -> Tensor:
        inputs = layer._parameters["kernel"].shape[-2]
        if t.ndim != rank + 2 or t.shape[1] != 1 or t.shape[0] % inputs:
            return t  # its shape will be told
        return t.squeeze(1).unflatten(0, (inputs, -1)).permute(*spatial, 0, 1)

    def dump(_: Any, v: Tensor) -> tuple[Tensor]:
        return (v.permute(rank, rank + 1, *range(rank)).flatten(0, 1).unsqueeze(1),)

    return rule(
        f"Conv{rank}d(groups=channels)",
        Row("kernel", ("weight",), load, dump),
        row("bias", "bias", same),
        obstacle=_options(strides="stride", dilation_rate="dilation"),
    )


def _prelu() -> Rule:
    def load(layer: Any, t: Tensor) -> Tensor:
        alpha = layer._parameters["alpha"]
        if t.numel() == 1:
            return t.expand(alpha.numel()).reshape(alpha.shape)
        return t.reshape(alpha.shape) if t.numel() == alpha.numel() else t

    def dump(_: Any, v: Tensor) -> tuple[Tensor]:
        if sum(n > 1 for n in v.shape) > 1:
            raise ValueError(
                f"alpha of shape {tuple(v.shape)} has numbers for more than one axis; "
                "shared_axes shares them."
            )
        return (v.flatten(),)

    return rule("PReLU", Row("alpha", ("weight",), load, dump))


# ------------------------------------------------------------------------------- recurrent


def _gates(order: tuple[int, ...]) -> Callable[[Tensor], Tensor]:
    """Return what puts the blocks of the first axis into another order, its own inverse."""

    def reorder(t: Tensor) -> Tensor:
        if t.shape[0] % len(order):
            return t
        return torch.cat([t.chunk(len(order))[i] for i in order])

    return reorder


def _cell(module: str, order: tuple[int, ...], obstacle: Callable[[Any, Any], str | None]) -> Rule:
    gates = _gates(order)

    def load_bias(layer: Any, b_ih: Tensor, b_hh: Tensor) -> Tensor:
        if layer._parameters["bias"].ndim == 2:  # GRU's reset_after keeps both
            return torch.stack([gates(b_ih), gates(b_hh)])
        return gates(b_ih) + gates(b_hh)

    def dump_bias(_: Any, v: Tensor) -> tuple[Tensor, Tensor]:
        if v.ndim == 2:
            return gates(v[0]), gates(v[1])
        return gates(v), torch.zeros_like(v)

    def matrix(variable: str, name: str) -> Row:
        return row(variable, name, lambda t: gates(t).t(), lambda v: gates(v.t()))

    return rule(
        module,
        matrix("kernel", "weight_ih"),
        matrix("recurrent_kernel", "weight_hh"),
        Row("bias", ("bias_ih", "bias_hh"), load_bias, dump_bias),
        obstacle=obstacle,
    )


def _gated(cell: Any, module: Any) -> str | None:
    for option, wanted in (("activation", "tanh"), ("recurrent_activation", "sigmoid")):
        name = getattr(getattr(cell, option), "__name__", None)
        if name != wanted:
            return f"{option}={name!r}, where torch has {wanted}"
    if getattr(cell, "reset_after", True) is False:
        return "reset_after=False, where torch resets after the product"
    return f"proj_size={module.proj_size}" if getattr(module, "proj_size", 0) else None


def _simple(cell: Any, module: Any) -> str | None:
    name = getattr(cell.activation, "__name__", None)
    theirs = getattr(module, "nonlinearity", name)
    if name not in ("tanh", "relu") or name != theirs:
        return f"activation={name!r} and nonlinearity={theirs!r}"
    return None


# ------------------------------------------------------------------------------- the table

_NORM = (row("gamma", "weight", same), row("beta", "bias", same))
_EPSILON = _options(epsilon="eps")

RULES: dict[str, Rule] = {
    "Dense": rule("Linear", row("kernel", "weight", Tensor.t), row("bias", "bias", same)),
    "Embedding": rule("Embedding", row("embeddings", "weight", same)),
    **{f"Conv{n}D": _conv(n) for n in (1, 2, 3)},
    **{f"Conv{n}DTranspose": _transpose(n) for n in (1, 2, 3)},
    **{f"DepthwiseConv{n}D": _depthwise(n) for n in (1, 2)},
    "BatchNormalization": rule(
        "BatchNorm",
        *_NORM,
        row("moving_mean", "running_mean", same),
        row("moving_variance", "running_var", same),
        obstacle=_EPSILON,
        idle={"num_batches_tracked": lambda: torch.tensor(0)},
    ),
    "LayerNormalization": rule("LayerNorm", *_NORM, obstacle=_EPSILON),
    "GroupNormalization": rule(
        "GroupNorm", *_NORM, obstacle=_options(epsilon="eps", groups="num_groups")
    ),
    "RMSNormalization": rule("RMSNorm", row("scale", "weight", same), obstacle=_EPSILON),
    "PReLU": _prelu(),
    "LSTMCell": _cell("LSTM", (0, 1, 2, 3), _gated),
    "GRUCell": _cell("GRU", (1, 0, 2), _gated),
    "SimpleRNNCell": _cell("RNN", (0,), _simple),
    "MultiHeadAttention": attention(),
}
