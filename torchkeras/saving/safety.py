"""How much a file may ask for, and the checks of names that come from files.

A file selects from closed tables and fills what the model declares. The limits here keep the cost
of reading one in proportion to its size; every one can be raised by the caller, never by a file.
"""

import re
import unicodedata
from dataclasses import dataclass

from torchkeras._base.errors import ModelFileError as ModelFileError
from torchkeras._base.errors import UnsafeModelError as UnsafeModelError


@dataclass(frozen=True)
class LoadLimits:
    """Limits on what loading accepts; genuine files stay far below them.

    Args:
        config_bytes: Size of a model's config as JSON or YAML.
        config_depth: Depth of nesting in it.
        config_nodes: Number of entries in it.
        metadata_bytes: Size of `metadata.json`.
        members: Number of members of a `.keras` archive.
        name_bytes: Length of a member's name.
        ratio: Bytes that one stored byte may expand to, above 1 MiB.
        h5_objects: Number of groups and datasets of an HDF5 file.
        h5_depth: Depth of its groups.
        h5_attribute_bytes: Size of all attributes of an HDF5 file.
        parameters: Number of weights that a config without a weights file may create.
        slack_bytes: Memory that a load may take beside what the file's size accounts for.

    >>> LoadLimits(parameters=10**12).members
    10000
    """

    config_bytes: int = 64 << 20
    config_depth: int = 64
    config_nodes: int = 1_000_000
    metadata_bytes: int = 1 << 20
    members: int = 10_000
    name_bytes: int = 1024
    ratio: int = 100
    h5_objects: int = 1_000_000
    h5_depth: int = 64
    h5_attribute_bytes: int = 64 << 20
    parameters: int = 2**31
    slack_bytes: int = 64 << 20


DEFAULT_LIMITS = LoadLimits()

_DRIVE = re.compile(r"^[A-Za-z]:")


def is_plain_component(name: str) -> bool:
    """Tell whether a name can stand between two slashes and mean only itself."""
    return (
        name not in ("", ".", "..")
        and len(name.encode("utf-8", "surrogatepass")) <= 255
        and not any(c in "/\\" or unicodedata.category(c) in ("Cc", "Cs") for c in name)
    )


def is_plain_path(name: str) -> bool:
    """Tell whether a relative path stays below the folder it is put in, on every system."""
    parts = name.split("/")
    return all(is_plain_component(part) and not _DRIVE.match(part) for part in parts)
