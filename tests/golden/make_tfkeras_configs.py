"""Record what real tf.keras (package tf_keras) writes for its layers, models and optimizers.

    python make_tfkeras_configs.py FOLDER

Needs TensorFlow and tf_keras, which the tests do not: they read `tfkeras_configs.jsonl` and
`tfkeras_training.jsonl`. Weights and inputs are formulas that the tests repeat: only outputs are
kept.
"""

import json
import os
import sys

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"

import h5py
import numpy as np
import tensorflow as tf
import tf_keras as tk

L = tk.layers
OUT = sys.argv[1]


def values(shape, seed, positive=False):
    """Numbers that need no file: of a sine."""
    x = np.sin(1.7 * np.arange(int(np.prod(shape))) + seed).reshape(shape).astype("float32")
    return np.abs(x) + 0.5 if positive else 0.5 * x


def set_weights(model):
    new = []
    for i, w in enumerate(model.weights):
        positive = "variance" in w.name
        # counters and hashed tables keep what they are
        new.append(values(w.shape, i, positive) if w.dtype.is_floating else w.numpy())
    model.set_weights(new)


def rounded(x):
    return [float(f"{v:.6g}") for v in np.asarray(x, "float64").ravel()]


def case(layer, *shapes, dtype="float32", high=None):
    """A functional model of one layer: the layer's entry in its config, and its outputs."""
    tk.backend.clear_session()
    layer = layer()
    symbols = [L.Input(s, dtype=dtype, name=f"in{i}") for i, s in enumerate(shapes)]
    arrays = []
    for i, s in enumerate(shapes):
        x = values((2, *s), 10 + i)
        arrays.append(np.floor(np.abs(x) * 2 * high).astype(dtype) if high else x.astype(dtype))
    out = layer(symbols if len(symbols) > 1 else symbols[0])
    model = tk.Model(symbols, out)
    set_weights(model)
    got = model(arrays if len(arrays) > 1 else arrays[0], training=False)
    return {
        "class": type(layer).__name__,
        "layer": json.loads(model.to_json())["config"]["layers"][-1],
        "shapes": [list(s) for s in shapes],
        "dtype": dtype,
        "high": high,
        "outputs": [{"shape": list(o.shape), "values": rounded(o)} for o in tf.nest.flatten(got)],
    }


def seq(layer, *shapes, **more):
    return layer, shapes, more


