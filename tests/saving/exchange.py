"""Carrying a model from one library to the other, by each kind of file that both know."""

import warnings

import numpy as np

from oracle import assert_close, leaves, to_numpy

KINDS = (".keras", "folder", ".weights.h5", ".weights.json")


def carry(kind, model, target, folder, fresh, custom_objects=None):
    """Save a model, and return what the other library loads.

    `fresh()` returns a model of the same architecture, which formats of weights alone need.
    """
    path = folder / ("folder" if kind == "folder" else f"m{kind}")
    if kind in (".keras", "folder"):
        model.save(path, zipped=kind == ".keras")
        return target.saving.load_model(path, custom_objects)
    loaded = fresh()
    if kind == ".weights.json":
        arrays = [np.asarray(w) for w in model.get_weights()]
        largest = max([64, *(a.nbytes for a in arrays)])
        model.save_weights(path, max_shard_size=largest / (1 << 30))
    else:
        model.save_weights(path)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # state of random numbers, which only we keep
        loaded.load_weights(path)
    return loaded


def predictions(model, data):
    return [to_numpy(t) for t in leaves(model.predict(data, verbose=0))]


def same_weights(a, b, rtol=1e-5, what="weights"):
    assert_close(*([np.asarray(w) for w in m.get_weights()] for m in (a, b)), rtol, rtol, what)
