"""The strict zip reader: what genuine archives hold, and one case for each lie."""

import contextlib
import io
import random
import struct
import zipfile

import pytest
from saving.damage import flip, patch_central, rezip

from torchkeras.saving.safety import DEFAULT_LIMITS, LoadLimits, ModelFileError, is_plain_path
from torchkeras.saving.zip.reader import Window, ZipReader

NOISE = random.Random(0).randbytes(3 << 20)


class Stream(io.BytesIO):
    """A file that cannot seek: a writer puts CRC and sizes behind the data."""

    def seekable(self):
        return False

    def seek(self, *args):
        raise io.UnsupportedOperation

    def tell(self):
        raise io.UnsupportedOperation


def make(method=zipfile.ZIP_STORED, members=(("config.json", b"{}"), ("data/x.bin", NOISE[:999]))):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        for name, content in members:
            archive.writestr(name, content)
    return out.getvalue()


def read(data, limits=DEFAULT_LIMITS):
    archive = ZipReader(io.BytesIO(data), "m.keras", limits)
    archive.verify()
    return {name: archive.read(name, 1 << 30) for name in archive.members}


def refused(data, match=None, limits=DEFAULT_LIMITS):
    with pytest.raises(ModelFileError, match=match) as info:
        read(data, limits)
    text = str(info.value)
    assert text.startswith("m.keras") and len(text) <= 500 and text.isprintable()


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
@pytest.mark.parametrize("kind", [io.BytesIO, Stream])
@pytest.mark.parametrize("content", [b"", b"a", NOISE, b"abcdefgh" * 5000 + NOISE[:99]])
def test_genuine_archives(method, kind, content):
    out = kind()
    with zipfile.ZipFile(out, "w", method) as archive:
        archive.writestr("config.json", b"{}")
        archive.writestr("assets/", b"")
        archive.writestr("weights.h5", content)
        with archive.open("wide", "w", force_zip64=True) as f:
            f.write(content)
    data = out.getvalue()
    assert read(data) == {
        "config.json": b"{}",
        "assets/": b"",
        "weights.h5": content,
        "wide": content,
    }
    archive = ZipReader(io.BytesIO(data), "m.keras")
    assert archive.open("weights.h5").read() == content


def test_window_is_a_file():
    window = Window(io.BytesIO(b"0123456789"), 2, 5)
    assert window.read() == b"23456" and window.seek(-2, 2) == 3 and window.read(9) == b"56"
    assert window.seek(1) == 1 and window.seek(1, 1) == 2 and window.tell() == 2
    assert window.readable() and window.seekable() and window.seek(99) == 99 and not window.read()


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_every_cut_is_refused(method):
    data = make(method)
    for n in [*range(0, 120), *range(120, len(data), 37), len(data) - 22, len(data) - 1]:
        refused(data[:n], "truncated|disagree|overlap")


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_flipped_bits_are_found(method):
    data, good = make(method), read(make(method))
    for offset in range(len(data)):
        with contextlib.suppress(ModelFileError):
            assert read(flip(data, offset, offset % 8)) == good  # a time stamp, say


def test_more_than_one_zip(tmp_path):
    good = make()
    for data in (b"#!/bin/sh\n" + good, good + b"X" * 100, good + b"X", good + good, b"\0" * 999):
        refused(data)
    refused(b"\x89PNG\r\n\x1a\n" * 40, "not a zip")


def test_duplicate_names():
    source = io.BytesIO(make())
    for name in ("config.json", "Config.json"):
        with (
            pytest.warns(UserWarning, match="Duplicate")
            if name == "config.json"
            else contextlib.nullcontext()
        ):
            data = rezip(source, add=[(name, b"[]")])
        refused(data, "duplicate member")
    refused(make(members=[("a", b""), ("a/", b"")]), "duplicate member")
    nul = make(members=[("config.jsonXx", b"")]).replace(b"config.jsonXx", b"config.json\0x")
    refused(nul, "plain relative path")


@pytest.mark.parametrize(
    "name",
    ["../../evil", "/abs", "assets/../../evil", "a\\..\\b", "C:x", "a//b", "./a", "a/.", "n" * 2000,
     "a\x1b[31m", "a\nb", "b/" + "c" * 300],
)  # fmt: skip
def test_names_that_lead_elsewhere(name):
    refused(make(members=[(name, b"x")]), "name")


def test_names_that_do_not():
    for name in ("a/b.c", "-x", "ü/日本", "a b", ".hidden", "..."):
        assert is_plain_path(name) and name in read(make(members=[(name, b"x")]))


def test_lies_in_the_directory():
    data = make()
    for field, value in (
        ("size", 0xEFFFFFFF), ("stored", 5), ("crc", 1), ("header", 7), ("disk", 1),
        ("flags", 1), ("flags", 0x40), ("method", 99), ("method", 8),
        ("attributes", 0o120777 << 16),
        ("attributes", 0o020666 << 16), ("size", 0xFFFFFFFF),
    ):  # fmt: skip
        refused(patch_central(data, "config.json", field, value))


def test_two_entries_with_one_offset():
    data = make(members=[("a", b"same"), ("b", b"same")])
    refused(patch_central(data, "b", "header", 0), "overlap")


def test_bombs_are_refused_unread():
    bomb = make(zipfile.ZIP_DEFLATED, [("config.json", b" " * (80 << 20))])
    refused(bomb, "over the limit")
    small = make(zipfile.ZIP_DEFLATED, [("x", b" " * 1_000_000)])  # below 1 MiB all is allowed
    archive = ZipReader(io.BytesIO(small), "m.keras")
    with pytest.raises(ModelFileError, match="over the limit of 999"):
        archive.read("x", 999)
    # A member that goes on expanding after its declared size is cut off there.
    lying = patch_central(make(zipfile.ZIP_DEFLATED, [("x", b" " * (9 << 20))]), "x", "size", 99)
    refused(lying, "more than it declares|disagree")


def test_count_of_members():
    many = make(members=[(f"{i}", b"") for i in range(11)])
    assert len(read(many)) == 11
    refused(many, "11 members", LoadLimits(members=10))
    # The count is believed only as far as the directory's size explains it.
    end = len(many) - 22
    lying = bytearray(many)
    struct.pack_into("<HH", lying, end + 8, 2, 2)
    refused(bytes(lying), "more than its members|larger than")


def test_missing_member():
    with pytest.raises(ModelFileError, match="missing member x"):
        ZipReader(io.BytesIO(make()), "m.keras").read("x", 9)
