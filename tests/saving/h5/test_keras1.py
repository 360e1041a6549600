"""`.h5` files of Keras 1 and 2 compute what they computed: each layer against its formula."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from saving import h5_files
from saving.h5_files import batch_norm, entry, model_file, rand, sequential, weights_file

import torchkeras
from oracle import assert_close

GATES_1 = {"init": "glorot_uniform", "inner_init": "orthogonal", "activation": "tanh",
           "inner_activation": "hard_sigmoid", "return_sequences": False, "go_backwards": False,
           "stateful": False, "unroll": False, "consume_less": "cpu", "dropout_W": 0.0,
           "dropout_U": 0.0}  # fmt: skip


def load(tmp_path, content, **options):
    path = tmp_path / "old.h5"
    path.write_bytes(content)
    return torchkeras.saving.load_model(path, **options)


def named(layer, names, arrays):
    return [(f"{layer}_{n}", a) for n, a in zip(names, arrays, strict=True)]


def gate_arrays(gates, *shapes, seed=0):
    return [rand(*s, seed=seed + i) for i, s in enumerate(shapes * gates)]


def gate_names(gates, suffix=""):
    return [f"{w}_{g}{suffix}" for g in gates for w in "WUb"]


# ------------------------------------------------------------------------------- families


def dense_1():
    w = [rand(4, 3), rand(3, seed=1), rand(3, 2, seed=2)]
    config = sequential(
        ("Dense", "dense_1", {"output_dim": 3, "init": "glorot_uniform", "activation": "tanh",
                              "batch_input_shape": [None, 4], "input_dtype": "float32",
                              "W_regularizer": {"name": "WeightRegularizer", "l1": 0.0, "l2": 0.1},
                              "bias": True, "input_dim": 4}),
        ("Dropout", "dropout_1", {"p": 0.5}),
        ("Dense", "dense_2", {"output_dim": 2, "bias": False, "activation": "hard_sigmoid"}),
    )  # fmt: skip
    layers = {
        "dense_1": named("dense_1", "Wb", w[:2]),
        "dropout_1": [],
        "dense_2": named("dense_2", "W", w[2:]),
    }
    x = rand(5, 4, seed=9)
    return (
        config,
        layers,
        x,
        h5_files.hard_sigmoid(
            torch.tanh(torch.as_tensor(x) @ torch.as_tensor(w[0]) + torch.as_tensor(w[1]))
            @ torch.as_tensor(w[2])
        ),
    )


def sequential_layer(class_name, name, shape, **config):
    return sequential((class_name, name, {"batch_input_shape": [None, *shape], **config}))


def conv1d():
    kernel, bias = rand(3, 1, 2, 4), rand(4, seed=1)
    config = sequential_layer(
        "Convolution1D", "c", (7, 2), nb_filter=4, filter_length=3, border_mode="same",
        subsample_length=1, activation="linear", init="uniform", input_dim=2, input_length=7,
    )  # fmt: skip
    x = rand(2, 7, 2, seed=5)
    y = F.conv1d(
        torch.as_tensor(x).mT,
        torch.as_tensor(kernel[:, 0]).permute(2, 1, 0),
        torch.as_tensor(bias),
        padding="same",
    )
    return config, {"c": named("c", "Wb", [kernel, bias])}, x, y.mT


def channels_last(config, kernel, bias, x, y):
    """The case in the other ordering: its kernel too has the channels last."""
    weights = named("c", "Wb", [kernel.transpose(2, 3, 1, 0), bias])
    return config, {"c": weights}, x.transpose(0, 2, 3, 1), y.permute(0, 2, 3, 1)


def conv1d_early():
    config, layers, x, y = conv1d()
    (name, kernel), bias = layers["c"]
    # before 1.1: (filters, inputs, length, 1)
    return config, {"c": [(name, kernel.transpose(3, 2, 0, 1)), bias]}, x, y


def conv2d(order):
    first = order == "th"
    kernel, bias = rand(4, 2, 3, 2), rand(4, seed=1)
    config = sequential_layer(
        "Convolution2D", "c", (2, 6, 5) if first else (6, 5, 2), nb_filter=4, nb_row=3, nb_col=2,
        border_mode="valid", subsample=[2, 1], dim_ordering=order, activation="relu", bias=True,
    )  # fmt: skip
    x = rand(2, 2, 6, 5, seed=5)
    y = F.conv2d(torch.as_tensor(x), torch.as_tensor(kernel), torch.as_tensor(bias), (2, 1)).relu()
    if first:
        return config, {"c": named("c", "Wb", [kernel, bias])}, x, y
    return channels_last(config, kernel, bias, x, y)


def conv3d():
    kernel, bias = rand(3, 2, 2, 3, 1), rand(3, seed=1)
    config = sequential_layer(
        "Convolution3D", "c", (2, 4, 5, 3), nb_filter=3, kernel_dim1=2, kernel_dim2=3,
        kernel_dim3=1, border_mode="valid", subsample=[1, 1, 1], dim_ordering="th",
    )  # fmt: skip
    x = rand(2, 2, 4, 5, 3, seed=5)
    y = F.conv3d(torch.as_tensor(x), torch.as_tensor(kernel), torch.as_tensor(bias))
    return config, {"c": named("c", "Wb", [kernel, bias])}, x, y


def deconv2d(order):
    first = order == "th"
    kernel, bias = rand(2, 3, 3, 3), rand(2, seed=1)  # (filters, inputs, rows, columns)
    config = sequential_layer(
        "Deconvolution2D", "c", (3, 5, 5) if first else (5, 5, 3), nb_filter=2, nb_row=3, nb_col=3,
        output_shape=[None, 2, 7, 7] if first else [None, 7, 7, 2], border_mode="valid",
        subsample=[1, 1], dim_ordering=order,
    )  # fmt: skip
    x = rand(2, 3, 5, 5, seed=5)
    w = torch.as_tensor(kernel).transpose(0, 1)
    y = F.conv_transpose2d(torch.as_tensor(x), w, torch.as_tensor(bias))
    if first:
        return config, {"c": named("c", "Wb", [kernel, bias])}, x, y
    return channels_last(config, kernel, bias, x, y)


def separable():
    depth, point, bias = rand(2, 3, 2, 3), rand(4, 6, 1, 1, seed=1), rand(4, seed=2)
    config = sequential_layer(
        "SeparableConvolution2D", "c", (3, 5, 6), nb_filter=4, nb_row=2, nb_col=3,
        depth_multiplier=2, border_mode="valid", subsample=[1, 1], dim_ordering="th",
    )  # fmt: skip
    x = rand(2, 3, 5, 6, seed=5)
    # (multiplier, inputs, rows, columns) -> a group of filters for each input
    kernel = torch.as_tensor(depth).transpose(0, 1).reshape(6, 1, 2, 3)
    hidden = F.conv2d(torch.as_tensor(x), kernel, groups=3)
    y = F.conv2d(hidden, torch.as_tensor(point), torch.as_tensor(bias))
    names = ("depthwise_kernel", "pointwise_kernel", "b")
    return config, {"c": named("c", names, [depth, point, bias])}, x, y


def lstm(**options):
    arrays = gate_arrays(4, (3, 4), (4, 4), (4,))
    config = sequential_layer(
        "LSTM", "lstm_1", (5, 3), output_dim=4, forget_bias_init="one", input_dim=3,
        **{**GATES_1, **options},
    )  # fmt: skip
    x = rand(2, 5, 3, seed=50)
    y = h5_files.lstm(
        x, arrays, sequences=options.get("return_sequences", False),
        backwards=options.get("go_backwards", False),
    )  # fmt: skip
    return config, {"lstm_1": named("lstm_1", gate_names("icfo"), arrays)}, x, y


def lstm_joined():
    """consume_less="gpu" kept the gates together, in the order i, f, c, o."""
    config, layers, x, y = lstm(consume_less="gpu")
    arrays = [a for _, a in layers["lstm_1"]]
    joined = [np.concatenate([arrays[3 * g + p] for g in (0, 2, 1, 3)], -1) for p in range(3)]
    return config, {"lstm_1": named("lstm_1", "WUb", joined)}, x, y


def gru():
    arrays = gate_arrays(3, (3, 4), (4, 4), (4,))
    config = sequential_layer("GRU", "gru_1", (5, 3), output_dim=4, input_dim=3, **GATES_1)
    x = rand(2, 5, 3, seed=50)
    return config, {"gru_1": named("gru_1", gate_names("zrh"), arrays)}, x, h5_files.gru(x, arrays)


def simple_rnn():
    w, u, b = rand(3, 4), rand(4, 4, seed=1), rand(4, seed=2)
    config = sequential_layer("SimpleRNN", "r", (5, 3), output_dim=4, input_dim=3, **GATES_1)
    config["config"][0]["config"].pop("inner_activation")
    x = rand(2, 5, 3, seed=50)
    h = np.zeros((2, 4), "float32")
    for t in range(5):
        h = np.tanh(x[:, t] @ w + h @ u + b)
    return config, {"r": named("r", "WUb", [w, u, b])}, x, h


def bidirectional():
    arrays = gate_arrays(8, (3, 4), (4, 4), (4,))
    inner = entry("LSTM", "lstm_1", output_dim=4, forget_bias_init="one", **{**GATES_1})
    config = sequential_layer(
        "Bidirectional", "b", (5, 3), merge_mode="concat", layer=inner, input_dim=3
    )
    x = rand(2, 5, 3, seed=50)
    y = torch.cat(
        [h5_files.lstm(x, arrays[:12]), h5_files.lstm(x, arrays[12:], backwards=True)], -1
    )
    names = [*gate_names("icfo", "_forward"), *gate_names("icfo", "_backward")]
    return config, {"b": named("b", names, arrays)}, x, y


def conv_lstm(order):
    first = order == "th"
    shapes = ((2, 1, 3, 3), (2, 2, 3, 3), (2,)) if first else ((3, 3, 1, 2), (3, 3, 2, 2), (2,))
    arrays = gate_arrays(4, *shapes)
    config = sequential_layer(
        "ConvLSTM2D", "c", (3, 1, 4, 5) if first else (3, 4, 5, 1), nb_filter=2, nb_row=3,
        nb_col=3, border_mode="same", subsample=[1, 1], dim_ordering=order, forget_bias_init="one",
        **{k: v for k, v in GATES_1.items() if k not in ("unroll", "consume_less")},
    )  # fmt: skip
    x = rand(2, 3, 1, 4, 5, seed=50)
    x = x if first else x.transpose(0, 1, 3, 4, 2)
    y = h5_files.conv_lstm(x, arrays, first)
    return config, {"c": named("c", gate_names("icfo"), arrays)}, x, y


def norm():
    gamma, beta, mean, variance = rand(3), rand(3, seed=1), rand(3, seed=2), rand(3, seed=3) ** 2
    config = sequential_layer(
        "BatchNormalization", "bn", (3,), mode=0, axis=-1, epsilon=0.01, momentum=0.9,
        gamma_regularizer=None, beta_regularizer=None,
    )  # fmt: skip
    x = rand(4, 3, seed=9)
    names = ("gamma", "beta", "running_mean", "running_std")
    arrays = [gamma, beta, mean, variance]
    return config, {"bn": named("bn", names, arrays)}, x, batch_norm(x, *arrays, epsilon=0.01)


def embedding():
    table = rand(7, 3)
    config = sequential_layer(
        "Embedding", "e", (5,), input_dim=7, output_dim=3, init="uniform", input_length=5,
        mask_zero=False, dropout=0.0, input_dtype="int32",
    )  # fmt: skip
    x = np.arange(10).reshape(2, 5) % 7
    return config, {"e": named("e", "W", [table])}, x, table[x]


def prelu():
    alphas = rand(4)
    config = sequential_layer("PReLU", "p", (4,), init="zero", shared_axes=None)
    x = rand(3, 4, seed=9)
    return config, {"p": named("p", ["alphas"], [alphas])}, x, np.where(x > 0, x, alphas * x)


def time_distributed():
    w, b = rand(3, 2), rand(2, seed=1)
    inner = entry("Dense", "dense_1", output_dim=2, activation="linear", bias=True)
    config = sequential_layer("TimeDistributed", "t", (4, 3), layer=inner)
    x = rand(2, 4, 3, seed=9)
    return config, {"t": named("t", "Wb", [w, b])}, x, x @ w + b


def nested(in_turn):
    """A model in a model: its layers' weights stand in turn, or those that are trained first."""
    d, e = [rand(4, 3), rand(3, seed=1)], [rand(3, 2, seed=2), rand(2, seed=3)]
    gamma, beta, mean, variance = (rand(3, seed=s) for s in (4, 5, 6, 7))
    variance = variance**2
    inner = {
        "class_name": "Sequential",
        "config": [
            entry("Dense", "d", output_dim=3, bias=True, batch_input_shape=[None, 4]),
            entry("BatchNormalization", "bn", mode=0, axis=-1, epsilon=1e-3, momentum=0.99),
            entry("Dense", "e", output_dim=2, bias=True),
        ],
    }
    last = entry("Activation", "a", activation="tanh")
    config = {"class_name": "Sequential", "config": [inner, last]}
    stats = named("bn", ("running_mean", "running_std"), [mean, variance])
    trained = [*named("d", "Wb", d), *named("bn", ("gamma", "beta"), [gamma, beta])]
    last = named("e", "Wb", e)
    weights = [*trained, *stats, *last] if in_turn else [*trained, *last, *stats]
    x = rand(5, 4, seed=9)
    y = np.tanh(batch_norm(x @ d[0] + d[1], gamma, beta, mean, variance) @ e[0] + e[1])
    return config, {"sequential_1": weights, "a": []}, x, y


