"""`keras.backend`: its functions of Keras 1, Keras 2 and tf.keras, before today's."""

from torchkeras._base.scope import name_scope as name_scope
from torchkeras.compat.keras_backend.arrays import abs as abs
from torchkeras.compat.keras_backend.arrays import all as all
from torchkeras.compat.keras_backend.arrays import any as any
from torchkeras.compat.keras_backend.arrays import arange as arange
from torchkeras.compat.keras_backend.arrays import argmax as argmax
from torchkeras.compat.keras_backend.arrays import argmin as argmin
from torchkeras.compat.keras_backend.arrays import (
    asymmetric_spatial_2d_padding as asymmetric_spatial_2d_padding,
)
from torchkeras.compat.keras_backend.arrays import (
    asymmetric_temporal_padding as asymmetric_temporal_padding,
)
from torchkeras.compat.keras_backend.arrays import batch_dot as batch_dot
from torchkeras.compat.keras_backend.arrays import batch_flatten as batch_flatten
from torchkeras.compat.keras_backend.arrays import cast as cast
from torchkeras.compat.keras_backend.arrays import clip as clip
from torchkeras.compat.keras_backend.arrays import concatenate as concatenate
from torchkeras.compat.keras_backend.arrays import cos as cos
from torchkeras.compat.keras_backend.arrays import cumprod as cumprod
from torchkeras.compat.keras_backend.arrays import cumsum as cumsum
from torchkeras.compat.keras_backend.arrays import dot as dot
from torchkeras.compat.keras_backend.arrays import equal as equal
from torchkeras.compat.keras_backend.arrays import exp as exp
from torchkeras.compat.keras_backend.arrays import expand_dims as expand_dims
from torchkeras.compat.keras_backend.arrays import eye as eye
from torchkeras.compat.keras_backend.arrays import flatten as flatten
from torchkeras.compat.keras_backend.arrays import gather as gather
from torchkeras.compat.keras_backend.arrays import greater as greater
from torchkeras.compat.keras_backend.arrays import greater_equal as greater_equal
from torchkeras.compat.keras_backend.arrays import identity as identity
from torchkeras.compat.keras_backend.arrays import less as less
from torchkeras.compat.keras_backend.arrays import less_equal as less_equal
from torchkeras.compat.keras_backend.arrays import lesser as lesser
from torchkeras.compat.keras_backend.arrays import lesser_equal as lesser_equal
from torchkeras.compat.keras_backend.arrays import log as log
from torchkeras.compat.keras_backend.arrays import logsumexp as logsumexp
from torchkeras.compat.keras_backend.arrays import max as max
from torchkeras.compat.keras_backend.arrays import maximum as maximum
from torchkeras.compat.keras_backend.arrays import mean as mean
from torchkeras.compat.keras_backend.arrays import min as min
from torchkeras.compat.keras_backend.arrays import minimum as minimum
from torchkeras.compat.keras_backend.arrays import not_equal as not_equal
from torchkeras.compat.keras_backend.arrays import one_hot as one_hot
from torchkeras.compat.keras_backend.arrays import ones as ones
from torchkeras.compat.keras_backend.arrays import ones_like as ones_like
from torchkeras.compat.keras_backend.arrays import permute_dimensions as permute_dimensions
from torchkeras.compat.keras_backend.arrays import pow as pow
from torchkeras.compat.keras_backend.arrays import prod as prod
from torchkeras.compat.keras_backend.arrays import repeat as repeat
from torchkeras.compat.keras_backend.arrays import repeat_elements as repeat_elements
from torchkeras.compat.keras_backend.arrays import reshape as reshape
from torchkeras.compat.keras_backend.arrays import reverse as reverse
from torchkeras.compat.keras_backend.arrays import round as round
from torchkeras.compat.keras_backend.arrays import sign as sign
from torchkeras.compat.keras_backend.arrays import sin as sin
from torchkeras.compat.keras_backend.arrays import slice as slice
from torchkeras.compat.keras_backend.arrays import spatial_2d_padding as spatial_2d_padding
from torchkeras.compat.keras_backend.arrays import spatial_3d_padding as spatial_3d_padding
from torchkeras.compat.keras_backend.arrays import sqrt as sqrt
from torchkeras.compat.keras_backend.arrays import square as square
from torchkeras.compat.keras_backend.arrays import squeeze as squeeze
from torchkeras.compat.keras_backend.arrays import stack as stack
from torchkeras.compat.keras_backend.arrays import std as std
from torchkeras.compat.keras_backend.arrays import stop_gradient as stop_gradient
from torchkeras.compat.keras_backend.arrays import sum as sum
from torchkeras.compat.keras_backend.arrays import temporal_padding as temporal_padding
from torchkeras.compat.keras_backend.arrays import tile as tile
from torchkeras.compat.keras_backend.arrays import transpose as transpose
from torchkeras.compat.keras_backend.arrays import transpose_shape as transpose_shape
from torchkeras.compat.keras_backend.arrays import var as var
from torchkeras.compat.keras_backend.arrays import zeros as zeros
from torchkeras.compat.keras_backend.arrays import zeros_like as zeros_like
from torchkeras.compat.keras_backend.functions import foldl as foldl
from torchkeras.compat.keras_backend.functions import foldr as foldr
from torchkeras.compat.keras_backend.functions import function as function
from torchkeras.compat.keras_backend.functions import gradients as gradients
from torchkeras.compat.keras_backend.functions import map_fn as map_fn
from torchkeras.compat.keras_backend.functions import rnn as rnn
from torchkeras.compat.keras_backend.functions import switch as switch
from torchkeras.compat.keras_backend.neural import batch_normalization as batch_normalization
from torchkeras.compat.keras_backend.neural import binary_crossentropy as binary_crossentropy
from torchkeras.compat.keras_backend.neural import (
    binary_focal_crossentropy as binary_focal_crossentropy,
)
from torchkeras.compat.keras_backend.neural import (
    categorical_crossentropy as categorical_crossentropy,
)
from torchkeras.compat.keras_backend.neural import (
    categorical_focal_crossentropy as categorical_focal_crossentropy,
)
from torchkeras.compat.keras_backend.neural import ctc_batch_cost as ctc_batch_cost
from torchkeras.compat.keras_backend.neural import ctc_decode as ctc_decode
from torchkeras.compat.keras_backend.neural import (
    ctc_label_dense_to_sparse as ctc_label_dense_to_sparse,
)
from torchkeras.compat.keras_backend.neural import dropout as dropout
from torchkeras.compat.keras_backend.neural import elu as elu
from torchkeras.compat.keras_backend.neural import hard_sigmoid as hard_sigmoid
from torchkeras.compat.keras_backend.neural import in_top_k as in_top_k
from torchkeras.compat.keras_backend.neural import l2_normalize as l2_normalize
from torchkeras.compat.keras_backend.neural import (
    normalize_batch_in_training as normalize_batch_in_training,
)
from torchkeras.compat.keras_backend.neural import random_bernoulli as random_bernoulli
from torchkeras.compat.keras_backend.neural import random_binomial as random_binomial
from torchkeras.compat.keras_backend.neural import random_normal as random_normal
from torchkeras.compat.keras_backend.neural import random_normal_variable as random_normal_variable
from torchkeras.compat.keras_backend.neural import random_uniform as random_uniform
from torchkeras.compat.keras_backend.neural import (
    random_uniform_variable as random_uniform_variable,
)
from torchkeras.compat.keras_backend.neural import relu as relu
from torchkeras.compat.keras_backend.neural import sigmoid as sigmoid
from torchkeras.compat.keras_backend.neural import softmax as softmax
from torchkeras.compat.keras_backend.neural import softplus as softplus
from torchkeras.compat.keras_backend.neural import softsign as softsign
from torchkeras.compat.keras_backend.neural import (
    sparse_categorical_crossentropy as sparse_categorical_crossentropy,
)
from torchkeras.compat.keras_backend.neural import tanh as tanh
from torchkeras.compat.keras_backend.neural import truncated_normal as truncated_normal
from torchkeras.compat.keras_backend.spatial import atrous_conv2d as atrous_conv2d
from torchkeras.compat.keras_backend.spatial import bias_add as bias_add
from torchkeras.compat.keras_backend.spatial import conv1d as conv1d
from torchkeras.compat.keras_backend.spatial import conv2d as conv2d
from torchkeras.compat.keras_backend.spatial import conv2d_transpose as conv2d_transpose
from torchkeras.compat.keras_backend.spatial import conv3d as conv3d
from torchkeras.compat.keras_backend.spatial import conv3d_transpose as conv3d_transpose
from torchkeras.compat.keras_backend.spatial import deconv2d as deconv2d
from torchkeras.compat.keras_backend.spatial import depthwise_conv2d as depthwise_conv2d
from torchkeras.compat.keras_backend.spatial import local_conv1d as local_conv1d
from torchkeras.compat.keras_backend.spatial import local_conv2d as local_conv2d
from torchkeras.compat.keras_backend.spatial import pool2d as pool2d
from torchkeras.compat.keras_backend.spatial import pool3d as pool3d
from torchkeras.compat.keras_backend.spatial import resize_images as resize_images
from torchkeras.compat.keras_backend.spatial import resize_volumes as resize_volumes
from torchkeras.compat.keras_backend.spatial import separable_conv1d as separable_conv1d
from torchkeras.compat.keras_backend.spatial import separable_conv2d as separable_conv2d
from torchkeras.compat.keras_backend.state import batch_get_value as batch_get_value
from torchkeras.compat.keras_backend.state import batch_set_value as batch_set_value
from torchkeras.compat.keras_backend.state import cast_to_floatx as cast_to_floatx
from torchkeras.compat.keras_backend.state import constant as constant
from torchkeras.compat.keras_backend.state import control_dependencies as control_dependencies
from torchkeras.compat.keras_backend.state import count_params as count_params
from torchkeras.compat.keras_backend.state import dtype as dtype
from torchkeras.compat.keras_backend.state import eval as eval
from torchkeras.compat.keras_backend.state import get_session as get_session
from torchkeras.compat.keras_backend.state import get_value as get_value
from torchkeras.compat.keras_backend.state import get_variable_shape as get_variable_shape
from torchkeras.compat.keras_backend.state import image_dim_ordering as image_dim_ordering
from torchkeras.compat.keras_backend.state import in_test_phase as in_test_phase
from torchkeras.compat.keras_backend.state import in_train_phase as in_train_phase
from torchkeras.compat.keras_backend.state import int_shape as int_shape
from torchkeras.compat.keras_backend.state import is_placeholder as is_placeholder
from torchkeras.compat.keras_backend.state import is_sparse as is_sparse
from torchkeras.compat.keras_backend.state import is_symbolic as is_symbolic
from torchkeras.compat.keras_backend.state import is_tensor as is_tensor
from torchkeras.compat.keras_backend.state import is_variable as is_variable
from torchkeras.compat.keras_backend.state import learning_phase as learning_phase
from torchkeras.compat.keras_backend.state import learning_phase_scope as learning_phase_scope
from torchkeras.compat.keras_backend.state import legacy_weight_ordering as legacy_weight_ordering
from torchkeras.compat.keras_backend.state import (
    manual_variable_initialization as manual_variable_initialization,
)
from torchkeras.compat.keras_backend.state import moving_average_update as moving_average_update
from torchkeras.compat.keras_backend.state import ndim as ndim
from torchkeras.compat.keras_backend.state import normalize_data_format as normalize_data_format
from torchkeras.compat.keras_backend.state import placeholder as placeholder
from torchkeras.compat.keras_backend.state import print_tensor as print_tensor
from torchkeras.compat.keras_backend.state import reset_uids as reset_uids
from torchkeras.compat.keras_backend.state import set_image_dim_ordering as set_image_dim_ordering
from torchkeras.compat.keras_backend.state import set_learning_phase as set_learning_phase
from torchkeras.compat.keras_backend.state import (
    set_legacy_weight_ordering as set_legacy_weight_ordering,
)
from torchkeras.compat.keras_backend.state import set_session as set_session
from torchkeras.compat.keras_backend.state import set_value as set_value
from torchkeras.compat.keras_backend.state import shape as shape
from torchkeras.compat.keras_backend.state import size as size
from torchkeras.compat.keras_backend.state import to_dense as to_dense
from torchkeras.compat.keras_backend.state import update as update
from torchkeras.compat.keras_backend.state import update_add as update_add
from torchkeras.compat.keras_backend.state import update_sub as update_sub
from torchkeras.compat.keras_backend.state import (
    v1_variable_initialization as v1_variable_initialization,
)
from torchkeras.compat.keras_backend.state import variable as variable
