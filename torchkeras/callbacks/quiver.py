"""Quiver: watch the layers of a convnet while it learns, in the browser."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from typing import Any

from torchkeras._base import check
from torchkeras.quiver import server
from torchkeras.quiver.checkpoints import Checkpoint, RecordedCheckpoint, WeightsCheckpoint
from torchkeras.quiver.engine import Engine
from torchkeras.quiver.gallery import Gallery

from .base import Callback


class Quiver(Callback):
    """Serve the page of `torchkeras.quiver` during `fit`, with a slider over the epochs.

    The epochs stay in memory: by default all weights of each, so that any layer can be looked at
    on any image, also a new one, and be explained. With `layers`, only what these layers gave
    for the first images, which is less for a large model. Where the epochs together take more
    than `memory`, they are thinned out evenly; the first and the last stay. The page stays open
    after the training, until `close()` or the end of the program, which `wait()` puts off.

    Args:
        input_folder: Folder of images; None: there is none.
        samples: Arrays as for `model.predict`; each row can be chosen like an image.
        layers: Names of the layers to keep the outputs of; None: the weights are kept.
        images: How many images and samples `layers` are kept for.
        every: Epochs from one that is kept to the next.
        memory: Bytes that all that is kept may take.
        port: The port; 0 takes a free one.
        open_browser: Whether the page is opened.
        classes, top, mean, std, host, preprocess, input_shape, allow_remote: As of
            `torchkeras.quiver.launch`.

    Attributes:
        url: Address of the page; None before it is there: at the start of the training, or, for
            a model that is not built then, after its first epoch.

    Raises:
        ValueError, TypeError: for arguments that make no sense, or layers that are not there.
        OSError: if the port is taken, or there is no such folder.

    >>> import numpy as np, torchkeras as keras
    >>> model = keras.Sequential([keras.Input((8, 8, 1)), keras.layers.Conv2D(2, 3),
    ...                           keras.layers.Flatten(), keras.layers.Dense(3)])
    >>> model.compile("adam", "mse")
    >>> viewer = keras.callbacks.Quiver(samples=np.zeros((2, 8, 8, 1)))
    >>> _ = model.fit(np.zeros((4, 8, 8, 1)), np.zeros((4, 3)), verbose=0, callbacks=[viewer])
    >>> viewer.url.startswith("http://127.0.0.1:")
    True
    >>> viewer.close()
    """

    def __init__(
        self,
        input_folder: Any = None,
        samples: Any = None,
        layers: Sequence[str] | None = None,
        images: int = 8,
        every: int = 1,
        memory: int = 2**30,
        port: int = 0,
        open_browser: bool = False,
        *,
        classes: Sequence[str] | None = None,
        top: int = 5,
        mean: Any = None,
        std: Any = None,
        host: str = "127.0.0.1",
        preprocess: Callable[..., Any] | None = None,
        input_shape: Sequence[int | None] | None = None,
        allow_remote: bool = False,
    ) -> None:
        super().__init__()
        for name, value in {"images": images, "every": every, "memory": memory}.items():
            check.positive_int("Quiver", name, value)
        if layers is not None and (isinstance(layers, str) or not layers):
            raise ValueError(
                "Quiver: layers must be a list of names of layers, or None. "
                f"{check.received('layers', layers)}"
            )
        self._gallery = Gallery(input_folder, samples)
        self._layers = None if layers is None else list(layers)
        self._images, self._every, self._memory = images, every, memory
        self._of_engine = {
            "classes": classes,
            "top": top,
            "mean": mean,
            "std": std,
            "preprocess": preprocess,
            "input_shape": input_shape,
        }
        self._of_server = {
            "port": port,
            "host": host,
            "open_browser": open_browser,
            "allow_remote": allow_remote,
        }
        self._engine: Engine | None = None
        self._viewer: server.Viewer | None = None
        self._seen: Any = None  # the model of the page
        self._twin: Any = None
        self._epochs: dict[int, int] = {}  # checkpoint -> epoch, counted on over several fits
        self._done = 0

    @property
    def url(self) -> str | None:
        """Address of the page, or None."""
        return None if self._viewer is None else self._viewer.url

    def wait(self) -> None:
        """Wait until somebody closes the page."""
        if self._viewer is not None:
            self._viewer.wait()

    def close(self) -> None:
        """Close the page; what it kept is let go."""
        if self._viewer is not None:
            self._viewer.close()
        self._viewer = self._engine = self._twin = self._seen = None
        self._epochs = {}
        self._done = 0

    def on_train_begin(self, logs: Mapping[str, Any] | None = None) -> None:
        if self._seen is not None and self._seen is not self.model:
            self.close()  # a fit of another model
        if self._engine is None and self.model.built:
            self._keep("start", self._open())

    def on_epoch_begin(self, epoch: int, logs: Mapping[str, Any] | None = None) -> None:
        self._tell(epoch)

    def on_epoch_end(self, epoch: int, logs: Mapping[str, Any] | None = None) -> None:
        engine = self._engine or self._open()
        self._done += 1
        self._tell(epoch + 1)
        if (epoch + 1) % self._every == 0:
            self._keep(f"epoch {self._done}", engine)

    def _tell(self, epoch: int) -> None:
        if self._engine is not None:
            self._engine.progress(epoch, int((self.params or {}).get("epochs") or 0))

    # ------------------------------------------------------------------ the page

    def _open(self) -> Engine:
        model = self.model
        if self._layers is not None:
            known = {str(getattr(m, "name", "")) for m in model.modules()}
            known |= {path.rpartition(".")[2] for path, _ in model.named_modules()}
            unknown = [name for name in self._layers if name not in known]
            if unknown:
                raise ValueError(f"Quiver: the model has no layers {unknown}.")
        engine = Engine(
            {model.name: model}, sample=self._gallery.sample, live=True, **self._of_engine
        )
        if self._layers is None:
            # The copy is the page's: it looks while the model itself is in training.
            self._twin = copy.deepcopy(model, {id(getattr(model, "optimizer", None)): None})
        self._viewer = server.serve(engine, self._gallery, **self._of_server)
        self._engine, self._seen = engine, model
        return engine

    def _keep(self, label: str, engine: Engine) -> None:
        made: Checkpoint
        if self._layers is None:
            made = WeightsCheckpoint(label, self.model, self._twin)
        else:
            items = [None, *self._gallery.items()[: self._images]]
            inputs = {
                None if item is None else item.id: engine.input.from_item(item, self.model)
                for item in items
            }
            made = RecordedCheckpoint(label, self.model, inputs, self._layers)
        self._epochs[engine.add(made)] = self._done
        self._thin_out(engine)

    def _thin_out(self, engine: Engine) -> None:
        """Let epochs go while they take too much memory: the one with the closest neighbours."""
        while (
            len(self._epochs) > 2
            and sum(c.nbytes for c in engine.checkpoints.values()) > self._memory
        ):
            kept = list(self._epochs.items())
            gaps = [
                (after[1] - before[1], here[0])
                for (before, here), (_, after) in pairwise(pairwise(kept))
            ]
            gone = min(gaps)[1]
            del self._epochs[gone]
            engine.remove(gone)
