"""What `keras.losses` (and `keras.objectives`) had."""

from typing import Any

from torchkeras.losses import binary_crossentropy as bce
from torchkeras.losses import categorical_crossentropy as cce
from torchkeras.losses import cosine_similarity as cosine
from torchkeras.losses import cosine_similarity as cosine_proximity
from torchkeras.losses import huber as huber_loss
from torchkeras.losses import kl_divergence as KLD
from torchkeras.losses import kl_divergence as kld
from torchkeras.losses import kl_divergence as kullback_leibler_divergence
from torchkeras.losses import log_cosh as logcosh
from torchkeras.losses import mean_absolute_error as MAE
from torchkeras.losses import mean_absolute_error as mae
from torchkeras.losses import mean_absolute_percentage_error as MAPE
from torchkeras.losses import mean_absolute_percentage_error as mape
from torchkeras.losses import mean_squared_error as MSE
from torchkeras.losses import mean_squared_error as mse
from torchkeras.losses import mean_squared_logarithmic_error as MSLE
from torchkeras.losses import mean_squared_logarithmic_error as msle
from torchkeras.losses import sparse_categorical_crossentropy as scce
from torchkeras.losses.base import FunctionLoss


class Reduction:
    """Names of the ways to reduce a loss; today they are strings."""

    AUTO = "auto"
    NONE = "none"
    SUM = "sum"
    SUM_OVER_BATCH_SIZE = "sum_over_batch_size"

    @classmethod
    def all(cls) -> tuple[str, ...]:
        """Return all names."""
        return (cls.AUTO, cls.NONE, cls.SUM, cls.SUM_OVER_BATCH_SIZE)

    @classmethod
    def validate(cls, key: str) -> None:
        """Refuse what is no name of a reduction."""
        if key not in cls.all():
            raise ValueError(f"Reduction: {key!r} is none of {', '.join(cls.all())}.")


class LossFunctionWrapper(FunctionLoss):
    """A loss made of a function, in the order of Keras 2's arguments."""

    def __init__(
        self, fn: Any, reduction: Any = Reduction.AUTO, name: str | None = None, **kwargs: Any
    ) -> None:
        if reduction == Reduction.AUTO:
            reduction = Reduction.SUM_OVER_BATCH_SIZE
        super().__init__(fn, reduction=reduction, name=name, **kwargs)


def is_categorical_crossentropy(loss: Any) -> bool:
    """Tell whether a loss, or its name, is the categorical cross-entropy."""
    name = getattr(loss, "name", None) or getattr(loss, "__name__", loss)
    return name == "categorical_crossentropy"
