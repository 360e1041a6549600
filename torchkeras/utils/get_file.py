"""Files from the network, once: checked, cached, unpacked without surprises."""

import hashlib
import os
import shutil
import stat
import tarfile
import tempfile
import urllib.error
import urllib.parse
import urllib.request
import zipfile
from collections.abc import Sequence
from typing import Any

from torchkeras._base.files import atomic_writer
from torchkeras.callbacks.progress import Progbar
from torchkeras.saving.safety import is_plain_component

_CHUNK = 1 << 16
_SECONDS = 60  # without an answer
_MEMBERS = 200_000
_RATIO = 200  # bytes that one byte of an archive may become
_SLACK = 64 << 20
_LOOPBACK = ("localhost", "127.0.0.1", "::1")


def get_file(
    fname: str | os.PathLike[str] | None = None,
    origin: str | None = None,
    untar: bool = False,
    md5_hash: str | None = None,
    file_hash: str | None = None,
    cache_subdir: str = "datasets",
    hash_algorithm: str = "auto",
    extract: bool = False,
    archive_format: str | Sequence[str] | None = "auto",
    cache_dir: str | os.PathLike[str] | None = None,
    force_download: bool = False,
) -> str:
    """Return the path of a file of the network, which is fetched if the cache does not hold it.

    It is there complete and with the right hash, or not at all.

    Args:
        fname: Name in the cache; None: the last part of the address. With `extract`, a name
            without a dot is that of the folder that the archive is unpacked to.
        origin: Address: `https`, or `http` on this machine.
        untar: Old word for `extract`.
        md5_hash: Old word for `file_hash`.
        file_hash: MD5 or SHA-256 of the file, needed with `extract`.
        cache_subdir: Folder in the cache, or an absolute one.
        hash_algorithm: `"md5"`, `"sha256"` or `"auto"`.
        extract: Whether the file is an archive to unpack.
        archive_format: `"tar"`, `"zip"`, a list of these, or `"auto"` for both.
        cache_dir: The cache; None: `$KERAS_HOME`, or `~/.keras`.
        force_download: Whether the file is fetched even if it is there.

    Raises:
        ValueError: for another kind of address, a name that is none, a wrong hash, or an archive
            that holds links, devices, paths that leave its folder, or too much.
        OSError: if it cannot be fetched or written.
    """
    if origin is None:
        raise ValueError('get_file: origin must be given, as "https://…". Received: origin=None.')
    _check_address(origin)
    extract = extract or untar
    name = os.fspath(fname) if fname is not None else _last_part(origin)
    if not is_plain_component(name):
        raise ValueError(f"get_file: fname must be a plain file name. Received: {name!r}.")
    if file_hash is None and md5_hash is not None:
        file_hash, hash_algorithm = md5_hash, "md5"
    if extract and file_hash is None:
        raise ValueError(
            "get_file: file_hash must be given with extract=True: what an archive holds is put "
            "on the disk unseen. Received: file_hash=None."
        )
    folder = os.path.join(cache_folder(cache_dir), cache_subdir)
    os.makedirs(folder, exist_ok=True)
    target, unpacked = os.path.join(folder, name), None
    if extract:
        stem, dot, _ = name.partition(".")
        unpacked = os.path.join(folder, f"{stem}_extracted" if dot else name)
        target = target if dot else f"{target}_archive"

    kept = os.path.isfile(target) and not force_download
    if kept and file_hash is not None and not validate_file(target, file_hash, hash_algorithm):
        kept = False  # cut or changed: it is fetched anew
    if not kept:
        _download(origin, target, file_hash, hash_algorithm)
    if unpacked is None:
        return target
    if not kept or not os.path.isdir(unpacked):
        _unpack(target, unpacked, archive_format)
    return unpacked


def cache_folder(cache_dir: str | os.PathLike[str] | None = None) -> str:
    """Return the cache's folder: as given, `$KERAS_HOME`, `~/.keras`, or one in the temporary."""
    if cache_dir is not None:
        return os.path.expanduser(os.fspath(cache_dir))
    home = os.environ.get("KERAS_HOME") or os.path.join(os.path.expanduser("~"), ".keras")
    try:
        os.makedirs(home, exist_ok=True)
    except OSError:
        home = ""
    if not home or not os.access(home, os.W_OK):
        return os.path.join(tempfile.gettempdir(), ".keras")
    return home


def validate_file(
    fpath: str | os.PathLike[str],
    file_hash: str,
    algorithm: str = "auto",
    chunk_size: int = _CHUNK,
) -> bool:
    """Tell whether a file has a hash.

    >>> import os, tempfile
    >>> name = os.path.join(tempfile.mkdtemp(), "a")
    >>> with open(name, "wb") as f: _ = f.write(b"hello")
    >>> validate_file(name, "5d41402abc4b2a76b9719d911017c592")
    True
    """
    return hash_file(fpath, _algorithm(algorithm, file_hash), chunk_size) == file_hash.lower()


def hash_file(
    fpath: str | os.PathLike[str], algorithm: str = "sha256", chunk_size: int = _CHUNK
) -> str:
    """Return a file's hash as hexadecimal digits."""
    found = hashlib.new(_algorithm(algorithm, ""))
    with open(fpath, "rb") as f:
        while chunk := f.read(chunk_size):
            found.update(chunk)
    return found.hexdigest()


def _algorithm(name: str, file_hash: str) -> str:
    if name not in ("auto", "md5", "sha256"):
        raise ValueError(
            f"get_file: hash_algorithm must be 'auto', 'md5' or 'sha256'. Received: {name!r}."
        )
    if name != "auto":
        return name
    return "md5" if len(file_hash) == 32 else "sha256"


