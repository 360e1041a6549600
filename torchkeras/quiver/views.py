"""What of a call is drawn: feature maps, bars, curves, states over time, attention scores."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import torch
from torch import nn

from torchkeras._base import config
from torchkeras.layers import Layer
from torchkeras.quiver.richer import is_recurrent
from torchkeras.quiver.trace import Call, Trace

MAX_VALUES = 2**24  # more than this many values are shown at a lower resolution
MAX_CURVES = 64  # more channels than this are drawn as one time-by-channel picture
MAX_LISTED = 2048  # values that a JSON answer lists

# Layers of torch whose outputs have channels first.
_CHANNELS_FIRST = (
    nn.modules.conv._ConvNd,
    nn.modules.batchnorm._BatchNorm,
    nn.modules.instancenorm._InstanceNorm,
    nn.modules.pooling._MaxPoolNd,
    nn.modules.pooling._AvgPoolNd,
    nn.modules.pooling._AdaptiveAvgPoolNd,
    nn.modules.pooling._AdaptiveMaxPoolNd,
    nn.GroupNorm,
    nn.Upsample,
    nn.PixelShuffle,
)


@dataclass
class View:
    """The pictures of one call: `data` is (count, height, width), float32."""

    kind: str
    data: torch.Tensor
    x: str
    y: str | None
    item: str
    reduced: int = 1  # how many values a side became one

    @property
    def nbytes(self) -> int:
        return self.data.numel() * 4

    @cached_property
    def stats(self) -> tuple[dict[str, Any], list[dict[str, Any]]]:
        """Return minimum, maximum, mean, … of all the values, and of each picture."""
        flat = self.data.flatten(1)
        finite = flat.isfinite()
        bad = int((~finite).sum())
        if bad:
            flat = torch.where(finite, flat, 0.0)
        if flat.numel() == 0:
            empty = {"min": 0.0, "max": 0.0, "mean": 0.0, "dead": 0.0}
            return {**empty, "std": 0.0, "nonfinite": 0}, [empty for _ in flat]
        lows, highs = flat.amin(1).tolist(), flat.amax(1).tolist()
        means, dead = flat.mean(1).tolist(), (flat == 0).float().mean(1).tolist()
        items = [
            {"min": a, "max": b, "mean": m, "dead": d}
            for a, b, m, d in zip(lows, highs, means, dead, strict=True)
        ]
        whole = {
            "min": min(lows),
            "max": max(highs),
            "mean": sum(means) / len(means),
            "std": float(flat.std(correction=0)),
            "dead": sum(dead) / len(dead),
            "nonfinite": bad,
        }
        return whole, items


def kind_of(trace: Trace, key: Any, default_first: bool) -> str:
    """Return the kind of view that a call gets, or 'none'."""
    call = trace.calls[key]
    x = _one(call)
    return "none" if x is None else _arranged(trace, call, x, default_first)[0]


def view(trace: Trace, key: Any, default_first: bool) -> View:
    """Return what is drawn of a call.

    Args:
        trace: The run.
        key: The call's key in it.
        default_first: Whether channels come first where no layer tells.

    Raises:
        ValueError: if the call gave no tensor.
    """
    call = trace.calls[key]
    shown = _one(call)
    if shown is None:
        raise ValueError(f"{call.name} gives no tensor that can be drawn.")
    kind, data, x, y, item = _arranged(trace, call, shown, default_first)
    data = data.detach()
    if data.is_complex():
        data = data.abs()
    data = data.to("cpu", torch.float32)
    reduced = 1
    if data.numel() > MAX_VALUES and kind == "maps":
        reduced = int((data.numel() / MAX_VALUES) ** 0.5) + 1
        data = nn.functional.avg_pool2d(data[None], reduced, ceil_mode=True)[0]
    return View(kind, data.contiguous(), x, y, item, reduced)


def spatial(trace: Trace, call: Call, x: torch.Tensor, default_first: bool) -> torch.Tensor:
    """Return a tensor shaped like a call's picture output as (channels, height, width)."""
    return _maps(trace, call, x.select(call.batch_axis, 0), default_first)


def _one(call: Call) -> torch.Tensor | None:
    """Return the value of the batch's only element, what is richer first."""
    value = call.value if call.rich is None else call.rich
    if value is None:
        return None
    axis = call.batch_axis if call.rich is None or is_recurrent(call.module) else 0
    if value.dim() <= axis:
        return value
    return value.select(axis, 0)


def _arranged(
    trace: Trace, call: Call, x: torch.Tensor, default_first: bool
) -> tuple[str, torch.Tensor, str, str | None, str]:
    if call.rich is not None and not is_recurrent(call.module):
        return "scores", x, "key", "query", "head"
    if x.dim() >= 3:
        return "maps", _maps(trace, call, x, default_first), "width", "height", "map"
    if x.dim() == 2:
        if channels_first(trace, call, default_first) and not is_recurrent(call.module):
            x = x.T  # now (steps, channels)
        if is_recurrent(call.module):
            return "timeline", x[None], "unit", "time", "map"
        if x.shape[1] > MAX_CURVES:
            return "timeline", x[None], "channel", "step", "map"
        return "curves", x.T.unsqueeze(1), "step", None, "channel"
    return "bars", x.reshape(1, 1, -1), "unit", None, "map"


def _maps(trace: Trace, call: Call, x: torch.Tensor, default_first: bool) -> torch.Tensor:
    if not channels_first(trace, call, default_first):
        x = x.movedim(-1, 0)
    # The slices of a volume stand below each other.
    return x.reshape(x.shape[0], -1, x.shape[-1])


def channels_first(trace: Trace, call: Call, default: bool) -> bool:
    """Tell where the channels of a call's output are, by its layer or by what fed it."""
    seen = call
    while True:
        layout = getattr(seen.module, "data_format", None)
        if layout is not None:
            return layout == "channels_first"
        if isinstance(seen.module, _CHANNELS_FIRST):
            return True
        before = [trace.calls[k] for k in seen.sources if k in trace.calls]
        same = [c for c in before if c.value is not None and call.value is not None]
        same = [c for c in same if c.value.dim() == call.value.dim()]  # type: ignore[union-attr]
        if not same:
            return default
        seen = same[0]


def default_channels_first(model: nn.Module) -> bool:
    """Tell where channels are in a model if none of its layers says so."""
    return not isinstance(model, Layer) or config.image_data_format() == "channels_first"
