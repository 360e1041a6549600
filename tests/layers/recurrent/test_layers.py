"""SimpleRNN, LSTM, GRU and RNN: numbers, gradients, shapes and configs are real Keras's."""

import itertools

import numpy as np
import pytest
import torch

import torchkeras
from oracle import check_layer, rand

LAYERS = ["SimpleRNN", "LSTM", "GRU"]
X = rand(3, 5, 4)
MASKS = {
    "none": None,
    "right": np.array([[1, 1, 1, 0, 0], [1, 1, 1, 1, 1], [1, 0, 0, 0, 0]], bool),
    "left": np.array([[0, 0, 1, 1, 1], [1, 1, 1, 1, 1], [0, 0, 0, 0, 1]], bool),
    "holes": np.array([[0, 1, 0, 1, 0], [1, 1, 0, 0, 1], [0, 1, 1, 0, 0]], bool),
    "empty": np.array([[1, 1, 0, 0, 0], [0, 0, 0, 0, 0], [1, 1, 1, 0, 0]], bool),
    "all_empty": np.zeros((3, 5), bool),
    "full": np.ones((3, 5), bool),
}
RUNS = [
    dict(zip(("return_sequences", "return_state", "go_backwards"), v, strict=True))
    for v in itertools.product((False, True), repeat=3)
]


def states(name, units=3):
    n = 2 if name == "LSTM" else 1
    return {"initial_state": [rand(3, units, seed=i + 5) for i in range(n)]}


def check(name, args, **kwargs):
    kwargs.setdefault("scale_weights", 0.7)
    if kwargs.get("call_kwargs"):
        kwargs.setdefault("shapes", False)
    return check_layer(name, {"units": 3, **args}, X, **kwargs)


@pytest.mark.parametrize("run", RUNS, ids=lambda r: "".join(str(int(v)) for v in r.values()))
@pytest.mark.parametrize("name", LAYERS)
def test_run_options(name, run):
    check(name, run)


@pytest.mark.parametrize("zero", [False, True])
@pytest.mark.parametrize(
    "mask",
    [
        *("right", "holes", "all_empty"),
        *(pytest.param(m, marks=pytest.mark.sweep) for m in ("left", "empty", "full")),
    ],
)
@pytest.mark.parametrize("name", LAYERS)
def test_masks(name, mask, zero):
    for sequences, back in ((True, False), (False, True)):
        args = {"return_sequences": sequences, "go_backwards": back, "return_state": True}
        check(
            name,
            {**args, "zero_output_for_mask": zero},
            mask=MASKS[mask],
            call_kwargs=states(name),
            config=False,
            symbolic=False,
        )
        args["return_state"] = False  # LSTM goes another way
        check(name, {**args, "zero_output_for_mask": zero}, mask=MASKS[mask], config=False)


@pytest.mark.parametrize("unroll", [False, True])
@pytest.mark.parametrize("name", LAYERS)
def test_initial_state(name, unroll):
    run = {"return_sequences": True, "return_state": True, "unroll": unroll}
    check(name, run, call_kwargs=states(name))


ARGUMENTS = [
    {"activation": "relu"},
    {"activation": None},
    {"activation": "sigmoid"},
    {"use_bias": False},
    {"kernel_initializer": "ones", "recurrent_initializer": "glorot_normal"},
    {"bias_initializer": "ones"},
    {"kernel_regularizer": "l2", "recurrent_regularizer": "l1", "bias_regularizer": "l1"},
    {"activity_regularizer": "l2"},
    {"kernel_constraint": "max_norm", "recurrent_constraint": "unit_norm"},
    {"bias_constraint": "non_neg"},
    {"dropout": 0.3, "recurrent_dropout": 0.2},
    {"dtype": "mixed_bfloat16"},
    {"dtype": "float64"},
    {"trainable": False},
    {"name": "mine"},
]
GATED = [
    {"recurrent_activation": "hard_sigmoid"},
    {"recurrent_activation": None, "activation": None},
    {"use_cudnn": False},
]


@pytest.mark.parametrize("args", ARGUMENTS, ids=str)
@pytest.mark.parametrize("name", LAYERS)
def test_arguments(name, args):
    scale = None if any("initializer" in k for k in args) else 0.7
    if name == "SimpleRNN" and "activity_regularizer" in args:
        layer = torchkeras.layers.SimpleRNN(3, **args)  # Keras loses the penalty; ours keeps it
        assert float(layer(X).square().sum() * 0.01 / 3) == pytest.approx(float(layer.losses[0]))
        return
    run = {**args, "return_sequences": True}
    check(name, run, mask=MASKS["right"], scale_weights=scale)


