"""Models made twice by the same code: `make(keras)` and `make(torchkeras)`."""

import numpy as np
import torch

RATE = 1.0  # what dropout rates are multiplied by: 0 where training is compared


def rand(*shape, seed=0):
    return np.random.default_rng(seed).uniform(-1, 1, shape).astype("float32")


def dense(k):
    L = k.layers
    model = k.Sequential(
        [k.Input((4,)), L.Dense(3, activation="relu", kernel_regularizer=k.regularizers.L2(0.01)),
         L.Dropout(0.3 * RATE), L.Dense(2, use_bias=False, name="out")]
    )  # fmt: skip
    return model, rand(5, 4)


def convnet(k):
    L = k.layers
    model = k.Sequential(
        [k.Input((8, 8, 2)), L.Conv2D(4, 3, padding="same"), L.BatchNormalization(), L.ReLU(),
         L.MaxPooling2D(), L.Conv2D(3, 3, strides=2, activation="relu"), L.LayerNormalization(),
         L.Flatten(), L.Dense(3)]
    )  # fmt: skip
    return model, rand(4, 8, 8, 2)


def sequence(k):
    L = k.layers
    i = k.Input((6,), dtype="int32")
    x = L.Embedding(11, 5, mask_zero=True)(i)
    x = L.Bidirectional(L.LSTM(4, return_sequences=True))(x)
    x = L.GRU(3, return_sequences=True)(x)
    x = L.TimeDistributed(L.Dense(4, activation="tanh"))(x)
    x = L.SimpleRNN(3, dropout=0.2 * RATE)(x)
    return k.Model(i, x), np.random.default_rng(0).integers(0, 11, (4, 6)).astype("int32")


def attention(k):
    L = k.layers
    i = k.Input((5, 6))
    x = L.MultiHeadAttention(2, 3, dropout=0.1 * RATE)(i, i)
    x = L.LayerNormalization()(L.Add()([i, x]))
    return k.Model(i, L.GlobalAveragePooling1D()(x)), rand(3, 5, 6)


def two_inputs(k):
    L = k.layers
    a, b = k.Input((3,), name="a"), k.Input((4,), name="b")
    shared = L.Dense(4, activation="tanh")
    x = L.Concatenate()([shared(L.Dense(2)(a)), L.Dense(2)(b)])
    y = shared(L.Dense(2)(x))
    return k.Model([a, b], [L.Dense(1, name="y")(y), L.Dense(2, name="x")(x)]), [
        rand(5, 3),
        rand(5, 4),
    ]


def named_outputs(k):
    L = k.layers
    i = {"p": k.Input((3,), name="p"), "q": k.Input((3,), name="q")}
    x = L.Add()([i["p"], i["q"]])
    return k.Model(i, {"s": L.Dense(2)(x), "t": L.Dense(1)(x)}), {
        "p": rand(4, 3),
        "q": rand(4, 3, seed=1),
    }


def nested(k):
    L = k.layers
    j = k.Input((4,))
    inner = k.Model(j, L.Dense(4, activation="relu")(j), name="inner")
    row = k.Sequential([k.Input((4,)), L.Dense(4), L.Dense(4)], name="row")
    late = k.Sequential([L.Dense(3), L.Dense(4)])
    i = k.Input((4,))
    x = inner(row(inner(i)))
    return k.Model(i, inner(late(x)), name="whole"), rand(5, 4)


def frozen(k):
    L = k.layers
    model = k.Sequential(
        [k.Input((4,)), L.Dense(3, trainable=False), L.BatchNormalization(), L.Dense(2)]
    )
    model.layers[1].trainable = False
    return model, rand(5, 4)


def low_precision(k):
    L = k.layers
    model = k.Sequential(
        [k.Input((4,)), L.Dense(3, dtype="bfloat16"), L.Dense(3, dtype="mixed_bfloat16"),
         L.Dense(2, dtype="float16"), L.Dense(2, dtype="float64")]
    )  # fmt: skip
    return model, rand(5, 4)


