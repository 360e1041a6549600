"""ConvLSTM1D, 2D and 3D: numbers, gradients, shapes and configs are real Keras's."""

import itertools

import keras
import numpy as np
import pytest
import torch

import torchkeras
from oracle import assert_close, check_layer, clear_names, copy_weights, rand

MASKS = {
    "none": None,
    "right": np.array([[1, 1, 0], [1, 1, 1]], bool),
    "left": np.array([[0, 1, 1], [0, 0, 1]], bool),
    "holes": np.array([[1, 0, 1], [0, 0, 0]], bool),
}
SIZES = {1: (7,), 2: (6, 5), 3: (4, 5, 4)}
OUT = {1: (5,), 2: (4, 3), 3: (2, 3, 2)}


def x_of(rank, data_format=None, steps=3, batch=2):
    x = rand(batch, steps, *SIZES[rank], 2)
    return np.moveaxis(x, -1, 2).copy() if data_format == "channels_first" else x


def check(rank, args, inputs=None, **kwargs):
    x = x_of(rank, args.get("data_format")) if inputs is None else inputs
    kwargs.setdefault("scale_weights", 0.5)
    return check_layer(f"ConvLSTM{rank}D", {"filters": 3, "kernel_size": 3, **args}, x, **kwargs)


GEOMETRY = [
    {},
    {"padding": "same"},
    {"padding": "SAME", "kernel_size": 2},
    {"strides": 2},
    {"strides": 2, "padding": "same"},
    {"strides": 3, "padding": "same", "kernel_size": 2},
    {"dilation_rate": 2, "padding": "same"},
    {"kernel_size": 1},
]


@pytest.mark.parametrize("data_format", [None, "channels_first"])
@pytest.mark.parametrize("args", GEOMETRY, ids=str)
@pytest.mark.parametrize("rank", [1, 2, pytest.param(3, marks=pytest.mark.sweep)])
def test_geometry(rank, args, data_format):
    check(rank, {**args, "data_format": data_format, "return_sequences": rank != 2})


ARGUMENTS = [
    {"kernel_size": (2, 3), "strides": (1, 2), "padding": "same"},
    {"kernel_size": [3, 2], "dilation_rate": (1, 2)},
    {"activation": "relu", "recurrent_activation": "hard_sigmoid"},
    {"activation": None, "recurrent_activation": None},
    {"use_bias": False},
    {"unit_forget_bias": False, "bias_initializer": "ones"},
    {"bias_initializer": "ones"},
    {"kernel_initializer": "ones", "recurrent_initializer": "glorot_normal"},
    {"kernel_regularizer": "l2", "recurrent_regularizer": "l1", "bias_regularizer": "l1"},
    {"activity_regularizer": "l2"},
    {"kernel_constraint": "max_norm", "recurrent_constraint": "unit_norm"},
    {"bias_constraint": "non_neg"},
    {"dropout": 0.3, "recurrent_dropout": 0.2, "seed": 3},
    {"dtype": "float64"},
    {"dtype": "mixed_bfloat16"},
    {"unroll": True, "name": "mine"},
]


@pytest.mark.parametrize("args", ARGUMENTS, ids=str)
def test_arguments(args):
    scale = None if any("initializer" in k for k in args) else 0.5
    check(2, {**args, "return_sequences": True}, mask=MASKS["right"], scale_weights=scale)


RUNS = [
    dict(zip(("return_sequences", "return_state", "go_backwards"), v, strict=True))
    for v in itertools.product((False, True), repeat=3)
]


@pytest.mark.parametrize("run", RUNS, ids=lambda r: "".join(str(int(v)) for v in r.values()))
def test_runs(run):
    check(1, {**run, "zero_output_for_mask": run["go_backwards"]}, mask=MASKS["holes"])


@pytest.mark.sweep
@pytest.mark.parametrize("mask", MASKS)
@pytest.mark.parametrize("rank", [1, 2, 3])
def test_product(rank, mask):
    for run, zero in itertools.product(RUNS, (False, True)):
        for data_format in ("channels_last", "channels_first"):
            args = {**run, "zero_output_for_mask": zero, "data_format": data_format}
            check(rank, args, mask=MASKS[mask], config=False, symbolic=False)


