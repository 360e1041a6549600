"""Early stopping, checkpoints and a file, in the style of tf.keras 2."""
import os
import tempfile

import numpy as np
import tensorflow as tf
from sklearn.datasets import load_iris
from sklearn.model_selection import train_test_split
from tensorflow import keras
from tensorflow.keras import Sequential
from tensorflow.keras.callbacks import CSVLogger, EarlyStopping, ModelCheckpoint
from tensorflow.keras.layers import Dense, Dropout, Normalization

tf.random.set_seed(1)
np.random.seed(1)

X, y = load_iris(return_X_y=True)
X, X_test, y, y_test = train_test_split(
    X.astype("float32"), y, test_size=0.3, random_state=4, stratify=y)

normalizer = Normalization()
normalizer.adapt(X)
model = Sequential([
    keras.Input(shape=(4,)),
    normalizer,
    Dense(16, activation=tf.nn.relu),
    Dropout(0.1),
    Dense(3),
])
model.compile(
    optimizer=tf.keras.optimizers.Adam(learning_rate=0.02),
    loss=tf.keras.losses.SparseCategoricalCrossentropy(from_logits=True),
    metrics=["accuracy"],
)

moniter = EarlyStopping(monitor="val_loss", patience=5, restore_best_weights=True)
with tempfile.TemporaryDirectory() as folder:
    weights = os.path.join(folder, "weights.{epoch:02d}-{val_accuracy:.2f}.h5")
    log = os.path.join(folder, "log.csv")
    history = model.fit(X, y, validation_data=(X_test, y_test), epochs=1000, verbose=0, callbacks=[
        moniter, CSVLogger(log), ModelCheckpoint(weights, save_weights_only=True)])
    epochs = len(history.history["loss"])
    with open(log) as f:
        print("rows of the log:", len(f.readlines()) - 1)
    print("weight files:", len([n for n in os.listdir(folder) if n.startswith("weights.")]))
    model.save(os.path.join(folder, "iris.h5"))
    model.save(os.path.join(folder, "iris.keras"))
    copies = [keras.models.load_model(os.path.join(folder, n)) for n in ("iris.h5", "iris.keras")]

print("epochs:", epochs)
print("best val_loss %.4f" % min(history.history["val_loss"]))
loss, accuracy = model.evaluate(X_test, y_test, verbose=0)
print("restored val_loss %.4f accuracy %.4f" % (loss, accuracy))
probabilities = tf.nn.softmax(model.predict(X_test, verbose=0)).numpy()
print("mean top probability %.4f" % probabilities.max(axis=1).mean())
for copy in copies:
    print("copy differs by %.6f" % np.abs(copy.predict(X_test, verbose=0)
                                          - model.predict(X_test, verbose=0)).max())