@pytest.mark.parametrize("args", GATED, ids=str)
@pytest.mark.parametrize("name", ["LSTM", "GRU"])
def test_gated_arguments(name, args):
    config = "use_cudnn" not in args  # Keras's config loses it; ours keeps it
    check(name, args, config=config)
    check(name, args, mask=MASKS["holes"], config=config)


@pytest.mark.parametrize("bias", [False, True])
@pytest.mark.parametrize("mask", ["none", "holes"])
def test_gru_reset_before(mask, bias):
    run = {"return_sequences": True, "return_state": True}
    check("GRU", {"reset_after": False, "use_bias": bias, **run}, mask=MASKS[mask])


def test_unit_forget_bias():
    check("LSTM", {"unit_forget_bias": False}, scale_weights=None)
    check("LSTM", {"unit_forget_bias": True}, scale_weights=None)
    layer = torchkeras.layers.LSTM(2)
    layer.build((None, None, 3))
    assert layer.cell.bias.tolist() == [0, 0, 1, 1, 0, 0, 0, 0]


@pytest.mark.sweep
@pytest.mark.parametrize("mask", MASKS)
@pytest.mark.parametrize("name", [*LAYERS, "GRU before"])
def test_product(name, mask):
    name, *before = name.split()
    own = {"reset_after": False} if before else {}
    flags = ("return_sequences", "return_state", "go_backwards", "zero_output_for_mask", "use_bias")
    for values in itertools.product((False, True), repeat=len(flags)):
        args = dict(zip(flags, values, strict=True))
        for extra in ({}, {"activation": "relu"}, {"activation": "gelu"}):
            for call_kwargs in (None, states(name)):
                check(
                    name,
                    {**args, **extra, **own},
                    mask=MASKS[mask],
                    call_kwargs=call_kwargs,
                    config=False,
                    symbolic=False,
                )


@pytest.mark.parametrize("args", [{"dropout": 0.5}, {"recurrent_dropout": 0.5}], ids=str)
@pytest.mark.parametrize("name", LAYERS)
def test_dropout_shapes(name, args):
    check(name, {**args, "return_sequences": True}, training=True, values=False)


@pytest.mark.parametrize("name", LAYERS)
def test_dropout_is_constant_over_time(name):
    layer = getattr(torchkeras.layers, name)(1, dropout=0.5, return_sequences=True)
    # Without a recurrent part and gates, the output tells which inputs got through.
    layer.build((None, 6, 8))
    layer.cell.recurrent_kernel.assign(torch.zeros_like(layer.cell.recurrent_kernel))
    kept = []

    def watch(x, *rest):
        kept.append(x)
        return original(x, *rest)

    original = layer._kernel.function
    layer._kernel = layer._kernel._replace(function=watch)
    x = torch.ones(64, 6, 8)
    layer(x, training=True)
    seen = kept[0]
    assert set(seen.unique().tolist()) == {0.0, 2.0}
    assert torch.equal(seen, seen[:, :1].expand_as(seen))
    assert abs(float((seen[:, 0] > 0).float().mean()) - 0.5) < 0.1
    layer(x, training=True)
    assert not torch.equal(kept[1], seen)
    layer(x)
    assert torch.equal(kept[2], x)


@pytest.mark.parametrize("name", LAYERS)
def test_seed_repeats_the_dropout(name):
    def run():
        layer = getattr(torchkeras.layers, name)(
            3, dropout=0.5, recurrent_dropout=0.5, seed=3, kernel_initializer="ones"
        )
        layer.build((2, 5, 4))
        layer.set_weights([np.full(w.shape, 0.1) for w in layer.get_weights()])
        return layer(torch.ones(2, 5, 4), training=True), layer(torch.ones(2, 5, 4), training=True)

    first, second = run(), run()
    assert torch.equal(first[0], second[0]) and torch.equal(first[1], second[1])
    assert not torch.equal(first[0], first[1])


@pytest.mark.parametrize(
    ("name", "args", "message"),
    [
        ("LSTM", {"use_cudnn": True, "activation": "relu"}, "does not know activation='relu'"),
        ("LSTM", {"use_cudnn": True, "recurrent_activation": "relu"}, "recurrent_activation='"),
        ("GRU", {"use_cudnn": True, "reset_after": False}, "does not know reset_after=False"),
        ("LSTM", {"use_cudnn": True, "recurrent_dropout": 0.1}, "does not know recurrent_dropout"),
        (
            "GRU",
            {"use_cudnn": True, "dropout": 0.1, "implementation": 1},
            "does not know dropout with implementation=1",
        ),
        ("LSTM", {"use_cudnn": "yes"}, "LSTM: use_cudnn must be one of"),
        ("LSTM", {"units": -1}, "LSTMCell: units must be a positive integer"),
        ("GRU", {"dropout": 1.5}, "GRUCell: dropout must"),
        ("LSTM", {"implementation": 7}, "LSTMCell: implementation must be one of"),
        ("SimpleRNN", {"use_cudnn": "auto"}, "Unrecognized keyword arguments passed to SimpleRNN"),
        ("LSTM", {"time_major": True}, "LSTM: time_major is no argument any more"),
    ],
    ids=lambda v: str(v) if isinstance(v, dict) else "",
)  # fmt: skip
def test_errors_at_creation(name, args, message):
    with pytest.raises(ValueError, match=message):
        getattr(torchkeras.layers, name)(**{"units": 3, **args})


