"""Which dtypes layers compute in, and keep their variables in."""

from torchkeras.core.policy import DTypePolicy as DTypePolicy
from torchkeras.core.policy import FloatDTypePolicy as FloatDTypePolicy
from torchkeras.core.policy import get as get
from torchkeras.core.policy_map import DTypePolicyMap as DTypePolicyMap
from torchkeras.core.policy_names import deserialize as deserialize
from torchkeras.core.policy_names import serialize as serialize
from torchkeras.core.quantized_policy import AWQDTypePolicy as AWQDTypePolicy
from torchkeras.core.quantized_policy import GPTQDTypePolicy as GPTQDTypePolicy
from torchkeras.core.quantized_policy import Int4DTypePolicy as Int4DTypePolicy
from torchkeras.core.quantized_policy import QuantizedDTypePolicy as QuantizedDTypePolicy
from torchkeras.core.quantized_policy import (
    QuantizedFloat8DTypePolicy as QuantizedFloat8DTypePolicy,
)