FAMILIES = {
    "dense": dense_1(),
    "conv1d": conv1d(),
    "conv1d before 1.1": conv1d_early(),
    "conv2d tf": conv2d("tf"),
    "conv2d th": conv2d("th"),
    "conv3d th": conv3d(),
    "deconv2d tf": deconv2d("tf"),
    "deconv2d th": deconv2d("th"),
    "separable th": separable(),
    "lstm": lstm(),
    "lstm sequences": lstm(return_sequences=True),
    "lstm backwards": lstm(go_backwards=True),
    "lstm joined": lstm_joined(),
    "gru": gru(),
    "simple rnn": simple_rnn(),
    "bidirectional": bidirectional(),
    "conv lstm tf": conv_lstm("tf"),
    "conv lstm th": conv_lstm("th"),
    "batch norm": norm(),
    "embedding": embedding(),
    "prelu": prelu(),
    "time distributed": time_distributed(),
    "nested in turn": nested(True),
    "nested, trained first": nested(False),
}


@pytest.mark.parametrize("name", FAMILIES)
def test_keras_1_model(name, tmp_path):
    config, layers, x, y = FAMILIES[name]
    for version in ("1.2.2", None):  # it did not always tell
        model = load(tmp_path, model_file(config, layers, version))
        assert_close(model.predict(x, verbose=0), y)