# ------------------------------------------------------------------------------- the network


def _check_address(address: str) -> None:
    parts = urllib.parse.urlsplit(address)
    here = parts.scheme == "http" and parts.hostname in _LOOPBACK
    if parts.scheme != "https" and not here:
        raise ValueError(f"get_file: only https addresses are fetched. Received: {address!r}.")


def _last_part(origin: str) -> str:
    name = urllib.parse.unquote(urllib.parse.urlsplit(origin).path).rpartition("/")[2]
    if not name:
        raise ValueError(f"get_file: fname must be given: {origin!r} ends in none.")
    return name


class _Redirects(urllib.request.HTTPRedirectHandler):
    """Follows only to what would be fetched if it were given at once."""

    def redirect_request(self, req: Any, fp: Any, code: int, msg: str, headers: Any, newurl: str):
        _check_address(newurl)
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def _download(origin: str, target: str, file_hash: str | None, algorithm: str) -> None:
    opener = urllib.request.build_opener(_Redirects)
    request = urllib.request.Request(origin, headers={"User-Agent": "torchkeras"})
    print(f"Downloading data from {origin}")
    digest = hashlib.new(_algorithm(algorithm, file_hash or ""))
    try:
        with opener.open(request, timeout=_SECONDS) as answer, atomic_writer(target) as out:
            length = answer.headers.get("Content-Length", "")
            total = int(length) if length.isdigit() else None
            bar, done = Progbar(total, unit_name="byte"), 0
            while chunk := answer.read(_CHUNK):
                out.write(chunk)
                digest.update(chunk)
                done += len(chunk)
                bar.update(done)
            if total is not None and done != total:
                raise OSError(
                    f"get_file: {origin}: the answer ended after {done} of {total} bytes."
                )
            if file_hash is not None and digest.hexdigest() != file_hash.lower():
                raise ValueError(
                    f"get_file: {origin}: the {digest.name} hash is {digest.hexdigest()}, "
                    f"not {file_hash}; nothing was kept."
                )
    except urllib.error.HTTPError as e:
        raise OSError(f"get_file: {origin}: {e.code} {e.reason}.") from e
    except urllib.error.URLError as e:
        raise OSError(f"get_file: {origin}: {e.reason}.") from e


# ------------------------------------------------------------------------------- archives


def _unpack(path: str, target: str, archive_format: str | Sequence[str] | None) -> None:
    """Unpack an archive to a new folder, which takes its name at the end."""
    formats = [archive_format] if isinstance(archive_format, str) else list(archive_format or ())
    formats = [f for one in formats for f in (("tar", "zip") if one == "auto" else (one,))]
    for name in formats:
        if name not in ("tar", "zip"):
            raise ValueError(
                f"get_file: archive_format must be 'auto', 'tar' or 'zip'. Received: {name!r}."
            )
    if "tar" in formats and tarfile.is_tarfile(path):
        unpack = _unpack_tar
    elif "zip" in formats and zipfile.is_zipfile(path):
        unpack = _unpack_zip
    else:
        raise ValueError(f"get_file: {os.path.basename(path)}: no archive of {formats or 'any'}.")
    folder = tempfile.mkdtemp(prefix=f".{os.path.basename(target)}.", dir=os.path.dirname(target))
    try:
        unpack(path, folder)
        os.chmod(folder, 0o755)
        if os.path.lexists(target):
            shutil.rmtree(target)
        os.rename(folder, target)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise


class _Budget:
    """How much an archive may still become."""

    def __init__(self, path: str) -> None:
        self._name = os.path.basename(path)
        self._bytes = _RATIO * os.path.getsize(path) + _SLACK
        self._members = _MEMBERS

    def target(self, folder: str, member: str) -> str:
        """Return where a member goes; its name must stay below the folder."""
        self._members -= 1
        if self._members < 0:
            raise ValueError(f"get_file: {self._name}: more than {_MEMBERS} members.")
        parts = [p for p in member.split("/") if p not in ("", ".")]
        if member.startswith("/") or not all(is_plain_component(p) for p in parts):
            raise ValueError(f"get_file: {self._name}: {member!r} is no path inside the archive.")
        return os.path.join(folder, *parts)

    def copy(self, source: Any, path: str) -> None:
        """Write a member's content."""
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "xb") as out:
            while chunk := source.read(_CHUNK):
                self._bytes -= len(chunk)
                if self._bytes < 0:
                    raise ValueError(f"get_file: {self._name}: it unpacks to far more than it is.")
                out.write(chunk)


def _unpack_tar(path: str, folder: str) -> None:
    budget = _Budget(path)
    with tarfile.open(path) as archive:
        for member in archive:
            target = budget.target(folder, member.name)
            if member.isdir():
                os.makedirs(target, exist_ok=True)
            elif member.isreg():
                with archive.extractfile(member) as source:  # type: ignore[union-attr]
                    budget.copy(source, target)
            else:
                raise ValueError(
                    f"get_file: {os.path.basename(path)}: {member.name!r} is a link or a device."
                )


def _unpack_zip(path: str, folder: str) -> None:
    budget = _Budget(path)
    with zipfile.ZipFile(path) as archive:
        for member in archive.infolist():
            target = budget.target(folder, member.filename)
            if stat.S_ISLNK(member.external_attr >> 16):
                raise ValueError(
                    f"get_file: {os.path.basename(path)}: {member.filename!r} is a link."
                )
            if member.is_dir():
                os.makedirs(target, exist_ok=True)
            else:
                with archive.open(member) as source:
                    budget.copy(source, target)
