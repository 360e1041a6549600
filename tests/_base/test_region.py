"""A part of a file as a file: the same bytes as in memory, and errors that wait."""

import io
import os
import random

import h5py
import numpy as np
import pytest

from torchkeras._base import region as module
from torchkeras._base.files import atomic_writer
from torchkeras._base.region import Region


@pytest.fixture(params=[0, 100, 4 << 20], ids=["file", "spills", "memory"])
def spill(request, monkeypatch):
    monkeypatch.setattr(module, "_SPILL", request.param)


def written(tmp_path, use, start=7):
    path = tmp_path / "f"
    with atomic_writer(path) as out:
        out.write(b"x" * start)
        region = Region(out, start)
        use(region)
        region.finish()
    data = path.read_bytes()
    assert data[:start] == b"x" * start
    return data[start:], region


def test_as_a_file_in_memory(spill, tmp_path):
    rng = random.Random(0)

    def use(f):
        rng.seed(1)
        for _ in range(300):
            match rng.randrange(4):
                case 0:
                    f.seek(rng.randrange(300))
                case 1:
                    f.write(rng.randbytes(rng.randrange(40)))
                case 2:
                    size = rng.randrange(300)
                    if size > f.seek(0, 2):  # BytesIO does not extend
                        f.write(bytes(size - f.tell()))
                    else:
                        f.truncate(size)
                case 3:
                    seen.append(f.read(rng.randrange(50)))
            seen.append(f.tell())

    seen = []
    reference = io.BytesIO()
    use(reference)
    wanted, seen = seen, []
    data, region = written(tmp_path, use)
    assert data == reference.getvalue() and seen == wanted and region.size == len(data)


def test_hdf5(spill, tmp_path):
    values = {str(i): np.arange(i * 50, dtype="f4") for i in range(20)}

    def use(f):
        with h5py.File(f, "w") as h5:
            for key, value in values.items():
                h5[f"a/{key}"] = value

    data, _ = written(tmp_path, use)
    with h5py.File(io.BytesIO(data)) as h5:
        for key, value in values.items():
            np.testing.assert_array_equal(h5[f"a/{key}"], value)


@pytest.mark.parametrize("kind", [OSError(28, "no space"), KeyboardInterrupt("now")])
def test_the_first_error_waits(kind, tmp_path, monkeypatch):
    """libhdf5 never sees it, and ends its file as if all were well."""
    monkeypatch.setattr(module, "_SPILL", 0)
    real, calls = os.write, []

    def write(fd, data):
        calls.append(len(data))
        if len(calls) == 3:
            raise kind
        return real(fd, data)

    def save():
        with atomic_writer(tmp_path / "f") as out:
            region = Region(out)
            monkeypatch.setattr(os, "write", write)
            with h5py.File(region, "w") as h5:
                for i in range(9):
                    h5[str(i)] = np.ones(1000)
            assert len(calls) == 3
            region.check()

    with pytest.raises(type(kind)) as info:
        save()
    assert info.value is kind and not list(tmp_path.iterdir())
