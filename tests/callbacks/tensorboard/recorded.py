"""What real Keras's TensorBoard callback would write, without TensorFlow.

Keras calls `tensorflow.summary`. Here a stand-in takes its place while Keras trains, which keeps
the calls: {run: [(kind, tag, step, value)]}.
"""

import contextlib
import importlib.machinery
import os
import sys
import types

import numpy as np
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator


class _Writer:
    def __init__(self, summary, path):
        self.summary, self.run = summary, os.path.basename(path)

    def as_default(self, step=None):
        return self

    def __enter__(self):
        self.summary.runs.append(self.run)

    def __exit__(self, *args):
        self.summary.runs.pop()

    def flush(self):
        pass

    close = flush


class _Summary(types.ModuleType):
    def __init__(self, events):
        super().__init__("tensorflow.summary")
        self.events, self.runs, self.conditions = events, [], []

    def create_file_writer(self, path):
        return _Writer(self, path)

    @contextlib.contextmanager
    def record_if(self, condition):
        self.conditions.append(condition)
        yield
        self.conditions.pop()

    def _keep(self, kind, tag, value, step):
        if self.runs and all(c() for c in self.conditions):
            value = np.array(value.cpu() if hasattr(value, "cpu") else value)
            self.events.setdefault(self.runs[-1], []).append((kind, tag, int(step), value))

    def scalar(self, tag, value, step=None):
        self._keep("scalar", tag, value, step)

    def histogram(self, tag, value, step=None):
        self._keep("histogram", tag, value, step)

    def image(self, tag, value, step=None):
        self._keep("image", tag, value, step)


class _Anything(types.ModuleType):
    """A module of which every attribute can be called."""

    __path__ = ()

    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        return lambda *args, **kwargs: _Anything(name)


@contextlib.contextmanager
def recording():
    """Record what Keras's TensorBoard callback writes in the block."""
    events = {}
    modules = {name: _Anything(name) for name in ("tensorflow.compat", "tensorflow.compat.v1")}
    modules["tensorflow"] = _Anything("tensorflow")
    modules["tensorflow"].__spec__ = importlib.machinery.ModuleSpec("tensorflow", None)
    modules["tensorflow"].summary = modules["tensorflow.summary"] = _Summary(events)
    before = {name: sys.modules.get(name) for name in modules}
    sys.modules.update(modules)
    try:
        yield events
    finally:
        for name, module in before.items():
            sys.modules.pop(name)
            if module is not None:
                sys.modules[name] = module


def reader(path):
    """TensorBoard's own reader of one run, with nothing thinned out."""
    guidance = dict.fromkeys(("scalars", "histograms", "images", "tensors", "graph"), 0)
    return EventAccumulator(str(path), size_guidance=guidance).Reload()


def scalars(path):
    """{tag: [(step, value)]} of a run's event files."""
    events = reader(path)
    # Files of one second are read by name, and their numbers sort as text: 10 before 9.
    found = {
        tag: sorted(events.Scalars(tag), key=lambda e: e.wall_time)
        for tag in events.Tags()["scalars"]
    }
    return {tag: [(e.step, e.value) for e in values] for tag, values in found.items()}
