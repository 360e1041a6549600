"""Global state and dtypes under the name where Keras scripts look for them: `keras.backend`."""

from torchkeras._base.config import backend as backend
from torchkeras._base.config import epsilon as epsilon
from torchkeras._base.config import floatx as floatx
from torchkeras._base.config import image_data_format as image_data_format
from torchkeras._base.config import set_epsilon as set_epsilon
from torchkeras._base.config import set_floatx as set_floatx
from torchkeras._base.config import set_image_data_format as set_image_data_format
from torchkeras._base.naming import get_uid as get_uid
from torchkeras.core.dtypes import is_float as is_float_dtype
from torchkeras.core.dtypes import is_int as is_int_dtype
from torchkeras.core.dtypes import result_type as result_type
from torchkeras.core.dtypes import standardize_dtype as standardize_dtype
from torchkeras.core.symbolic import is_keras_tensor as is_keras_tensor
from torchkeras.utils.session import clear_session as clear_session

__all__ = [
    "backend", "clear_session", "epsilon", "floatx", "get_uid", "image_data_format",
    "is_float_dtype", "is_int_dtype", "is_keras_tensor", "result_type", "set_epsilon",
    "set_floatx", "set_image_data_format", "standardize_dtype",
]  # fmt: skip