@pytest.mark.parametrize("name", FAMILIES)
def test_keras_1_weights_by_order_and_name(name, tmp_path):
    config, layers, x, y = FAMILIES[name]
    model = load(tmp_path, model_file(config, layers))
    path = tmp_path / "w.h5"
    for options in ({}, {"by_name": True}):
        model.set_weights([np.zeros_like(w) for w in model.get_weights()])
        path.write_bytes(weights_file(layers))
        if options and "nested" in name:
            layers = {model.layers[0].name: layers["sequential_1"]}
            path.write_bytes(weights_file(layers))
        model.load_weights(path, **options)
        assert_close(model.predict(x, verbose=0), y)
    path.write_bytes(model_file(config, layers))  # weights of a whole model's file
    model.set_weights([np.zeros_like(w) for w in model.get_weights()])
    model.load_weights(path)
    assert_close(model.predict(x, verbose=0), y)


@pytest.mark.parametrize("name", [n for n in FAMILIES if n not in ("bidirectional", "lstm joined")])
def test_before_keras_1(name, tmp_path):
    """Numbered layers with numbered arrays; names cannot help."""
    if name == "nested in turn":
        name = "nested, trained first"
    config, layers, x, y = FAMILIES[name]
    model = load(tmp_path, model_file(config, layers))
    model.set_weights([np.zeros_like(w) for w in model.get_weights()])
    path = tmp_path / "w.hdf5"
    path.write_bytes(h5_files.first_format([[a for _, a in w] for w in layers.values()]))
    model.load_weights(path)
    assert_close(model.predict(x, verbose=0), y)