ODD = {
    "kernel_initializer": tk.initializers.VarianceScaling(2.0, "fan_in", "truncated_normal"),
    "kernel_regularizer": "l1_l2",
    "bias_constraint": "max_norm",
}
CASES = [
    seq(lambda: L.Dense(3, "relu"), (4,)),
    seq(lambda: L.Dense(2, "hard_sigmoid", use_bias=False, **ODD), (3, 4)),
    seq(lambda: L.Dense(2, tk.layers.LeakyReLU(0.2)), (4,)),
    seq(lambda: L.Dense(2, "swish", kernel_regularizer=tk.regularizers.L2(0.1)), (4,)),
    seq(lambda: L.Dense(2, "gelu", bias_initializer="uniform", dtype="float32"), (4,)),
    seq(lambda: L.Embedding(6, 3, mask_zero=True, input_length=4), (4,), dtype="int32", high=5),
    seq(lambda: L.Embedding(6, 3, embeddings_constraint="non_neg"), (2, 3), dtype="int32", high=5),
    seq(lambda: L.Conv1D(2, 3, padding="causal", dilation_rate=2), (6, 2)),
    seq(lambda: L.Conv1D(4, 2, strides=2, groups=2, data_format="channels_last"), (6, 2)),
    seq(lambda: L.Conv2D(2, (2, 3), padding="same", activation="elu", **ODD), (4, 5, 2)),
    seq(lambda: L.Conv2D(2, 2, dilation_rate=2, use_bias=False), (5, 5, 1)),
    seq(lambda: L.Conv3D(2, 2, strides=(1, 2, 1)), (3, 4, 3, 1)),
    seq(lambda: L.Conv1DTranspose(2, 3, strides=2), (4, 2)),
    seq(lambda: L.Conv2DTranspose(2, 3, strides=2, padding="same", output_padding=1), (3, 3, 2)),
    seq(lambda: L.Conv2DTranspose(2, (2, 3), strides=(1, 2)), (3, 3, 2)),
    seq(lambda: L.Conv3DTranspose(1, 2, strides=2), (2, 2, 2, 2)),
    seq(lambda: L.DepthwiseConv1D(2, depth_multiplier=2), (4, 2)),
    seq(lambda: L.DepthwiseConv2D(2, strides=2, padding="same"), (4, 4, 2)),
    seq(lambda: L.SeparableConv1D(2, 2, depth_multiplier=2), (4, 2)),
    seq(lambda: L.SeparableConv2D(3, 2, activation="relu", depthwise_regularizer="l2"), (4, 4, 2)),
    seq(lambda: L.LocallyConnected1D(2, 3, strides=2), (6, 2)),
    seq(lambda: L.LocallyConnected1D(2, 2, padding="same", implementation=2), (4, 2)),
    seq(lambda: L.LocallyConnected1D(2, 3, padding="same", implementation=3), (4, 2)),
    seq(lambda: L.LocallyConnected1D(2, 2, data_format="channels_first"), (2, 4)),
    seq(lambda: L.LocallyConnected1D(2, 2, data_format="channels_first", implementation=3), (2, 4)),
    seq(lambda: L.LocallyConnected2D(2, (2, 3), activation="tanh"), (4, 4, 2)),
    seq(lambda: L.LocallyConnected2D(2, 2, padding="same", implementation=2), (3, 4, 1)),
    seq(lambda: L.LocallyConnected2D(2, (2, 3), strides=(2, 1), implementation=3), (4, 4, 2)),
    seq(lambda: L.LocallyConnected2D(1, 2, padding="same", implementation=3, strides=2), (3, 4, 2)),
    seq(lambda: L.LocallyConnected2D(2, 2, data_format="channels_first"), (2, 3, 3)),
    seq(lambda: L.LocallyConnected2D(1, 2, data_format="channels_first", implementation=2,
                                     use_bias=False), (2, 3, 3)),
    seq(lambda: L.MaxPooling1D(), (6, 2)),
    seq(lambda: L.MaxPooling2D((2, 1), strides=1, padding="same"), (3, 4, 2)),
    seq(lambda: L.MaxPooling3D(2), (2, 4, 2, 1)),
    seq(lambda: L.AveragePooling1D(), (6, 2)),
    seq(lambda: L.AveragePooling2D(2, padding="same"), (3, 3, 2)),
    seq(lambda: L.AveragePooling3D(), (2, 4, 2, 1)),
    seq(lambda: L.GlobalMaxPooling1D(keepdims=True), (3, 2)),
    seq(lambda: L.GlobalMaxPooling2D(), (3, 2, 2)),
    seq(lambda: L.GlobalMaxPooling3D(), (3, 2, 1, 2)),
    seq(lambda: L.GlobalAveragePooling1D(), (3, 2)),
    seq(lambda: L.GlobalAveragePooling2D(data_format="channels_first"), (2, 3, 2)),
    seq(lambda: L.GlobalAveragePooling3D(keepdims=True), (3, 2, 1, 2)),
    seq(lambda: L.LSTM(2), (3, 2)),
    seq(lambda: L.LSTM(2, recurrent_activation="hard_sigmoid", return_sequences=True, **{
        "unit_forget_bias": False, "go_backwards": True}), (3, 2)),
    seq(lambda: L.LSTM(2, return_state=True, dropout=0.1, recurrent_dropout=0.2), (3, 2)),
    seq(lambda: L.GRU(2), (3, 2)),
    seq(lambda: L.GRU(2, reset_after=False, return_state=True), (3, 2)),
    seq(lambda: L.SimpleRNN(2, "relu", return_sequences=True, unroll=True), (3, 2)),
    seq(lambda: L.RNN(L.LSTMCell(2), return_sequences=True), (3, 2)),
    seq(lambda: L.RNN([L.GRUCell(2), L.SimpleRNNCell(3)]), (3, 2)),
    seq(lambda: L.Bidirectional(L.LSTM(2, return_sequences=True), merge_mode="sum"), (3, 2)),
    seq(lambda: L.Bidirectional(L.GRU(2), backward_layer=L.LSTM(2, go_backwards=True)), (3, 2)),
    seq(lambda: L.TimeDistributed(L.Dense(2)), (3, 2)),
    seq(lambda: L.ConvLSTM1D(2, 2), (2, 4, 1)),
    seq(lambda: L.ConvLSTM2D(2, 2, padding="same", return_sequences=True), (2, 3, 3, 1)),
    seq(lambda: L.ConvLSTM3D(1, 2), (2, 2, 2, 2, 1)),
    seq(lambda: L.BatchNormalization(), (3,)),
    seq(lambda: L.BatchNormalization(axis=1, scale=False, momentum=0.9), (3, 2, 2)),
    seq(lambda: L.LayerNormalization(), (3, 2)),
    seq(lambda: L.LayerNormalization(axis=[1, 2], center=False), (3, 2)),
    seq(lambda: L.GroupNormalization(2), (3, 4)),
    seq(lambda: L.UnitNormalization(), (3, 4)),
    seq(lambda: L.Normalization(mean=[1.0, 2.0], variance=[4.0, 1.0]), (2,)),
    seq(lambda: L.Normalization(invert=True), (2,)),
    seq(lambda: L.Dropout(0.2, noise_shape=(None, 1)), (3,)),
    seq(lambda: L.AlphaDropout(0.2, seed=3), (3,)),
    seq(lambda: L.GaussianDropout(0.2), (3,)),
    seq(lambda: L.GaussianNoise(0.2), (3,)),
    seq(lambda: L.SpatialDropout1D(0.2), (3, 2)),
    seq(lambda: L.SpatialDropout2D(0.2), (3, 2, 2)),
    seq(lambda: L.SpatialDropout3D(0.2, data_format="channels_first"), (3, 2, 2, 1)),
    seq(lambda: L.ActivityRegularization(0.1, 0.2), (3,)),
    seq(lambda: L.Activation("softplus"), (3,)),
    seq(lambda: L.Activation("hard_sigmoid"), (3,)),
    seq(lambda: L.Activation(tf.nn.relu6), (3,)),
    seq(lambda: L.Activation(tf.nn.leaky_relu), (3,)),
    seq(lambda: L.LeakyReLU(), (3,)),
    seq(lambda: L.LeakyReLU(alpha=0.1), (3,)),
    seq(lambda: L.PReLU(shared_axes=[1]), (3, 2)),
    seq(lambda: L.ELU(0.5), (3,)),
    seq(lambda: L.ReLU(0.3, negative_slope=0.1, threshold=0.1), (5,)),
    seq(lambda: L.ThresholdedReLU(0.2), (5,)),
    seq(lambda: L.Softmax(axis=[1, 2]), (3, 2)),
    seq(lambda: L.Flatten(), (3, 2)),
    seq(lambda: L.Reshape((2, -1)), (3, 2)),
    seq(lambda: L.Permute((2, 1)), (3, 2)),
    seq(lambda: L.RepeatVector(2), (3,)),
    seq(lambda: L.Masking(0.5), (3, 2)),
    seq(lambda: L.Identity(), (3,)),
    seq(lambda: L.Cropping1D(1), (4, 2)),
    seq(lambda: L.Cropping2D(((1, 0), (0, 2))), (4, 4, 1)),
    seq(lambda: L.Cropping3D(1), (3, 3, 4, 1)),
    seq(lambda: L.ZeroPadding1D(2), (2, 2)),
    seq(lambda: L.ZeroPadding2D((1, 2)), (2, 2, 1)),
    seq(lambda: L.ZeroPadding3D(1), (1, 2, 1, 1)),
    seq(lambda: L.UpSampling1D(2), (2, 2)),
    seq(lambda: L.UpSampling2D((2, 1), interpolation="bilinear"), (2, 2, 1)),
    seq(lambda: L.UpSampling3D((1, 2, 1)), (2, 2, 1, 1)),
    seq(lambda: L.Add(), (3,), (3,)),
    seq(lambda: L.Subtract(), (3,), (3,)),
    seq(lambda: L.Multiply(), (3,), (3,), (3,)),
    seq(lambda: L.Average(), (3,), (3,)),
    seq(lambda: L.Maximum(), (3,), (3,)),
    seq(lambda: L.Minimum(), (3,), (3,)),
    seq(lambda: L.Concatenate(axis=1), (3, 2), (1, 2)),
    seq(lambda: L.Dot(axes=(2, 1)), (3, 2), (2, 3)),
    seq(lambda: L.Dot(axes=1, normalize=True), (3,), (3,)),
    seq(lambda: L.Attention(use_scale=True), (3, 2), (4, 2)),
    seq(lambda: L.Attention(score_mode="concat", dropout=0.1), (3, 2), (4, 2)),
    seq(lambda: L.AdditiveAttention(use_scale=False), (3, 2), (4, 2)),
    seq(lambda: L.EinsumDense("abc,cd->abd", (None, 3), bias_axes="d", activation="relu"), (2, 4)),
    seq(lambda: L.Rescaling(0.5, offset=[0.1, 0.2]), (3, 2)),
    seq(lambda: L.Resizing(3, 2), (4, 4, 1)),
    seq(lambda: L.Resizing(2, 3, "nearest", crop_to_aspect_ratio=True), (4, 4, 1)),
    seq(lambda: L.CenterCrop(2, 2), (4, 3, 1)),
    seq(lambda: L.RandomBrightness(0.2), (3, 3, 1)),
    seq(lambda: L.RandomContrast(0.2), (3, 3, 1)),
    seq(lambda: L.RandomCrop(3, 3), (3, 3, 1)),
    seq(lambda: L.RandomFlip("vertical", seed=1), (3, 3, 1)),
    seq(lambda: L.RandomHeight(0.2), (3, 3, 1)),
    seq(lambda: L.RandomWidth((-0.1, 0.3), "nearest"), (3, 3, 1)),
    seq(lambda: L.RandomRotation(0.2, fill_mode="constant"), (3, 3, 1)),
    seq(lambda: L.RandomTranslation(0.2, (0.1, 0.2)), (3, 3, 1)),
    seq(lambda: L.RandomZoom(0.2, fill_value=1.0), (3, 3, 1)),
    seq(lambda: L.CategoryEncoding(4, output_mode="one_hot"), (1,), dtype="int32", high=3),
    seq(lambda: L.CategoryEncoding(4, output_mode="count"), (3,), dtype="int32", high=3),
    seq(lambda: L.Discretization([-0.2, 0.1]), (3,)),
    seq(lambda: L.IntegerLookup(vocabulary=[1, 3]), (3,), dtype="int64", high=4),
    seq(lambda: L.experimental.RandomFourierFeatures(3, scale=2.0), (4,)),
    seq(lambda: L.experimental.RandomFourierFeatures(3, "laplacian", trainable=True), (4,)),
    seq(lambda: L.experimental.SyncBatchNormalization(), (3,)),
]  # fmt: skip


