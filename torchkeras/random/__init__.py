"""Random numbers from seeds, seed generators, or torch's global stream."""

from torchkeras.random.discrete import binomial as binomial
from torchkeras.random.discrete import categorical as categorical
from torchkeras.random.discrete import randint as randint
from torchkeras.random.discrete import shuffle as shuffle
from torchkeras.random.dropout import dropout as dropout
from torchkeras.random.floats import beta as beta
from torchkeras.random.floats import gamma as gamma
from torchkeras.random.floats import normal as normal
from torchkeras.random.floats import truncated_normal as truncated_normal
from torchkeras.random.floats import uniform as uniform
from torchkeras.random.seed_generator import SeedGenerator as SeedGenerator
