"""A functional model with two inputs, a shared encoder and two outputs.

    python examples/functional_two_inputs.py

It sees two handwritten digits and says whether they are the same digit, and what their sum is.
"""

import numpy as np
from sklearn.datasets import load_digits

import torchkeras as keras
from torchkeras import layers

keras.utils.set_random_seed(0)
rng = np.random.default_rng(0)


def pairs(images, digits, count):
    """Random pairs; in one of two pairs, both show the same digit."""
    left = rng.integers(0, len(digits), count)
    right = rng.integers(0, len(digits), count)
    for i in range(0, count, 2):
        right[i] = rng.choice(np.flatnonzero(digits == digits[left[i]]))
    inputs = {"left": images[left], "right": images[right]}
    same = (digits[left] == digits[right]).astype("float32")[:, None]
    total = (digits[left] + digits[right]).astype("float32")[:, None]
    return inputs, {"same": same, "total": total}


images, digits = load_digits(return_X_y=True)
images = (images.reshape(-1, 8, 8, 1) / 16).astype("float32")
x_train, y_train = pairs(images[:1400], digits[:1400], 8000)
x_test, y_test = pairs(images[1400:], digits[1400:], 1000)  # digits that training never shows

# One encoder, used for both inputs: its weights are shared.
encoder = keras.Sequential(
    [
        keras.Input(shape=(8, 8, 1)),
        layers.Conv2D(32, 3, padding="same", activation="relu"),
        layers.MaxPooling2D(),
        layers.Conv2D(64, 3, padding="same", activation="relu"),
        layers.Flatten(),
        layers.Dense(32, activation="relu"),
    ],
    name="encoder",
)
left = keras.Input(shape=(8, 8, 1), name="left")
right = keras.Input(shape=(8, 8, 1), name="right")
a, b = encoder(left), encoder(right)
h = layers.Concatenate()([a, b, keras.ops.abs(a - b)])
h = layers.Dense(64, activation="relu")(h)
same = layers.Dense(1, activation="sigmoid", name="same")(h)
total = layers.Dense(1, name="total")(h)

model = keras.Model({"left": left, "right": right}, {"same": same, "total": total}, name="pairs")
model.summary()
model.compile(
    optimizer="adam",
    loss={"same": "binary_crossentropy", "total": "mse"},
    loss_weights={"same": 1.0, "total": 0.1},
    metrics={"same": ["accuracy"], "total": ["mae"]},
)
model.fit(x_train, y_train, batch_size=64, epochs=8, validation_split=0.1, verbose=2)

scores = model.evaluate(x_test, y_test, return_dict=True, verbose=0)
print(f"same digit or not: accuracy {scores['same_accuracy']:.3f}")
print(f"sum of the digits: mean absolute error {scores['total_mae']:.3f}")

# Any part of the graph is a model of its own: here, what the encoder makes of the left image.
left_features = keras.Model(model.inputs, a)
print("encoder features:", left_features.predict(x_test, verbose=0).shape)
