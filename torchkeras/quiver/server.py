"""`launch`: a model's inside, in the browser."""

import contextlib
import copy
import os
import secrets
import threading
import webbrowser
from collections.abc import Callable, Mapping, Sequence
from types import TracebackType
from typing import Any, Self

from torch import nn

from .._base import check
from .._base.optional import require
from .engine import Engine
from .gallery import Gallery
from .guard import Guard, is_loopback


class Viewer:
    """A running viewer: a context manager that closes it.

    Attributes: `url` (of the page), `port`.
    """

    def __init__(self, server: Any, engine: Engine, url: str) -> None:
        self.url = url
        self._engine = engine
        self.port: int = server.port
        self._server = server
        self._lock = threading.Lock()
        self._closed = threading.Event()
        server.start()

    def close(self) -> None:
        """Stop answering and free the port; again is allowed."""
        with self._lock:
            if not self._closed.is_set():
                self._server.stop()
                self._engine.close()
                self._closed.set()

    def wait(self, seconds: float | None = None) -> bool:
        """Wait until the viewer is closed, at most for some seconds; return whether it is."""
        if seconds is not None:
            return self._closed.wait(seconds)
        while not self._closed.wait(1.0):  # without a limit, Ctrl-C would not end it everywhere
            pass
        return True

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<Viewer {'closed' if self._closed.is_set() else self.url}>"


def launch(
    model: nn.Module,
    classes: Sequence[str] | None = None,
    top: int = 5,
    temp_folder: str | os.PathLike[str] = "./tmp",
    input_folder: str | os.PathLike[str] | None = "./",
    port: int = 5000,
    mean: Any = None,
    std: Any = None,
    host: str = "127.0.0.1",
    open_browser: bool = True,
    block: bool = True,
    *,
    checkpoints: Mapping[str, nn.Module | str | os.PathLike[str]] | None = None,
    samples: Any = None,
    preprocess: Callable[..., Any] | None = None,
    input_shape: Sequence[int | None] | None = None,
    allow_remote: bool = False,
) -> Viewer:
    """Open a page that shows each layer's activations on images, predictions and Grad-CAM.

    Args:
        model: A model, or any `nn.Module`; its mode, weights and gradients stay as they are.
        classes: Names of the classes, in the order of the model's outputs.
        top: How many predictions are shown.
        temp_folder: An argument of Quiver's; nothing is written anywhere.
        input_folder: Folder of the images, read when the viewer starts; None: there is none.
        port: The port; 0 takes a free one.
        mean, std: What is subtracted from the pixels (0 to 255), and divides them then.
        host: Address to listen on; other than this machine's own it needs `allow_remote`.
        open_browser: Whether the page is opened.
        block: Whether to serve until Ctrl-C, rather than in a thread.
        checkpoints: Label -> a model like this one, or a file of its weights, to compare with.
        samples: Arrays as for `model.predict`; each row can be chosen like an image.
        preprocess: Function of an image batch `(1, height, width, channels)` of 0 to 255.
        input_shape: `(height, width, channels)`, if the model does not tell.
        allow_remote: Whether other machines may ask, with the token that `url` holds then.

    Raises:
        OSError: if the port is taken, or there is no such folder or file.
        ValueError, TypeError: for other arguments that make no sense.

    Quiver of J. Bian, https://github.com/keplr-io/quiver.

    >>> import torchkeras as keras
    >>> model = keras.Sequential([keras.Input((8, 8, 1)), keras.layers.Conv2D(4, 3)])
    >>> with launch(model, input_folder=None, port=0, open_browser=False, block=False) as viewer:
    ...     viewer.url.startswith("http://127.0.0.1:")
    True
    """
    if not isinstance(model, nn.Module):
        raise TypeError(f"launch: model must be a model. {check.received('model', model)}")
    check.positive_int("launch", "top", top)
    _check_place(host, port, allow_remote)
    gallery = _gallery(input_folder, samples)
    engine = Engine(
        _models(model, checkpoints or {}),
        classes=classes,
        top=top,
        mean=mean,
        std=std,
        preprocess=preprocess,
        input_shape=input_shape,
        sample=gallery.sample,
    )
    viewer = serve(
        engine,
        gallery,
        port=port,
        host=host,
        open_browser=open_browser,
        allow_remote=allow_remote,
    )
    if block:
        with viewer, contextlib.suppress(KeyboardInterrupt):
            print(f"Quiver: {viewer.url} (Ctrl-C ends it)", flush=True)
            viewer.wait()
    return viewer


