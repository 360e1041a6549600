"""Strings in data: the adapters hand them on as arrays of `str`, if the model wants some."""

import numpy as np
import pandas as pd
import pytest
import torch
from torch.utils.data import DataLoader, Dataset

from torchkeras.training.data import PyDataset, make_adapter, to_device, train_validation_split

WORDS = [f"w{i}" for i in range(10)]
Y = np.arange(10)


def adapter(x, y=None, **kwargs):
    return make_adapter(x, y, strings=lambda: True, **kwargs)


def words_of(made):
    batches = list(made.batches())
    for x, _, _ in batches:
        assert isinstance(x, np.ndarray) and x.dtype == object
    return [x.ravel().tolist() for x, _, _ in batches]


FORMS = {
    "list": WORDS,
    "tuple": tuple(WORDS),
    "column": [[w] for w in WORDS],
    "str_": np.array(WORDS),
    "bytes": np.array(WORDS, "S"),
    "object": np.array(WORDS, object),
    "series": pd.Series(WORDS),
    "pandas string": pd.Series(WORDS, dtype="string"),
    "frame": pd.DataFrame({"t": WORDS}),
}


@pytest.mark.parametrize("form", FORMS)
def test_batches_in_order(form):
    made = adapter(FORMS[form], Y, batch_size=4)
    assert words_of(made) == [WORDS[:4], WORDS[4:8], WORDS[8:]]
    assert made.num_batches == 3 and made.num_samples == 10


@pytest.mark.parametrize("form", ["str_", "object", "list"])
@pytest.mark.parametrize("shuffle", [True, "batch"])
def test_strings_and_targets_are_shuffled_together_as_numbers_are(form, shuffle):
    torch.manual_seed(3)
    made = adapter(FORMS[form], Y, batch_size=4, shuffle=shuffle)
    found = [(x.tolist(), y.tolist()) for x, y, _ in made.batches()]
    torch.manual_seed(3)
    plain = make_adapter(Y, Y, batch_size=4, shuffle=shuffle)
    assert [y for _, y in found] == [y.tolist() for _, y, _ in plain.batches()]
    assert all(x == [f"w{i}" for i in y] for x, y in found)


def test_dicts_with_weights():
    x = {"text": WORDS, "number": Y.astype(float)}
    made = make_adapter(x, Y, np.ones(10), batch_size=5, strings=lambda: True)
    (first, y, w), _ = made.batches()
    assert first["text"].tolist() == WORDS[:5] and first["number"].dtype == torch.float32
    assert y.tolist() == [0, 1, 2, 3, 4] and w.shape == (5,)
    assert to_device((first, y, w), "cpu")[0]["text"] is first["text"]


def test_lists_of_the_columns_of_a_table():
    frame = pd.DataFrame({"text": WORDS, "number": Y})
    ((x, _, _),) = adapter(dict(frame), batch_size=10).batches()
    assert x["text"].shape == x["number"].shape == (10, 1)  # as of numbers


def test_validation_split():
    train, validation = train_validation_split((WORDS, Y), 0.2)
    assert train[0].tolist() == WORDS[:8] and validation[0].tolist() == WORDS[8:]


class Samples(Dataset):
    def __init__(self, targets):
        self.targets = targets

    def __len__(self):
        return 10

    def __getitem__(self, index):
        return (WORDS[index], index) if self.targets else WORDS[index]


class Batches(PyDataset):
    def __len__(self):
        return 2

    def __getitem__(self, index):
        return WORDS[5 * index : 5 * index + 5], Y[5 * index : 5 * index + 5]


STREAMS = {
    "dataset": lambda: Samples(True),
    "dataset of strings": lambda: Samples(False),
    "loader": lambda: DataLoader(Samples(True), 5),
    "loader with workers": lambda: DataLoader(Samples(True), 5, num_workers=1),
    "loader of a list": lambda: DataLoader(WORDS, 5),
    "generator": lambda: ((WORDS[i : i + 5], Y[i : i + 5]) for i in (0, 5)),
    "generator of x": lambda: ((WORDS[i : i + 5],) for i in (0, 5)),
    "generator of arrays": lambda: ((np.array(WORDS[i : i + 5]), Y[i : i + 5]) for i in (0, 5)),
    "PyDataset": Batches,
    "PyDataset in processes": lambda: Batches(workers=1, use_multiprocessing=True),
}


@pytest.mark.parametrize("stream", STREAMS)
def test_streams(stream):
    made = adapter(STREAMS[stream](), batch_size=5)
    assert words_of(made) == [WORDS[:5], WORDS[5:]]


def test_nobody_is_asked_where_all_is_numbers():
    def ask():
        raise AssertionError

    make_adapter({"a": Y, "b": torch.ones(10)}, Y, strings=ask)


BAD = {
    "a model of numbers": (lambda: make_adapter(np.array(WORDS)), "must hold real numbers, not"),
    "and says so": (
        lambda: make_adapter(np.array(WORDS), strings=lambda: False),
        "x must hold real numbers, not strings",
    ),
    "targets": (lambda: adapter(WORDS, np.array(WORDS)), "y must hold real numbers, not strings"),
    "a missing one": (
        lambda: adapter(np.array(["a", None, "b"], object)),
        r"x must be strings. Received: x\[1\]=None",
    ),
    "lengths": (lambda: adapter(WORDS, Y[:9]), "x with 10, y with 9"),
    "no samples": (lambda: adapter(np.array([], str)), "x has 0 samples"),
    "no batch": (lambda: adapter(np.array("a")), "first dimension that counts the samples"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_strings(case):
    make, message = BAD[case]
    with pytest.raises(ValueError, match=message):
        make()