@pytest.mark.parametrize("mask", ["none", "holes"])
@pytest.mark.parametrize("rank", [1, 2, 3])
def test_initial_state(rank, mask):
    check(
        rank,
        {"return_state": True, "go_backwards": True},
        mask=MASKS[mask],
        call_kwargs={"initial_state": [rand(2, *OUT[rank], 3, seed=i) for i in (4, 5)]},
        shapes=False,
    )


def test_untrainable():
    layer = torchkeras.layers.ConvLSTM1D(2, 2, trainable=False)
    layer(x_of(1))
    assert layer.trainable_weights == [] and len(layer.non_trainable_weights) == 3


def test_bias_starts_like_keras():
    for forget in (False, True):
        ours, theirs = (
            lib.layers.ConvLSTM1D(2, 2, bias_initializer="ones", unit_forget_bias=forget)
            for lib in (torchkeras, keras)
        )
        for layer in (ours, theirs):
            layer.build((None, 3, 4, 2))
        assert_close(ours.cell.bias, theirs.cell.bias)


@pytest.mark.parametrize("mask", ["none", "holes"])
def test_stateful(mask):
    clear_names()
    made = [lib.layers.ConvLSTM2D(3, 2, stateful=True) for lib in (torchkeras, keras)]
    x = x_of(2)
    kwargs = {} if MASKS[mask] is None else {"mask": torch.as_tensor(MASKS[mask])}
    for layer in made:
        layer.build(x.shape)
    copy_weights(*reversed(made))
    assert [v.path for v in made[0].states] == [v.path for v in made[1].states]
    for _ in range(3):
        assert_close(*(layer(x, **kwargs) for layer in made))
    for layer in made:
        layer.reset_state()
    assert_close(*(layer(x, **kwargs) for layer in made))
    assert_close(*(list(layer.states) for layer in made))


@pytest.mark.parametrize("data_format", ["channels_last", "channels_first"])
@pytest.mark.parametrize("rates", [(0.5, 0.0), (0.0, 0.5), (0.5, 0.5)])
def test_dropout_masks_of_the_cell(rates, data_format):
    """The masks have Keras's structure, and enter at the same places."""
    last = data_format == "channels_last"
    shapes = [(2, 5, 4, 2), (2, 4, 3, 3)] if last else [(2, 2, 5, 4), (2, 3, 4, 3)]
    results = []
    for lib in (torchkeras, keras):
        clear_names()
        cell = lib.layers.ConvLSTM2D(
            3, 2, data_format=data_format, dropout=rates[0], recurrent_dropout=rates[1]
        ).cell
        cell.build(shapes[0])
        cell.set_weights([rand(*w.shape, seed=9) for w in cell.get_weights()])
        for key, shape in zip(("", "recurrent_"), shapes, strict=True):
            if getattr(cell, f"{key}dropout"):
                masks = getattr(cell, f"get_{key}dropout_mask")(torch.ones(shape))
                assert [tuple(m.shape) for m in masks] == [shape] * 4
                for seed, m in enumerate(masks):
                    m.copy_(torch.as_tensor(2.0 * (rand(*shape, seed=seed) > 0)))
        states = [torch.as_tensor(rand(*shapes[1], seed=i)) for i in (2, 3)]
        results.append(cell(torch.as_tensor(rand(*shapes[0])), states, training=True))
    assert_close(*results)


def test_dropout_is_constant_over_time():
    layer = torchkeras.layers.ConvLSTM1D(
        1, 1, dropout=0.5, recurrent_dropout=0.2, kernel_initializer="ones", return_sequences=True,
        recurrent_initializer="zeros", recurrent_activation=None, bias_initializer="zeros",
    )  # fmt: skip
    x = torch.ones(64, 5, 3, 2)
    first, second = layer(x, training=True), layer(x, training=True)
    assert not torch.equal(first, second)
    assert layer.cell._dropout_mask is None and layer.cell._recurrent_dropout_mask is None
    # Where the candidate gate saw nothing at the first step, it sees nothing ever.
    assert bool((first[:, 0] == 0).any())
    torch.testing.assert_close(layer(x), layer(x, training=False))


def test_seed_repeats_the_dropout():
    def run():
        layer = torchkeras.layers.ConvLSTM1D(2, 2, dropout=0.5, recurrent_dropout=0.5, seed=3)
        layer.build((2, 3, 7, 2))
        layer.set_weights([np.full(w.shape, 0.1) for w in layer.get_weights()])
        return layer(x_of(1), training=True), layer(x_of(1), training=True)

    first, second = run(), run()
    assert torch.equal(first[0], second[0]) and torch.equal(first[1], second[1])
    assert not torch.equal(first[0], first[1])


