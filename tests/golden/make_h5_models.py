"""Records real `.h5` files of tf.keras (Keras 2), what they predict, and how training goes on.

python tests/golden/make_h5_models.py   (needs tf_keras)

The files are kept as text: packed, in one JSON beside this script. `weights_as_now` in it are
weights of Keras 1 and of cuDNN's layers, and what Keras 2 makes of them when it loads them.
"""

import base64
import json
import os
import tempfile
import zlib
from pathlib import Path

import numpy as np
import tf_keras as keras
from tf_keras.src.saving.legacy import hdf5_format

L, Opt, Old = keras.layers, keras.optimizers, keras.optimizers.legacy
STEPS = 3
WITH_WEIGHTS = ("conv2d", "lstm", "nested", "frozen", "attention")  # a file without model too


def data(shape, seed=0):
    """Numbers that the tests can make again."""
    return np.sin(np.arange(np.prod(shape)) * 0.7 + seed).reshape(shape).astype("float32")


def dense():
    return keras.Sequential(
        [L.Dense(5, activation="relu", input_shape=(4,), kernel_regularizer="l2"),
         L.Dropout(0.0), L.Dense(3, activation="elu", use_bias=False), L.Dense(2, "softmax")]
    )  # fmt: skip


def conv2d():
    return keras.Sequential(
        [L.Conv2D(3, 3, padding="same", input_shape=(6, 6, 2), activation="relu"),
         L.BatchNormalization(), L.MaxPooling2D(), L.DepthwiseConv2D(2, depth_multiplier=2),
         L.SeparableConv2D(3, 2, padding="same"), L.GlobalAveragePooling2D(), L.Dense(2)]
    )  # fmt: skip


def conv1d():
    return keras.Sequential(
        [L.Conv1D(3, 3, padding="causal", dilation_rate=2, input_shape=(8, 2)),
         L.SeparableConv1D(3, 2, padding="same"), L.MaxPooling1D(2),
         L.Conv1DTranspose(2, 3, strides=2), L.AveragePooling1D(3), L.Flatten()]
    )  # fmt: skip


def conv3d():
    return keras.Sequential(
        [L.Conv3D(2, 2, padding="same", input_shape=(4, 4, 4, 1), activation="tanh"),
         L.AveragePooling3D(2), L.Conv3DTranspose(1, 2, strides=2), L.GlobalMaxPooling3D()]
    )  # fmt: skip


def upwards():
    return keras.Sequential(
        [L.ZeroPadding2D(((1, 0), (0, 1)), input_shape=(4, 4, 2)),
         L.Conv2DTranspose(3, 3, strides=2, padding="same"), L.UpSampling2D(2),
         L.Cropping2D(((1, 0), (2, 1))), L.Reshape((-1, 3)), L.Permute((2, 1)),
         L.GlobalMaxPooling1D()]
    )  # fmt: skip


def lstm():
    return keras.Sequential(
        [L.Embedding(9, 4, mask_zero=True, input_length=6),
         L.Bidirectional(L.LSTM(3, return_sequences=True)),
         L.LSTM(2, recurrent_activation="hard_sigmoid", go_backwards=True), L.Dense(2)]
    )  # fmt: skip


def gru():
    return keras.Sequential(
        [L.Masking(0.5, input_shape=(5, 3)),
         L.GRU(3, return_sequences=True, reset_after=False, recurrent_activation="hard_sigmoid"),
         L.GRU(2, return_sequences=True), L.Bidirectional(L.GRU(2, return_sequences=True), "sum"),
         L.SimpleRNN(2)]
    )  # fmt: skip


def cells():
    return keras.Sequential(
        [L.RNN([L.LSTMCell(3), L.GRUCell(2)], return_sequences=True, input_shape=(4, 2)),
         L.RNN(L.SimpleRNNCell(2))]
    )  # fmt: skip


def conv_lstm():
    return keras.Sequential(
        [L.ConvLSTM2D(2, 2, padding="same", return_sequences=True, input_shape=(3, 4, 4, 1)),
         L.ConvLSTM2D(1, 2, recurrent_activation="sigmoid"), L.Flatten()]
    )  # fmt: skip


