"""Downloads: the paths of real Keras, and nothing in the cache that was not checked."""

import gzip
import hashlib
import io
import os
import stat
import tarfile
import zipfile

import keras
import pytest
from loopback import cut, endless, redirect, server

import torchkeras
from torchkeras.utils.get_file import cache_folder, get_file, hash_file, validate_file

CONTENT = b"some bytes\n" * 1000


def sha256(content):
    return hashlib.sha256(content).hexdigest()


def tar(*members):
    """A packed archive of (name, content) or of ready `TarInfo`s."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        for member in members:
            if isinstance(member, tarfile.TarInfo):
                archive.addfile(member)
                continue
            info = tarfile.TarInfo(member[0])
            info.size = len(member[1])
            archive.addfile(info, io.BytesIO(member[1]))
    return gzip.compress(out.getvalue(), mtime=0)  # the hash, and the tests' names, stay the same


def zipped(*members):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members:
            archive.writestr(zipfile.ZipInfo(name), content, zipfile.ZIP_DEFLATED)
    return out.getvalue()


TAR = tar(("folder/a.txt", b"a"), ("folder/sub/b.txt", b"b"))
ZIP = zipped(("folder/a.txt", b"a"), ("folder/sub/b.txt", b"b"))


@pytest.fixture(scope="module")
def net():
    with server() as state:
        state.files.update({"a.txt": CONTENT, "t.tar.gz": TAR, "z.zip": ZIP})
        yield state


@pytest.fixture
def cache(tmp_path):
    return tmp_path / "cache"


def kept(cache):
    """All files below the cache, and nothing else but folders."""
    return sorted(p.relative_to(cache).as_posix() for p in cache.rglob("*") if not p.is_dir())


CALLS = [
    (("a.txt", "a.txt"), {}),
    (("other.txt", "a.txt"), {"cache_subdir": "models"}),
    ((None, "a.txt?version=1"), {}),
    (("a.txt", "a.txt"), {"file_hash": sha256(CONTENT)}),
    (("a.txt", "a.txt"), {"md5_hash": hashlib.md5(CONTENT).hexdigest()}),
    (("a.txt", "a.txt"), {"file_hash": sha256(CONTENT), "hash_algorithm": "sha256"}),
    (("t.tar.gz", "t.tar.gz"), {"extract": True, "file_hash": sha256(TAR)}),
    (("t.tar.gz", "t.tar.gz"), {"untar": True, "file_hash": sha256(TAR)}),
    (("photos", "t.tar.gz"), {"untar": True, "file_hash": sha256(TAR)}),
    (("photos", "z.zip"), {"extract": True, "file_hash": sha256(ZIP)}),
    (("z.zip", "z.zip"), {"extract": True, "archive_format": "zip", "file_hash": sha256(ZIP)}),
    (("z.zip", "z.zip"), {"extract": True, "archive_format": ["tar", "zip"],
                          "file_hash": sha256(ZIP)}),
]  # fmt: skip


@pytest.mark.parametrize(("names", "options"), CALLS, ids=str)
def test_same_paths_as_real_keras(net, tmp_path, names, options):
    name, origin = names
    paths = []
    for lib in (torchkeras, keras):
        folder = tmp_path / lib.__name__
        folder.mkdir()  # real Keras takes another cache if this one is not there
        path = lib.utils.get_file(name, net.address + origin, cache_dir=str(folder), **options)
        paths.append(os.path.relpath(path, folder))
    assert paths[0] == paths[1]
    ours, theirs = kept(tmp_path / "torchkeras"), kept(tmp_path / "keras")
    assert ours == theirs
    for path in ours:
        left, right = ((tmp_path / n / path).read_bytes() for n in ("torchkeras", "keras"))
        assert left == right


def test_what_is_there_is_not_fetched(net, cache):
    net.asked.clear()
    for _ in range(2):
        path = get_file("a.txt", net.address + "a.txt", cache_dir=cache)
    assert net.asked == ["a.txt"]
    with open(path, "wb") as f:
        f.write(b"changed")
    get_file("a.txt", net.address + "a.txt", cache_dir=cache)  # no hash: it is not looked at
    assert net.asked == ["a.txt"]
    get_file("a.txt", net.address + "a.txt", cache_dir=cache, file_hash=sha256(CONTENT))
    assert net.asked == ["a.txt"] * 2
    with open(path, "rb") as f:
        assert f.read() == CONTENT
    get_file("a.txt", net.address + "a.txt", cache_dir=cache, force_download=True)
    assert net.asked == ["a.txt"] * 3


def test_works_offline_once_it_is_there(net, cache):
    options = {"cache_dir": cache, "extract": True, "file_hash": sha256(TAR)}
    first = get_file("t.tar.gz", net.address + "t.tar.gz", **options)
    assert get_file("t.tar.gz", "https://nowhere.invalid/t.tar.gz", **options) == first


def test_progress(net, cache, capsys):
    get_file("a.txt", net.address + "a.txt", cache_dir=cache)
    out = capsys.readouterr().out
    assert f"Downloading data from {net.address}a.txt" in out
    assert f"{len(CONTENT)}/{len(CONTENT)}" in out


def test_a_length_that_is_not_told(net, cache):
    net.files["endless"] = endless
    with open(get_file("e", net.address + "endless", cache_dir=cache), "rb") as f:
        assert f.read() == b"all of it"


def test_a_redirect_is_followed(net, cache):
    net.files["moved"] = redirect(net.address + "a.txt")
    with open(get_file("m", net.address + "moved", cache_dir=cache), "rb") as f:
        assert f.read() == CONTENT


def link(name, target, kind=tarfile.SYMTYPE):
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, target
    return info


def device(name):
    info = tarfile.TarInfo(name)
    info.type, info.devmajor, info.devminor = tarfile.CHRTYPE, 1, 3
    return info


def linked_zip():
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        info = zipfile.ZipInfo("link")
        info.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(info, "/etc/passwd")
    return out.getvalue()


ARCHIVES = {
    "link": (tar(link("a", "/etc/passwd")), "is a link or a device"),
    "link out": (tar(link("a", "../../x"), ("a/b", b"x")), "is a link or a device"),
    "hard link": (tar(link("a", "/etc/passwd", tarfile.LNKTYPE)), "is a link or a device"),
    "device": (tar(device("null")), "is a link or a device"),
    "upwards": (tar(("../evil.txt", b"x")), "is no path inside the archive"),
    "inner upwards": (tar(("a/../../evil.txt", b"x")), "is no path inside the archive"),
    "absolute": (tar(("/evil.txt", b"x")), "is no path inside the archive"),
    "backslash": (tar(("..\\evil.txt", b"x")), "is no path inside the archive"),
    "good, then bad": (tar(("a", b"x"), ("../evil", b"x")), "is no path inside the archive"),
    "zip upwards": (zipped(("../evil.txt", b"x")), "is no path inside the archive"),
    "zip absolute": (zipped(("/evil.txt", b"x")), "is no path inside the archive"),
    "zip link": (linked_zip(), "is a link"),
    "bomb": (zipped(("zeros", bytes(100 << 20))), "unpacks to far more than it is"),
    "no archive": (b"plain text", "no archive of"),
}


@pytest.mark.safety("N1")
@pytest.mark.parametrize("name", ARCHIVES)
def test_archives_that_lie(net, cache, name):
    content, message = ARCHIVES[name]
    net.files["archive"] = content
    with pytest.raises(ValueError, match=message):
        get_file("x.tar.gz", net.address + "archive", cache_dir=cache, extract=True,
                 file_hash=sha256(content))  # fmt: skip
    assert kept(cache) == ["datasets/x.tar.gz"]  # what was asked for, by its hash; nothing of it
    assert [p.name for p in (cache / "datasets").iterdir()] == ["x.tar.gz"]


REFUSED = {
    "http": ({"origin": "http://example.com/a"}, "only https addresses"),
    "file": ({"origin": "file:///etc/passwd"}, "only https addresses"),
    "ftp": ({"origin": "ftp://127.0.0.1/a"}, "only https addresses"),
    "loopback in a name": ({"origin": "http://127.0.0.1.example.com/a"}, "only https addresses"),
    "loopback as a user": ({"origin": "http://localhost@example.com/a"}, "only https addresses"),
    "no address": ({"origin": None}, "origin must be given"),
    "no name": ({"fname": None, "origin": "https://example.com/"}, "fname must be given"),
    "dots": ({"fname": ".."}, "must be a plain file name"),
    "upwards": ({"fname": "../x"}, "must be a plain file name"),
    "folder": ({"fname": "a/b"}, "must be a plain file name"),
    "absolute": ({"fname": "/x"}, "must be a plain file name"),
    "NUL": ({"fname": "a\0b"}, "must be a plain file name"),
    "no hash to unpack": ({"extract": True}, "file_hash must be given with extract"),
    "no hash to untar": ({"untar": True}, "file_hash must be given with extract"),
    "wrong hash": ({"file_hash": "0" * 64}, "nothing was kept"),
    "wrong md5": ({"md5_hash": "0" * 32}, "nothing was kept"),
    "algorithm": ({"hash_algorithm": "crc"}, "hash_algorithm must be"),
    "format": ({"extract": True, "file_hash": sha256(CONTENT), "archive_format": "rar"},
               "archive_format must be"),
}  # fmt: skip


@pytest.mark.safety("N1")
@pytest.mark.parametrize("name", REFUSED)
def test_refused(net, cache, name):
    options, message = REFUSED[name]
    options = {"fname": "a.txt", "origin": net.address + "a.txt", **options}
    with pytest.raises(ValueError, match=message):
        get_file(cache_dir=cache, **options)
    assert kept(cache) in ([], ["datasets/a.txt"] if name == "format" else [])


@pytest.mark.safety("N1")
@pytest.mark.parametrize("to", ["file:///etc/passwd", "http://example.com/a", "ftp://x/a"])
def test_redirects_elsewhere(net, cache, to):
    net.files["away"] = redirect(to)
    with pytest.raises((ValueError, OSError)):
        get_file("a", net.address + "away", cache_dir=cache)
    assert kept(cache) == []


@pytest.mark.safety("N1")
def test_answers_that_are_cut(net, cache):
    net.files["cut"] = cut(b"half", 1000)
    with pytest.raises(OSError, match="ended after 4 of 1000 bytes"):
        get_file("a", net.address + "cut", cache_dir=cache)
    assert kept(cache) == []
    with pytest.raises(OSError, match="404 File not found"):
        get_file("a", net.address + "nothing", cache_dir=cache)
    assert kept(cache) == []


@pytest.mark.safety("N1")
def test_a_failed_update_leaves_the_old_file(net, cache):
    path = get_file("a.txt", net.address + "a.txt", cache_dir=cache)
    net.files["cut"] = cut(b"half", 1000)
    with pytest.raises(OSError, match="ended after"):
        get_file("a.txt", net.address + "cut", cache_dir=cache, force_download=True)
    assert kept(cache) == ["datasets/a.txt"]
    with open(path, "rb") as f:
        assert f.read() == CONTENT


def test_cache_folder(tmp_path, monkeypatch):
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "home"))
    assert cache_folder() == str(tmp_path / "home")
    assert cache_folder(tmp_path) == str(tmp_path)
    monkeypatch.delenv("KERAS_HOME")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert cache_folder() == str(tmp_path / ".keras")


def test_hashes(tmp_path):
    path = tmp_path / "a"
    path.write_bytes(CONTENT)
    assert hash_file(path) == sha256(CONTENT)
    assert validate_file(path, sha256(CONTENT).upper(), "auto")
    assert validate_file(path, hashlib.md5(CONTENT).hexdigest(), "md5", chunk_size=7)
    assert not validate_file(path, "0" * 64)
