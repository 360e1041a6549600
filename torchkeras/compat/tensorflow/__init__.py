"""The part of TensorFlow that Keras scripts touch, on torch.

Names and argument orders are TensorFlow's, tensors are torch's.
"""

from typing import Any

from torchkeras import ops as _ops
from torchkeras import saved_model as saved_model
from torchkeras import tree as _tree
from torchkeras.compat.tensorflow import data as data
from torchkeras.compat.tensorflow import image as image
from torchkeras.compat.tensorflow import linalg as linalg
from torchkeras.compat.tensorflow import math as math
from torchkeras.compat.tensorflow import nn as nn
from torchkeras.compat.tensorflow import random as random
from torchkeras.compat.tensorflow import summary as summary
from torchkeras.compat.tensorflow.arrays import Tensor as Tensor
from torchkeras.compat.tensorflow.arrays import Variable as Variable
from torchkeras.compat.tensorflow.arrays import argsort as argsort
from torchkeras.compat.tensorflow.arrays import boolean_mask as boolean_mask
from torchkeras.compat.tensorflow.arrays import broadcast_to as broadcast_to
from torchkeras.compat.tensorflow.arrays import cast as cast
from torchkeras.compat.tensorflow.arrays import concat as concat
from torchkeras.compat.tensorflow.arrays import constant as constant
from torchkeras.compat.tensorflow.arrays import convert_to_tensor as convert_to_tensor
from torchkeras.compat.tensorflow.arrays import expand_dims as expand_dims
from torchkeras.compat.tensorflow.arrays import eye as eye
from torchkeras.compat.tensorflow.arrays import fill as fill
from torchkeras.compat.tensorflow.arrays import gather as gather
from torchkeras.compat.tensorflow.arrays import gather_nd as gather_nd
from torchkeras.compat.tensorflow.arrays import identity as identity
from torchkeras.compat.tensorflow.arrays import is_tensor as is_tensor
from torchkeras.compat.tensorflow.arrays import linspace as linspace
from torchkeras.compat.tensorflow.arrays import newaxis as newaxis
from torchkeras.compat.tensorflow.arrays import numpy_function as numpy_function
from torchkeras.compat.tensorflow.arrays import one_hot as one_hot
from torchkeras.compat.tensorflow.arrays import ones as ones
from torchkeras.compat.tensorflow.arrays import ones_like as ones_like
from torchkeras.compat.tensorflow.arrays import pad as pad
from torchkeras.compat.tensorflow.arrays import py_function as py_function
from torchkeras.compat.tensorflow.arrays import range as range
from torchkeras.compat.tensorflow.arrays import rank as rank
from torchkeras.compat.tensorflow.arrays import repeat as repeat
from torchkeras.compat.tensorflow.arrays import reshape as reshape
from torchkeras.compat.tensorflow.arrays import reverse as reverse
from torchkeras.compat.tensorflow.arrays import scatter_nd as scatter_nd
from torchkeras.compat.tensorflow.arrays import sequence_mask as sequence_mask
from torchkeras.compat.tensorflow.arrays import shape as shape
from torchkeras.compat.tensorflow.arrays import size as size
from torchkeras.compat.tensorflow.arrays import slice as slice
from torchkeras.compat.tensorflow.arrays import sort as sort
from torchkeras.compat.tensorflow.arrays import split as split
from torchkeras.compat.tensorflow.arrays import squeeze as squeeze
from torchkeras.compat.tensorflow.arrays import stack as stack
from torchkeras.compat.tensorflow.arrays import tensor_scatter_nd_add as tensor_scatter_nd_add
from torchkeras.compat.tensorflow.arrays import tensor_scatter_nd_update as tensor_scatter_nd_update
from torchkeras.compat.tensorflow.arrays import tile as tile
from torchkeras.compat.tensorflow.arrays import transpose as transpose
from torchkeras.compat.tensorflow.arrays import unique as unique
from torchkeras.compat.tensorflow.arrays import unstack as unstack
from torchkeras.compat.tensorflow.arrays import where as where
from torchkeras.compat.tensorflow.arrays import zeros as zeros
from torchkeras.compat.tensorflow.arrays import zeros_like as zeros_like
from torchkeras.compat.tensorflow.control import case as case
from torchkeras.compat.tensorflow.control import clip_by_global_norm as clip_by_global_norm
from torchkeras.compat.tensorflow.control import clip_by_norm as clip_by_norm
from torchkeras.compat.tensorflow.control import clip_by_value as clip_by_value
from torchkeras.compat.tensorflow.control import cond as cond
from torchkeras.compat.tensorflow.control import foldl as foldl
from torchkeras.compat.tensorflow.control import group as group
from torchkeras.compat.tensorflow.control import map_fn as map_fn
from torchkeras.compat.tensorflow.control import no_op as no_op
from torchkeras.compat.tensorflow.control import scan as scan
from torchkeras.compat.tensorflow.control import tf_print as print
from torchkeras.compat.tensorflow.control import while_loop as while_loop
from torchkeras.compat.tensorflow.data import TensorSpec as TensorSpec
from torchkeras.compat.tensorflow.dtypes import DType as DType
from torchkeras.compat.tensorflow.dtypes import as_dtype as as_dtype
from torchkeras.compat.tensorflow.dtypes import bfloat16 as bfloat16
from torchkeras.compat.tensorflow.dtypes import bool as bool
from torchkeras.compat.tensorflow.dtypes import complex64 as complex64
from torchkeras.compat.tensorflow.dtypes import complex128 as complex128
from torchkeras.compat.tensorflow.dtypes import double as double
from torchkeras.compat.tensorflow.dtypes import float16 as float16
from torchkeras.compat.tensorflow.dtypes import float32 as float32
from torchkeras.compat.tensorflow.dtypes import float64 as float64
from torchkeras.compat.tensorflow.dtypes import half as half
from torchkeras.compat.tensorflow.dtypes import int8 as int8
from torchkeras.compat.tensorflow.dtypes import int16 as int16
from torchkeras.compat.tensorflow.dtypes import int32 as int32
from torchkeras.compat.tensorflow.dtypes import int64 as int64
from torchkeras.compat.tensorflow.dtypes import string as string
from torchkeras.compat.tensorflow.dtypes import uint8 as uint8
from torchkeras.compat.tensorflow.dtypes import uint16 as uint16
from torchkeras.compat.tensorflow.dtypes import uint32 as uint32
from torchkeras.compat.tensorflow.dtypes import uint64 as uint64
from torchkeras.compat.tensorflow.linalg import einsum as einsum
from torchkeras.compat.tensorflow.linalg import matmul as matmul
from torchkeras.compat.tensorflow.linalg import norm as norm
from torchkeras.compat.tensorflow.linalg import tensordot as tensordot
from torchkeras.compat.tensorflow.math import abs as abs
from torchkeras.compat.tensorflow.math import acos as acos
from torchkeras.compat.tensorflow.math import acosh as acosh
from torchkeras.compat.tensorflow.math import add as add
from torchkeras.compat.tensorflow.math import add_n as add_n
from torchkeras.compat.tensorflow.math import argmax as argmax
from torchkeras.compat.tensorflow.math import argmin as argmin
from torchkeras.compat.tensorflow.math import asin as asin
from torchkeras.compat.tensorflow.math import asinh as asinh
from torchkeras.compat.tensorflow.math import atan as atan
from torchkeras.compat.tensorflow.math import atan2 as atan2
from torchkeras.compat.tensorflow.math import atanh as atanh
from torchkeras.compat.tensorflow.math import ceil as ceil
from torchkeras.compat.tensorflow.math import cos as cos
from torchkeras.compat.tensorflow.math import cosh as cosh
from torchkeras.compat.tensorflow.math import cumsum as cumsum
from torchkeras.compat.tensorflow.math import divide as divide
from torchkeras.compat.tensorflow.math import equal as equal
from torchkeras.compat.tensorflow.math import exp as exp
from torchkeras.compat.tensorflow.math import floor as floor
from torchkeras.compat.tensorflow.math import floordiv as floordiv
from torchkeras.compat.tensorflow.math import greater as greater
from torchkeras.compat.tensorflow.math import greater_equal as greater_equal
from torchkeras.compat.tensorflow.math import less as less
from torchkeras.compat.tensorflow.math import less_equal as less_equal
from torchkeras.compat.tensorflow.math import log as log
from torchkeras.compat.tensorflow.math import log1p as log1p
from torchkeras.compat.tensorflow.math import logical_and as logical_and
from torchkeras.compat.tensorflow.math import logical_not as logical_not
from torchkeras.compat.tensorflow.math import logical_or as logical_or
from torchkeras.compat.tensorflow.math import maximum as maximum
from torchkeras.compat.tensorflow.math import minimum as minimum
from torchkeras.compat.tensorflow.math import mod as mod
from torchkeras.compat.tensorflow.math import multiply as multiply
from torchkeras.compat.tensorflow.math import negative as negative
from torchkeras.compat.tensorflow.math import not_equal as not_equal
from torchkeras.compat.tensorflow.math import pow as pow
from torchkeras.compat.tensorflow.math import reduce_all as reduce_all
from torchkeras.compat.tensorflow.math import reduce_any as reduce_any
from torchkeras.compat.tensorflow.math import reduce_logsumexp as reduce_logsumexp
from torchkeras.compat.tensorflow.math import reduce_max as reduce_max
from torchkeras.compat.tensorflow.math import reduce_mean as reduce_mean
from torchkeras.compat.tensorflow.math import reduce_min as reduce_min
from torchkeras.compat.tensorflow.math import reduce_prod as reduce_prod
from torchkeras.compat.tensorflow.math import reduce_sum as reduce_sum
from torchkeras.compat.tensorflow.math import round as round
from torchkeras.compat.tensorflow.math import sigmoid as sigmoid
from torchkeras.compat.tensorflow.math import sign as sign
from torchkeras.compat.tensorflow.math import sin as sin
from torchkeras.compat.tensorflow.math import sinh as sinh
from torchkeras.compat.tensorflow.math import sqrt as sqrt
from torchkeras.compat.tensorflow.math import square as square
from torchkeras.compat.tensorflow.math import squared_difference as squared_difference
from torchkeras.compat.tensorflow.math import subtract as subtract
from torchkeras.compat.tensorflow.math import tan as tan
from torchkeras.compat.tensorflow.math import tanh as tanh
from torchkeras.compat.tensorflow.math import truediv as truediv
from torchkeras.compat.tensorflow.methods import TensorShape as TensorShape
from torchkeras.compat.tensorflow.missing import missing as _missing
from torchkeras.compat.tensorflow.namespace import Namespace as _Namespace
from torchkeras.compat.tensorflow.random import set_seed as set_random_seed
from torchkeras.compat.tensorflow.summary import make_tensor_proto as make_tensor_proto
from torchkeras.compat.tensorflow.system import config as config
from torchkeras.compat.tensorflow.system import debugging as debugging
from torchkeras.compat.tensorflow.system import device as device
from torchkeras.compat.tensorflow.system import distribute as distribute
from torchkeras.compat.tensorflow.system import errors as errors
from torchkeras.compat.tensorflow.system import get_logger as get_logger
from torchkeras.compat.tensorflow.system import gfile as gfile
from torchkeras.compat.tensorflow.system import name_scope as name_scope
from torchkeras.compat.tensorflow.system import read_file as _read_file
from torchkeras.compat.tensorflow.system import test as test
from torchkeras.compat.tensorflow.system import tf_logging as logging
from torchkeras.compat.tensorflow.system import write_file as _write_file
from torchkeras.compat.tensorflow.tape import GradientTape as GradientTape
from torchkeras.compat.tensorflow.tape import UnconnectedGradients as UnconnectedGradients
from torchkeras.compat.tensorflow.tape import custom_gradient as custom_gradient
from torchkeras.compat.tensorflow.tape import function as function
from torchkeras.compat.tensorflow.tape import gradients as gradients
from torchkeras.compat.tensorflow.tape import is_variable as is_variable
from torchkeras.compat.tensorflow.tape import stop_gradient as stop_gradient

__version__ = "2.21.0"  # whose names these are
version = _Namespace("tf.version", VERSION=__version__)
io = _Namespace(
    "tf.io",
    gfile=gfile,
    read_file=_read_file,
    write_file=_write_file,
    decode_jpeg=image.decode_jpeg,
    decode_png=image.decode_png,
    decode_image=image.decode_image,
)
nest = _Namespace("tf.nest", map_structure=_tree.map_structure, flatten=_tree.flatten)
experimental = _Namespace("tf.experimental", numpy=_ops.numpy)


def executing_eagerly() -> bool:
    """Return True."""
    return True


def enable_eager_execution(*args: Any, **kwargs: Any) -> None:
    """Do nothing: torch runs what it is told, at once."""


enable_v2_behavior = enable_eager_execution


def disable_eager_execution() -> None:
    """Do nothing: Keras models work either way; a Session is what is not there."""


disable_v2_behavior = disable_eager_execution


def __getattr__(name: str) -> Any:
    if name in ("Summary", "SummaryMetadata", "Event"):  # TensorBoard is slow to import
        return summary.message(name)
    raise _missing("tf", name)