def time_distributed():
    return keras.Sequential(
        [L.TimeDistributed(L.Conv2D(2, 2), input_shape=(3, 4, 4, 1)),
         L.TimeDistributed(keras.Sequential([L.BatchNormalization(), L.Flatten(), L.Dense(3)])),
         L.TimeDistributed(L.BatchNormalization()), L.GlobalAveragePooling1D()]
    )  # fmt: skip


def nested():
    j = keras.Input((4,))
    inner = keras.Model(j, L.BatchNormalization()(L.Dense(4, activation="relu")(j)), name="inner")
    row = keras.Sequential([L.Dense(4), L.BatchNormalization(), L.Dense(4)], name="row")
    i = keras.Input((4,))
    x = inner(row(inner(i)))
    return keras.Model(i, L.Dense(2)(x))


def frozen():
    base = keras.Sequential(
        [L.Dense(4, input_shape=(4,)), L.BatchNormalization(), L.Dense(3)], name="base"
    )
    base.layers[0].trainable = False
    late = keras.Sequential([L.Dense(3), L.BatchNormalization()], name="late")
    late.trainable = False
    return keras.Sequential([base, late, L.Dense(2)])


def merging():
    i = keras.Input((4,))
    a, b = L.Dense(4)(i), L.Dense(4, activation="tanh")(i)
    parts = [
        L.Add()([a, b]), L.Multiply()([a, b]), L.Average()([a, b]), L.Maximum()([a, b]),
        L.Minimum()([a, b]), L.Subtract()([a, b]), L.Dot(1)([a, b]),
        L.Dot(1, normalize=True)([a, b]),
    ]  # fmt: skip
    return keras.Model(i, L.Dense(2)(L.Concatenate()(parts)))


def two_ways():
    a, b = keras.Input((3,), name="a"), keras.Input((4,), name="b")
    shared = L.Dense(4, activation="tanh", name="shared")
    x = L.Concatenate()([shared(L.Dense(2)(a)), L.Dense(2)(b)])
    y = shared(L.Dense(2)(x))
    return keras.Model([a, b], [L.Dense(1, name="y")(y), L.Dense(2, name="x")(x)])


def normalization():
    scale = L.Normalization()
    scale.adapt(data((9, 6)))
    i = keras.Input((6,))
    x = L.LayerNormalization()(L.Dense(6)(scale(i)))
    x = L.GroupNormalization(2)(x)
    x = L.BatchNormalization(center=False, momentum=0.9)(x)
    return keras.Model(i, L.Dense(2)(L.UnitNormalization()(x)))


def activations():
    return keras.Sequential(
        [L.Dense(4, input_shape=(3, 4)), L.LeakyReLU(), L.Dense(4), L.PReLU(shared_axes=[1]),
         L.ELU(0.5), L.Dense(4), L.ThresholdedReLU(0.1), L.Dense(4), L.ReLU(1.0, 0.1, 0.05),
         L.Dense(4, activation="swish"), L.Dense(4, activation="gelu"),
         L.Dense(4, activation=keras.activations.hard_sigmoid), L.Softmax(axis=1), L.Flatten(),
         L.Activation("selu")]
    )  # fmt: skip


def attention():
    i = keras.Input((5, 4))
    x = L.MultiHeadAttention(2, 3)(i, i)
    x = L.Attention(use_scale=True)([x, i])
    x = L.AdditiveAttention()([x, i])
    return keras.Model(i, L.GlobalMaxPooling1D()(L.EinsumDense("abc,cd->abd", (None, 3))(x)))


def operators():
    i = keras.Input((4,))
    x = L.Dense(4)(i)
    return keras.Model(i, L.Dense(2)(x * 2.0 + i - 0.5))


def plain_layers():
    i = keras.Input((4,))
    x = L.RepeatVector(2)(L.Rescaling(0.5, 0.1)(L.Dense(3)(i)))
    return keras.Model(i, L.Dense(2)(L.Flatten()(L.SpatialDropout1D(0.0)(x))))


def small():
    return keras.Sequential([L.Dense(3, input_shape=(4,), name="a"), L.Dense(2, name="b")])


