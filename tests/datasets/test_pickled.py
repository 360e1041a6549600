"""The Unpickler of the datasets knows arrays and plain data, and nothing else."""

import io
import os
import pickle

import numpy as np
import pytest

from torchkeras.datasets._pickled import read_object_array, read_pickle

GOOD = [
    {b"data": np.arange(6, dtype="uint8").reshape(2, 3), b"labels": [1, 2]},
    [1, 2.5, "text", b"bytes", None, True, (1, [2])],
    np.float64(3.5),
    np.array([[1, 2], [3]], dtype=object),
]


@pytest.mark.parametrize("protocol", [3, 4])
@pytest.mark.parametrize("value", GOOD, ids=lambda v: type(v).__name__)
def test_reads(value, protocol):
    found = read_pickle(io.BytesIO(pickle.dumps(value, protocol)))
    assert type(found) is type(value)
    np.testing.assert_equal(found, value)


class Run:
    def __init__(self, function, *args):
        self.call = function, args

    def __reduce__(self):
        return self.call


BAD = [
    Run(os.system, "echo"),
    Run(eval, "1"),
    Run(getattr, 1, "real"),
    Run(open, "/etc/passwd"),
    Run(np.save, "x", 1),
    Run(np.frombuffer, b"12345678"),
    os.system,
    Run,
    Exception("x"),
]


@pytest.mark.parametrize("protocol", [0, 2, 4])
@pytest.mark.parametrize("value", BAD, ids=lambda v: getattr(v, "__name__", type(v).__name__))
def test_refuses(value, protocol, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ValueError, match="only arrays are read"):
        read_pickle(io.BytesIO(pickle.dumps(value, protocol)))
    assert list(tmp_path.iterdir()) == []


def test_refuses_in_an_array_file(tmp_path):
    objects = np.empty(1, object)
    objects[0] = Run(os.system, f"touch {tmp_path}/ran")
    np.savez(tmp_path / "a.npz", x=objects, y=np.arange(3))
    with pytest.raises(ValueError, match="only arrays are read"):
        read_object_array(tmp_path / "a.npz", "x")
    assert not (tmp_path / "ran").exists()
    np.testing.assert_array_equal(read_object_array(tmp_path / "a.npz", "y"), np.arange(3))
