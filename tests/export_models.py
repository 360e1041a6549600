"""Models of each kind that a server meets: name -> (model, inputs for a batch of n)."""

import numpy as np
import torch

import torchkeras as keras

layers, ops = keras.layers, keras.ops
EXAMPLES = {}
SLOW = {
    "dense", "conv", "conv_of_any_size", "preprocessing", "lists_of_inputs_and_outputs",
    "masked_text", "recurrent_cells", "kinds_of_attention", "quantized", "hashing",
}  # fmt: skip


def example(make):
    EXAMPLES[make.__name__] = make
    return make


def floats(n, *shape):
    return np.random.default_rng([n, *shape]).standard_normal((n, *shape)).astype("float32")


def integers(n, high, *shape):
    return np.random.default_rng([n, high]).integers(0, high, (n, *shape)).astype("int32")


@example
def dense():
    row = [keras.Input((4,)), layers.Dense(8, activation="gelu"), layers.Dropout(0.5)]
    return keras.Sequential([*row, layers.Dense(3, activation="softmax")]), lambda n: floats(n, 4)


@example
def conv():
    x = keras.Input((16, 16, 3))
    h = layers.Conv2D(8, 3, strides=2, padding="same", use_bias=False)(x)
    h = layers.ReLU(6)(layers.BatchNormalization()(h))
    h = layers.SeparableConv2D(8, 3)(layers.DepthwiseConv2D(3, padding="same")(h))
    h = layers.Conv2DTranspose(4, 3, strides=2)(layers.MaxPooling2D(2, padding="same")(h))
    h = layers.GroupNormalization(2)(layers.AveragePooling2D(2)(layers.UpSampling2D()(h)))
    return keras.Model(x, layers.Dense(2)(layers.GlobalMaxPooling2D()(h))), lambda n: floats(
        n, 16, 16, 3
    )


@example
def vision():
    x = keras.Input((12, 14, 3), dtype="uint8")
    h = layers.Rescaling(1 / 127.5, offset=-1)(layers.Resizing(9, 8)(layers.RandomFlip()(x)))
    h = layers.BatchNormalization()(layers.Conv2D(4, 3, padding="same", strides=2)(h))
    h = layers.Flatten()(layers.MaxPooling2D()(layers.ReLU()(h)))
    return keras.Model(x, layers.Dense(3, activation="softmax")(h)), lambda n: integers(
        n, 255, 12, 14, 3
    ).astype("uint8")


@example
def conv_of_any_size():
    x = keras.Input((None, None, 3))
    h = layers.Conv2D(4, 3, activation="relu")(layers.ZeroPadding2D(1)(x))
    h = layers.AveragePooling2D(2, padding="same")(h)
    return keras.Model(x, layers.GlobalAveragePooling2D()(h)), lambda n: floats(n, 7 + n, 12, 3)


@example
def lstm_of_any_length():
    x = keras.Input((None, 4))
    h = layers.Bidirectional(layers.LSTM(5))(x)
    return keras.Model(x, layers.Dense(2)(h)), lambda n: floats(n, 2 + n, 4)


@example
def masked_text():
    x = keras.Input((None,), dtype="int32", name="tokens")
    h = layers.Embedding(20, 6, mask_zero=True)(x)
    h = layers.Bidirectional(layers.GRU(4, return_sequences=True))(h)
    return keras.Model(x, layers.Dense(1)(layers.LSTM(3)(h))), lambda n: integers(n, 5, 4 + n)


@example
def attention():
    x = keras.Input((None, 8))
    h = layers.LayerNormalization()(x + layers.MultiHeadAttention(2, 4)(x, x))
    return keras.Model(x, layers.GlobalAveragePooling1D()(h)), lambda n: floats(n, 3 + n, 8)


@example
def kinds_of_attention():
    x = keras.Input((None, 8))
    h = x + layers.GroupQueryAttention(4, 4, 2)(x, x, use_causal_mask=True)
    h = layers.RMSNormalization()(h + layers.Attention(use_scale=True)([h, h]))
    return keras.Model(x, layers.GlobalAveragePooling1D()(h)), lambda n: floats(n, 3 + n, 8)


@example
def named_inputs_and_outputs():
    a, b = keras.Input((4,), name="a"), keras.Input((6,), dtype="int32", name="b-ids")
    e = layers.GlobalAveragePooling1D()(layers.Embedding(10, 4)(b))
    h = layers.Concatenate()([a, e])
    model = keras.Model({"b-ids": b, "a": a}, {"score": layers.Dense(1)(h), "features": h})
    return model, lambda n: {"b-ids": integers(n, 10, 6), "a": floats(n, 4)}


@example
def lists_of_inputs_and_outputs():
    a, b = keras.Input((3,), name="left"), keras.Input((3,), name="right")
    h = layers.Dot(1, normalize=True)([a, b])
    return keras.Model([a, b], [h, a, layers.Multiply()([a, b])]), lambda n: [
        floats(n, 3),
        -floats(n, 3) + 1,
    ]


@example
def preprocessing():
    image = keras.Input((10, 12, 3))
    number = keras.Input((2,))
    kind = keras.Input((1,), dtype="int32")
    h = layers.Rescaling(1 / 255)(layers.CenterCrop(6, 6)(layers.Resizing(8, 9)(image)))
    h = layers.Flatten()(layers.RandomFlip()(h))
    n = layers.Normalization(mean=[1.0, 2.0], variance=[3.0, 4.0])(number)
    bins = layers.Discretization(bin_boundaries=[-1.0, 0.0, 1.0])(number)
    kinds = layers.CategoryEncoding(5, output_mode="one_hot")(kind)
    parts = [h, n, ops.cast(bins, "float32"), kinds]
    model = keras.Model([image, number, kind], layers.Concatenate()(parts))
    return model, lambda n: [255 * floats(n, 10, 12, 3), floats(n, 2), integers(n, 5, 1)]


@example
def hashing():
    x = keras.Input((3,), dtype="int64")
    bins = [layers.Hashing(11)(x), layers.Hashing(9, salt=[1, 2], mask_value=0)(x)]
    large = np.random.default_rng(0).integers(-(2**63), 2**63 - 1, (7, 3))
    return keras.Model(x, bins), lambda n: np.concatenate([integers(1, 99, 3), large])[:n]


@keras.saving.register_keras_serializable("export")
class Residual(keras.Model):
    def __init__(self, units=4):
        super().__init__()
        self.units = units
        self.inner = [layers.Dense(units, activation="relu") for _ in range(2)]
        self.last = torch.nn.Linear(units, 2)

    def call(self, inputs, training=None):
        for layer in self.inner:
            inputs = inputs + layer(inputs)
        if training:
            inputs = inputs * 0
        return {"mean": self.last(inputs), "shape": ops.shape(inputs)[0] + ops.zeros((1,))}


@example
def subclassed():
    model = Residual()
    model(torch.zeros(2, 4))
    return model, lambda n: floats(n, 4)


@example
def recurrent_cells():
    x = keras.Input((5, 4))
    cells = [layers.LSTMCell(3), layers.GRUCell(2, reset_after=False)]
    h = layers.RNN(cells, return_sequences=True)(x)
    return keras.Model(x, layers.SimpleRNN(3, go_backwards=True)(h)), lambda n: floats(n, 5, 4)


@example
def quantized():
    model, data = dense()
    model.quantize("int8")
    return model, data