@pytest.mark.parametrize("data_format", ["channels_last", "channels_first"])
def test_today_s_kernels_in_a_file_without_version(data_format, tmp_path):
    """Not every file that does not tell its version is of Keras 1: the shapes are looked at."""
    C = torchkeras.layers
    shape = (6, 6, 2) if data_format == "channels_last" else (2, 6, 6)
    options = {"data_format": data_format, "padding": "same"}
    model = torchkeras.Sequential(
        [torchkeras.Input(shape), C.Conv2D(4, 3, **options), C.Conv2DTranspose(3, 3, **options)]
    )
    arrays = [rand(3, 3, 2, 4), rand(4, seed=1), rand(3, 3, 3, 4, seed=2), rand(3, seed=3)]
    layers = {"c": named("c", "Wb", arrays[:2]), "d": named("d", "Wb", arrays[2:])}
    path = tmp_path / "w.h5"
    path.write_bytes(weights_file(layers, None))
    model.load_weights(path)
    assert_close(model.get_weights(), arrays)


# ------------------------------------------------------------------------------- Keras 2


def config_2(class_name, name, shape, **config):
    """A Sequential model of Keras 2.2 and later, of one layer."""
    inner = entry(class_name, name, dtype="float32", batch_input_shape=[None, *shape], **config)
    return {"class_name": "Sequential", "config": {"name": "sequential_1", "layers": [inner]}}


