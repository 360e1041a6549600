"""`keras.preprocessing.sequence` of Keras 1 and 2."""

from torchkeras.compat.preprocessing.sequence import TimeseriesGenerator as TimeseriesGenerator
from torchkeras.compat.preprocessing.sequence import make_sampling_table as make_sampling_table
from torchkeras.compat.preprocessing.sequence import skipgrams as skipgrams