def attention():
    tk.backend.clear_session()
    q, v = L.Input((3, 4), name="in0"), L.Input((2, 4), name="in1")
    out = L.MultiHeadAttention(2, 3, value_dim=2, dropout=0.1)(q, v, key=v)
    model = tk.Model([q, v], out)
    set_weights(model)
    got = model([values((2, 3, 4), 10), values((2, 2, 4), 11)], training=False)
    return {
        "class": "MultiHeadAttention",
        "layer": json.loads(model.to_json())["config"]["layers"][-1],
        "shapes": [[3, 4], [2, 4]],
        "dtype": "float32",
        "high": None,
        "outputs": [{"shape": list(got.shape), "values": rounded(got)}],
    }


OPTIMIZERS = [
    "adam",
    tk.optimizers.SGD(0.1, momentum=0.9, nesterov=True, clipnorm=1.0),
    tk.optimizers.SGD(tk.optimizers.schedules.ExponentialDecay(0.1, 10, 0.9)),
    tk.optimizers.RMSprop(0.01, centered=True, momentum=0.1),
    tk.optimizers.Adam(0.01, amsgrad=True, use_ema=True, weight_decay=0.1),
    tk.optimizers.AdamW(0.01), tk.optimizers.Adagrad(0.1), tk.optimizers.Adadelta(0.1),
    tk.optimizers.Adamax(0.1), tk.optimizers.Nadam(0.1), tk.optimizers.Ftrl(0.1),
    tk.optimizers.Lion(0.01), tk.optimizers.Adafactor(0.01),
    tk.optimizers.legacy.Adam(0.01, decay=0.1), tk.optimizers.legacy.SGD(0.1, momentum=0.5),
    tk.optimizers.legacy.RMSprop(0.1), tk.optimizers.legacy.Nadam(0.1),
    tk.optimizers.legacy.Adagrad(0.1), tk.optimizers.legacy.Ftrl(0.1),
]  # fmt: skip
LOSSES = [
    "mse", "MSE", "categorical_crossentropy", tk.losses.BinaryCrossentropy(from_logits=True),
    tk.losses.Huber(2.0), tk.losses.CategoricalCrossentropy(label_smoothing=0.1, reduction="sum"),
    tk.losses.CosineSimilarity(axis=-1), "cosine_similarity", "logcosh", tk.losses.LogCosh(),
    tk.losses.KLDivergence(), "kld", tk.losses.Hinge(), tk.losses.Poisson(), "huber",
    tk.losses.CategoricalFocalCrossentropy(), tk.losses.BinaryFocalCrossentropy(gamma=1.0),
    tk.losses.CategoricalHinge(), tk.losses.SquaredHinge(), tk.losses.MeanAbsolutePercentageError(),
]  # fmt: skip
M = tk.metrics
METRICS = [
    ["acc"], ["accuracy", "mae"], [M.AUC(num_thresholds=10, curve="PR")], [M.Precision(top_k=1)],
    [M.Recall(0.4)], [M.MeanSquaredError(name="m")], [M.BinaryAccuracy(threshold=0.4)],
    [M.TopKCategoricalAccuracy(2)],
    [M.SensitivityAtSpecificity(0.5)], [M.CosineSimilarity()], [M.KLDivergence()],
    [M.F1Score()], [M.FBetaScore(beta=2.0)], [M.RootMeanSquaredError()], [M.LogCoshError()],
    [M.TruePositives()], [M.BinaryIoU()], [M.OneHotMeanIoU(3)], [M.R2Score()], [M.Hinge()],
    [M.CategoricalCrossentropy()], [M.BinaryCrossentropy()],
    [M.PrecisionAtRecall(0.5)], [M.MeanAbsoluteError()], [M.Poisson()], [M.SquaredHinge()],
    [M.CategoricalAccuracy()], [M.FalseNegatives([0.1, 0.2])],
]  # fmt: skip


