"""Values of images between their pixels."""

import torch
import torch.nn.functional as F

from torchkeras.ops.image._layout import floating, rounded

INTERPOLATIONS = ("nearest", "bilinear")
# How torch's kernel names what lies outside, and whether it mirrors at pixels' centres.
_PADDING = {
    "constant": ("zeros", False),
    "nearest": ("border", False),
    "reflect": ("reflection", False),
    "mirror": ("reflection", True),
    "wrap": ("border", False),
}
FILL_MODES = tuple(_PADDING)


def sample(
    images: torch.Tensor,
    rows: torch.Tensor,
    columns: torch.Tensor,
    interpolation: str,
    fill_mode: str,
    fill_value: float | torch.Tensor,
) -> torch.Tensor:
    """Return the values at points.

    Args:
        images: Of shape `(batch, channels, height, width)`, of any dtype, which is kept.
        rows: Vertical positions `(batch, new height, new width)`; 0 is the first row's centre.
        columns: Horizontal positions, likewise.
        interpolation: `"nearest"` or `"bilinear"`.
        fill_mode: One of `FILL_MODES`.
        fill_value: What lies outside, with `fill_mode="constant"`.
    """
    # The kernel is quickest on pixels that lie channel by channel. Integers and booleans are
    # computed in double precision, so that a value just between two of them is found there, and
    # rounded to even.
    whole = not images.is_floating_point()
    x = images.to(torch.float64) if whole else floating(images)
    x = x.contiguous()
    height, width = x.shape[2:]
    rows, columns = rows.to(x.dtype), columns.to(x.dtype)
    if interpolation == "nearest":  # halves go to even positions; from there the kernel is exact
        rows, columns = rows.round(), columns.round()
    if fill_mode == "wrap":
        rows, columns = torch.remainder(rows, height), torch.remainder(columns, width)
        if interpolation == "bilinear":  # between the last pixel and the first
            x = F.pad(x, (0, 1, 0, 1), mode="circular")
            height, width = height + 1, width + 1
    padding, centred = _PADDING[fill_mode]
    grid = torch.stack((_unit(columns, width, centred), _unit(rows, height, centred)), -1)
    out = F.grid_sample(x, grid, interpolation, padding, centred)
    if fill_mode == "constant" and not (isinstance(fill_value, (int, float)) and fill_value == 0):
        ones = x.new_ones(()).expand(x.shape[0], 1, height, width)
        inside = F.grid_sample(ones, grid, interpolation, padding, centred)
        out = out + (1 - inside) * fill_value
    if interpolation == "bilinear" and whole:
        out = out.to(torch.float32)
    return rounded(out, images.dtype)


def _unit(positions: torch.Tensor, size: int, centred: bool) -> torch.Tensor:
    """Scale positions in pixels to torch's, from -1 to 1."""
    if centred:
        return positions * (2 / max(size - 1, 1)) - 1
    return positions * (2 / size) + (1 / size - 1)


def pixels(x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the rows `(height, 1)` and columns `(width,)` of images, as floating point numbers."""
    dtype = torch.float64 if x.dtype in (torch.float64, torch.int64) else torch.float32
    rows = torch.arange(x.shape[2], dtype=dtype, device=x.device)
    return rows[:, None], torch.arange(x.shape[3], dtype=dtype, device=x.device)
