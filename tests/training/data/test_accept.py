"""What arrays of every dtype and library become, against real Keras where it takes them."""

import array
import decimal
import warnings

import ml_dtypes
import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
import torch

from oracle import label
from torchkeras.core.symbolic import KerasTensor
from torchkeras.training.data import make_adapter
from torchkeras.training.data.accept import to_tensor

A = np.arange(14.0).reshape(7, 2)


def batches(x, **given):
    return [b[0] for b in make_adapter(x, **given).batches()]


NUMPY = ["float64", "float32", "float16", "int64", "int32", "int16", "int8", "uint8", "uint16"]
NUMPY += ["uint32", "bool"]
TORCH = ["float64", "float32", "float16", "bfloat16", "int64", "int32", "int8", "uint8", "bool"]


@pytest.mark.parametrize("dtype", NUMPY)
@pytest.mark.parametrize("shuffle", [False, True])
@pytest.mark.parametrize("settle", [True, False])
def test_numpy_dtypes(monkeypatch, keras_feeds, we_feed, dtype, shuffle, settle):
    if not settle:
        monkeypatch.setattr("torchkeras.training.data.accept.SETTLE_BYTES", 0)
    given = {"batch_size": 3, "shuffle": shuffle, "seed": 4}
    x = A.astype(dtype)
    assert we_feed(x, **given) == keras_feeds(x, **given)


@pytest.mark.parametrize("dtype", TORCH)
@pytest.mark.parametrize("shuffle", [False, True])
def test_torch_dtypes(keras_feeds, we_feed, dtype, shuffle):
    given = {"batch_size": 3, "shuffle": shuffle, "seed": 4}
    x = torch.from_numpy(A).to(getattr(torch, dtype))
    assert we_feed(x, **given) == keras_feeds(x, **given)


@pytest.mark.parametrize("settle", [True, False])
@pytest.mark.parametrize(
    ("x", "dtype"),
    [
        (A.astype("uint64"), torch.int64),
        (A.astype("longdouble"), torch.float32),
        (A.astype(ml_dtypes.bfloat16), torch.float32),
        (A.astype(ml_dtypes.float8_e4m3fn), torch.float32),
        (A.astype(">f4"), torch.float32),
        (A.astype(">i2"), torch.int16),
        (torch.from_numpy(A).to(torch.uint16), torch.int32),
        (torch.from_numpy(A).to(torch.float8_e5m2), torch.float32),
    ],
    ids=lambda v: str(getattr(v, "dtype", v)),
)
def test_dtypes_that_keras_refuses(monkeypatch, x, dtype, settle):
    if not settle:
        monkeypatch.setattr("torchkeras.training.data.accept.SETTLE_BYTES", 0)
    expected = x.double() if torch.is_tensor(x) else torch.from_numpy(x.astype("float64"))
    for shuffle in (False, True):
        got = torch.cat(batches(x, batch_size=3, shuffle=shuffle)).sort(0).values
        assert got.dtype == dtype
        assert torch.equal(got.double(), expected.sort(0).values)


def test_uint64_that_int64_cannot_hold_is_refused():
    x = np.array([1, 2**63], "uint64")
    with pytest.raises(ValueError, match=r"below 2\*\*63"):
        make_adapter(x)
    with pytest.raises(ValueError, match=r"below 2\*\*63"):
        to_tensor("fit", "x", x)


def frozen(x):
    x = x.copy()
    x.flags.writeable = False
    return x


