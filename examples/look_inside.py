"""Watch a convnet learn in the browser: feature maps, predictions and Grad-CAM of each epoch.

python examples/look_inside.py          # the page stays open until Ctrl-C
python examples/look_inside.py --once   # ends with the training

Needs Pillow and werkzeug: pip install "torchkeras[quiver]"
"""

import contextlib
import sys

from sklearn.datasets import load_digits

import torchkeras as keras
from torchkeras import layers

keras.utils.set_random_seed(0)
digits = load_digits()
x, y = digits.images[..., None].astype("float32") / 16, digits.target

model = keras.Sequential(
    [
        keras.Input((8, 8, 1)),
        layers.Conv2D(16, 3, padding="same", activation="relu", name="strokes"),
        layers.Conv2D(32, 3, padding="same", activation="relu", name="shapes"),
        layers.MaxPooling2D(),
        layers.Flatten(),
        layers.Dense(10, activation="softmax", name="digit"),
    ]
)
model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])

page = keras.callbacks.Quiver(samples=x[1500:1520], classes=[str(i) for i in range(10)])
model.fit(
    x[:1500], y[:1500], epochs=8, validation_data=(x[1500:], y[1500:]), verbose=2, callbacks=[page]
)
if "--once" not in sys.argv:
    print(f"\n{page.url} (Ctrl-C ends it)")
    with contextlib.suppress(KeyboardInterrupt):
        page.wait()
page.close()
