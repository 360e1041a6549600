"""What the tests of Quiver's page and the script of its screenshots share: photographs, a convnet
that is trained on them in seconds, and headless Chromium."""

import contextlib
import os
import shutil
import signal
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from selenium import webdriver
from selenium.webdriver.chrome.options import Options
from selenium.webdriver.chrome.service import Service
from sklearn.datasets import load_digits, load_sample_images

import torchkeras as keras

SIZE = 64
CLASSES = ["temple", "flower", *(f"digit {k}" for k in range(10))]
HOSTILE = "<img src=x onerror=alert(1)>"
FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--hide-scrollbars",
    "--lang=en",
]


def photographs() -> dict[str, np.ndarray]:
    """The two photographs that scikit-learn ships."""
    loaded = load_sample_images()
    return {Path(n).name: image for n, image in zip(loaded.filenames, loaded.images, strict=True)}


def write_images(folder: Path) -> None:
    """Photographs, two digits and a picture with a hostile name, as files."""
    images = photographs()
    for name, image in images.items():
        Image.fromarray(image).save(folder / name, quality=92)
    Image.fromarray(images["china.jpg"][60:260, 180:440]).save(folder / "roof.png")
    Image.fromarray(images["flower.jpg"][30:330, 130:430]).save(folder / "petals.png")
    for k in (3, 8):
        Image.fromarray(_digits()[0][k]).save(folder / f"digit {k}.png")
    Image.fromarray(images["flower.jpg"][::4, ::4]).save(folder / f"{HOSTILE}.png")


def _digits() -> tuple[np.ndarray, np.ndarray]:
    x, y = load_digits(return_X_y=True)
    tiles = [Image.fromarray((d.reshape(8, 8) * 15.9).astype("uint8")) for d in x[:240]]
    large = np.stack([np.asarray(t.resize((SIZE, SIZE), Image.BICUBIC)) for t in tiles])
    return np.repeat(large[..., None], 3, -1), y[:240]


def examples() -> tuple[np.ndarray, np.ndarray]:
    """Crops of the photographs and enlarged digits, with their classes."""
    rng = np.random.default_rng(0)
    crops, classes = [], []
    for kind, image in enumerate(photographs().values()):
        picture = Image.fromarray(image)
        for _ in range(60):
            side = int(rng.integers(150, 427))
            left, top = (int(rng.integers(0, n - side + 1)) for n in picture.size)
            crop = picture.crop((left, top, left + side, top + side)).resize((SIZE, SIZE))
            crops.append(np.asarray(crop)[:, :: rng.choice([-1, 1])])
            classes.append(kind)
    digits, labels = _digits()
    x = np.concatenate([np.stack(crops), digits]).astype("float32")
    return x, np.concatenate([classes, labels + 2])


def convnet(hidden: str = HOSTILE) -> keras.Model:
    """A small residual convnet with a nested model, and a layer of a name that is HTML."""
    layers = keras.layers
    keras.utils.set_random_seed(7)
    small = keras.Input((SIZE // 2, SIZE // 2, 16))
    x = layers.Conv2D(32, 3, padding="same", activation="relu", name="conv_a")(small)
    skip = x
    x = layers.Conv2D(32, 3, padding="same", name="conv_b")(x)
    x = layers.BatchNormalization(momentum=0.6, name="norm")(x)
    x = layers.Add(name="add")([x, skip])
    x = layers.Activation("relu", name="relu")(x)
    features = keras.Model(small, x, name="features")

    image = keras.Input((SIZE, SIZE, 3), name="image")
    x = layers.Rescaling(1 / 127.5, offset=-1, name="scale")(image)
    x = layers.Conv2D(16, 5, padding="same", activation="relu", name="conv")(x)
    x = layers.MaxPooling2D(name="pool")(x)
    x = features(x)
    x = layers.MaxPooling2D(name="pool_2")(x)
    x = layers.Conv2D(48, 3, padding="same", activation="relu", name="conv_last")(x)
    x = layers.GlobalAveragePooling2D(name="mean")(x)
    x = layers.Dense(32, activation="relu", name=hidden)(x)
    x = layers.Dense(len(CLASSES), activation="softmax", name="classes")(x)
    return keras.Model(image, x, name="photos")


def trained(hidden: str = HOSTILE) -> tuple[keras.Model, keras.Model]:
    """A convnet before and after its training."""
    x, y = examples()
    before, model = convnet(hidden), convnet(hidden)
    before.set_weights(model.get_weights())
    model.compile(keras.optimizers.Adam(3e-3), "sparse_categorical_crossentropy")
    model.fit(x, y, batch_size=40, epochs=5, verbose=0)
    return before, model


@contextlib.contextmanager
def chromium(width: int = 1400, height: int = 900) -> Iterator[webdriver.Chrome]:
    """Headless Chromium with a profile of its own; nothing of it stays, no process and no file."""
    programs = {name: shutil.which(name) for name in ("chromium", "chromedriver")}
    if None in programs.values():
        pytest.fail(
            "These tests need a browser: apt-get install chromium chromium-driver (Debian).",
            pytrace=False,
        )
    with tempfile.TemporaryDirectory(prefix="quiver-page-", ignore_cleanup_errors=True) as folder:
        options = Options()
        options.binary_location = programs["chromium"]
        for flag in (*FLAGS, f"--user-data-dir={folder}/profile"):
            options.add_argument(flag)
        options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
        # What Chromium would put into the home and the folder for temporary files goes with ours.
        own = dict.fromkeys(("HOME", "TMPDIR", "XDG_CONFIG_HOME", "XDG_CACHE_HOME"), folder)
        service = Service(
            programs["chromedriver"],
            env={**os.environ, **own},
            popen_kw={"start_new_session": True},  # so that all its processes can be waited for
        )
        driver = webdriver.Chrome(options=options, service=service)
        group = service.process.pid
        try:
            driver.set_script_timeout(20)
            resize(driver, width, height)
            yield driver
        finally:
            try:
                driver.quit()
            finally:
                _end(group)


def _end(group: int) -> None:
    """Wait for the processes that the driver started; a last one that hangs is killed."""
    for _ in range(50):
        try:
            os.killpg(group, 0)
        except ProcessLookupError:
            return
        time.sleep(0.1)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(group, signal.SIGKILL)


def resize(driver: webdriver.Chrome, width: int, height: int) -> None:
    """Give the page a size; a window could not be as narrow as a phone."""
    size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
    driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)


def scheme(driver: webdriver.Chrome, name: str) -> None:
    """Light or dark, as the system would ask for."""
    feature = {"name": "prefers-color-scheme", "value": name}
    driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [feature]})
