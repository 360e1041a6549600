"""Archives that we write, as Python's zipfile and our own reader see them."""

import io
import zipfile

import pytest

from torchkeras._base.files import atomic_writer
from torchkeras.saving.zip.reader import ZipReader
from torchkeras.saving.zip.writer import ZipWriter


def write(path, *members):
    with atomic_writer(path) as out:
        archive = ZipWriter(out)
        for name, content in members:
            if callable(content):
                with archive.open(name) as region:
                    content(region)
            else:
                archive.add(name, content)
        archive.close()


def in_pieces(region):
    region.seek(10)
    region.write(b"b" * 5_000_000)
    region.seek(0)
    region.write(b"a" * 10)


def test_readers_agree(tmp_path):
    path = tmp_path / "a.zip"
    write(path, ("one.txt", b"1"), ("big.bin", in_pieces), ("ü/x", b""), ("last", memoryview(b"z")))
    wanted = {"one.txt": b"1", "big.bin": b"a" * 10 + b"b" * 5_000_000, "ü/x": b"", "last": b"z"}
    with zipfile.ZipFile(path) as archive:
        assert archive.testzip() is None
        assert {n: archive.read(n) for n in archive.namelist()} == wanted
        assert {i.compress_type for i in archive.infolist()} == {zipfile.ZIP_STORED}
        assert archive.infolist()[0].external_attr >> 16 == 0o600
        assert archive.infolist()[0].date_time >= (2024, 1, 1)
    with open(path, "rb") as file:
        ours = ZipReader(file, str(path))
        ours.verify()
        assert {n: ours.read(n, 1 << 30) for n in ours.members} == wanted
        assert ours.open("big.bin").read(12) == b"a" * 10 + b"bb"


def test_many_members(tmp_path):
    path = tmp_path / "a.zip"
    write(path, *((f"m/{i}", b"") for i in range(70_000)))
    with zipfile.ZipFile(path) as archive:
        assert len(archive.namelist()) == 70_000


def test_nothing_in_it(tmp_path):
    write(tmp_path / "a.zip")
    assert zipfile.ZipFile(io.BytesIO((tmp_path / "a.zip").read_bytes())).namelist() == []


@pytest.mark.sweep
def test_over_four_gigabytes(tmp_path):
    """The file has a hole: it takes no room."""
    size = (4 << 30) + 5

    def hole(region):
        region.seek(size - 1)
        region.write(b"x")

    path = tmp_path / "a.zip"
    write(path, ("first", b"1"), ("big", hole), ("behind", b"2"))
    with zipfile.ZipFile(path) as archive:
        assert [i.file_size for i in archive.infolist()] == [1, size, 1]
        assert archive.read("behind") == b"2"
    with open(path, "rb") as file:
        ours = ZipReader(file, str(path))
        ours.verify()
        assert ours.read("behind", 9) == b"2" and ours.members["big"].size == size