LAYOUTS = {
    "transposed": np.ascontiguousarray(A.T).T,
    "reversed": A[::-1],
    "strided": np.repeat(A, 2, 0)[::2],
    "broadcast": np.broadcast_to(np.arange(7.0)[:, None], (7, 2)),
    "read-only": frozen(A),
    "read-only float32": frozen(A.astype("float32")),
    "read-only reversed": frozen(A)[::-1],
    "matrix": np.ndarray.view(A, type("Matrix", (np.ndarray,), {})),
    "masked": np.ma.array(A, mask=A > 3),
    "unaligned": np.frombuffer(b"0" + A.astype("float32").tobytes(), "f4", offset=1).reshape(7, 2),
    "field": np.rec.fromarrays([A[:, 0], A[:, 1]], names="a,b")["b"],
}


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("shuffle", [False, True])
@pytest.mark.parametrize("settle", [True, False])
def test_layouts(monkeypatch, layout, shuffle, settle):
    if not settle:
        monkeypatch.setattr("torchkeras.training.data.accept.SETTLE_BYTES", 0)
    x = LAYOUTS[layout]
    expected = torch.tensor(np.array(x, "float32"))
    got = torch.cat(batches(x, batch_size=3, shuffle=shuffle))
    assert torch.equal(got.sort(0).values, expected.sort(0).values)
    if not shuffle:
        assert torch.equal(got, expected)


def test_a_batch_of_read_only_memory_may_be_written():
    x = frozen(A.astype("float32"))
    for shuffle in (False, True):
        for batch in batches(x, batch_size=3, shuffle=shuffle):
            batch.zero_()
    assert np.array_equal(x, A.astype("float32"))


class Foreign:
    """An array of another library, known by its protocol alone."""

    def __init__(self, value, protocol):
        if protocol == "array":
            self.__class__ = type("F", (), {"__array__": lambda s, *a, **k: value})
        elif protocol == "numpy":
            self.__class__ = type("F", (), {"to_numpy": lambda s: value})
        else:
            t = torch.from_numpy(value)
            methods = {
                "__dlpack__": lambda s, **k: t.__dlpack__(**k),
                "__dlpack_device__": lambda s: t.__dlpack_device__(),
            }
            self.__class__ = type("F", (), methods)


@pytest.mark.parametrize("protocol", ["array", "numpy", "dlpack"])
def test_foreign_arrays(protocol):
    x = Foreign(A, protocol)
    assert torch.equal(torch.cat(batches(x, batch_size=3)), torch.from_numpy(A).float())
    both = batches([x, {"a": x}], batch_size=7)[0]
    assert torch.equal(both[1]["a"], torch.from_numpy(A).float())


@pytest.mark.parametrize(
    "kind", ["csr_matrix", "csc_matrix", "coo_matrix", "csr_array", "coo_array"]
)
@pytest.mark.parametrize("shuffle", [False, True])
def test_scipy_sparse_becomes_dense_by_the_batch(keras_feeds, we_feed, kind, shuffle):
    x = getattr(sp, kind)(A)
    given = {"batch_size": 3, "shuffle": shuffle, "seed": 4}
    assert we_feed(x, np.arange(7), **given) == keras_feeds(x, np.arange(7), **given)


def test_a_huge_sparse_matrix_is_never_dense():
    x = sp.csr_matrix(([1.0, 2.0], ([5, 999_999], [0, 7])), shape=(1_000_000, 100_000))
    first = next(iter(make_adapter(x, batch_size=2, shuffle=True).batches()))
    assert first[0].shape == (2, 100_000)


@pytest.mark.parametrize("layout", ["to_sparse", "to_sparse_csr"])
@pytest.mark.parametrize("shuffle", [False, True])
def test_torch_sparse_becomes_dense_by_the_batch(layout, shuffle):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch calls CSR a beta
        x = getattr(torch.from_numpy(A), layout)()
    for rows, numbers in zip(
        batches(x, batch_size=3), batches(np.arange(7), batch_size=3), strict=True
    ):
        assert torch.equal(rows, torch.from_numpy(A).float()[numbers])
    assert torch.cat(batches(x, batch_size=3, shuffle=True)).sum() == A.sum()


# ----------------------------------------------------------------------------------------- errors


