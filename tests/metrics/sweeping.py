"""Batches of every form for a metric of both libraries, and the comparison of their states."""

import keras
import numpy as np
import torch

import torchkeras.metrics
from oracle import assert_close, clear_names


def make(name, args):
    clear_names()
    return [getattr(lib.metrics, name)(**args) for lib in (torchkeras, keras)]


def state(metric):
    return [v.numpy() for v in metric.variables], metric.result()


def sweep(name, args, draw, shapes, *, masks=True, weights=True, cases=24, seed=0):
    """Compare results and variables after each of several batches, over many forms of batches.

    Args:
        draw: `(rng, shape) -> (y_true, y_pred)`.
        shapes: Shapes of predictions; case i takes shape i.
        masks: Whether some outputs carry a mask, of the shape of the values (`y_pred.shape[:-1]`).
        weights: Whether some batches have weights.

    The metrics of the batches one by one are merged too, and must come to the same.
    """
    rng = np.random.default_rng(seed)
    for case in range(cases):
        shape = shapes[case % len(shapes)]
        ours, theirs = make(name, args)
        assert [v.name for v in ours.variables] == [v.name for v in theirs.variables]
        parts = []
        for _ in range(3):
            parts.append(getattr(torchkeras.metrics, name)(**args))
            batch = (int(rng.integers(2, 9)), *shape[1:])
            y_true, y_pred = draw(rng, batch)
            weight = mask = None
            if weights and rng.random() < 0.4:
                options = [batch[:1]] + ([batch[:-1]] if len(batch) > 2 else [])
                weight = rng.uniform(0, 2, options[rng.integers(len(options))]).astype("float32")
            if masks and rng.random() < 0.4 and (weight is None or weight.ndim == len(batch) - 1):
                mask = rng.random(batch[:-1]) < 0.7
            for metric in (ours, theirs, parts[-1]):
                outputs = torch.tensor(y_pred)
                if mask is not None:
                    outputs._keras_mask = torch.tensor(mask)
                w = None if weight is None else torch.tensor(weight)
                metric.update_state(torch.tensor(y_true), outputs, sample_weight=w)
            what = f"case {case}: {name}({args}) {batch} weight={weight} mask={mask}"
            assert_close(state(ours), state(theirs), 1e-5, 1e-6, what)
        parts[0].merge_state(parts[1:])
        assert_close(state(parts[0]), state(theirs), 1e-5, 1e-6, "after merge_state")
        ours.reset_state()
        theirs.reset_state()
        assert_close(state(ours), state(theirs), 1e-5, 1e-6, "after reset_state")


def numbers(rng, shape):
    return rng.normal(size=shape).astype("f4"), rng.normal(size=shape).astype("f4")


def positive(rng, shape):
    return rng.uniform(0, 3, shape).astype("f4"), rng.uniform(0.1, 3, shape).astype("f4")


def binary(rng, shape):
    return rng.integers(0, 2, shape).astype("f4"), rng.random(shape).astype("f4")


def signs(rng, shape):
    return rng.integers(0, 2, shape).astype("f4") * 2 - 1, rng.normal(size=shape).astype("f4")


def distribution(rng, shape):
    p = rng.uniform(0.02, 1, shape)
    return (p / p.sum(-1, keepdims=True)).astype("f4")


def one_hot(rng, shape):
    classes = rng.integers(0, shape[-1], shape[:-1])
    return np.eye(shape[-1], dtype="f4")[classes], distribution(rng, shape)


def indices(rng, shape):
    y_true = rng.integers(0, shape[-1], shape[:-1])
    if rng.random() < 0.3:
        y_true = y_true[..., None]
    return y_true.astype(rng.choice(["i8", "i4", "f4"])), distribution(rng, shape)


def distributions(rng, shape):
    return distribution(rng, shape), distribution(rng, shape)