def test_errors_of_calls():
    layer = torchkeras.layers.LSTM(2)
    x = torch.ones(2, 5, 3)
    with pytest.raises(ValueError, match="must hold 2 states"):
        layer(x, initial_state=[torch.zeros(2, 2)])
    with pytest.raises(ValueError, match=r"mask must have shape \(2, 5\)"):
        layer(x, mask=torch.ones(2, 4))
    with pytest.raises(ValueError, match="last dimension"):
        torchkeras.layers.LSTM(2)(torchkeras.Input((5, None)))
    with pytest.raises(ValueError, match="ndim"):
        layer(torch.ones(2, 3))


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
@pytest.mark.parametrize("name", LAYERS)
def test_half_precision(name, dtype):
    layer = getattr(torchkeras.layers, name)(4, dtype=dtype, return_sequences=True)
    assert layer(torch.ones(2, 3, 5)).dtype is getattr(torch, dtype)


@pytest.mark.sweep
@pytest.mark.parametrize("name", LAYERS)
def test_export_for_one_size(name):
    layer = getattr(torchkeras.layers, name)(4)
    layer.build((2, 3, 5))
    x = torch.randn(2, 3, 5)
    program = torch.export.export(layer, (x,))
    torch.testing.assert_close(program.module()(x), layer(x))


@pytest.mark.parametrize(
    "kind", ["LSTM", *(pytest.param(k, marks=pytest.mark.sweep) for k in ("GRU", "both", "masked"))]
)
def test_gradients_of_compiled_layers(kind):
    """torch cannot compile those of its LSTM on the CPU; a loop stands in for it."""
    torch._dynamo.reset()
    L = torchkeras.layers
    layer = {"GRU": L.GRU, "both": lambda n: L.Bidirectional(L.LSTM(n))}.get(kind, L.LSTM)(3)
    x = torch.as_tensor(X)
    mask = torch.as_tensor(MASKS["holes"]) if kind == "masked" else None
    want = layer(x, mask=mask)
    grads = torch.autograd.grad(want.square().sum(), layer.trainable_weights)
    got = torch.compile(layer, fullgraph=True, backend="aot_eager")(x, mask=mask)
    torch.testing.assert_close(got, want)
    found = torch.autograd.grad(got.square().sum(), layer.trainable_weights)
    torch.testing.assert_close(found, grads, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("name", LAYERS)
def test_training_after_inference_mode(name):
    layer = getattr(torchkeras.layers, name)(4)
    with torch.inference_mode():
        layer(X)
    layer(X).sum().backward()
    assert all(w.grad is not None for w in layer.trainable_weights)


def test_use_cudnn_survives_in_the_config():
    config = torchkeras.layers.LSTM(4, use_cudnn=False).get_config()
    assert torchkeras.layers.LSTM.from_config(config).use_cudnn is False


@pytest.mark.parametrize("name", LAYERS)
def test_gradients_by_differences(name):
    """The fused runs, masked and not, against numerical gradients in float64."""
    layer = getattr(torchkeras.layers, name)(3, dtype="float64", return_sequences=True)
    layer.build((3, 5, 4))
    x = torch.tensor(X, dtype=torch.float64, requires_grad=True)
    for mask in (None, torch.as_tensor(MASKS["holes"])):
        assert torch.autograd.gradcheck(lambda x, m=mask: layer(x, mask=m), x, fast_mode=True)


def test_in_a_masked_model():
    L = torchkeras.layers
    model = torchkeras.Sequential(
        [
            torchkeras.Input((None,), dtype="int32"),
            L.Embedding(10, 4, mask_zero=True),
            L.Bidirectional(L.GRU(3, return_sequences=True)),
            L.LSTM(3),
            L.Dense(1),
        ]
    )
    model.compile("adam", "mse")
    x = np.array([[1, 2, 3, 0, 0, 0], [4, 5, 0, 0, 0, 0]], "int32")
    model.fit(x, np.ones((2, 1), "float32"), verbose=0)
    # What stands behind the padding is of no consequence.
    np.testing.assert_allclose(model.predict(x, verbose=0), model(x[:, :4]).detach(), 1e-5, 1e-6)
