"""pandas columns that numpy has no dtype for, and those that hold no numbers."""

import numpy as np
import pandas as pd
import pytest

from torchkeras.training.data import make_adapter
from torchkeras.training.data.frames import frame_to_numpy, is_frame, is_series


def test_kinds():
    frame = pd.DataFrame({"a": [1]})
    assert is_frame(frame) and not is_series(frame)
    assert is_frame(frame["a"]) and is_series(frame["a"])
    assert not is_frame(np.ones(3)) and not is_series([1])


@pytest.mark.parametrize(
    ("frame", "expected"),
    [
        (pd.DataFrame({"a": [1, 2], "b": [True, False]}), [[1, 1], [2, 0]]),
        (pd.DataFrame({"a": pd.array([1, None], dtype="Int64")}), [[1.0], [np.nan]]),
        (pd.DataFrame({"a": pd.array([1, 2], dtype="Int8"), "b": [3, 4]}), [[1, 3], [2, 4]]),
        (pd.DataFrame({"a": pd.array([True, None], dtype="boolean")}), [[1.0], [np.nan]]),
        (pd.DataFrame({"a": pd.array([1.5, None], dtype="Float32")}), [[1.5], [np.nan]]),
        (pd.Series(pd.array([1, 2], dtype="Int64")), [1, 2]),
        (pd.Series(pd.array([1, None], dtype="UInt8")), [1, np.nan]),
        (pd.Series([1.0, None]), [1, np.nan]),
    ],
)
def test_values(frame, expected):
    got = frame_to_numpy("fit", "x", frame)
    assert got.dtype.kind in "iufb"
    np.testing.assert_array_equal(got, expected)


@pytest.mark.parametrize(
    ("column", "message"),
    [
        (["u", "v"], r"fit: x\['bad'\] must hold numbers.*x\['bad'\]\[0\]='u'"),
        (pd.Series([1, "v"], dtype=object), r"x\['bad'\]\[1\]='v', dtype object"),
        (pd.Series([1, None], dtype=object), r"x\['bad'\]\[1\]=None, dtype object"),
        (pd.Series(["u", "v"], dtype="category"), "dtype category"),
        (pd.to_datetime(["2020-01-01", "2020-01-02"]), "dtype datetime64"),
        (pd.Series(["u", "v"], dtype="string"), "dtype string"),
        ([1j, 2j], "dtype complex128"),
    ],
    ids=str,
)
def test_other_columns_are_refused_by_name(column, message):
    with pytest.raises(ValueError, match=message):
        make_adapter(pd.DataFrame({"good": [1, 2], "bad": column}))


def test_other_series_are_refused():
    with pytest.raises(ValueError, match=r"y must hold numbers.*Received: y\[0\]='a'"):
        make_adapter(np.ones(2), pd.Series(["a", "b"]))
    with pytest.raises(ValueError, match="x must have columns"):
        make_adapter(pd.DataFrame(index=[1, 2]))
    with pytest.raises(ValueError, match="x has 0 samples"):
        make_adapter(pd.DataFrame({"a": np.ones(0)}))
    with pytest.raises(ValueError, match=r"x\['a'\] must hold numbers.*Received: dtype object"):
        make_adapter(pd.DataFrame({"a": np.ones(0, object)}))
