"""`keras.preprocessing.text` of Keras 1 and 2."""

from torchkeras.compat.preprocessing.text import Tokenizer as Tokenizer
from torchkeras.compat.preprocessing.text import base_filter as base_filter
from torchkeras.compat.preprocessing.text import hashing_trick as hashing_trick
from torchkeras.compat.preprocessing.text import one_hot as one_hot
from torchkeras.compat.preprocessing.text import text_to_word_sequence as text_to_word_sequence
from torchkeras.compat.preprocessing.text import tokenizer_from_json as tokenizer_from_json
