"""RemoteMonitor: what arrives is what real Keras sends through `requests`."""

import http.server
import json
import socket
import sys
import threading
import types
import urllib.parse

import keras
import numpy as np
import pytest

import torchkeras

LOGS = {"loss": np.float32(0.5), "accuracy": np.array([0.75]), "epochs": 3, "val_loss": 0.25}


@pytest.fixture
def server():
    """A loopback server that keeps what it is sent, and answers as it is told."""
    seen = []

    class Handler(http.server.BaseHTTPRequestHandler):
        status, headers_sent, pause = 200, (), None

        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            seen.append((self.path, dict(self.headers), body))
            if self.status is None:
                self.wfile.write(b"garbage\r\n\r\n")
                return
            self.send_response(self.status)
            for name, value in self.headers_sent:
                self.send_header(name, value)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *args):
            pass

    made = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=made.serve_forever, daemon=True)
    thread.start()
    made.seen, made.handler = seen, Handler
    made.root = f"http://127.0.0.1:{made.server_address[1]}"
    yield made
    made.shutdown()
    made.server_close()
    thread.join()


@pytest.fixture
def sent_by_keras(monkeypatch):
    """What real Keras hands to `requests`, which need not be installed."""
    calls = []
    module = types.ModuleType("requests")
    module.exceptions = types.SimpleNamespace(RequestException=OSError)
    module.post = lambda url, data=None, json=None, headers=None: calls.append(
        (url, data, json, headers)
    )
    source = sys.modules[keras.callbacks.RemoteMonitor.__module__]
    monkeypatch.setattr(source, "requests", module)
    return calls


@pytest.mark.parametrize(
    "options",
    [{}, {"send_as_json": True}, {"field": "f", "path": "/p?x=1"}, {"headers": {"X-Key": "k"}},
     {"send_as_json": True, "headers": {"Content-Type": "application/x-own"}}],
)  # fmt: skip
def test_what_arrives(server, sent_by_keras, options):
    for library in (torchkeras, keras):
        monitor = library.callbacks.RemoteMonitor(root=server.root, **options)
        monitor.on_epoch_end(4, dict(LOGS))
    ((url, form, as_json, headers),) = sent_by_keras
    ((path, got, body),) = server.seen
    assert server.root + path == url
    assert {k: got[k] for k in headers or ()} == (headers or {})
    if as_json is not None:
        assert json.loads(body) == as_json
        assert got["Content-Type"] == (headers or {}).get("Content-Type", "application/json")
    else:
        assert dict(urllib.parse.parse_qsl(body.decode())) == form
        assert got["Content-Type"] == "application/x-www-form-urlencoded"


def test_in_fit(server):
    model = torchkeras.Sequential([torchkeras.Input((2,)), torchkeras.layers.Dense(1)])
    model.compile("sgd", "mse")
    x, y = np.ones((4, 2)), np.ones((4, 1))
    history = model.fit(x, y, epochs=3, verbose=0, callbacks=[
        torchkeras.callbacks.RemoteMonitor(server.root, send_as_json=True)])  # fmt: skip
    sent = [json.loads(body) for _, _, body in server.seen]
    assert [s.pop("epoch") for s in sent] == [0, 1, 2]
    assert [s["loss"] for s in sent] == history.history["loss"]


def test_vectors_and_nothing(server):
    monitor = torchkeras.callbacks.RemoteMonitor(server.root, send_as_json=True)
    monitor.on_epoch_end(0, {"per_class": np.array([0.5, 1.0]), "nan": float("nan")})
    monitor.on_epoch_end(1, None)
    first, second = (json.loads(body) for _, _, body in server.seen)
    assert first["per_class"] == [0.5, 1.0] and np.isnan(first["nan"]) and second == {"epoch": 1}


@pytest.mark.parametrize("how", ["refused", "404", "500", "garbage", "hangs", "to a file"])
def test_a_server_that_fails_is_a_warning(server, monkeypatch, how):
    root = server.root
    if how == "refused":
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            root = f"http://127.0.0.1:{free.getsockname()[1]}"
    elif how == "garbage":
        server.handler.status = None
    elif how == "hangs":
        silent = socket.create_server(("127.0.0.1", 0))
        root = f"http://127.0.0.1:{silent.getsockname()[1]}"
        source = sys.modules[torchkeras.callbacks.RemoteMonitor.__module__]
        monkeypatch.setattr(source, "_SECONDS", 0.2)
    elif how == "to a file":
        server.handler.status, server.handler.headers_sent = (
            302,
            [("Location", "file:///etc/passwd")],
        )
    else:
        server.handler.status = int(how)
    monitor = torchkeras.callbacks.RemoteMonitor(root)
    with pytest.warns(UserWarning, match=f"Could not reach RemoteMonitor root server at {root}"):
        monitor.on_epoch_end(0, {"loss": 1.0})
    if how == "hangs":
        silent.close()


@pytest.mark.parametrize("root", ["file:///etc", "ftp://x", "localhost:9000", 5, None, ""])
def test_other_addresses_are_refused(root):
    with pytest.raises(ValueError, match="root must begin with http"):
        torchkeras.callbacks.RemoteMonitor(root)


def test_headers_of_another_kind_are_refused():
    with pytest.raises(TypeError, match="headers must be a dict"):
        torchkeras.callbacks.RemoteMonitor(headers=3)
