"""What `keras.optimizers` had."""

from torchkeras.compat.refused import refused
from torchkeras.optimizers import SGD as sgd
from torchkeras.optimizers import Adadelta as adadelta
from torchkeras.optimizers import Adagrad as adagrad
from torchkeras.optimizers import Adam as adam
from torchkeras.optimizers import Adamax as adamax
from torchkeras.optimizers import Nadam as nadam
from torchkeras.optimizers import RMSprop as rmsprop

TFOptimizer = refused("TFOptimizer", "Give compile() an optimizer of keras or of torch.optim.")