def cudnn_arrays(gates):
    return [rand(3, 4 * gates), rand(4, 4 * gates, seed=1), rand(8 * gates, seed=2)]


def test_cudnn_lstm(tmp_path):
    arrays = cudnn_arrays(4)
    config = config_2("CuDNNLSTM", "l", (5, 3), units=4, unit_forget_bias=True)
    names = ("l/kernel:0", "l/recurrent_kernel:0", "l/bias:0")
    content = model_file(
        config, {"l": list(zip(names, arrays, strict=True))}, "2.2.4", "tensorflow"
    )
    x = rand(2, 5, 3, seed=50)
    model = load(tmp_path, content)
    assert_close(model.predict(x, verbose=0), h5_files.cudnn_lstm(x, *arrays))


def test_cudnn_weights_into_plain_layers(tmp_path):
    """Weights of the cuDNN layers load into LSTM and GRU(reset_after=True), also in wrappers."""
    arrays = cudnn_arrays(4)
    x = rand(2, 5, 3, seed=50)
    path = tmp_path / "w.h5"
    L = torchkeras.layers
    model = torchkeras.Sequential([torchkeras.Input((5, 3)), L.Bidirectional(L.LSTM(4))])
    other = [a[::-1].copy() for a in arrays]
    weights = [(f"l/{i}:0", a) for i, a in enumerate([*arrays, *other])]
    path.write_bytes(weights_file({"b": weights}, "2.2.4", "tensorflow"))
    model.load_weights(path)
    y = np.concatenate(
        [h5_files.cudnn_lstm(x, *arrays), h5_files.cudnn_lstm(x[:, ::-1].copy(), *other)], -1
    )
    assert_close(model.predict(x, verbose=0), y)


