"""What `keras.initializers` had."""

from collections.abc import Sequence

from torchkeras.initializers import GlorotNormal as GlorotNormalV2
from torchkeras.initializers import GlorotUniform as GlorotUniformV2
from torchkeras.initializers import HeNormal as HeNormalV2
from torchkeras.initializers import HeUniform as HeUniformV2
from torchkeras.initializers import Ones as one
from torchkeras.initializers import RandomNormal as normal
from torchkeras.initializers import RandomUniform as uniform
from torchkeras.initializers import Zeros as zero
from torchkeras.initializers.scaling import compute_fans


def _compute_fans(shape: Sequence[int], data_format: str = "channels_last") -> tuple[float, float]:
    """Return the number of inputs and of outputs of a unit; packages took it though private."""
    if data_format == "channels_first" and len(shape) > 2:
        shape = (*shape[2:], shape[1], shape[0])
    return compute_fans(shape)
