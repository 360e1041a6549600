"""What two notes about Keras say can be done: every name in them, as a script."""

import itertools
import json
import os
import urllib.request

import keras
import numpy as np
from keras.callbacks import ModelCheckpoint
from quiver_engine import server
from sklearn.datasets import load_digits
from tensorflow import saved_model
from tensorflow.keras.callbacks import EarlyStopping

for name in (
    "recurrent.Recurrent",
    "recurrent.SimpleRNN",
    "recurrent.GRU",
    "recurrent.LSTM",
    "convolutional.Conv1D",
    "convolutional.Conv2D",
    "pooling.MaxPooling1D",
    "pooling.MaxPooling2D",
    "core.Dense",
    "core.Dropout",
    "normalization.BatchNormalization",
):
    where = keras.layers
    for part in name.split("."):
        where = getattr(where, part)
    assert isinstance(where, type), name
x, y = load_digits(return_X_y=True)
x = (x / 16).reshape(-1, 8, 8, 1)[:400]
y = y[:400]
Y = keras.utils.to_categorical(y, 10)


class LossHistory(keras.callbacks.Callback):
    def on_train_begin(self, logs=None):
        self.losses = []

    def on_batch_end(self, batch, logs=None):
        self.losses.append(logs.get("loss"))


ACCURACIES = ["accuracy", "binary_accuracy", "categorical_accuracy", "top_k_categorical_accuracy"]
LOSSES = ["mse", "rmse", "mae", "mape", "msle", "hinge"]
optimizers = itertools.cycle(["sgd", "rmsprop", "adam"])
for loss in ["binary_crossentropy", "categorical_crossentropy", *LOSSES]:
    model = keras.models.Sequential()
    model.add(
        keras.layers.convolutional.Conv2D(
            4,
            (3, 3),
            activation="relu",
            input_shape=(8, 8, 1),
            kernel_regularizer=keras.regularizers.l2(1e-4),
            bias_regularizer="l1",
            activity_regularizer="l1_l2",
        )
    )
    model.add(keras.layers.normalization.BatchNormalization())
    model.add(keras.layers.pooling.MaxPooling2D())
    model.add(keras.layers.core.Dropout(0.2, noise_shape=None, seed=None))
    model.add(keras.layers.Flatten())
    model.add(keras.layers.core.Dense(10, activation="sigmoid"))
    model.compile(loss=loss, optimizer=next(optimizers), metrics=[*ACCURACIES, *LOSSES])
    model.fit(x, Y, epochs=1, verbose=0)
history = LossHistory()
moniter = EarlyStopping(monitor="val_loss", patience=5, restore_best_weights=True)
model.fit(
    x,
    Y,
    validation_data=(x, Y),
    callbacks=[
        moniter,
        history,
        ModelCheckpoint("best.keras"),
        keras.callbacks.TensorBoard(
            log_dir="./logs", histogram_freq=0, write_graph=True, write_images=False
        ),
    ],
    epochs=3,
    verbose=0,
)
assert len(history.losses) == 39, len(history.losses)
for suffix in ("yml", "h5", "json"):
    model.save("file." + suffix)
same = keras.models.load_model("file.h5")
np.testing.assert_allclose(
    same.predict(x[:9], verbose=0), model.predict(x[:9], verbose=0), rtol=1e-5
)
saved_model.save(model, "served")
assert os.path.exists("served")
viewer = server.launch(model, port=0, block=False, open_browser=False)
with urllib.request.urlopen(viewer.url + "model") as answer:
    assert json.load(answer)["config"]["layers"][1]["class_name"] == "Conv2D"
viewer.close()
print("all of it")
