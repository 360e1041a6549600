"""What `keras.regularizers` had."""

from torchkeras.compat.refused import refused
from torchkeras.regularizers import L1 as activity_l1
from torchkeras.regularizers import L1L2 as ActivityRegularizer
from torchkeras.regularizers import L1L2 as L1L2Regularizer
from torchkeras.regularizers import L1L2 as WeightRegularizer
from torchkeras.regularizers import L2 as activity_l2


def _both(l1: float = 0.01, l2: float = 0.01) -> WeightRegularizer:
    """Return the sum of both penalties, of 0.01 each unless others are given."""
    return WeightRegularizer(l1, l2)


l1l2 = l1_l2 = activity_l1l2 = _both
EigenvalueRegularizer = refused(
    "EigenvalueRegularizer", "Write a regularizer of your own: a function of the weight."
)
