"""A train_step of one's own, ops and random seeds, in the style of Keras 3 on torch."""

import os
import tempfile

os.environ["KERAS_BACKEND"] = "torch"

import keras
import numpy as np
import torch
from keras import layers, ops
from sklearn.datasets import load_digits

keras.utils.set_random_seed(9)

digits = load_digits()
images = np.expand_dims(digits.images, -1).astype("float32") / 16
labels = keras.utils.to_categorical(digits.target, 10)
order = np.random.permutation(len(labels))
images, labels = images[order], labels[order]


@keras.saving.register_keras_serializable(package="digits")
class Patches(layers.Layer):
    """Cut an image into squares: the tokens of the transformer."""

    def __init__(self, size, **kwargs):
        super().__init__(**kwargs)
        self.size = size

    def call(self, x):
        patches = ops.image.extract_patches(x, self.size)
        return ops.reshape(patches, (ops.shape(x)[0], -1, patches.shape[-1]))


@keras.saving.register_keras_serializable(package="digits")
class Positions(layers.Layer):
    def build(self, input_shape):
        self.table = self.add_weight(shape=input_shape[1:], initializer="random_normal")

    def call(self, x):
        return x + self.table


@keras.saving.register_keras_serializable(package="digits")
class Mixup(keras.Model):
    """A model that trains on pairs of images laid over each other."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.seeds = keras.random.SeedGenerator(9)
        self.loss_tracker = keras.metrics.Mean(name="loss")
        self.accuracy = keras.metrics.CategoricalAccuracy(name="accuracy")

    @property
    def metrics(self):
        return [self.loss_tracker, self.accuracy]

    def train_step(self, data):
        x, y, _ = keras.utils.unpack_x_y_sample_weight(data)
        share = keras.random.beta((ops.shape(x)[0], 1), 0.2, 0.2, seed=self.seeds)
        other = keras.random.shuffle(ops.arange(ops.shape(x)[0]), seed=self.seeds)
        y_mixed = share * y + (1 - share) * ops.take(y, other, axis=0)
        share = ops.reshape(share, (-1, 1, 1, 1))
        x_mixed = share * x + (1 - share) * ops.take(x, other, axis=0)

        self.zero_grad()
        loss = self.compute_loss(y=y_mixed, y_pred=self(x_mixed, training=True))
        loss.backward()
        gradients = [v.value.grad for v in self.trainable_weights]
        with torch.no_grad():
            self.optimizer.apply(gradients, self.trainable_weights)
        self.loss_tracker.update_state(loss)
        self.accuracy.update_state(y, self(x, training=False))
        return {m.name: m.result() for m in self.metrics}

    def test_step(self, data):
        x, y = data
        y_pred = self(x, training=False)
        self.loss_tracker.update_state(self.compute_loss(y=y, y_pred=y_pred))
        self.accuracy.update_state(y, y_pred)
        return {m.name: m.result() for m in self.metrics}


inputs = keras.Input((8, 8, 1))
tokens = Positions(name="positions")(layers.Dense(32)(Patches(2)(inputs)))
attended = layers.MultiHeadAttention(num_heads=4, key_dim=8)(tokens, tokens)
tokens = layers.LayerNormalization()(tokens + attended)
tokens = layers.LayerNormalization()(tokens + layers.Dense(32, activation="gelu")(tokens))
outputs = layers.Dense(10, activation="softmax")(layers.Flatten()(tokens))
model = Mixup(inputs, outputs)
model.compile(
    optimizer=keras.optimizers.AdamW(
        keras.optimizers.schedules.CosineDecay(5e-3, decay_steps=12 * 23), weight_decay=1e-3
    ),
    loss="categorical_crossentropy",
)
history = model.fit(
    images[:1440], labels[:1440], batch_size=64, epochs=12, verbose=0,
    validation_data=(images[1440:], labels[1440:]),
)  # fmt: skip
print("history:", " ".join(sorted(history.history)))
print("parameters:", model.count_params())
print("val_accuracy: first %.4f last %.4f" % tuple(history.history["val_accuracy"][:: 11]))
result = model.evaluate(images[1440:], labels[1440:], verbose=0, return_dict=True)
print("test accuracy %.4f" % result["accuracy"])
with tempfile.TemporaryDirectory() as folder:
    model.save(os.path.join(folder, "digits.keras"))
    copy = keras.saving.load_model(os.path.join(folder, "digits.keras"))
predicted = [m.predict(images[1440:], verbose=0) for m in (model, copy)]
difference = ops.max(ops.abs(predicted[0] - predicted[1]))
print("copy differs by %.6f" % float(difference))
