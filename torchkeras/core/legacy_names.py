"""Names of Keras 1, Keras 2 and tf.keras and what they are called now: plain tables.

Read by the translation of old configs (`saving.legacy.config`) and by the constructors of old
scripts (`compat`). `core.legacy_arguments` applies the tables of arguments.
"""

from typing import Any

# ------------------------------------------------------------------------------- layers

# Class of the past -> class of today that does the same with the right arguments.
CLASSES: dict[str, str] = {
    "Convolution1D": "Conv1D",
    "Convolution2D": "Conv2D",
    "Convolution3D": "Conv3D",
    "AtrousConvolution1D": "Conv1D",
    "AtrousConvolution2D": "Conv2D",
    "AtrousConv1D": "Conv1D",
    "AtrousConv2D": "Conv2D",
    "Convolution1DTranspose": "Conv1DTranspose",
    "Convolution2DTranspose": "Conv2DTranspose",
    "Convolution3DTranspose": "Conv3DTranspose",
    "Deconvolution2D": "Conv2DTranspose",
    "Deconvolution3D": "Conv3DTranspose",
    "Deconv2D": "Conv2DTranspose",
    "Deconv3D": "Conv3DTranspose",
    "SeparableConvolution1D": "SeparableConv1D",
    "SeparableConvolution2D": "SeparableConv2D",
    "MaxPool1D": "MaxPooling1D",
    "MaxPool2D": "MaxPooling2D",
    "MaxPool3D": "MaxPooling3D",
    "AvgPool1D": "AveragePooling1D",
    "AvgPool2D": "AveragePooling2D",
    "AvgPool3D": "AveragePooling3D",
    "GlobalMaxPool1D": "GlobalMaxPooling1D",
    "GlobalMaxPool2D": "GlobalMaxPooling2D",
    "GlobalMaxPool3D": "GlobalMaxPooling3D",
    "GlobalAvgPool1D": "GlobalAveragePooling1D",
    "GlobalAvgPool2D": "GlobalAveragePooling2D",
    "GlobalAvgPool3D": "GlobalAveragePooling3D",
    "TimeDistributedDense": "Dense",
    "CuDNNLSTM": "LSTM",
    "CuDNNGRU": "GRU",
    "UnifiedLSTM": "LSTM",
    "UnifiedGRU": "GRU",
    "LSTMV1": "LSTM",
    "LSTMV2": "LSTM",
    "GRUV1": "GRU",
    "GRUV2": "GRU",
    "LSTMCellV2": "LSTMCell",
    "GRUCellV2": "GRUCell",
    "BatchNormalizationV1": "BatchNormalization",
    "BatchNormalizationV2": "BatchNormalization",
    "SyncBatchNormalization": "BatchNormalization",
    "IndexLookup": "IntegerLookup",
}


