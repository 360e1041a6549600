"""Intersection over union against real Keras."""

import keras
import numpy as np
import pytest
import torch
from metrics.sweeping import make, state

import torchkeras
from oracle import assert_close, check_config

CASES = [
    ("IoU", {"num_classes": 3, "target_class_ids": [0]}),
    ("IoU", {"num_classes": 4, "target_class_ids": [0, 3, 1]}),
    ("IoU", {"num_classes": 3, "target_class_ids": [1, 2], "ignore_class": 0}),
    ("IoU", {"num_classes": 3, "target_class_ids": [1, 2], "ignore_class": -1}),
    ("IoU", {"num_classes": 3, "target_class_ids": [1], "sparse_y_true": False}),
    ("IoU", {"num_classes": 3, "target_class_ids": [1], "sparse_y_pred": False, "axis": 1}),
    ("IoU", {"num_classes": 3, "target_class_ids": [0, 1], "dtype": "float32", "name": "mine"}),
    ("MeanIoU", {"num_classes": 2}),
    ("MeanIoU", {"num_classes": 5}),
    ("MeanIoU", {"num_classes": 4, "ignore_class": 255}),
    ("MeanIoU", {"num_classes": 4, "sparse_y_pred": False}),
    ("MeanIoU", {"num_classes": 4, "sparse_y_pred": False, "sparse_y_true": False, "axis": 1}),
    ("MeanIoU", {"num_classes": 3, "dtype": "float32"}),
    ("OneHotIoU", {"num_classes": 3, "target_class_ids": [0, 2]}),
    ("OneHotIoU", {"num_classes": 3, "target_class_ids": [1], "sparse_y_pred": True}),
    ("OneHotIoU", {"num_classes": 3, "target_class_ids": [1], "ignore_class": 2}),
    ("OneHotMeanIoU", {"num_classes": 4}),
    ("OneHotMeanIoU", {"num_classes": 3, "sparse_y_pred": True, "dtype": "float32"}),
    ("OneHotMeanIoU", {"num_classes": 3, "axis": 1}),
    ("BinaryIoU", {}),
    ("BinaryIoU", {"threshold": 0.3}),
    ("BinaryIoU", {"target_class_ids": [1], "threshold": 0.7}),
    ("BinaryIoU", {"target_class_ids": [0], "dtype": "float32"}),
]


def side(rng, ours, sparse, shape, ignored=None):
    """Classes, or values of the classes on the metric's axis."""
    n = ours.num_classes
    if sparse:
        classes = rng.integers(0, n, shape)
        if ignored is not None:
            classes[rng.random(shape) < 0.2] = ignored
        return classes.astype(rng.choice(["int64", "int32", "float32"]))
    values = rng.random((*shape, n)).astype("float32")
    return np.moveaxis(values, -1, ours.axis)


@pytest.mark.parametrize("shape", [(7,), (4, 5), (2, 3, 4)])
@pytest.mark.parametrize(("name", "args"), CASES, ids=lambda v: v if isinstance(v, str) else "")
def test_against_keras(name, args, shape):
    rng = np.random.default_rng(len(shape))
    ours, theirs = make(name, args)
    check_config(ours, theirs)
    if "axis" in args:  # Keras's result() fails with another axis than the last
        theirs = make(name, {k: v for k, v in args.items() if k != "axis"})[1]
    for batch in range(6):
        y_true = side(rng, ours, ours.sparse_y_true, shape, ours.ignore_class)
        if name == "BinaryIoU":
            y_pred = rng.random(shape).astype("float32")
        else:
            y_pred = side(rng, ours, ours.sparse_y_pred, shape)
        weight = None
        if batch % 2:
            weight = rng.integers(0, 4, shape)
            if "dtype" in args:
                weight = rng.random(shape).astype("float32")
        for metric in (ours, theirs):
            w = None if weight is None else torch.tensor(weight)
            pair = [torch.tensor(y_true), torch.tensor(y_pred)]
            if metric is theirs and "axis" in args:
                dense = (not ours.sparse_y_true, not ours.sparse_y_pred)
                pair = [
                    y.movedim(ours.axis, -1) if d else y for y, d in zip(pair, dense, strict=True)
                ]
            metric.update_state(*pair, w)
        assert_close(state(ours), state(theirs), 1e-5, 1e-6, f"batch {batch}")
        dtypes = [str(m.variables[0].dtype).removeprefix("torch.") for m in (ours, theirs)]
        assert dtypes[0] == dtypes[1]
    for metric in (ours, theirs):
        metric.reset_state()
    assert_close(state(ours), state(theirs), what="after reset_state")


