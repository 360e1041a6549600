"""Images cut into patches, each of which becomes a vector."""

from collections.abc import Sequence
from typing import Any

import torch
import torch.nn.functional as F

from torchkeras._base import check, config
from torchkeras.core.tensor import convert_to_tensor
from torchkeras.ops._op import op
from torchkeras.ops.image._layout import IMAGE


@op("ExtractPatches", module=IMAGE)
def _extract(
    images: Any,
    size: tuple[int, ...],
    strides: tuple[int, ...],
    dilation_rate: int | tuple[int, ...],
    padding: str,
    data_format: str,
) -> Any:
    """Return patches of two or three dimensions."""
    owner, rank = "extract_patches", len(size)
    x = convert_to_tensor(images)
    if x.ndim not in (rank + 1, rank + 2):
        raise ValueError(
            f"{owner}: images must have {rank + 1} or {rank + 2} dimensions, for patches of "
            f"{rank}. Received: images of shape {tuple(x.shape)}."
        )
    dilations = check.ntuple(owner, "dilation_rate", dilation_rate, rank)
    single = x.ndim == rank + 1
    if single:
        x = x.unsqueeze(0)
    if data_format == "channels_first":
        x = x.movedim(1, -1)
    spans = [(k - 1) * d + 1 for k, d in zip(size, dilations, strict=True)]
    if padding == "same":
        x = F.pad(x, (0, 0, *_same_padding(x.shape[1:-1], spans, strides)))
    for axis, (span, step, dilation) in enumerate(zip(spans, strides, dilations, strict=True), 1):
        if x.shape[axis] < span:
            raise ValueError(
                f"{owner}: a patch must fit into the image. Received: size={size}, dilation_rate="
                f"{dilation_rate} for images of shape {tuple(convert_to_tensor(images).shape)}."
            )
        x = x.unfold(axis, span, step)[..., ::dilation]
    # (batch, places, channels, size) -> (batch, places, size * channels)
    axes = [*range(rank + 1), *range(rank + 2, 2 * rank + 2), rank + 1]
    x = x.permute(axes).flatten(rank + 1)
    if data_format == "channels_first":
        x = x.movedim(-1, 1)
    return x.squeeze(0) if single else x


def _same_padding(shape: Sequence[int], spans: Sequence[int], strides: Sequence[int]) -> list[int]:
    """Return `F.pad`'s numbers, last axis first, for a patch at every step of the image."""
    pads: list[int] = []
    for n, span, step in zip(reversed(shape), reversed(spans), reversed(strides), strict=True):
        total = max((-(-n // step) - 1) * step + span - n, 0)
        pads += [total // 2, total - total // 2]
    return pads


def _settled(
    owner: str, images: Any, size: Any, strides: Any, dilation_rate: Any, padding: str,
    data_format: str | None, ranks: tuple[int, ...],
) -> Any:  # fmt: skip
    """Call the op with all arguments written out: so they stand in files."""
    if isinstance(size, int):
        size = (size,) * ranks[0]
    if not isinstance(size, (list, tuple)) or len(size) not in ranks:
        # Keras's types of error
        error = ValueError if isinstance(size, (list, tuple)) and len(ranks) > 1 else TypeError
        raise error(
            f"{owner}: size must be an integer or a tuple of "
            f"{' or '.join(map(str, ranks))} integers. {check.received('size', size)}"
        )
    rank = len(size)
    size = check.ntuple(owner, "size", size, rank)
    strides = size if strides is None else check.ntuple(owner, "strides", strides, rank)
    check.ntuple(owner, "dilation_rate", dilation_rate, rank)
    padding = check.one_of(owner, "padding", str(padding).lower(), ("same", "valid"))
    data_format = config.standardize_data_format(data_format, owner)
    return _extract(images, size, strides, dilation_rate, padding, data_format)


def extract_patches(
    images: Any,
    size: int | Sequence[int],
    strides: int | Sequence[int] | None = None,
    dilation_rate: int | Sequence[int] = 1,
    padding: str = "valid",
    data_format: str | None = None,
) -> torch.Tensor:
    """Return all patches of images or volumes, the values of each one as channels.

    Args:
        images: One image or a batch; volumes, with three entries in `size`.
        size: Height and width of a patch (depth, height and width of volumes).
        strides: Steps from patch to patch; default: `size`, so that patches do not overlap.
        dilation_rate: Steps from pixel to pixel in a patch.
        padding: `"valid"` takes whole patches, `"same"` adds zeros around.
        data_format: `"channels_last"` or `"channels_first"`; default: the global one.

    Shapes: `(batch, height, width, channels) -> (batch, rows, columns, size * channels)`.

    Raises:
        ValueError: for a bad shape, size, stride, dilation or padding.

    >>> import torch, torchkeras as keras
    >>> keras.ops.image.extract_patches(torch.ones(2, 20, 20, 3), (5, 5)).shape
    torch.Size([2, 4, 4, 75])
    """
    return _settled(
        "extract_patches", images, size, strides, dilation_rate, padding, data_format, (2, 3)
    )


def extract_patches_3d(
    volumes: Any,
    size: int | Sequence[int],
    strides: int | Sequence[int] | None = None,
    dilation_rate: int | Sequence[int] = 1,
    padding: str = "valid",
    data_format: str | None = None,
) -> torch.Tensor:
    """Return all patches of volumes, as `extract_patches` does; `size` may be an integer.

    Args:
        volumes: One volume or a batch.
        size: Depth, height and width of a patch.
        strides: Steps from patch to patch; default: `size`.
        dilation_rate: Steps from voxel to voxel in a patch.
        padding: `"valid"` or `"same"`.
        data_format: `"channels_last"` or `"channels_first"`; default: the global one.

    Raises:
        ValueError: for a bad shape, size, stride, dilation or padding.

    >>> import torch, torchkeras as keras
    >>> keras.ops.image.extract_patches_3d(torch.ones(2, 10, 10, 10, 3), 3).shape
    torch.Size([2, 3, 3, 3, 81])
    """
    return _settled(
        "extract_patches_3d", volumes, size, strides, dilation_rate, padding, data_format, (3,)
    )