@pytest.mark.parametrize("sequences", [False, True])
def test_bidirectional(sequences):
    check_layer(
        "Bidirectional",
        lambda lib: {"layer": lib.layers.ConvLSTM1D(3, 2, return_sequences=sequences)},
        x_of(1),
        mask=MASKS["holes"],
        scale_weights=0.5,
    )


def test_images_of_unknown_size():
    layer = torchkeras.layers.ConvLSTM2D(2, 3, padding="same", return_sequences=True)
    symbol = layer(torchkeras.Input((None, None, None, 3)))
    assert symbol.shape == (None, None, None, None, 2)
    for size in (5, 6):
        assert layer(torch.ones(1, 2, size, 4, 3)).shape == (1, 2, size, 4, 2)


def test_gradients_by_differences():
    layer = torchkeras.layers.ConvLSTM1D(2, 2, dtype="float64", return_sequences=True)
    x = torch.tensor(x_of(1), dtype=torch.float64, requires_grad=True)
    layer(x)
    mask = torch.as_tensor(MASKS["holes"])
    assert torch.autograd.gradcheck(lambda x: layer(x, mask=mask), x, fast_mode=True)


def test_in_a_saved_model(tmp_path):
    x = x_of(2)
    made = []
    for lib in (torchkeras, keras):
        clear_names()
        model = lib.Sequential(
            [
                lib.Input(x.shape[1:]),
                lib.layers.ConvLSTM2D(2, 3, return_sequences=True, padding="same"),
                lib.layers.ConvLSTM2D(2, 3, data_format="channels_last"),
            ]
        )
        made.append(model)
    for (saver, loader), model in zip(
        ((torchkeras, keras), (keras, torchkeras)), made, strict=True
    ):
        path = tmp_path / f"{saver.__name__}.keras"
        model.save(path)
        assert_close(loader.models.load_model(path)(x), model(x))


def test_training():
    L = torchkeras.layers
    model = torchkeras.Sequential([L.ConvLSTM1D(2, 3, dropout=0.1), L.Flatten(), L.Dense(1)])
    model.compile("adam", "mse")
    x = x_of(1, batch=8)
    history = model.fit(x, x.mean((1, 2, 3)), epochs=30, verbose=0).history["loss"]
    assert history[-1] < history[0]


@pytest.mark.parametrize(
    ("args", "message"),
    [
        ({"filters": 0}, "ConvLSTM2D: filters must be a positive integer"),
        ({"kernel_size": 0}, "ConvLSTM2D: kernel_size must"),
        ({"kernel_size": (1, 2, 3)}, "ConvLSTM2D: kernel_size must"),
        ({"strides": 2, "dilation_rate": 2}, "exclude each other"),
        ({"padding": "causal"}, "ConvLSTM2D: padding must be one of"),
        ({"data_format": "last"}, "data_format must be one of"),
        ({"dropout": 1.5}, "dropout must be"),
        ({"use_cudnn": True}, "Unrecognized keyword arguments passed to ConvLSTM2D"),
        ({"implementation": 1}, "Unrecognized keyword arguments passed to ConvLSTM2D"),
    ],
    ids=lambda v: str(v) if isinstance(v, dict) else "",
)
def test_errors_at_creation(args, message):
    with pytest.raises(ValueError, match=message):
        torchkeras.layers.ConvLSTM2D(**{"filters": 2, "kernel_size": 3, **args})


def test_errors_of_calls():
    layer = torchkeras.layers.ConvLSTM2D(2, 3)
    with pytest.raises(ValueError, match="expected ndim=5"):
        layer(torch.ones(2, 6, 6, 3))
    with pytest.raises(ValueError, match="do not fit into the input"):
        layer(torch.ones(2, 2, 2, 6, 3))
    with pytest.raises(ValueError, match="channels of the inputs must be known"):
        layer(torchkeras.Input((2, 6, 6, None)))
    layer(torch.ones(2, 4, 6, 6, 3))
    with pytest.raises(ValueError, match="must hold 2 states"):
        layer(torch.ones(2, 4, 6, 6, 3), initial_state=[torch.zeros(2, 4, 4, 2)])
    with pytest.raises(ValueError, match=r"mask must have shape \(2, 4\)"):
        layer(torch.ones(2, 4, 6, 6, 3), mask=torch.ones(2, 3))