MODELS = {
    dense: (Opt.Adam(0.01), (4,)),
    conv2d: (Opt.SGD(0.05, momentum=0.9), (6, 6, 2)),
    conv1d: (Old.Adam(0.01), (8, 2)),
    conv3d: (Opt.RMSprop(0.01), (4, 4, 4, 1)),
    upwards: (Old.SGD(0.05, momentum=0.9, nesterov=True), (4, 4, 2)),
    lstm: (Opt.Adam(0.01), (6,)),
    gru: (Old.Adam(0.01), (5, 3)),
    cells: (Opt.Adam(0.01), (4, 2)),
    conv_lstm: (Opt.Adam(0.01), (3, 4, 4, 1)),
    time_distributed: (Opt.Adam(0.01), (3, 4, 4, 1)),
    nested: (Old.SGD(0.01, momentum=0.9), (4,)),
    frozen: (Opt.Adam(0.01), (4,)),
    merging: (Opt.Adam(0.01), (4,)),
    two_ways: (Opt.Adam(0.01), [(3,), (4,)]),
    normalization: (Opt.SGD(0.01), (6,)),
    activations: (Opt.Adam(0.01), (3, 4)),
    attention: (Opt.Adam(0.01), (5, 4)),
    operators: (Opt.Adam(0.01), (4,)),
    plain_layers: (Opt.Adam(0.01), (4,)),
}

OPTIMIZERS = {
    "sgd": Opt.SGD(0.1),
    "sgd_nesterov": Opt.SGD(0.1, momentum=0.9, nesterov=True),
    "adam_amsgrad": Opt.Adam(0.01, amsgrad=True, clipnorm=0.5),
    "adam_schedule": Opt.Adam(Opt.schedules.ExponentialDecay(0.05, 2, 0.5)),
    "adam_ema": Opt.Adam(0.01, use_ema=True),
    "adamw": Opt.AdamW(0.01, weight_decay=0.1),
    "rmsprop": Opt.RMSprop(0.01, momentum=0.5, centered=True),
    "adagrad": Opt.Adagrad(0.1),
    "adadelta": Opt.Adadelta(0.5),
    "adamax": Opt.Adamax(0.01),
    "nadam": Opt.Nadam(0.01),
    "ftrl": Opt.Ftrl(0.1),
    "lion": Opt.Lion(0.01),
    "old_sgd_decay": Old.SGD(0.1, momentum=0.9, decay=0.3),
    "old_adam": Old.Adam(0.01, amsgrad=True),
    "old_rmsprop": Old.RMSprop(0.01, momentum=0.5, centered=True),
    "old_adagrad": Old.Adagrad(0.1),
    "old_adadelta": Old.Adadelta(0.5),
    "old_adamax": Old.Adamax(0.01),
    "old_nadam": Old.Nadam(0.01),
    "old_ftrl": Old.Ftrl(0.1),
}


def inputs(name, shape):
    if isinstance(shape, list):
        return [data((4, *s), i) for i, s in enumerate(shape)]
    x = data((4, *shape))
    return (np.abs(x) * 8.9).astype("int32") if name == "lstm" else x


def as_file(save):
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "m.h5")
        save(path)
        content = Path(path).read_bytes()
    return base64.b64encode(zlib.compress(content, 9)).decode()


def plain(outputs):
    outputs = outputs if isinstance(outputs, list) else [outputs]
    return [np.asarray(o, "float64").round(7).tolist() for o in outputs]


def record(name, model, optimizer, shape, loss=None):
    x = inputs(name, shape)
    if not model.built:
        model(x)
    first = model.predict(x, verbose=0)
    many = first if isinstance(first, list) else [first]
    y = [data(o.shape, 5) for o in many]
    if len(y) == 1:
        y = y[0]
        loss = loss or keras.losses.MeanSquaredError()
        model.compile(optimizer, loss, metrics=["mae", keras.metrics.RootMeanSquaredError()])
    else:
        model.compile(
            optimizer, {"y": "mse", "x": "mean_absolute_error"}, loss_weights={"y": 1.0, "x": 0.5},
            metrics={"y": ["mae"], "x": ["mse"]},
        )  # fmt: skip
    for _ in range(2):
        model.train_on_batch(x, y)
    entry = {"shape": shape, "file": as_file(lambda p: model.save(p, save_format="h5"))}
    if name in WITH_WEIGHTS:
        entry["weights"] = as_file(lambda p: model.save_weights(p, save_format="h5"))
    entry["predicts"] = plain(model.predict(x, verbose=0))
    losses = [model.train_on_batch(x, y) for _ in range(STEPS)]
    entry["losses"] = np.asarray(losses, "float64").round(6).tolist()
    entry["then"] = plain(model.predict(x, verbose=0))
    return entry


