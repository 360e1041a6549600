"""Engine: answers what the page asks about models and images; one computation at a time."""

import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import torch
from torch import nn

from torchkeras.quiver import classes as class_names
from torchkeras.quiver import kernels, render, views
from torchkeras.quiver.cache import Cache
from torchkeras.quiver.checkpoints import Checkpoint
from torchkeras.quiver.explain import Explanation, explain
from torchkeras.quiver.inputs import ModelInput
from torchkeras.quiver.trace import Call, Key, Trace

CACHE_BYTES = 256 * 2**20
MAX_WAITING = 16


class Busy(RuntimeError):
    """Too many requests wait for a computation."""


class Engine:
    """What the viewer knows of some models; safe to use from many threads.

    Args:
        models: Models by the names the page shows; all take the same input.
        classes: Names of the classes, one a unit of the model's output.
        top: How many of the best classes a prediction lists.
        mean, std, preprocess, input_shape: As of `ModelInput`.
        sample: An element of arrays given from Python, for a model that takes no pictures.
        live: Whether checkpoints come while the page is open.
        title: Default: the first model's name.

    Raises:
        ValueError, TypeError: if an argument does not fit the model.
    """

    def __init__(
        self,
        models: Mapping[str, nn.Module],
        *,
        classes: Sequence[str] | None = None,
        top: int = 5,
        mean: Any = None,
        std: Any = None,
        preprocess: Any = None,
        input_shape: Sequence[int | None] | None = None,
        sample: Any = None,
        live: bool = False,
        title: str | None = None,
    ) -> None:
        if not models:
            raise ValueError("Quiver: there is no model to look at.")
        for model in models.values():
            if not isinstance(model, nn.Module):
                raise TypeError(f"Quiver: a model must be an nn.Module. Received: {model!r}.")
        if isinstance(top, bool) or not isinstance(top, int) or top < 1:
            raise ValueError(f"Quiver: top must be a positive integer. Received: top={top!r}.")
        first = next(iter(models.values()))
        self.input = ModelInput(first, input_shape, mean, std, preprocess, sample)
        self._model = first
        self._title = title or getattr(first, "name", None) or type(first).__name__
        self._top = top
        self._live = live
        self._progress: dict[str, int] = {}
        self._worker = ThreadPoolExecutor(1, "quiver-engine")
        self._state = threading.Lock()
        self._waiting = 0
        self._cache = Cache(CACHE_BYTES)
        self._ids: dict[Key, str] = {}
        self._keys: dict[str, Key] = {}
        self._next = 0
        self._version = 0
        self._checkpoints: dict[int, Checkpoint] = {}
        if not live:
            for label, model in models.items():
                self.add(Checkpoint(label, model))
        names = class_names.checked(classes)
        self._outputs = class_names.Outputs(self._first_run(), names)

    # ------------------------------------------------------------------ checkpoints

    def add(self, checkpoint: Checkpoint) -> int:
        """Offer one more checkpoint; return its id."""
        with self._state:
            number = self._next
            self._next += 1
            self._checkpoints = {**self._checkpoints, number: checkpoint}
            self._version += 1
        return number

    def remove(self, number: int) -> None:
        """Offer a checkpoint no more."""
        with self._state:
            self._checkpoints = {k: v for k, v in self._checkpoints.items() if k != number}
            self._version += 1
        self._cache.forget(lambda key: key[1] == number)

    @property
    def checkpoints(self) -> dict[int, Checkpoint]:
        """The checkpoints there are, by id, in their order."""
        return self._checkpoints

    def progress(self, epoch: int, epochs: int) -> None:
        """Take note of where a training stands."""
        with self._state:
            self._progress = {"epoch": epoch, "epochs": epochs}
            self._version += 1

    def _in_turn(self, work: Callable[[], Any]) -> Any:
        """Return what `work()` does, one after the other and all in one thread.

        Threads that each compute once would each keep memory, and a team of OpenMP's, of their own.

        Raises:
            Busy: if too many wait already.
        """
        with self._state:
            if self._waiting >= MAX_WAITING:
                raise Busy("Too many requests wait for a computation.")
            self._waiting += 1
        try:
            try:
                made = self._worker.submit(work)
            except RuntimeError as e:
                raise Busy("The viewer is closed.") from e
            return made.result()
        finally:
            with self._state:
                self._waiting -= 1

    def close(self) -> None:
        """Compute nothing any more; what has begun comes to its end."""
        self._worker.shutdown(cancel_futures=True)

    def _cached(self, key: tuple[Any, ...], compute: Callable[[], Any]) -> Any:
        def work() -> Any:
            found = self._cache.get(key)  # others may have waited for the same
            if found is None:
                found = compute()
                self._cache.put(key, found)
            return found

        found = self._cache.get(key)
        return self._in_turn(work) if found is None else found

    def run(self, checkpoint: int, item: Any) -> Trace:
        """Return the run of a checkpoint on an item, or on a blank one; computed once."""
        there = self._checkpoints[checkpoint]
        key = ("trace", checkpoint, None if item is None else item.id)
        return self._cached(key, lambda: self._traced(there, item))

    def _traced(self, there: Checkpoint, item: Any) -> Trace:
        inputs = None if item is None and not there.can_explain else self._inputs(there, item)
        made = there.trace(None if item is None else item.id, inputs)
        with self._state:
            for key in made.calls:
                if key not in self._ids:
                    self._ids[key] = f"n{len(self._ids)}"
                    self._keys[self._ids[key]] = key
        return made

    def _inputs(self, checkpoint: Checkpoint, item: Any) -> Any:
        return self.input.from_item(item, checkpoint.model)

    def _first_run(self) -> Trace:
        """Run the model at once: a wrong argument leaves no thread behind."""
        there = self._checkpoints.get(0) or Checkpoint("", self._model)  # a live page has none yet
        made = self._traced(there, None)
        if self._checkpoints:
            self._cache.put(("trace", 0, None), made)
        return made

    def node(self, key: Key) -> str:
        """Return the id by which the page knows a call."""
        return self._ids[key]

    @property
    def first(self) -> int:
        """The id of the first checkpoint.

        Raises:
            KeyError: while there is none.
        """
        for number in self._checkpoints:
            return number
        raise KeyError("There is nothing to look at yet.")

    def _call(self, run: Trace, node: str) -> Call:
        return run.calls[self._keys[node]]

    # ------------------------------------------------------------------ what a page asks

    def session(self) -> dict[str, Any]:
        """Return what the page has to know at its start."""
        with self._state:
            return {
                "title": self._title,
                "checkpoints": [
                    {"id": i, "label": c.label, "explain": c.can_explain}
                    for i, c in self._checkpoints.items()
                ],
                "live": self._live,
                "version": self._version,
                "classes": self._outputs.names,
                "top": self._top,
                "outputs": self._outputs.described,
                "input": self.input.session(),
                "uploads": self.input.is_image,
                **self._progress,
            }

    def graph(self, checkpoint: int) -> dict[str, Any]:
        """Return the nodes and edges of a model."""
        run = self.run(checkpoint, None)
        return self._cached(("graph", checkpoint), lambda: self._graph(checkpoint, run))

    def _graph(self, checkpoint: int, run: Trace) -> dict[str, Any]:
        there = self._checkpoints[checkpoint]
        first = views.default_channels_first(there.model)
        nodes = []
        edges = []
        for key, call in run.calls.items():
            kind = views.kind_of(run, key, first)
            parameters = list(call.module.parameters()) if call.module is not None else []
            explained = kind == "maps" and self.input.is_image and call.kind != "input"
            nodes.append(
                {
                    "id": self._ids[key],
                    "name": call.name,
                    "class": call.class_name,
                    "kind": call.kind,
                    "parent": self._ids.get(call.parent) if call.parent else None,
                    "shape": _shape(call),
                    "params": _count(call.module, parameters),
                    "trainable": sum(p.numel() for p in parameters if p.requires_grad),
                    "view": kind,
                    "explain": explained and there.can_explain and self._outputs.can_explain,
                }
            )
            if call.kind != "group":
                edges += [[self._ids[k], self._ids[key]] for k in call.sources if k in run.calls]
        return {"name": self._title, "nodes": nodes, "edges": edges}

    def predictions(self, checkpoint: int, item: Any) -> dict[str, Any]:
        """Return the best classes of each output for an image."""
        return {"outputs": self._outputs.best(self.run(checkpoint, item), self._top)}

    def view(self, checkpoint: int, node: str, item: Any) -> dict[str, Any]:
        """Return what is drawn of a node: kind, sizes, statistics."""
        run = self.run(checkpoint, item)
        call = self._call(run, node)
        shown = self.shown(checkpoint, node, item)
        count, height, width = shown.data.shape
        columns, rows = render.grid(count, height, width)
        stats, items = shown.stats
        listed = shown.kind == "bars" and width <= views.MAX_LISTED
        labels = self._outputs.labels(run, call.key, width)
        return {
            "node": node,
            "name": call.name,
            "class": call.class_name,
            "kind": shown.kind,
            "shape": _shape(call)[1:],
            "count": count,
            "height": height,
            "width": width,
            "reduced": shown.reduced,
            "columns": columns,
            "rows": rows,
            "stats": stats,
            "maps": items,
            "x": shown.x,
            "y": shown.y,
            "item": shown.item,
            "labels": labels if shown.kind == "bars" else None,
            "values": [class_names.number(v) for v in shown.data.flatten()] if listed else None,
            "kernel": kernels.has_kernel(call.module) and shown.kind != "scores",
        }

    def shown(self, checkpoint: int, node: str, item: Any) -> views.View:
        """Return the pictures of a node; computed once."""
        run = self.run(checkpoint, item)
        key = self._call(run, node).key
        first = views.default_channels_first(self._checkpoints[checkpoint].model)
        return self._cached(
            ("view", checkpoint, node, item.id), lambda: views.view(run, key, first)
        )

    def tiles(self, checkpoint: int, node: str, item: Any, scale: str = "map") -> bytes:
        """Return the PNG of all maps of a node, scaled per `map` or per `layer`."""
        if scale not in ("map", "layer"):
            raise ValueError(f"scale must be 'map' or 'layer'. Received: {scale!r}.")
        shown = self.shown(checkpoint, node, item)
        return self._cached(
            ("tiles", checkpoint, node, item.id, scale),
            lambda: render.tiles(shown.data, scale == "map"),
        )

    def values(self, checkpoint: int, node: str, item: Any, index: int | None = None) -> bytes:
        """Return the numbers of one map, or of all, as little-endian float32."""
        data = self.shown(checkpoint, node, item).data
        if index is not None:
            if not 0 <= index < len(data):
                raise KeyError(index)
            data = data[index]
        return data.numpy().astype("<f4", copy=False).tobytes()

    def kernel(self, checkpoint: int, node: str, index: int) -> dict[str, Any]:
        """Return the weights that make one map of a node."""
        kind, path = self._keys[node][:2]
        there = self._checkpoints[checkpoint]
        if kind != "call" or not there.can_explain:
            raise KeyError(node)
        return self._in_turn(lambda: kernels.kernel(there.ready().get_submodule(path), index))

    def explain(
        self,
        checkpoint: int,
        node: str,
        item: Any,
        method: str = "gradcam",
        output: int = 0,
        class_index: int | None = None,
    ) -> dict[str, Any]:
        """Return what a Grad-CAM or a saliency is of: class, score, size."""
        made = self._explanation(checkpoint, node, item, method, output, class_index)
        height, width = made.heat.shape
        index = made.class_index
        return {
            "method": method,
            "class": {"index": index, "label": self._outputs.label(output, index)},
            "score": made.score,
            "height": height,
            "width": width,
            "max": float(made.heat.max()) if made.heat.numel() else 0.0,
        }

    def explain_png(
        self,
        checkpoint: int,
        node: str,
        item: Any,
        method: str = "gradcam",
        output: int = 0,
        class_index: int | None = None,
    ) -> bytes:
        """Return a Grad-CAM or a saliency as grey PNG: 0 is nothing, 255 the most there is."""
        heat = self._explanation(checkpoint, node, item, method, output, class_index).heat.double()
        peak = heat.max() if heat.numel() else heat.sum()
        scaled = heat / peak * 255 if peak > 0 else torch.zeros_like(heat)
        return render.png(scaled.round_().to(torch.uint8).numpy())

    def _explanation(
        self, checkpoint: int, node: str, item: Any, method: str, output: int, index: int | None
    ) -> Explanation:
        there = self._checkpoints[checkpoint]
        if not there.can_explain:
            raise ValueError("A recorded epoch has no weights to explain a class with.")
        run = self.run(checkpoint, item)
        key = self._call(run, node).key
        first = views.default_channels_first(there.model)
        if method == "gradcam" and views.kind_of(run, key, first) != "maps":
            raise ValueError(f"{run.calls[key].name} has no maps that a Grad-CAM could weigh.")

        def compute() -> Explanation:
            inputs = self._inputs(there, item)
            model = there.ready()
            return explain(model, inputs, self.input, run, key, method, output, index)

        where = node if method == "gradcam" else ""
        return self._cached(("explain", checkpoint, where, item.id, method, output, index), compute)


def _shape(call: Call) -> list[int | None]:
    shape: list[int | None] = list(call.shape or ())
    if call.batch_axis < len(shape):
        shape.insert(0, shape.pop(call.batch_axis))
        shape[0] = None
    return shape


def _count(module: Any, parameters: list[Any]) -> int:
    if hasattr(module, "count_params"):
        return int(module.count_params())
    return sum(p.numel() for p in parameters)
