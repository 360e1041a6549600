"""Spatial dropout: whole feature maps set to zero at random while training."""

from typing import Any

from torchkeras._base import check, config
from torchkeras.core.registry import LAYERS
from torchkeras.layers.input_spec import InputSpec
from torchkeras.layers.regularization.dropout import Dropout


class _SpatialDropout(Dropout):
    """Base: the rank, and where the features are."""

    rank: int
    config_skip = frozenset({"noise_shape", "trainable"})

    def __init__(
        self,
        rate: float,
        data_format: str | None,
        seed: Any,
        name: str | None,
        dtype: Any,
        **kwargs: Any,
    ) -> None:
        super().__init__(rate, seed=seed, name=name, dtype=dtype, **kwargs)
        if data_format is None:
            data_format = config.image_data_format()
        self.data_format = check.one_of(
            type(self).__name__, "data_format", data_format, ("channels_last", "channels_first")
        )
        ones = (1,) * self.rank
        last = data_format == "channels_last"
        self.noise_shape = (None, *ones, None) if last else (None, None, *ones)
        self.input_spec = InputSpec(ndim=self.rank + 2)

    def _config_overrides(self) -> dict[str, Any]:
        return {**super()._config_overrides(), "dtype": self._policy.name}


@LAYERS.register()
class SpatialDropout1D(_SpatialDropout):
    """Sets features to zero at random while training, each in all steps of a sample.

    Args:
        rate: Share that is dropped, in [0, 1].
        seed: Whole number.

    Shapes: `(batch, steps, features)`, unchanged.

    Tompson et al., 2014, https://arxiv.org/abs/1411.4280

    >>> import torch, torchkeras as keras
    >>> keras.layers.SpatialDropout1D(0.5)(torch.ones(1, 4, 2), training=True).std(1)
    tensor([[0., 0.]])
    """

    rank = 1
    config_skip = frozenset({"data_format"})

    def __init__(
        self,
        rate: float,
        seed: int | None = None,
        name: str | None = None,
        dtype: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(rate, "channels_last", seed, name, dtype, **kwargs)


@LAYERS.register()
class SpatialDropout2D(_SpatialDropout):
    """Sets feature maps of images to zero at random while training.

    Args:
        rate: Share that is dropped, in [0, 1].
        data_format: `"channels_last"` or `"channels_first"`; default that of the settings.
        seed: Whole number.

    Shapes: `(batch, height, width, features)`, unchanged.

    Tompson et al., 2014, https://arxiv.org/abs/1411.4280

    >>> import torch, torchkeras as keras
    >>> keras.layers.SpatialDropout2D(0.5)(torch.ones(1, 2, 2, 2), training=True).std((1, 2))
    tensor([[0., 0.]])
    """

    rank = 2

    def __init__(
        self,
        rate: float,
        data_format: str | None = None,
        seed: int | None = None,
        name: str | None = None,
        dtype: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(rate, data_format, seed, name, dtype, **kwargs)


@LAYERS.register()
class SpatialDropout3D(_SpatialDropout):
    """Sets feature maps of volumes to zero at random while training.

    Args:
        rate: Share that is dropped, in [0, 1].
        data_format: `"channels_last"` or `"channels_first"`; default that of the settings.
        seed: Whole number.

    Shapes: `(batch, depth, height, width, features)`, unchanged.

    Tompson et al., 2014, https://arxiv.org/abs/1411.4280

    >>> import torch, torchkeras as keras
    >>> keras.layers.SpatialDropout3D(0.5)(torch.ones(1, 2, 2, 2, 2), training=True).shape
    torch.Size([1, 2, 2, 2, 2])
    """

    rank = 3

    def __init__(
        self,
        rate: float,
        data_format: str | None = None,
        seed: int | None = None,
        name: str | None = None,
        dtype: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(rate, data_format, seed, name, dtype, **kwargs)
