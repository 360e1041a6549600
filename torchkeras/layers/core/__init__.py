"""Dense, Embedding, Input and the other basic layers."""

from torchkeras.layers.core.dense import Dense as Dense
from torchkeras.layers.core.einsum_dense import EinsumDense as EinsumDense
from torchkeras.layers.core.embedding import Embedding as Embedding
from torchkeras.layers.core.flax_layer import FlaxLayer as FlaxLayer
from torchkeras.layers.core.identity import Identity as Identity
from torchkeras.layers.core.input import Input as Input
from torchkeras.layers.core.input import InputLayer as InputLayer
from torchkeras.layers.core.jax_layer import JaxLayer as JaxLayer
from torchkeras.layers.core.lambda_ import Lambda as Lambda
from torchkeras.layers.core.masking import Masking as Masking
from torchkeras.layers.core.reversible_embedding import ReversibleEmbedding as ReversibleEmbedding
from torchkeras.layers.core.tfsm_layer import TFSMLayer as TFSMLayer
from torchkeras.layers.core.torch_module import TorchModuleWrapper as TorchModuleWrapper
from torchkeras.layers.core.wrapper import Wrapper as Wrapper
