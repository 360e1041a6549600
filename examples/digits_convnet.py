"""A convnet on scikit-learn's 1,797 handwritten digits, from the images to a saved model.

    python examples/digits_convnet.py [--out FOLDER]

Trains with early stopping, a checkpoint of the best epoch and TensorBoard logs, saves the model,
and lets a new process load it and predict the same numbers.
"""

import argparse
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
from sklearn.datasets import load_digits
from sklearn.metrics import confusion_matrix
from sklearn.model_selection import train_test_split

import torchkeras as keras
from torchkeras import layers

parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
parser.add_argument("--out", type=Path, default=Path(__file__).parent / "out" / "digits")
parser.add_argument("--predict", action="store_true", help="only load the model and predict")
options = parser.parse_args()
model_file = options.out / "digits.keras"

# 8x8 grey images, 0 to 16, and their digit.
images, labels = load_digits(return_X_y=True)
images = (images.reshape(-1, 8, 8, 1) / 16).astype("float32")
x_train, x_test, y_train, y_test = train_test_split(
    images, labels, test_size=0.2, stratify=labels, random_state=0
)

if options.predict:  # the new process
    model = keras.models.load_model(model_file)
    np.save(options.out / "predicted.npy", model.predict(x_test, verbose=0))
    sys.exit()

options.out.mkdir(parents=True, exist_ok=True)
keras.utils.set_random_seed(1)

model = keras.Sequential(
    [
        keras.Input(shape=(8, 8, 1)),
        layers.Conv2D(32, kernel_size=3, padding="same", activation="relu"),
        layers.BatchNormalization(momentum=0.9),
        layers.MaxPooling2D(pool_size=2),
        layers.Conv2D(64, kernel_size=3, padding="same", activation="relu"),
        layers.BatchNormalization(momentum=0.9),
        layers.MaxPooling2D(pool_size=2),
        layers.Flatten(),
        layers.Dropout(0.4),
        layers.Dense(64, activation="relu"),
        layers.Dense(10, activation="softmax"),
    ],
    name="digits",
)
model.summary()
model.compile(
    optimizer=keras.optimizers.Adam(learning_rate=2e-3),
    loss="sparse_categorical_crossentropy",
    metrics=["accuracy"],
)

started = time.perf_counter()
history = model.fit(
    x_train,
    y_train,
    batch_size=64,
    epochs=40,
    validation_split=0.15,
    callbacks=[
        keras.callbacks.EarlyStopping(monitor="val_loss", patience=8, restore_best_weights=True),
        keras.callbacks.ModelCheckpoint(
            options.out / "best.keras", monitor="val_loss", save_best_only=True
        ),
        keras.callbacks.TensorBoard(log_dir=options.out / "logs", histogram_freq=5),
    ],
)
seconds = time.perf_counter() - started
epochs = len(history.history["loss"])
print(f"\ntrained {epochs} epochs in {seconds:.1f} s")

loss, accuracy = model.evaluate(x_test, y_test, verbose=0)
print(f"test loss {loss:.4f}, test accuracy {accuracy:.4f}")

predicted = model.predict(x_test, verbose=0)
confusion = confusion_matrix(y_test, predicted.argmax(axis=-1))
wrong = int(confusion.sum() - confusion.trace())
print(f"confusion (rows: true digit, columns: predicted), {wrong} of {len(y_test)} wrong:")
print(confusion)

best = keras.models.load_model(options.out / "best.keras")
print(f"best epoch's checkpoint: test accuracy {best.evaluate(x_test, y_test, verbose=0)[1]:.4f}")

model.save(model_file)
subprocess.run([sys.executable, __file__, "--predict", "--out", options.out], check=True)
same = np.array_equal(predicted, np.load(options.out / "predicted.npy"))
print(f"a new process loads {model_file.name} and predicts the same numbers: {same}")
print(f"training curves: tensorboard --logdir {options.out / 'logs'}")
sys.exit(0 if same else "the reloaded model predicts other numbers")