def test_gru_with_another_reset_is_told(tmp_path):
    model = torchkeras.Sequential([torchkeras.Input((5, 3)), torchkeras.layers.GRU(4)])
    path = tmp_path / "w.h5"
    weights = named("g", "kub", [rand(3, 12), rand(4, 12), rand(12)])
    path.write_bytes(weights_file({"g": weights}, "2.2.4"))
    with pytest.raises(torchkeras.saving.ModelFileError, match=r"file \(12,\), model \(2, 12\)"):
        model.load_weights(path)


THEANO = {
    "conv1d": ("Conv1D", (7, 2), {"filters": 4, "kernel_size": [3]}, [(3, 2, 4), (4,)], 1),
    "conv2d": ("Conv2D", (6, 5, 2), {"filters": 4, "kernel_size": [3, 2]}, [(3, 2, 2, 4), (4,)], 1),
    "conv3d": (
        "Conv3D", (4, 5, 3, 2), {"filters": 3, "kernel_size": [2, 3, 1]},
        [(2, 3, 1, 2, 3), (3,)], 1,
    ),
    "transpose": (
        "Conv2DTranspose", (4, 4, 3), {"filters": 2, "kernel_size": [3, 2]},
        [(3, 2, 2, 3), (2,)], 1,
    ),
    "conv lstm": (
        "ConvLSTM2D", (3, 4, 4, 1), {"filters": 2, "kernel_size": [3, 3], "padding": "same"},
        [(3, 3, 1, 8), (3, 3, 2, 8), (8,)], 2,
    ),
    "separable": (
        "SeparableConv2D", (5, 5, 2), {"filters": 3, "kernel_size": [2, 2]},
        [(2, 2, 2, 1), (1, 1, 2, 3), (3,)], 0,
    ),
    "dense": ("Dense", (4,), {"units": 3}, [(4, 3), (3,)], 0),
}  # fmt: skip


@pytest.mark.parametrize("name", THEANO)
def test_theano_kernels_are_mirrored(name, tmp_path):
    class_name, shape, options, shapes, mirrored = THEANO[name]
    arrays = [rand(*s, seed=i) for i, s in enumerate(shapes)]
    turned = [
        np.flip(a, tuple(range(a.ndim - 2))) if i < mirrored else a for i, a in enumerate(arrays)
    ]
    config = config_2(class_name, "c", shape, **options)
    x = rand(2, *shape, seed=50)

    def predict(values, backend):
        layers = {"c": [(f"c/{i}:0", a) for i, a in enumerate(values)]}
        return load(tmp_path, model_file(config, layers, "2.1.3", backend)).predict(x, verbose=0)

    expected = predict(arrays, "tensorflow")
    assert_close(predict(turned, "theano"), expected)
    assert_close(predict(arrays, "cntk"), expected)
    if mirrored:
        assert np.abs(predict(arrays, "theano") - expected).max() > 1e-3


# ------------------------------------------------------------------------------- training goes on


def steps_of(kind, lr, g, state, t):
    """One step of an optimizer of Keras 1 and 2.0 to 2.3; `state` is changed."""
    if kind == "SGD":
        state[0] = 0.9 * state[0] - lr * g
        return state[0]
    if kind == "RMSprop":
        state[0] = 0.9 * state[0] + 0.1 * g * g
        return -lr * g / (np.sqrt(state[0]) + 1e-8)
    if kind == "Adam":
        state[0] = 0.9 * state[0] + 0.1 * g
        state[1] = 0.999 * state[1] + 0.001 * g * g
        rate = lr * np.sqrt(1 - 0.999**t) / (1 - 0.9**t)
        return -rate * state[0] / (np.sqrt(state[1]) + 1e-8)
    if kind == "Adagrad":
        state[0] = state[0] + g * g
        return -lr * g / (np.sqrt(state[0]) + 1e-8)
    raise AssertionError(kind)


