"""Asking a viewer through its port, as clients of good and bad manners do; what it shows."""

import contextlib
import http.client
import io
import json
import socket
from pathlib import Path
from urllib.parse import urlsplit

import numpy as np
from PIL import Image
from sklearn.datasets import load_digits, load_sample_image

import torchkeras

HEADERS = {
    "Content-Security-Policy": "default-src 'self'; img-src 'self' blob: data:; style-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
    "Cross-Origin-Resource-Policy": "same-origin",
}
DIGITS = load_digits()


class Answer:
    """Status, headers and body."""

    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    @property
    def json(self):
        assert self.headers["Content-Type"] == "application/json"
        return json.loads(self.body)

    @property
    def message(self):
        error = self.json["error"]
        assert error["status"] == self.status
        return error["message"]

    @property
    def image(self):
        assert self.headers["Content-Type"] == "image/png"
        return np.asarray(Image.open(io.BytesIO(self.body), formats=["PNG"]))


def ask(viewer, path, method="GET", body=None, **headers):
    """Return the answer to one request; names of headers have underscores for dashes."""
    port = viewer if isinstance(viewer, int) else viewer.port
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        given = {k.replace("_", "-"): v for k, v in headers.items()}
        connection.request(method, path, body, given)
        response = connection.getresponse()
        return Answer(response.status, response.headers, response.read())
    finally:
        connection.close()


def raw(viewer, data, timeout=30):
    """Send bytes as they are, and return the answer; status 0 if there was none."""
    with socket.create_connection(("127.0.0.1", viewer.port), timeout=timeout) as connection:
        with contextlib.suppress(OSError):  # it may not listen to the end
            connection.sendall(data)
        response = http.client.HTTPResponse(connection)
        try:
            response.begin()
            return Answer(response.status, response.headers, response.read())
        except (http.client.HTTPException, OSError):
            return Answer(0, {}, b"")


def get(path, host="127.0.0.1", *lines):
    """The bytes of a GET whose path no client has tidied."""
    return "\r\n".join([f"GET {path} HTTP/1.1", f"Host: {host}", *lines, "", ""]).encode()


def path_of(url):
    """The path and query of a viewer's URL."""
    parts = urlsplit(url)
    return f"{parts.path}?{parts.query}" if parts.query else parts.path


def png(array, **options):
    out = io.BytesIO()
    Image.fromarray(np.asarray(array, np.uint8)).save(out, options.pop("format", "PNG"), **options)
    return out.getvalue()


def pixels(n):
    """A digit of scikit-learn, as the 8 x 8 grey bytes of its file."""
    return np.rint(DIGITS.images[n] * 255 / 16).astype(np.uint8)


def fill(folder: Path, digits=5):
    """Write digits and scikit-learn's two photographs into a folder."""
    for n in range(digits):
        (folder / f"digit-{n}.png").write_bytes(png(pixels(n)))
    for name in ("china.jpg", "flower.jpg"):
        (folder / name).write_bytes(png(load_sample_image(name), format="JPEG", quality=90))
    return folder


def trained(epochs=3):
    """A convnet that knows digits a little: pixels divided by 255 go in."""
    x = np.stack([pixels(n) for n in range(600)]).astype("float32")[..., None] / 255
    layers = torchkeras.layers
    model = torchkeras.Sequential(
        [
            torchkeras.Input((8, 8, 1)),
            layers.Conv2D(12, 3, activation="relu", padding="same", name="first"),
            layers.MaxPooling2D(name="pool"),
            layers.Conv2D(16, 3, activation="relu", name="second"),
            layers.Flatten(name="flat"),
            layers.Dense(10, activation="softmax", name="digit"),
        ],
        name="digits",
    )
    model.compile("adam", "sparse_categorical_crossentropy")
    model.fit(x, DIGITS.target[:600], epochs=epochs, batch_size=32, verbose=0)
    return model