def subclass_type(k):
    """A model with lists, dicts, private and shared layers, a property and weights of its own."""
    L = k.layers

    class Block(L.Layer):
        def __init__(self, units, **kwargs):
            super().__init__(**kwargs)
            self.units = units
            self.inner = [L.Dense(units), L.Dropout(0.5 * RATE)]
            self._private = L.Dense(units)

        def build(self, input_shape):
            self.scale = self.add_weight(shape=(input_shape[-1],), initializer="ones", name="scale")
            self.steps = self.add_weight(
                shape=(), trainable=False, initializer="zeros", name="steps"
            )
            self.shift = self.add_weight(
                shape=(input_shape[-1],), initializer="zeros", name="shift"
            )
            self.inner[0].build(input_shape)
            self._private.build((*input_shape[:-1], self.units))

        def call(self, x):
            x = self.inner[0](x * self.scale + self.shift)
            return self._private(self.inner[1](x))

        def compute_output_shape(self, input_shape):
            return (*input_shape[:-1], self.units)

        def get_config(self):
            return {**super().get_config(), "units": self.units}

    class Net(k.Model):
        def __init__(self, width=3, **kwargs):
            super().__init__(**kwargs)
            self.width = width
            self.zeta = L.Dense(2)
            self.blocks = [L.Dense(3), Block(4), [L.Dense(5)]]
            self.heads = {"b": L.Dense(2), "a": L.Dense(3), "n": {"q": L.Dense(1)}}
            self.alpha = L.Dense(3)
            self.alias = self.alpha
            self.pair = (L.Dense(2), L.BatchNormalization())
            self._hidden = L.Dense(width)
            self.Upper = L.Dense(2)
            self.row = k.Sequential([L.Dense(2), L.Dense(2)])

        @property
        def entrance(self):
            return self.blocks[0]

        def call(self, x, training=None):  # without it real Keras's layers do not train
            for layer in (
                *self.blocks[:2], self.blocks[2][0], self.heads["b"], self.heads["a"],
                self.heads["n"]["q"], self.alpha, self.zeta, self._hidden, *self.pair, self.Upper,
                self.row,
            ):  # fmt: skip
                x = layer(x)
            return x

        def get_config(self):
            return {**super().get_config(), "width": self.width}

    return Net, {"Net": Net, "Block": Block}


def subclass(k):
    net, _ = subclass_type(k)
    model, x = net(width=4), rand(5, 4)
    model(x)
    return model, x


def grown_functional(k):
    """A functional model by subclassing, with further state beside the graph."""
    L = k.layers

    class Grown(k.Model):
        def __init__(self):
            i = k.Input((4,))
            first = L.Dense(2, name="first")
            super().__init__(i, L.Dense(3)(first(i)))
            self.first = first
            self.extra = L.Dense(3)
            self.extra.build((None, 2))
            self.again = self.extra
            self.w = self.add_weight(shape=(3,), name="w")

    return Grown(), rand(5, 4)


def mixed_functional(k):
    """Operators and functions on symbolic tensors between layers."""
    L = k.layers
    i = k.Input((4,))
    x = L.Dense(4)(i)
    x = k.ops.relu(x) * 2.0 + k.ops.sin(i)
    return k.Model(i, L.Dense(2)(x)), rand(5, 4)


def preprocessing(k):
    """Layers that prepare data by tensor maths, in front of ones that learn."""
    L = k.layers
    image = k.Input((9, 8, 3), name="image")
    number, kind = k.Input((2,), name="number"), k.Input((1,), dtype="int32", name="kind")
    x = L.Resizing(6, 6)(L.Rescaling(1 / 2.0, offset=0.1)(image))
    x = L.GlobalAveragePooling2D()(L.Conv2D(3, 3)(L.CenterCrop(5, 5)(x)))
    n = L.Normalization(mean=[0.2, -0.1], variance=[0.5, 2.0])(number)
    bins = L.Discretization(bin_boundaries=[-0.5, 0.0, 0.5], output_mode="one_hot")(number)
    c = L.CategoryEncoding(4, output_mode="one_hot")(kind)
    y = L.Dense(2)(L.Concatenate()([x, n, L.Flatten()(bins), c]))
    kinds = np.random.default_rng(0).integers(0, 4, (5, 1)).astype("int32")
    return k.Model([image, number, kind], y), [rand(5, 9, 8, 3), rand(5, 2), kinds]


def torch_module(k):
    """A torch module as a layer; its `state_dict` goes to the file."""
    inner = torch.nn.Sequential(torch.nn.Linear(4, 3), torch.nn.BatchNorm1d(3))
    model = k.Sequential([k.Input((4,)), k.layers.TorchModuleWrapper(inner), k.layers.Dense(2)])
    model(rand(5, 4))
    return model, rand(5, 4)


MODELS = {
    f.__name__: f
    for f in (dense, convnet, sequence, attention, two_inputs, named_outputs, nested, frozen,
              low_precision, subclass, grown_functional, mixed_functional, preprocessing,
              torch_module)
}  # fmt: skip


def custom_objects(k):
    """The classes of `subclass`, which a loader must be told of."""
    return subclass_type(k)[1]
