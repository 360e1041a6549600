"""pad_sequences against real Keras, and windows over time against recordings of it."""

import itertools
import json
from pathlib import Path

import keras
import numpy as np
import pytest
import torch

import torchkeras
from oracle import label, rand

RECORDS = json.loads((Path(__file__).parents[1] / "golden" / "timeseries.json").read_text())
pad = torchkeras.utils.pad_sequences
windows = torchkeras.utils.timeseries_dataset_from_array

SEQUENCES = [
    [[1], [2, 3], [4, 5, 6]],
    ((1, 2), (3,)),
    [[], []],
    [[], [1]],
    [[[1, 2], [3, 4]], [[5, 6]]],
    [[], [[5, 6]]],
    np.arange(6).reshape(2, 3),
    [np.arange(4), np.arange(2)],
    [[1.9, -2.5], [3.2]],
]


@pytest.mark.parametrize("sequences", SEQUENCES, ids=label)
def test_pad(sequences):
    options = itertools.product(
        (None, 1, 2, 5), ("int32", "float32", "int64"), ("pre", "post"), ("pre", "post"), (0.0, -1)
    )
    for values in options:
        got, want = (lib.utils.pad_sequences(sequences, *values) for lib in (torchkeras, keras))
        assert got.dtype == want.dtype and got.shape == want.shape
        np.testing.assert_array_equal(got, want)


@pytest.mark.parametrize("dtype", [object, "str", "U5"])
def test_pad_strings(dtype):
    for lib in (torchkeras, keras):
        got = lib.utils.pad_sequences([["a", "bb"], ["c"]], dtype=dtype, value="x")
        assert got.tolist() == (
            [["a", "b"], ["x", "c"]] if dtype == "str" else [["a", "bb"], ["x", "c"]]
        )


@pytest.mark.parametrize(("sequences", "options", "match"), [
    ([], {}, "at least one sequence"),
    ([1, 2], {}, "a list of sequences"),
    (iter([[1]]), {}, "must be a list"),
    (3, {}, "must be a list"),
    ([[1]], {"padding": "x"}, "padding must be one of"),
    ([[1, 2, 3]], {"maxlen": 2, "truncating": "x"}, "truncating must be one of"),
    ([[1]], {"value": "x"}, "a string cannot fill up"),
    ([[1]], {"maxlen": -1}, "maxlen must be an integer >= 0"),
    ([[[1, 2]], [5, 6]], {}, "all entries must have the shape"),
    ([["a"]], {}, "invalid literal"),
])  # fmt: skip
def test_pad_bad_input(sequences, options, match):
    with pytest.raises(ValueError):  # noqa: PT011
        keras.utils.pad_sequences(sequences, **options)
    with pytest.raises(ValueError, match=match):
        pad(sequences, **options)


def listed(case):
    case = dict(case)
    (start, end), length = case.pop("range"), case.pop("targets")
    targets = None if length is None else np.arange(length) * 10
    dataset = windows(np.arange(20), targets, start_index=start, end_index=end, **case)
    batches = [b if isinstance(b, (tuple, list)) else [b] for b in dataset]
    assert len(dataset) == len(batches)
    return [[part.tolist() for part in b] for b in batches]


@pytest.mark.parametrize("length", [1, 3, 5, 20, 21])
def test_windows(length):
    cases = [(case, want) for case, want in RECORDS if case["sequence_length"] == length]
    assert cases
    for case, want in cases:
        assert listed(case) == want, case


@pytest.mark.parametrize("make", [
    lambda x: x, torch.tensor, lambda x: x.tolist(), lambda x: x.astype("float64")
], ids=["array", "tensor", "list", "float64"])  # fmt: skip
def test_windows_of_several_features(make):
    x = rand(30, 2)
    batches = list(windows(make(x), make(x[:, 0]), 4, sampling_rate=3, batch_size=8))
    starts = np.arange(21)
    got, target = (torch.cat(part) for part in zip(*batches, strict=True))
    np.testing.assert_allclose(got, np.stack([x[s : s + 12 : 3] for s in starts]))
    np.testing.assert_allclose(target, x[:21, 0])


def test_shuffled_windows():
    first, second = (windows(np.arange(50), None, 3, shuffle=True, seed=1) for _ in range(2))
    passes = [torch.cat(list(d)).tolist() for d in (first, second, first)]
    assert passes[0] == passes[1] != passes[2]
    for rows in passes:
        assert sorted(rows) == [[i, i + 1, i + 2] for i in range(48)]


def test_windows_in_fit():
    series = np.sin(np.arange(300) / 5).astype("float32")[:, None]
    data = windows(series[:-1], series[10:], 10, batch_size=32)
    model = torchkeras.Sequential([torchkeras.layers.LSTM(8), torchkeras.layers.Dense(1)])
    model.compile("adam", "mse")
    history = model.fit(data, epochs=3, verbose=0)
    assert history.history["loss"][-1] < history.history["loss"][0]
    assert model.predict(windows(series, None, 10), verbose=0).shape == (291, 1)


@pytest.mark.parametrize(("options", "match"), [
    ({"start_index": -1}, "start_index must be at least 0"),
    ({"start_index": 20}, "start_index must be at least 0"),
    ({"end_index": -1}, "end_index must be above"),
    ({"end_index": 20}, "end_index must be above"),
    ({"start_index": 5, "end_index": 5}, "end_index must be above start_index=5"),
    ({"sequence_stride": 0}, "sequence_stride must be above 0"),
    ({"sequence_stride": 20}, "sequence_stride must be above 0"),
    ({"sampling_rate": 0}, "sampling_rate must be above 0"),
    ({"sampling_rate": 20}, "sampling_rate must be above 0"),
    ({"sequence_length": 0}, "sequence_length must be a positive integer"),
    ({"batch_size": 0}, "batch_size must be a positive integer"),
    ({"format": "x"}, "format must be one of"),
])  # fmt: skip
def test_windows_bad_input(options, match):
    options = {"sequence_length": 3, **options}
    with pytest.raises(ValueError, match=match):
        windows(np.arange(20), None, **options)
