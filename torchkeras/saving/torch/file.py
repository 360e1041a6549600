"""Files of `torch.save`: written whole, read as plain data and tensors, never as a program.

A torch checkpoint is a zip archive of raw storages and one pickle that says what they are. torch's
`weights_only` unpickler runs that pickle in a closed world. Before it does, all CRCs are verified
here, which torch leaves out, and the pickle may name no more than dense tensors are made of: not
the sparse, quantized and meta ones, whose sizes are only claims.
"""

import pickletools
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch

from torchkeras._base.files import atomic_writer, open_regular
from torchkeras._base.region import Region
from torchkeras.saving.safety import LoadLimits, ModelFileError, UnsafeModelError
from torchkeras.saving.zip.reader import ZipReader

_SIDE_MEMBERS = frozenset(
    {"version", "byteorder", ".format_version", ".storage_alignment", ".data/serialization_id"}
)
_ADVICE = "Only dicts of tensors and plain values are read; save model.state_dict()."
_STORAGES = frozenset(
    f"torch {kind}Storage"
    for kind in ("Double", "Float", "Half", "BFloat16", "Long", "Int", "Short", "Char", "Byte",
                 "Bool", "ComplexFloat", "ComplexDouble")
)  # fmt: skip
_NAMES = _STORAGES | {
    "torch._utils _rebuild_tensor", "torch._utils _rebuild_tensor_v2",
    "torch._utils _rebuild_tensor_v3", "torch._utils _rebuild_parameter",
    "torch.storage UntypedStorage", "collections OrderedDict", "torch Size", "torch device",
}  # fmt: skip
# Further ways of a pickle to find an object, of which torch makes no use.
_OTHER_WAYS = frozenset({"STACK_GLOBAL", "INST", "EXT1", "EXT2", "EXT4", "NEXT_BUFFER"})
_PLAIN = (bool, int, float, str, type(None), torch.dtype, torch.device)


def write(path: str, content: Any) -> None:
    """Write what `torch.save` takes; the file is complete or it is not there."""
    with _checksums(), atomic_writer(path) as out:
        region = Region(out)  # torch's writer would make its own of an error in the middle
        try:
            torch.save(content, region)
        except RuntimeError:
            region.check()
            raise
        region.finish()


@contextmanager
def _checksums() -> Iterator[None]:
    """Let torch write CRCs, which a program may have switched off."""
    before = torch.serialization.get_crc32_options()
    torch.serialization.set_crc32_options(True)
    try:
        yield
    finally:
        torch.serialization.set_crc32_options(before)


def read(path: str, limits: LoadLimits) -> Any:
    """Return the content of a checkpoint: dicts, lists, plain values, and dense CPU tensors.

    Raises:
        ModelFileError: for a damaged file.
        UnsafeModelError: for a pickle alone, TorchScript, and objects that are more than data.
    """
    with open_regular(path) as file:
        _check_kind(file.read(512), path)
        archive = ZipReader(file, path, limits)
        top = _check_members(archive, path)
        archive.verify()
        program = f"{top}data.pkl"
        _check_program(archive.read(program, limits.config_bytes), path, program)
        file.seek(0)
        try:
            content = torch.load(file, map_location="cpu", weights_only=True, mmap=False)
        except MemoryError:
            raise
        except Exception as e:  # whatever a malformed program makes of torch's unpickler
            raise ModelFileError(f"torch cannot read it: {e}", path=path, where=program) from e
    for count, _ in enumerate(_checked(content, "", 0, path, limits)):
        if count > limits.config_nodes:
            raise ModelFileError(f"more than {limits.config_nodes} entries.", path=path)
    return content


def _check_kind(start: bytes, path: str) -> None:
    if start[:2] == b"PK":
        return
    if start[257:262] == b"ustar":
        raise UnsafeModelError(f"a tar archive of pickles, of old torch. {_ADVICE}", path=path)
    if start[:1] in (b"\x80", b"(", b"c", b"}", b"]"):
        raise UnsafeModelError(f"a pickle, which is a program. {_ADVICE}", path=path)
    raise ModelFileError("truncated or no torch checkpoint.", path=path)


