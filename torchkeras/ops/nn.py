"""Names of the neural-network ops: `keras.ops.nn`."""

from torchkeras.ops.activation import elu as elu
from torchkeras.ops.activation import gelu as gelu
from torchkeras.ops.activation import leaky_relu as leaky_relu
from torchkeras.ops.activation import log_softmax as log_softmax
from torchkeras.ops.activation import one_hot as one_hot
from torchkeras.ops.activation import relu as relu
from torchkeras.ops.activation import relu6 as relu6
from torchkeras.ops.activation import selu as selu
from torchkeras.ops.activation import sigmoid as sigmoid
from torchkeras.ops.activation import silu as silu
from torchkeras.ops.activation import softmax as softmax
from torchkeras.ops.activation import softplus as softplus
from torchkeras.ops.activation import softsign as softsign