def serve(
    engine: Engine,
    gallery: Gallery,
    *,
    port: int = 5000,
    host: str = "127.0.0.1",
    open_browser: bool = False,
    allow_remote: bool = False,
) -> Viewer:
    """Serve an engine's answers in a thread; arguments and errors are those of `launch`."""
    _check_place(host, port, allow_remote)
    listener = require("torchkeras.quiver.listener")
    app = require("torchkeras.quiver.app")
    if host.lower() == "localhost":
        host = "127.0.0.1"
    token = secrets.token_urlsafe(32) if allow_remote else None
    everywhere = host in ("", "0.0.0.0", "::")
    shown = listener.machine() if everywhere else host
    names = [f"[{shown}]" if ":" in shown else shown]
    if allow_remote:
        names += [listener.machine(), f"{listener.machine()}.local"]
    guard = Guard(names, token=token, addresses=allow_remote)
    wsgi = app.App(engine, gallery, guard)
    with listener.bind(host, port) as sock:  # the server has a socket of its own to it
        server = listener.Server(sock, host, wsgi)
    url = f"http://{names[0]}:{server.port}/" + (f"?token={token}" if token else "")
    viewer = Viewer(server, engine, url)
    if open_browser:
        # A browser of the terminal would hold this thread.
        threading.Thread(target=_open, args=(url,), daemon=True).start()
    return viewer


def _open(url: str) -> None:
    with contextlib.suppress(Exception):  # a machine without a browser
        webbrowser.open_new(url)


def _check_place(host: str, port: int, allow_remote: bool) -> None:
    if not isinstance(port, int) or isinstance(port, bool) or not 0 <= port <= 65535:
        raise ValueError(f"launch: port must be from 0 to 65535. {check.received('port', port)}")
    if not isinstance(host, str):
        raise TypeError(f"launch: host must be a string. {check.received('host', host)}")
    if not is_loopback(host) and not allow_remote:
        raise ValueError(
            "launch: host must be this machine's own, 127.0.0.1, unless allow_remote=True lets "
            f"other machines see the model and the images. {check.received('host', host)}"
        )


def _gallery(folder: str | os.PathLike[str] | None, samples: Any) -> Gallery:
    try:
        return Gallery(folder, samples)
    except (FileNotFoundError, NotADirectoryError) as e:
        what = f"launch: input_folder must be a folder. {check.received('input_folder', folder)}"
        raise type(e)(e.errno, what) from None


def _models(
    model: nn.Module, checkpoints: Mapping[str, nn.Module | str | os.PathLike[str]]
) -> dict[str, nn.Module]:
    """Return label -> model, the given one first; files are read into copies of it."""
    own = getattr(model, "name", None) or type(model).__name__
    models: dict[str, nn.Module] = {str(own): model}
    for label, given in checkpoints.items():
        label = str(label)
        if label in models:
            raise ValueError(f"launch: checkpoints: two models have the label {label!r}.")
        models[label] = given if isinstance(given, nn.Module) else _loaded(model, label, given)
    return models


def _loaded(model: nn.Module, label: str, path: Any) -> nn.Module:
    if not isinstance(path, str | os.PathLike):
        raise TypeError(
            "launch: checkpoints: the values must be models or files of weights. "
            f"{check.received(label, path)}"
        )
    if not hasattr(model, "load_weights"):
        raise TypeError(
            "launch: checkpoints: a file of weights needs a model with load_weights. "
            f"Received: a {type(model).__name__}."
        )
    model = copy.deepcopy(model)
    model.load_weights(path)
    return model