def _check_members(archive: ZipReader, path: str) -> str:
    """Return the folder that all members are in."""
    tops = {name.partition("/")[0] for name in archive.members}
    top = f"{min(tops, default='')}/"
    for name, member in archive.members.items():
        inner = name.removeprefix(top)
        if len(tops) == 1 and (inner == "constants.pkl" or inner.startswith("code/")):
            raise UnsafeModelError(f"TorchScript, which is a program. {_ADVICE}", path=path)
        folder, _, number = inner.partition("/")
        known = inner == "data.pkl" or inner in _SIDE_MEMBERS
        if len(tops) != 1 or not (known or (folder == "data" and number.isdecimal())):
            raise ModelFileError("no member of a torch checkpoint.", path=path, where=name)
        if member.stored != member.size or member.method:
            raise ModelFileError("torch stores its data unpacked.", path=path, where=name)
    if f"{top}data.pkl" not in archive.members:
        raise ModelFileError("data.pkl is missing: no torch checkpoint.", path=path)
    return top


def _check_program(program: bytes, path: str, where: str) -> None:
    """Look through a pickle, without running it, for the names that it would look up."""
    try:
        for name in _names(program):
            module, _, last = name.partition(" ")
            if name not in _NAMES and not (module == "torch" and _is_dtype(last)):
                shown = name.replace(" ", ".")
                raise UnsafeModelError(f"it asks for {shown!r}. {_ADVICE}", path=path, where=where)
    except ModelFileError:
        raise
    except Exception as e:  # pickletools on what is no pickle
        raise ModelFileError(f"no pickle: {e}", path=path, where=where) from e


def _is_dtype(name: str) -> bool:
    return isinstance(getattr(torch, name, None), torch.dtype)


def _names(program: bytes) -> Iterator[str]:
    """Yield the `module name` of everything that a pickle names."""
    for code, argument, _ in pickletools.genops(program):
        if code.name == "GLOBAL":
            yield argument
        elif code.name in _OTHER_WAYS:
            yield f"pickle {code.name}"


def _checked(value: Any, at: str, depth: int, path: str, limits: LoadLimits) -> Iterator[None]:
    """Check a value and all in it; yield once for each, so that somebody can count."""
    yield
    if depth > limits.config_depth:
        raise ModelFileError(
            f"nested deeper than {limits.config_depth}.", path=path, where=at[:100]
        )
    if isinstance(value, torch.Tensor):
        _check_tensor(value, at, path)
    elif isinstance(value, dict):
        for key, entry in value.items():
            if not isinstance(key, (str, int)):
                raise ModelFileError("a key must be a string.", path=path, where=at)
            yield from _checked(entry, f"{at}.{key}" if at else str(key), depth + 1, path, limits)
    elif isinstance(value, (list, tuple)):
        for i, entry in enumerate(value):
            yield from _checked(entry, f"{at}[{i}]", depth + 1, path, limits)
    elif not isinstance(value, _PLAIN):
        raise UnsafeModelError(f"it holds a {type(value).__name__}. {_ADVICE}", path=path, where=at)


def _check_tensor(tensor: torch.Tensor, at: str, path: str) -> None:
    plain = type(tensor) in (torch.Tensor, torch.nn.Parameter)
    if not plain or tensor.layout is not torch.strided or tensor.device.type != "cpu":
        raise UnsafeModelError(
            f"a tensor must be dense and have its data in the file. {_ADVICE}", path=path, where=at
        )
    if tensor.numel() * tensor.itemsize > tensor.untyped_storage().nbytes():
        raise ModelFileError(
            f"a tensor of shape {tuple(tensor.shape)} has only "
            f"{tensor.untyped_storage().nbytes()} bytes of data in the file.",
            path=path,
            where=at,
        )