@pytest.mark.parametrize(
    ("x", "message"),
    [
        (np.array(["a", "b"]), r"x must hold real numbers, not strings. Received: x\[0\]='a'"),
        (np.array([b"a"]), r"not bytes. Received: x\[0\]=b'a'"),
        (np.array([[1, 2], [3, None]]), r"not Python objects. Received: x\[1, 1\]=None, dtype obj"),
        (np.array([1, "x"], object), r"Received: x\[1\]='x'"),
        (np.array([[1], [1, 2]], object), r"Received: x\[0\]=list\(\[1\]\)|Received: x\[0\]=\[1\]"),
        (np.array([1.0, 2], object), r'convert it with .astype\("float32"\)'),
        (np.array([1 + 2j]), "not complex numbers"),
        (torch.tensor([1 + 2j]), "not complex numbers. Received: x of dtype torch.complex64"),
        (np.array(["2020-01-01"], "datetime64[D]"), "not dates. Received: x"),
        (np.array([1], "timedelta64[s]"), "not time differences"),
        (np.zeros(3, [("a", float)]), "not records"),
        ([1.0, 2.0], r"Python lists of numbers are not taken.*np.array.*Received: x\[0\]=1.0"),
        ([[1.0, 2.0], [3.0]], r"Python lists of numbers are not taken.*Received: x\[0\]\[0\]=1.0"),
        (["a", "b"], r"Received: x\[0\]='a'"),
        ((True, False), r"Received: x\[0\]=True"),
        (1.0, "Received: x=1.0"),
        ("abc", "x must be an array, a tensor.*Received: x='abc'"),
        (b"abc", "x must be an array, a tensor"),
        (range(3), r"Received: x=range\(0, 3\)"),
        ({1, 2}, r"Received: x=\{1, 2\}"),
        (object(), "Received: x=<object object"),
        (array.array("f", [1.0]), r"np.array|must be a tuple"),
        ({"a": A, "b": "text"}, r"Received: x\['b'\]='text'"),
        ([A, np.array(["a"])], r"x\[1\] must hold real numbers, not strings"),
    ],
    ids=label,
)
def test_what_holds_no_numbers_is_refused(x, message):
    with pytest.raises(ValueError, match=message):
        list(make_adapter(x).batches())


def test_bad_targets_are_named_as_such():
    with pytest.raises(ValueError, match=r"y must hold real numbers.*y\[2\]='c'"):
        make_adapter(A[:3], np.array([1, 2, "c"], object))
    with pytest.raises(ValueError, match=r"sample_weight\['o'\] must hold"):
        make_adapter(A[:2], {"o": A[:2]}, {"o": np.array(["a", "b"])})
    with pytest.raises(ValueError, match=r"Python lists.*Received: y\[0\]=0"):
        make_adapter(A[:2], [0, 1])


def test_numbers_of_other_kinds_in_object_arrays():
    with pytest.raises(ValueError, match="astype"):
        make_adapter(np.array([decimal.Decimal(1)], object))


def test_symbolic_tensors_are_refused():
    with pytest.raises(ValueError, match="x must hold data"):
        make_adapter(KerasTensor((None, 3)))


# ------------------------------------------------------------------------------ pandas, end to end


@pytest.mark.parametrize(
    "frame",
    [
        pd.DataFrame({"a": [1.0, 2, 3], "b": [1, 2, 3]}),
        pd.DataFrame({"a": [1, 2, 3]}),
        pd.DataFrame({"a": [True, False, True]}),
        pd.DataFrame({"a": np.int8([1, 2, 3]), "b": np.int16([1, 2, 3])}),
        pd.Series([1.0, 2, 3]),
        pd.Series([1, 2, 3], index=[5, 6, 7]),
        pd.Series([True, False, True]),
    ],
    ids=lambda f: f"{type(f).__name__}",
)
def test_pandas(keras_feeds, we_feed, frame):
    given = {"batch_size": 2, "shuffle": True, "seed": 0}
    y = pd.Series([0, 1, 2])
    assert we_feed(frame, y, **given) == keras_feeds(frame, y, **given)