CONFIGS = {
    "SGD": {"lr": 0.1, "momentum": 0.9, "nesterov": False, "decay": 0.0},
    "RMSprop": {"lr": 0.01, "rho": 0.9, "epsilon": 1e-08},
    "Adam": {"lr": 0.01, "beta_1": 0.9, "beta_2": 0.999, "epsilon": 1e-08},
    "Adagrad": {"lr": 0.01, "epsilon": 1e-08},
}


@pytest.mark.parametrize("kind", CONFIGS)
@pytest.mark.parametrize("version", ["1.2.2", "2.1.3"])
def test_training_goes_on(kind, version, tmp_path):
    """Two layers whose names sort against their order: Keras 1 sorted the optimizer's by name."""
    rng = np.random.default_rng(3)
    w = {"z": rand(4, 3), "a": rand(3, 2, seed=1)}
    state = {
        n: [np.abs(rng.normal(size=v.shape)).astype("f4") * 0.01 for _ in range(2)]
        for n, v in w.items()
    }
    slots = 2 if kind == "Adam" else 1
    old = version.startswith("1")
    dense = {"bias": False, "output_dim": 3} if old else {"use_bias": False, "units": 3}
    last = {**dense, ("output_dim" if old else "units"): 2}
    config = sequential(
        ("Dense", "z", {**dense, "batch_input_shape": [None, 4]}), ("Dense", "a", last)
    )
    names = {n: f"{n}_W" if old else f"{n}/kernel:0" for n in w}
    layers = {n: [(names[n], v)] for n, v in w.items()}
    order = sorted(w, key=names.get) if old else list(w)
    optimizer = [(f"opt/slot_{i}_{n}", state[n][i]) for i in range(slots) for n in order]
    if kind in ("SGD", "Adam"):
        count = np.float32(2) if old else np.int64(2)
        optimizer.insert(0, ("opt/iterations", count))
    training = {
        "optimizer_config": {"class_name": kind, "config": CONFIGS[kind]}, "loss": "mse",
        "metrics": ["acc"], "sample_weight_mode": None, "loss_weights": None,
    }  # fmt: skip
    content = model_file(config, layers, version, None, training, optimizer)
    model = load(tmp_path, content, require_optimizer=True)
    x, y = rand(6, 4, seed=7), rand(6, 2, seed=8)
    for t in (3, 4, 5):
        model.train_on_batch(x, y)
        hidden = x @ w["z"]
        error = 2 * (hidden @ w["a"] - y) / y.size
        grads = {"a": hidden.T @ error, "z": x.T @ (error @ w["a"].T)}
        for n in w:
            w[n] = w[n] + steps_of(kind, CONFIGS[kind]["lr"], grads[n], state[n], t)
    assert_close(model.get_weights(), [w["z"], w["a"]], rtol=1e-4, atol=2e-5)


@pytest.mark.parametrize(
    "state",
    [
        [("opt/x", rand(4, 3))],
        [("opt/iterations", np.float32("nan")), *[(f"opt/{i}", rand(3)) for i in range(4)]],
        [("opt/iterations", np.int64(-1))],
        [("opt/iterations", np.int64(1)), *[(f"opt/{i}", rand(7)) for i in range(4)]],
    ],
    ids=["one array", "no number", "negative", "other shapes"],
)
def test_state_that_does_not_fit_is_told_once(state, tmp_path):
    config = sequential(("Dense", "d", {"output_dim": 3, "batch_input_shape": [None, 4]}))
    layers = {"d": named("d", "Wb", [rand(4, 3), rand(3)])}
    training = {
        "optimizer_config": {"class_name": "Adam", "config": CONFIGS["Adam"]},
        "loss": "mse",
    }
    content = model_file(config, layers, "2.1.3", None, training, state)
    with pytest.warns(UserWarning, match="optimizer state not restored") as seen:
        model = load(tmp_path, content)
    assert len(seen) == 1 and model.compiled
    with pytest.raises(torchkeras.saving.ModelFileError, match="optimizer"):
        load(tmp_path, content, require_optimizer=True)
