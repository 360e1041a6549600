"""What `keras.initializers` had."""

from torchkeras.initializers import GlorotNormal as GlorotNormalV2
from torchkeras.initializers import GlorotUniform as GlorotUniformV2
from torchkeras.initializers import HeNormal as HeNormalV2
from torchkeras.initializers import HeUniform as HeUniformV2
from torchkeras.initializers import Ones as one
from torchkeras.initializers import RandomNormal as normal
from torchkeras.initializers import RandomUniform as uniform
from torchkeras.initializers import Zeros as zero
