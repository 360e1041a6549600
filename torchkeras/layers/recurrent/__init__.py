"""Recurrent layers and their wrappers."""

from torchkeras.layers.recurrent.bidirectional import Bidirectional as Bidirectional
from torchkeras.layers.recurrent.cells import GRUCell as GRUCell
from torchkeras.layers.recurrent.cells import LSTMCell as LSTMCell
from torchkeras.layers.recurrent.cells import SimpleRNNCell as SimpleRNNCell
from torchkeras.layers.recurrent.conv_lstm import ConvLSTM1D as ConvLSTM1D
from torchkeras.layers.recurrent.conv_lstm import ConvLSTM2D as ConvLSTM2D
from torchkeras.layers.recurrent.conv_lstm import ConvLSTM3D as ConvLSTM3D
from torchkeras.layers.recurrent.gru import GRU as GRU
from torchkeras.layers.recurrent.lstm import LSTM as LSTM
from torchkeras.layers.recurrent.rnn import RNN as RNN
from torchkeras.layers.recurrent.simple import SimpleRNN as SimpleRNN
from torchkeras.layers.recurrent.stacked import StackedRNNCells as StackedRNNCells
from torchkeras.layers.recurrent.time_distributed import TimeDistributed as TimeDistributed