CONVERSIONS = {
    "conv1d": (L.Conv1D(2, 3), (5, 4), [(3, 1, 4, 2), (2,)], "1"),
    "conv1d before 1.1": (L.Conv1D(2, 3), (5, 4), [(2, 4, 3, 1), (2,)], "1"),
    "conv2d": (L.Conv2D(2, 3), (5, 5, 4), [(3, 3, 4, 2), (2,)], "1"),
    "conv2d th": (
        L.Conv2D(2, 3, data_format="channels_first"), (4, 5, 5), [(2, 4, 3, 3), (2,)], "1",
    ),
    "conv3d th": (
        L.Conv3D(2, (2, 3, 1), data_format="channels_first"), (4, 5, 5, 5),
        [(2, 4, 2, 3, 1), (2,)], "1",
    ),
    "conv2d transpose": (L.Conv2DTranspose(2, 3), (5, 5, 4), [(3, 3, 4, 2), (2,)], "1"),
    "conv2d transpose th": (
        L.Conv2DTranspose(2, 3, data_format="channels_first"), (4, 5, 5), [(2, 4, 3, 3), (2,)], "1",
    ),
    "lstm": (L.LSTM(2), (5, 3), [(3, 2), (2, 2), (2,)] * 4, "1"),
    "gru": (L.GRU(2, reset_after=False), (5, 3), [(3, 2), (2, 2), (2,)] * 3, "1"),
    "conv lstm": (L.ConvLSTM2D(2, 3), (2, 5, 5, 4), [(3, 3, 4, 2), (3, 3, 2, 2), (2,)] * 4, "1"),
    "bidirectional lstm": (
        L.Bidirectional(L.LSTM(2)), (5, 3), [(3, 2), (2, 2), (2,)] * 8, "1",
    ),
    "cudnn lstm": (L.LSTM(2), (5, 3), [(3, 8), (2, 8), (16,)], "2.2.4"),
    "cudnn gru": (L.GRU(2, reset_after=True), (5, 3), [(3, 6), (2, 6), (12,)], "2.2.4"),
    "bidirectional cudnn lstm": (
        L.Bidirectional(L.LSTM(2)), (5, 3), [(3, 8), (2, 8), (16,)] * 2, "2.2.4",
    ),
}  # fmt: skip


def conversion(layer, shape, shapes, version):
    layer.build((None, *shape))
    given = [data(s, i) for i, s in enumerate(shapes)]
    made = hdf5_format.preprocess_weights_for_loading(layer, list(given), version, "tensorflow")
    return {
        "shapes": [list(s) for s in shapes],
        "version": version,
        "made": [np.asarray(m, "float64").round(7).tolist() for m in made],
    }


def main():
    out = {"version": keras.__version__, "models": {}, "optimizers": {}, "weights_as_now": {}}
    for make, (optimizer, shape) in MODELS.items():
        keras.utils.set_random_seed(1)
        keras.backend.clear_session()
        out["models"][make.__name__] = record(make.__name__, make(), optimizer, shape)
    for name, optimizer in OPTIMIZERS.items():
        keras.utils.set_random_seed(1)
        keras.backend.clear_session()
        out["optimizers"][name] = record(name, small(), optimizer, (4,))
    for name, case in CONVERSIONS.items():
        out["weights_as_now"][name] = conversion(*case)
    target = Path(__file__).with_name("h5_models.json")
    target.write_text(json.dumps(out, separators=(",", ":")) + "\n")
    print(target.stat().st_size)


if __name__ == "__main__":
    main()
