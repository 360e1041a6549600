"""Tools around models: labels and arrays, seeds, the summary table."""

from torchkeras.utils.arrays import normalize as normalize
from torchkeras.utils.arrays import to_categorical as to_categorical
from torchkeras.utils.random_seed import set_random_seed as set_random_seed
