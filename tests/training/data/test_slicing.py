"""The validation split and the way to a device."""

import keras.src.trainers.data_adapters.array_slicing as theirs
import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
import torch

from oracle import label
from torchkeras.training.data import make_adapter, to_device, train_validation_split

A = np.arange(20.0).reshape(10, 2)
Y = np.arange(10)


@pytest.mark.parametrize("samples", [2, 3, 4, 5, 7, 10, 11, 32, 99, 100, 1000, 1797])
@pytest.mark.parametrize(
    "fraction", [1e-3, 0.01, 0.1, 0.15, 0.2, 0.25, 0.3, 0.33, 0.5, 0.6, 0.7, 0.8, 0.9, 0.99, 0.999]
)
def test_sizes_are_those_of_keras(samples, fraction):
    x = np.arange(samples)
    try:
        expected = theirs.train_validation_split((x,), fraction)
    except ValueError:
        # Keras sees 0 samples for training here, also where rounding alone makes them 0.
        if round(samples * (1 - fraction), 6) < 1:
            with pytest.raises(ValueError, match="leaves no samples for training"):
                train_validation_split((x,), fraction)
        else:
            assert len(train_validation_split((x,), fraction)[0][0]) == 1
        return
    got = train_validation_split((x,), fraction)
    for ours, keras in zip(got, expected, strict=True):
        assert np.array_equal(ours[0], keras[0])


@pytest.mark.parametrize("kind", ["array", "tensor", "series", "frame", "sparse", "coo"])
def test_kinds(kind):
    make = {
        "array": lambda a: a,
        "tensor": torch.from_numpy,
        "series": lambda a: pd.Series(a[:, 0]),
        "frame": lambda a: pd.DataFrame(a, columns=["a", "b"]),
        "sparse": sp.csr_matrix,
        "coo": lambda a: torch.from_numpy(a).to_sparse(),
    }[kind]
    (train, y, none), (validation, y2, none2) = train_validation_split((make(A), Y, None), 0.3)
    assert none is none2 is None
    assert np.array_equal(y, Y[:7]) and np.array_equal(y2, Y[7:])
    columns = slice(0, 1) if kind == "series" else slice(None)
    for part, rows in ((train, A[:7]), (validation, A[7:])):
        (batch,) = make_adapter(part).batches()
        np.testing.assert_array_equal(batch[0], rows[:, columns])


def test_structures_and_memory_are_kept():
    x = {"a": A, "b": [A, (Y, None)]}
    (train, _, _), (validation, _, _) = train_validation_split((x, [Y], Y), 0.5)
    assert isinstance(train["b"][1], tuple) and train["b"][1][1] is None
    assert np.array_equal(validation["b"][1][0], Y[5:])
    assert np.shares_memory(train["a"], A) and np.shares_memory(validation["a"], A)
    tensor = torch.ones(10)
    (train,), _ = train_validation_split((tensor,), 0.2)
    assert train.data_ptr() == tensor.data_ptr()


@pytest.mark.parametrize("fraction", [0, 0.0, 1, 1.0, 1.5, -0.1, float("nan"), "a", None, True])
def test_fractions_out_of_range(fraction):
    with pytest.raises(ValueError, match="fit: validation_split must be a number above 0 and belo"):
        train_validation_split((A, Y), fraction)


@pytest.mark.parametrize(
    ("arrays", "fraction", "message"),
    [
        ((A[:1], Y[:1]), 0.5, "leaves no samples for training. Received: 1 samples"),
        ((A[:5],), 0.99, "validation_split=0.99 leaves no samples for training. Received: 5"),
        ((A, Y[:9]), 0.2, "Received: x with 10, y with 9"),
        ((A[:0], Y[:0]), 0.2, "x has 0 samples"),
        (((i for i in range(3)), None), 0.2, "only for arrays and tensors.*x=a generator"),
        ((torch.utils.data.DataLoader(A), None), 0.2, "give other data as validation_data.*DataLo"),
        ((torch.utils.data.TensorDataset(torch.ones(3)),), 0.2, "x=a TensorDataset"),
        (([1.0, 2.0], None), 0.2, r"x\[0\]=a float"),
        (("abc",), 0.2, "x=a str"),
        ((np.array(1.0),), 0.2, "x must have a dimension of samples"),
        (([], None), 0.2, "at least one array"),
    ],
    ids=label,
)
def test_bad_data(arrays, fraction, message):
    with pytest.raises(ValueError, match=message):
        train_validation_split(arrays, fraction)


# ---------------------------------------------------------------------------------------- devices


@pytest.mark.parametrize("device", ["cpu", torch.device("cpu")])
def test_a_batch_that_is_there_is_the_same_object(device):
    t = torch.ones(2)
    for batch in ((t, t, None), (t, None, None), ({"a": t}, [t, None], t), (None, t, t)):
        assert to_device(batch, device) is batch


def test_batches_move_with_their_structure():
    t = torch.ones(2)
    x, y, weight = to_device(({"a": t, "b": (t, None)}, [t], None), "meta")
    assert x["a"].device.type == x["b"][0].device.type == y[0].device.type == "meta"
    assert isinstance(x["b"], tuple) and x["b"][1] is None and weight is None
    mixed = to_device((t.to("meta"), t, None), "meta")
    assert mixed[1].device.type == "meta"


def test_objects_that_move_themselves():
    class Graph:
        def __init__(self):
            self.device = torch.device("cpu")

        def to(self, device):
            self.device = device
            return self

    graph = Graph()
    assert to_device((graph, torch.ones(1), None), "meta")[0].device.type == "meta"
