"""Class weights, against real Keras where it takes them."""

import numpy as np
import pandas as pd
import pytest
import torch

from torchkeras.training.data import make_adapter
from torchkeras.training.data.class_weight import ClassWeight

X = np.ones((5, 2))
Y = np.array([0, 1, 2, 1, 0])
WEIGHTS = {0: 1.0, 1: 2.0, 2: 3.5}

LABELS = {
    "int64": Y,
    "int32": Y.astype("int32"),
    "uint8": Y.astype("uint8"),
    "float": Y.astype("float64"),
    "bool": Y > 0,
    "fractions": Y + np.array([0.3, -0.4, -0.2, 0.49, -0.49]),
    "column": Y[:, None],
    "one-hot": np.eye(3)[Y],
    "one-hot int": np.eye(3, dtype="int64")[Y],
    "one-hot bool": np.eye(3, dtype="bool")[Y],
    "soft": np.array([[0.4, 0.6, 0.0]] * 5),
    "ties": np.array([[0.5, 0.5, 0.0]] * 5),
    "torch": torch.from_numpy(Y),
    "series": pd.Series(Y),
}


@pytest.mark.parametrize("labels", LABELS)
@pytest.mark.parametrize("weights", [WEIGHTS, {0: 1, 1: 2, 2: 4}, {0.0: 2.0, 1.0: 3.0, 2.0: 0.0}])
def test_weights_are_those_of_keras(keras_feeds, we_feed, labels, weights):
    given = {"class_weight": weights, "batch_size": 2, "shuffle": True, "seed": 1}
    assert we_feed(X, LABELS[labels], **given) == keras_feeds(X, LABELS[labels], **given)


def test_order_of_keys_and_unused_classes_do_not_matter():
    (batch,) = make_adapter(X, Y, class_weight={9: 0.0, 2: 3, -4: 7, 0: 1, 1: 2}).batches()
    assert batch[2].tolist() == [1, 2, 3, 2, 1]
    (batch,) = make_adapter(X, Y - 1, class_weight={-1: 5, 0: 6, 1: 7}).batches()
    assert batch[2].tolist() == [5, 6, 7, 6, 5]


@pytest.mark.parametrize("shape", [(5,), (5, 1), (5, 3)])
@pytest.mark.parametrize("settle", [True, False])
def test_sample_weights_are_multiplied(monkeypatch, shape, settle):
    if not settle:
        monkeypatch.setattr("torchkeras.training.data.accept.SETTLE_BYTES", 0)
    weight = np.arange(np.prod(shape, dtype=int), dtype="float64").reshape(shape)
    (batch,) = make_adapter(X, Y, weight, class_weight=WEIGHTS).batches()
    each = np.array([1, 2, 3.5, 2, 1]).reshape(-1, *[1] * (len(shape) - 1))
    np.testing.assert_allclose(batch[2], weight * each)
    assert batch[2].dtype == torch.float32


@pytest.mark.parametrize("floatx", ["float16", "float32", "float64"])
def test_dtype(floatx):
    (batch,) = make_adapter(X, Y, class_weight=WEIGHTS, floatx=floatx).batches()
    assert batch[2].dtype == getattr(torch, floatx)


@pytest.mark.parametrize(
    ("y", "weights", "message"),
    [
        (Y, {0: 1.0, 1: 2.0}, r"class 2 at y\[2\], class_weight for \[0, 1\]"),
        (Y, {1: 5.0}, r"class 0 at y\[0\], class_weight for \[1\]"),
        (Y, {}, r"class 0 at y\[0\], class_weight for \[\]"),
        (Y - 1, WEIGHTS, r"class -1 at y\[0\]"),
        (np.eye(4)[Y + 1], WEIGHTS, r"class 3 at y\[2\]"),
        (np.array([0, np.nan, 1, 1, 1]), WEIGHTS, r"y that holds classes. Received: y\[1\]=nan"),
        (None, WEIGHTS, "class_weight needs y. Received: y=None"),
        ([Y], WEIGHTS, "class_weight is for models with a single output.*y as a list of 1"),
        ({"a": Y, "b": Y}, WEIGHTS, "single output.*y as a dict of 2"),
        (np.zeros((5, 4, 1)), WEIGHTS, r"Received: y of shape \(5, 4, 1\)"),
        (np.zeros((5, 2, 3)), WEIGHTS, r"y of shape \(batch,\), \(batch, 1\) or"),
        (Y, {"0": 1.0, "1": 2.0}, r"whole numbers as keys.*Received: class_weight\['0'\]=1.0"),
        (Y, {0.5: 1.0}, r"Received: class_weight\[0.5\]=1.0"),
        (Y, {True: 1.0}, r"Received: class_weight\[True\]=1.0"),
        (Y, {0: "a"}, r"Received: class_weight\[0\]='a'"),
        (Y, {0: float("nan")}, r"finite numbers as values.*Received: class_weight\[0\]=nan"),
        (Y, {0: float("inf")}, r"Received: class_weight\[0\]=inf"),
        (Y, {0: None}, r"Received: class_weight\[0\]=None"),
        (Y, {"out": WEIGHTS}, r"Received: class_weight\['out'\]="),
    ],
    ids=str,
)
def test_bad_values_are_refused_before_any_batch(y, weights, message):
    with pytest.raises(ValueError, match=message):
        make_adapter(X, y, class_weight=weights)


@pytest.mark.parametrize("weights", [[1.0, 2.0], np.ones(3), "balanced", 2.0])
def test_other_types_are_refused(weights):
    with pytest.raises(TypeError, match="fit: class_weight must be a dict of class: weight"):
        make_adapter(X, Y, class_weight=weights)


def test_several_sample_weights_are_refused():
    with pytest.raises(ValueError, match="single output"):
        ClassWeight("fit", WEIGHTS, torch.float32)(torch.zeros(2), [torch.ones(2)])


def test_a_stream_is_checked_batch_by_batch():
    pairs = [(np.ones(2), np.array([0, 1])), (np.ones(2), np.array([0, 7]))]
    batches = make_adapter(iter(pairs), class_weight=WEIGHTS).batches()
    assert next(batches)[2].tolist() == [1, 2]
    with pytest.raises(ValueError, match=r"class 7 at y\[1\]") as error:
        next(batches)
    assert "at batch 1 " in error.value.__notes__[0]
    for item in ((np.ones(2),), (np.ones(2), [np.ones(2), np.ones(2)])):
        with pytest.raises(ValueError, match="class_weight"):
            list(make_adapter(iter([item]), class_weight=WEIGHTS).batches())