def test_documented_weights():
    """Keras's documentation has these numbers; Keras itself cuts the weights to integers."""
    m = torchkeras.metrics.MeanIoU(num_classes=2)
    m.update_state([0, 0, 1, 1], [0, 1, 0, 1], sample_weight=[0.3, 0.3, 0.3, 0.1])
    assert float(m.result()) == pytest.approx(0.23809525)


def test_weights_of_samples_reach_all_their_entries():
    m = torchkeras.metrics.MeanIoU(num_classes=2)
    m.update_state([[0, 1], [1, 1]], [[0, 0], [1, 1]], sample_weight=[1, 0])
    assert m.total_confusion_matrix.tolist() == [[1, 0], [1, 0]]


def test_counts_more_than_floats_can():
    m = torchkeras.metrics.MeanIoU(num_classes=2)
    m.total_confusion_matrix[0, 0] = 2**24
    m.update_state([0], [0])
    assert m.total_confusion_matrix[0, 0] == 2**24 + 1


def test_predictions_that_are_classes():
    m = torchkeras.metrics.BinaryIoU(threshold=None)
    assert float(m([0, 1, 1], [0, 1, 0])) == pytest.approx(0.5)


def test_merge():
    a, b = (torchkeras.metrics.MeanIoU(3) for _ in range(2))
    a.update_state([0, 1], [0, 1])
    b.update_state([2, 1], [1, 1])
    whole = torchkeras.metrics.MeanIoU(3)
    whole.update_state([0, 1, 2, 1], [0, 1, 1, 1])
    a.merge_state([b])
    assert float(a.result()) == float(whole.result())


@pytest.mark.parametrize("bad", [[0, 3], [0, -1]])
def test_class_out_of_range(bad):
    m = torchkeras.metrics.MeanIoU(num_classes=3)
    for pair in ((bad, [0, 1]), ([0, 1], bad)):
        with pytest.raises(ValueError, match=r"MeanIoU: labels must be integers in \[0, 3\)"):
            m.update_state(*pair)
    assert m.total_confusion_matrix.sum() == 0


def test_bad_arguments():
    with pytest.raises(ValueError, match=r"target_class_ids must be in \[0, 3\)"):
        torchkeras.metrics.IoU(3, [3])
    with pytest.raises(ValueError, match="num_classes must be a positive integer"):
        torchkeras.metrics.MeanIoU(0)
    with pytest.raises(ValueError, match="must have the same shape"):
        torchkeras.metrics.MeanIoU(2).update_state([0, 1], [0, 1, 1])


def test_in_fit():
    """Segments the bright pixels of the digits."""
    from sklearn.datasets import load_digits

    torchkeras.utils.set_random_seed(0)
    x = load_digits().images[:200, ..., None].astype("float32") / 16
    y = (x[..., 0] > 0.5).astype("int64")
    model = torchkeras.Sequential([torchkeras.layers.Conv2D(2, 1, activation="softmax")])
    metric = torchkeras.metrics.MeanIoU(2, sparse_y_pred=False)
    adam = torchkeras.optimizers.Adam(0.1)
    model.compile(optimizer=adam, loss="sparse_categorical_crossentropy", metrics=[metric])
    history = model.fit(x, y, epochs=4, verbose=0).history
    assert history["mean_io_u"][-1] > 0.9
    assert keras.metrics.MeanIoU(2).name == "mean_io_u"
