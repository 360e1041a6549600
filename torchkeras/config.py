"""Global settings: `keras.config`."""

from torchkeras._base.config import backend as backend
from torchkeras._base.config import epsilon as epsilon
from torchkeras._base.config import floatx as floatx
from torchkeras._base.config import image_data_format as image_data_format
from torchkeras._base.config import max_epochs as max_epochs
from torchkeras._base.config import max_steps_per_epoch as max_steps_per_epoch
from torchkeras._base.config import set_epsilon as set_epsilon
from torchkeras._base.config import set_floatx as set_floatx
from torchkeras._base.config import set_image_data_format as set_image_data_format
from torchkeras._base.config import set_max_epochs as set_max_epochs
from torchkeras._base.config import set_max_steps_per_epoch as set_max_steps_per_epoch
from torchkeras.core.policy import dtype_policy as dtype_policy
from torchkeras.core.policy import set_dtype_policy as set_dtype_policy
from torchkeras.core.tensor import get_device as get_device
from torchkeras.core.tensor import set_device as set_device
