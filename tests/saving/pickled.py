"""What another process needs to find by its name: a class of model, and the work it does there."""

import numpy as np
import torch

import torchkeras as keras

L = keras.layers


class Net(keras.Model):
    """Lists, dicts and tuples of layers, a torch module, and state of its own."""

    def __init__(self, width=3, **kwargs):
        super().__init__(**kwargs)
        self.width = width
        self.first = L.Dense(width)
        self.blocks = [L.Dense(3, activation="relu"), [L.Dense(4)]]
        self.heads = {"a": L.Dense(3), "n": {"q": L.Dropout(0.3)}}
        self.pair = (L.Dense(4), L.BatchNormalization())
        self.again = self.first
        self.linear = torch.nn.Linear(4, 2)
        self.seen = keras.metrics.Mean(name="seen")

    def build(self, input_shape):
        self.scale = self.add_weight(shape=(input_shape[-1],), initializer="ones", name="scale")
        self.loose = [self.add_weight(shape=(2,), initializer="ones") for _ in range(2)]
        super().build(input_shape)

    def call(self, x, training=None):
        x = self.first(x * self.scale)
        for layer in (self.blocks[0], self.blocks[1][0], self.heads["a"], *self.pair):
            x = layer(x)
        x = self.heads["n"]["q"](x, training=training)
        return self.linear(x) * self.loose[0] + self.loose[1]


def leaves(x):
    """Outputs as a flat list of numpy arrays."""
    return [np.asarray(a) for a in keras.tree.flatten(x)]


def train(model, x, steps=3):
    """Train on targets of ones; return the losses, and all variables after that."""
    keras.utils.set_random_seed(3)  # dropout without a seed draws from torch's own stream
    y = keras.tree.map_structure(lambda a: np.ones_like(a), model.predict(x, verbose=0))
    losses = [float(model.train_on_batch(x, y, return_dict=True)["loss"]) for _ in range(steps)]
    state = [*model.variables, *model.optimizer.variables]
    return losses, [v.detach().to(torch.float64).numpy().copy() for v in state]


def work(name, sent, x, loads, answers):
    """In a spawned process: unpickle, predict, train, and make one more weight."""
    torch.set_num_threads(1)
    model = loads(sent) if isinstance(sent, bytes) else sent
    before = leaves(model.predict(x, verbose=0))
    losses, state = train(model, x)
    model.add_weight(shape=(), name="late")
    names = [getattr(v, "path", None) for v in model.variables]
    answers.put((name, before, losses, state, names))