def _each(classes: str, table: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Return one table under the names of several classes."""
    return dict.fromkeys(classes.split(), table)


# Functional models under all their names; what is not here is Sequential or a user's own class.
FUNCTIONAL = frozenset({"Model", "Functional", "Network", "Container"})

_WEIGHTED = {
    "init": "kernel_initializer",
    "W_regularizer": "kernel_regularizer",
    "b_regularizer": "bias_regularizer",
    "W_constraint": "kernel_constraint",
    "b_constraint": "bias_constraint",
    "bias": "use_bias",
}
_DENSE = {**_WEIGHTED, "output_dim": "units"}
_CONV = {
    **_WEIGHTED,
    "nb_filter": "filters",
    "filter_length": "kernel_size",
    "border_mode": "padding",
    "subsample": "strides",
    "subsample_length": "strides",
    "atrous_rate": "dilation_rate",
    "dim_ordering": "data_format",
}
_RECURRENT = {
    **_DENSE,
    "inner_init": "recurrent_initializer",
    "inner_activation": "recurrent_activation",
    "U_regularizer": "recurrent_regularizer",
    "U_constraint": "recurrent_constraint",
    "dropout_W": "dropout",
    "dropout_U": "recurrent_dropout",
    "forget_bias_init": "unit_forget_bias",
}
_POOL_1D = {"pool_length": "pool_size", "stride": "strides", "border_mode": "padding"}
_POOL = {"border_mode": "padding", "dim_ordering": "data_format"}
_SPATIAL = {"dim_ordering": "data_format"}
_RATE = {"p": "rate"}

# Class -> argument of Keras 1 or 2 -> its name now. (No old name is a new one of the same class.)
ARGUMENTS: dict[str, dict[str, str]] = {
    "Dense": _DENSE,
    "MaxoutDense": _DENSE,
    "Highway": _WEIGHTED,
    "Embedding": {
        "init": "embeddings_initializer",
        "W_regularizer": "embeddings_regularizer",
        "W_constraint": "embeddings_constraint",
    },
    **_each("Conv1D Conv2D Conv3D Conv1DTranspose", _CONV),
    **_each("Conv2DTranspose Conv3DTranspose", _CONV),
    **_each("LocallyConnected1D LocallyConnected2D", _CONV),
    **_each("DepthwiseConv1D DepthwiseConv2D", _CONV),
    **_each("SeparableConv1D SeparableConv2D", _CONV),
    **_each("SimpleRNN GRU LSTM", _RECURRENT),
    **_each("SimpleRNNCell GRUCell LSTMCell", _RECURRENT),
    **_each("ConvLSTM1D ConvLSTM2D ConvLSTM3D", {**_RECURRENT, **_CONV}),
    **_each("MaxPooling1D AveragePooling1D", _POOL_1D),
    **_each("MaxPooling2D AveragePooling2D", _POOL),
    **_each("MaxPooling3D AveragePooling3D", _POOL),
    **_each("GlobalMaxPooling2D GlobalAveragePooling2D", _SPATIAL),
    **_each("GlobalMaxPooling3D GlobalAveragePooling3D", _SPATIAL),
    "UpSampling1D": {"length": "size"},
    **_each("UpSampling2D UpSampling3D", _SPATIAL),
    **_each("ZeroPadding2D ZeroPadding3D", _SPATIAL),
    **_each("Cropping2D Cropping3D", _SPATIAL),
    **_each("Dropout AlphaDropout GaussianDropout SpatialDropout1D", _RATE),
    **_each("SpatialDropout2D SpatialDropout3D", {**_RATE, **_SPATIAL}),
    "GaussianNoise": {"sigma": "stddev"},
    **_each(
        "BatchNormalization ModalBatchNormalization",
        {"beta_init": "beta_initializer", "gamma_init": "gamma_initializer"},
    ),
    "LeakyReLU": {"alpha": "negative_slope"},
    "PReLU": {"init": "alpha_initializer"},
    "SReLU": {
        "t_left_init": "t_left_initializer",
        "a_left_init": "a_left_initializer",
        "t_right_init": "t_right_initializer",
        "a_right_init": "a_right_initializer",
    },
    "Reshape": {"dims": "target_shape"},
    "InputLayer": {"batch_input_shape": "batch_shape", "input_shape": "shape"},
}
# The same of classes that are no layers.
OTHERS: dict[str, dict[str, str]] = {
    **_each("Model Functional", {"input": "inputs", "output": "outputs"}),
    "MaxNorm": {"m": "max_value"},
    "MinMaxNorm": {"low": "min_value", "high": "max_value"},
    "L1": {"l": "l1"},
    "L2": {"l": "l2"},
    "Optimizer": {"lr": "learning_rate", "decay": "decay"},
    "ReduceLROnPlateau": {"epsilon": "min_delta"},
    "ModelCheckpoint": {"period": "period"},
}

# Layers whose `input_dim` was the size of a step, and made a shape with `input_length`.
SEQUENCES = frozenset(
    {"Dense", "Conv1D", "LocallyConnected1D", "SimpleRNN", "GRU", "LSTM", "RNN", "ConvLSTM2D"}
)

# Arguments of one kernel size, which were one each.
KERNEL_SIZES = (("nb_row", "nb_col"), ("kernel_dim1", "kernel_dim2", "kernel_dim3"))

ANY = object()  # every value may be left out: it changed how, not what a layer computed
_RNN_DROPPED = {
    "consume_less": ANY,
    "implementation": ANY,
    "time_major": (False, None),
    "num_constants": (0, None),
    "_num_constants": (0, None),
}
_AUGMENT_DROPPED = {"rng_type": ANY, "force_generator": ANY}

# Class (`"*"`: all) -> argument that is gone -> its values that mean nothing today.
DROPPED: dict[str, dict[str, Any]] = {
    "*": {"dynamic": (False, None), "create_input_layer": ANY, "use_resource": ANY},
    "InputLayer": {"type_spec": (None,), "trainable": ANY, "input_tensor": (None,)},
    "Embedding": {"dropout": ANY, "sparse": ANY, "activity_regularizer": (None,)},
    "EinsumDense": {"activity_regularizer": ANY},
    **_each("Conv1DTranspose Conv2DTranspose DepthwiseConv1D DepthwiseConv2D",
        {"groups": (1, None)},
    ),
    "Conv3DTranspose": {"groups": (1, None), "dilation_rate": ((1, 1, 1), 1, None)},
    **_each("SeparableConv1D SeparableConv2D",
        {
            "groups": (1, None),
            "kernel_initializer": ANY,
            "kernel_regularizer": ANY,
            "kernel_constraint": ANY,
        },
    ),
    **_each("SimpleRNN GRU LSTM RNN", _RNN_DROPPED),
    **_each("SimpleRNNCell GRUCell LSTMCell", {"implementation": ANY}),
    **_each("ConvLSTM1D ConvLSTM2D ConvLSTM3D", _RNN_DROPPED),
    "Bidirectional": {"num_constants": (0, None), "_num_constants": (0, None)},
    "BatchNormalization": {
        "mode": (0,),
        "fused": ANY,
        "adjustment": (None,),
        "virtual_batch_size": (None,),
    },
    "MultiHeadAttention": {
        "query_shape": ANY,
        "key_shape": ANY,
        "value_shape": ANY,
        "softmax_robust_masking": ANY,
    },
    "Discretization": {"trainable": ANY, "max_bins": ANY, "bins": (None,)},
    **_each("RandomBrightness RandomContrast RandomCrop RandomFlip RandomHeight RandomRotation "
        "RandomTranslation RandomWidth RandomZoom",
        _AUGMENT_DROPPED,
    ),
    "LocallyConnected1D": {"dilation_rate": (1, (1,), None)},
    "LocallyConnected2D": {"dilation_rate": (1, (1, 1), None)},
    "Lambda": {"module": ANY},
}  # fmt: skip
# The same of classes that are no layers.
OTHERS_DROPPED: dict[str, dict[str, Any]] = {
    "Optimizer": {
        "epsilon": (None,),
        "gradient_aggregator": (None,),
        "gradient_transformers": (None, ()),
        "is_legacy_optimizer": ANY,
        "jit_compile": ANY,
    },
    "Nadam": {"schedule_decay": (0.004, None)},
    "BackupAndRestore": {"save_before_preemption": ANY},
    "ModelCheckpoint": {"load_weights_on_restart": (False, None), "options": ANY},
    "ProgbarLogger": {"count_mode": ANY, "stateful_metrics": ANY},
    "TensorBoard": {
        "batch_size": ANY,
        "embeddings_data": ANY,
        "embeddings_layer_names": ANY,
        "write_grads": ANY,
    },
}

# What an argument was where nobody said so, if that is not what it is now. (Keras 1 and 2 until
# 2.3; configs name most arguments, scripts do not.)
DEFAULTS: dict[str, dict[str, Any]] = {
    "GRU": {"reset_after": False, "recurrent_activation": "hard_sigmoid"},
    "GRUCell": {"reset_after": False, "recurrent_activation": "hard_sigmoid"},
    "LSTM": {"recurrent_activation": "hard_sigmoid"},
    "LSTMCell": {"recurrent_activation": "hard_sigmoid"},
    "ConvLSTM2D": {"recurrent_activation": "hard_sigmoid"},
    "AveragePooling1D": {"pool_size": 2},
    "AveragePooling2D": {"pool_size": (2, 2)},
    "AveragePooling3D": {"pool_size": (2, 2, 2)},
}
# What had a default and has none now.
DEFAULTS_GONE = {n: DEFAULTS[n] for n in DEFAULTS if n.startswith("AveragePooling")}
# tf.keras until 2.15, and the Keras 2 that is tf.keras: the same for what differs there.
TF_DEFAULTS: dict[str, dict[str, Any]] = {
    **{f"ConvLSTM{n}D": {"recurrent_activation": "hard_sigmoid"} for n in (1, 2, 3)},
    **{f"AveragePooling{n}D": DEFAULTS[f"AveragePooling{n}D"] for n in (1, 2, 3)},
}

# ------------------------------------------------------------------------------- their parts

DATA_FORMATS: dict[str, str | None] = {
    "tf": "channels_last",
    "th": "channels_first",
    "default": None,
}

# Mode of a `Merge` layer -> class and fixed arguments.
MERGES: dict[str, tuple[str, dict[str, Any]]] = {
    "sum": ("Add", {}),
    "mul": ("Multiply", {}),
    "ave": ("Average", {}),
    "max": ("Maximum", {}),
    "concat": ("Concatenate", {}),
    "dot": ("Dot", {"normalize": False}),
    "cos": ("Dot", {"normalize": True}),
}

# Name -> class and arguments. A class's name may end in V1 or V2 as well.
INITIALIZERS: dict[str, tuple[str, dict[str, Any]]] = {
    "zero": ("Zeros", {}),
    "zeros": ("Zeros", {}),
    "one": ("Ones", {}),
    "ones": ("Ones", {}),
    "constant": ("Constant", {}),
    "uniform": ("RandomUniform", {"minval": -0.05, "maxval": 0.05}),
    "random_uniform": ("RandomUniform", {"minval": -0.05, "maxval": 0.05}),
    "normal": ("RandomNormal", {"mean": 0.0, "stddev": 0.05}),
    "random_normal": ("RandomNormal", {"mean": 0.0, "stddev": 0.05}),
    "truncated_normal": ("TruncatedNormal", {"mean": 0.0, "stddev": 0.05}),
    "variance_scaling": ("VarianceScaling", {}),
    "identity": ("Identity", {}),
    "orthogonal": ("Orthogonal", {}),
    "glorot_uniform": ("GlorotUniform", {}),
    "glorot_normal": ("GlorotNormal", {}),
    "he_uniform": ("HeUniform", {}),
    "he_normal": ("HeNormal", {}),
    "lecun_uniform": ("LecunUniform", {}),
    "lecun_normal": ("LecunNormal", {}),
    "IdentityInitializer": ("Identity", {}),
    "OrthogonalInitializer": ("Orthogonal", {}),
}
# Keras 1: plain normal numbers where later versions cut off the ends.
INITIALIZERS_1: dict[str, tuple[str, dict[str, Any]]] = {
    "orthogonal": ("Orthogonal", {"gain": 1.1}),
    "glorot_normal": (
        "VarianceScaling",
        {"scale": 1.0, "mode": "fan_avg", "distribution": "untruncated_normal"},
    ),
    "he_normal": (
        "VarianceScaling",
        {"scale": 2.0, "mode": "fan_in", "distribution": "untruncated_normal"},
    ),
}

REGULARIZERS: dict[str, str] = {
    "WeightRegularizer": "L1L2",
    "ActivityRegularizer": "L1L2",
    "L1L2Regularizer": "L1L2",
    "l1l2": "L1L2",
    "l1_l2": "L1L2",
    "activity_l1l2": "L1L2",
    "activity_l1": "L1",
    "activity_l2": "L2",
    "l1": "L1",
    "l2": "L2",
    "orthogonal_regularizer": "OrthogonalRegularizer",
}

CONSTRAINTS: dict[str, str] = {
    "maxnorm": "MaxNorm",
    "max_norm": "MaxNorm",
    "nonneg": "NonNeg",
    "non_neg": "NonNeg",
    "unitnorm": "UnitNorm",
    "unit_norm": "UnitNorm",
    "min_max_norm": "MinMaxNorm",
}
CONSTRAINT_ARGUMENTS = {name: OTHERS[name] for name in ("MaxNorm", "MinMaxNorm")}

# `hard_sigmoid` had another slope: what a file of then calls so is another function now.
ACTIVATIONS: dict[str, str] = {
    "hard_sigmoid": "hard_sigmoid_legacy",
    "softmax_v2": "softmax",
    "log_softmax_v2": "log_softmax",
    "leaky_relu_v2": "leaky_relu",
    "swish_v2": "silu",
    "exp": "exponential",
}

# ------------------------------------------------------------------------------- training

# Of Keras 1, averaged over batches: nothing computes them so any more.
METRICS_GONE = frozenset({"fbeta_score", "fmeasure", "fscore", "matthews_correlation"})

OPTIMIZERS: dict[str, str] = {
    **{
        n: n
        for n in ("SGD", "RMSprop", "Adagrad", "Adadelta", "Adam", "Adamax", "Nadam", "Ftrl",
                  "AdamW", "Adafactor", "Lion")
    },
    "sgd": "SGD",
    "rmsprop": "RMSprop",
    "adagrad": "Adagrad",
    "adadelta": "Adadelta",
    "adam": "Adam",
    "adamax": "Adamax",
    "nadam": "Nadam",
    "ftrl": "Ftrl",
}  # fmt: skip
# Learning rates that nobody named, where they are others now; and what else began otherwise.
OPTIMIZER_DEFAULTS: dict[str, dict[str, Any]] = {
    "Adagrad": {"learning_rate": 0.01, "initial_accumulator_value": 0.0},
    "Adadelta": {"learning_rate": 1.0},
    "Adamax": {"learning_rate": 0.002},
    "Nadam": {"learning_rate": 0.002},
}
