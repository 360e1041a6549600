import pytest

import torchkeras
from torchkeras.core import legacy_names
from torchkeras.core.configurable import init_parameters
from torchkeras.core.legacy_arguments import current_class, legacy_arguments
from torchkeras.core.legacy_positions import POSITIONS
from torchkeras.core.registry import LAYERS


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("Dense", {"output_dim": 3, "init": "he_uniform", "bias": False},
         {"units": 3, "kernel_initializer": "he_uniform", "use_bias": False}),
        ("Convolution2D", {"nb_filter": 3, "nb_row": 2, "nb_col": 4, "dim_ordering": "th"},
         {"filters": 3, "data_format": "channels_first", "kernel_size": (2, 4)}),
        ("Convolution3D", {"kernel_dim1": 1, "kernel_dim2": 2, "kernel_dim3": 3},
         {"kernel_size": (1, 2, 3)}),
        ("Conv2D", {"dim_ordering": "default"}, {"data_format": None}),
        ("Convolution1D", {"nb_filter": 3, "filter_length": 2, "input_dim": 4, "input_length": 9},
         {"filters": 3, "kernel_size": 2, "input_shape": (9, 4)}),
        ("LSTM", {"output_dim": 3, "input_dim": 4, "consume_less": "gpu"},
         {"units": 3, "input_shape": (None, 4)}),
        ("LSTM", {"output_dim": 3, "input_dim": 4, "input_shape": (5, 4)},
         {"units": 3, "input_shape": (5, 4)}),
        ("Dense", {"output_dim": 3, "input_dim": 4}, {"units": 3, "input_dim": 4}),
        ("TimeDistributedDense", {"output_dim": 3, "input_dim": 4, "input_length": 5},
         {"units": 3, "input_shape": (5, 4)}),
        ("Embedding", {"input_dim": 9, "output_dim": 3, "input_length": 5, "dropout": 0.2},
         {"input_dim": 9, "output_dim": 3, "input_shape": (5,)}),
        ("LSTM", {"inner_activation": "hard_sigmoid", "forget_bias_init": "zero"},
         {"recurrent_activation": "hard_sigmoid_legacy", "unit_forget_bias": False}),
        ("SeparableConvolution2D", {"init": "one"},
         {"depthwise_initializer": "one", "pointwise_initializer": "one"}),
        ("LeakyReLU", {"alpha": 0.1}, {"negative_slope": 0.1}),
        ("MaxPooling1D", {"pool_length": 2, "stride": 3, "border_mode": "same"},
         {"pool_size": 2, "strides": 3, "padding": "same"}),
        ("CuDNNGRU", {"units": 3},
         {"units": 3, "recurrent_activation": "sigmoid", "reset_after": True}),
        ("Dense", {"units": 3, "input_dtype": "float64"}, {"units": 3, "dtype": "float64"}),
        ("GRU", {"time_major": False, "implementation": 2, "units": 1}, {"units": 1}),
    ],
)  # fmt: skip
def test_arguments(name, old, new):
    assert legacy_arguments(name, old) == new
    assert legacy_arguments(current_class(name), new) == new


def test_initializers_of_keras_1_were_others():
    found = legacy_arguments("LSTM", {"inner_init": "orthogonal", "init": "zero"}, era=1)
    assert found["recurrent_initializer"]["config"] == {"gain": 1.1}
    assert found["kernel_initializer"] == "zero"
    assert legacy_arguments("LSTM", {"inner_init": "orthogonal"}) == {
        "recurrent_initializer": "orthogonal"
    }


def test_objects_are_handed_on():
    penalty = torchkeras.regularizers.L2(0.1)
    found = legacy_arguments("Dense", {"W_regularizer": penalty, "activation": torchkeras.ops.relu})
    assert found["kernel_regularizer"] is penalty and found["activation"] is torchkeras.ops.relu


@pytest.mark.parametrize(
    ("name", "old", "message"),
    [
        ("GRU", {"time_major": True}, r"GRU: time_major is no argument any more; .* False or None"),
        ("Conv2DTranspose", {"groups": 2}, r"groups is no argument any more; .* must be 1"),
        ("Convolution2D", {"nb_row": 3}, r"nb_row must come with nb_col"),
        ("Dense", {"units": 1, "output_dim": 1}, r"output_dim and units are the same argument"),
        ("Dense", {"dynamic": True}, r"dynamic is no argument any more"),
    ],
)
def test_refused(name, old, message):
    with pytest.raises(ValueError, match=message):
        legacy_arguments(name, old)


def parameters(name):
    return set(init_parameters(LAYERS.names[name]))


LAYER_TABLE = {
    n: t for n, t in legacy_names.ARGUMENTS.items() if n in LAYERS.names and n != "Model"
}
# What tables that several classes share name for some of them alone.
SHARED = {
    "use_bias", "kernel_initializer", "kernel_regularizer", "kernel_constraint", "filters",
    "unit_forget_bias", "dilation_rate", "recurrent_activation", "units",
}  # fmt: skip


def test_the_tables_name_what_is_there():
    assert set(legacy_names.CLASSES.values()) <= set(LAYERS.names)
    for name, renames in LAYER_TABLE.items():
        assert set(renames.values()) <= parameters(name) | SHARED, name
    assert len(LAYER_TABLE) > 50
    for table in (legacy_names.DEFAULTS, legacy_names.TF_DEFAULTS):
        for name, arguments in table.items():
            assert set(arguments) <= parameters(name) | SHARED, name
    assert {current_class(name) for name in POSITIONS} - {"Merge"} <= set(LAYERS.names)


def test_no_old_name_is_a_new_one():
    kept = {"activity_regularizer", "trainable", "input_tensor", "dilation_rate"}  # in one sense
    for name, renames in LAYER_TABLE.items():
        assert not set(renames) & parameters(name) - {"batch_input_shape", "input_shape"}, name
        assert not set(legacy_names.DROPPED.get(name, ())) & parameters(name) - kept, name
