"""Arguments of Keras 1's layers in their order, for calls by position: a plain table."""

_W = ("W_regularizer", "b_regularizer", "activity_regularizer", "W_constraint", "b_constraint")
_CONV_2D = ("init", "activation", "weights", "border_mode", "subsample")
_RNN = ("init", "inner_init", "activation")
_PENALTIES = ("W_regularizer", "U_regularizer", "b_regularizer", "dropout_W", "dropout_U")
_INPUT = ("input_dim", "input_length")
POSITIONS: dict[str, tuple[str, ...]] = {
    "Masking": ("mask_value",),
    "Dropout": ("p", "noise_shape", "seed"),
    "SpatialDropout1D": ("p",),
    "SpatialDropout2D": ("p", "dim_ordering"),
    "SpatialDropout3D": ("p", "dim_ordering"),
    "Activation": ("activation",),
    "Reshape": ("target_shape",),
    "Permute": ("dims",),
    "Flatten": (),
    "RepeatVector": ("n",),
    "Lambda": ("function", "output_shape", "arguments"),
    "Dense": ("output_dim", "init", "activation", "weights", *_W, "bias", "input_dim"),
    "ActivityRegularization": ("l1", "l2"),
    "MaxoutDense": ("output_dim", "nb_feature", "init", "weights", *_W, "bias", "input_dim"),
    "Highway": ("init", "activation", "weights", *_W, "bias", "input_dim"),
    "TimeDistributedDense": (
        "output_dim", "init", "activation", "weights", *_W, "bias", *_INPUT,
    ),
    **{
        name: (
            "nb_filter", "filter_length", "init", "activation", "weights", "border_mode",
            "subsample_length", *_W, "bias", *_INPUT,
        )
        for name in ("Convolution1D", "LocallyConnected1D")
    },
    "AtrousConvolution1D": (
        "nb_filter", "filter_length", "init", "activation", "weights", "border_mode",
        "subsample_length", "atrous_rate", *_W, "bias",
    ),
    **{
        name: ("nb_filter", "nb_row", "nb_col", *_CONV_2D, "dim_ordering", *_W, "bias")
        for name in ("Convolution2D", "LocallyConnected2D")
    },
    "Deconvolution2D": (
        "nb_filter", "nb_row", "nb_col", "output_shape", *_CONV_2D, "dim_ordering", *_W, "bias",
    ),
    "AtrousConvolution2D": (
        "nb_filter", "nb_row", "nb_col", *_CONV_2D, "atrous_rate", "dim_ordering", *_W, "bias",
    ),
    "SeparableConvolution2D": (
        "nb_filter", "nb_row", "nb_col", *_CONV_2D, "depth_multiplier", "dim_ordering",
        "depthwise_regularizer", "pointwise_regularizer", "b_regularizer", "activity_regularizer",
        "depthwise_constraint", "pointwise_constraint", "b_constraint", "bias",
    ),
    "Convolution3D": (
        "nb_filter", "kernel_dim1", "kernel_dim2", "kernel_dim3", *_CONV_2D, "dim_ordering", *_W,
        "bias",
    ),
    "UpSampling1D": ("length",),
    "UpSampling2D": ("size", "dim_ordering"),
    "UpSampling3D": ("size", "dim_ordering"),
    "ZeroPadding1D": ("padding",),
    "ZeroPadding2D": ("padding", "dim_ordering"),
    "ZeroPadding3D": ("padding", "dim_ordering"),
    "Cropping1D": ("cropping",),
    "Cropping2D": ("cropping", "dim_ordering"),
    "Cropping3D": ("cropping", "dim_ordering"),
    "MaxPooling1D": ("pool_length", "stride", "border_mode"),
    "AveragePooling1D": ("pool_length", "stride", "border_mode"),
    **{
        f"{kind}Pooling{rank}D": ("pool_size", "strides", "border_mode", "dim_ordering")
        for kind in ("Max", "Average")
        for rank in (2, 3)
    },
    "SimpleRNN": ("output_dim", *_RNN, *_PENALTIES),
    "GRU": ("output_dim", *_RNN, "inner_activation", *_PENALTIES),
    "LSTM": (
        "output_dim", "init", "inner_init", "forget_bias_init", "activation", "inner_activation",
        *_PENALTIES,
    ),
    "ConvLSTM2D": (
        "nb_filter", "nb_row", "nb_col", "init", "inner_init", "forget_bias_init", "activation",
        "inner_activation", "dim_ordering", "border_mode", "subsample", *_PENALTIES,
    ),
    "Embedding": (
        "input_dim", "output_dim", "init", "input_length", "W_regularizer",
        "activity_regularizer", "W_constraint", "mask_zero", "weights", "dropout",
    ),
    "BatchNormalization": (
        "epsilon", "mode", "axis", "momentum", "weights", "beta_init", "gamma_init",
        "gamma_regularizer", "beta_regularizer",
    ),
    "GaussianNoise": ("sigma",),
    "GaussianDropout": ("p",),
    "LeakyReLU": ("alpha",),
    "PReLU": ("init", "weights", "shared_axes"),
    "ELU": ("alpha",),
    "ParametricSoftplus": ("alpha_init", "beta_init", "weights", "shared_axes"),
    "ThresholdedReLU": ("theta",),
    "SReLU": ("t_left_init", "a_left_init", "t_right_init", "a_right_init", "shared_axes"),
    "TimeDistributed": ("layer",),
    "Bidirectional": ("layer", "merge_mode", "weights"),
    "Merge": (
        "layers", "mode", "concat_axis", "dot_axes", "output_shape", "output_mask", "arguments",
        "node_indices", "tensor_indices", "name",
    ),
}  # fmt: skip