def training():
    """The attribute `training_config` of HDF5 files."""
    found = []
    rows = [(o, "mse", None) for o in OPTIMIZERS]
    rows += [("sgd", loss, None) for loss in LOSSES] + [("sgd", "mse", m) for m in METRICS]
    for optimizer, loss, metrics in rows:
        model = tk.Sequential([L.Input((4,)), L.Dense(3, "softmax")])
        model.compile(optimizer, loss, metrics=metrics)
        model.train_on_batch(np.ones((2, 4)), np.eye(3)[:2])
        model.save(OUT + "/made.h5")
        with h5py.File(OUT + "/made.h5") as f:
            found.append(json.loads(f.attrs["training_config"]))
        os.remove(OUT + "/made.h5")
    return found


def write(name, content):
    with open(os.path.join(OUT, name), "w") as f:
        f.write("\n".join(json.dumps(row, separators=(",", ":")) for row in content) + "\n")


layers = [case(make, *shapes, **more) for make, shapes, more in CASES]
layers.append(attention())
write("tfkeras_configs.jsonl", layers)
write("tfkeras_training.jsonl", training())


def small(optimizer, loss="mse"):
    """A model with what differs between the two `.keras` formats, trained for two steps."""
    tk.backend.clear_session()
    x = L.Input((3, 4), name="in0")
    inner = tk.Sequential([L.Input((3, 4)), L.Dense(4, "tanh"), L.Dropout(0.0)], name="inner")
    y = L.MultiHeadAttention(2, 2)(inner(x), x)
    y = L.GRU(3, return_sequences=True, recurrent_activation="hard_sigmoid")(y * 2.0 + 1.0)
    y = L.BatchNormalization()(y)
    out = L.Dense(2)(tf.reduce_mean(y, axis=1))
    model = tk.Model(x, out)
    set_weights(model)
    model.compile(optimizer, loss)
    return model


def steps(model, count):
    x, y = values((4, 3, 4), 20), values((4, 2), 21)
    return [float(model.train_on_batch(x, y)) for _ in range(count)]


def trained():
    """Files of such models, and how their training went on."""
    found = {}
    for name, optimizer in {
        "adam": tk.optimizers.Adam(0.01),
        "sgd": tk.optimizers.SGD(tk.optimizers.schedules.ExponentialDecay(0.1, 2, 0.5), 0.9),
    }.items():
        model = small(optimizer)
        steps(model, 2)
        model.save(os.path.join(OUT, f"tfkeras_{name}.keras"))
        outputs = rounded(model(values((4, 3, 4), 20), training=False))
        found[name] = {"outputs": outputs, "losses": steps(model, 3)}
    return found


with open(os.path.join(OUT, "tfkeras_trained.json"), "w") as f:
    json.dump(trained(), f)

with open(os.path.join(OUT, "tfkeras_layers.txt"), "w") as f:
    classes = {c.__name__ for n, c in vars(L).items() if isinstance(c, type) and n[0] != "_"}
    f.write("\n".join(sorted(classes)) + "\n")
