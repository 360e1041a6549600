"""A layer, a loss, a schedule, a callback and a train_step of one's own, as in tf.keras 2."""
import math

import numpy as np
import tensorflow as tf
from sklearn.datasets import load_diabetes
from tensorflow import keras
from tensorflow.keras import backend as K

tf.keras.utils.set_random_seed(2)

X, y = load_diabetes(return_X_y=True)
X = (X / X.std(axis=0)).astype(np.float32)
y = ((y - 150.0) / 75.0).astype(np.float32)
order = np.random.permutation(len(y))
X, y = X[order], y[order, np.newaxis]
train = tf.data.Dataset.from_tensor_slices((X[:352], y[:352])).shuffle(352).repeat().batch(32)
test = tf.data.Dataset.from_tensor_slices((X[352:], y[352:])).batch(32)


class Gated(keras.layers.Layer):
    def __init__(self, units, **kwargs):
        super().__init__(**kwargs)
        self.units = units

    def build(self, input_shape):
        self.kernel = self.add_weight("kernel", shape=(input_shape[-1], self.units),
                                      initializer="glorot_uniform", trainable=True)
        self.gate = self.add_weight("gate", shape=[input_shape[-1], self.units],
                                    initializer=keras.initializers.RandomNormal(stddev=0.05))
        self.bias = self.add_weight("bias", shape=(self.units,), initializer="zeros")
        self.calls = self.add_weight("calls", shape=(), initializer="zeros", trainable=False)
        super().build(input_shape)

    def call(self, inputs, training=None):
        if training:
            self.calls.assign_add(1.0)
        self.add_loss(1e-3 * tf.reduce_sum(tf.square(self.gate)))
        return tf.matmul(inputs, self.kernel) * tf.sigmoid(tf.matmul(inputs, self.gate)) + self.bias

    def get_config(self):
        config = super().get_config()
        config.update({"units": self.units})
        return config


class Tracked(keras.Model):
    def train_step(self, data):
        x, y = data
        with tf.GradientTape() as tape:
            y_pred = self(x, training=True)
            loss = self.compiled_loss(y, y_pred, regularization_losses=self.losses)
        gradients = tape.gradient(loss, self.trainable_variables)
        self.optimizer.apply_gradients(zip(gradients, self.trainable_variables))
        self.compiled_metrics.update_state(y, y_pred)
        results = {m.name: m.result() for m in self.metrics}
        results["norm"] = tf.linalg.global_norm(gradients)
        return results


class Watch(tf.keras.callbacks.Callback):
    def __init__(self):
        super().__init__()
        self.norms, self.rates = [], []

    def on_train_batch_end(self, batch, logs=None):
        self.norms.append(float(logs["norm"]))

    def on_epoch_end(self, epoch, logs=None):
        self.rates.append(float(tf.keras.backend.get_value(self.model.optimizer.learning_rate)))
        if logs["val_loss"] < 0.1:
            self.model.stop_training = True


def soft_absolute(y_true, y_pred):
    return K.mean(K.log((K.exp(y_true - y_pred) + K.exp(y_pred - y_true)) / 2.0), axis=-1)


def decay(epoch):
    return 0.01 * math.pow(0.5, math.floor(epoch / 5))


inputs = keras.Input(shape=(10,))
hidden = Gated(16, name="gated")(inputs)
outputs = keras.layers.Dense(1)(tf.nn.relu(hidden))
model = Tracked(inputs, outputs)
model.compile(optimizer=keras.optimizers.RMSprop(lr=0.01), loss=soft_absolute, metrics=["mae"])
watch = Watch()
history = model.fit(train, steps_per_epoch=11, epochs=15, validation_data=test, verbose=0,
                    callbacks=[watch, keras.callbacks.LearningRateScheduler(decay)])

print("history:", " ".join(sorted(history.history)))
print("rates: first %.4f last %.4f" % (watch.rates[0], watch.rates[-1]))
print("gradient norms: %d, all positive %s" % (len(watch.norms), min(watch.norms) > 0))
print("training calls: %d" % K.get_value(model.get_layer("gated").calls))
copy = Gated.from_config(model.get_layer("gated").get_config())
print("config: %s, units %d" % (copy.name, copy.units))
predicted = model.predict(test)
explained = 1 - np.mean((predicted - y[352:]) ** 2) / np.var(y[352:])
print("test mae %.4f, explained variance %.4f" % (history.history["val_mae"][-1], explained))
