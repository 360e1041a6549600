"""The one reader of HDF5 files: everything is checked before any data is touched.

HDF5 can do far more than Keras asks of it: data in other files, links, plugins that unpack data,
types of its own. All of that is refused by what the file declares, before libhdf5 acts on it.
"""

import zlib
from dataclasses import dataclass, replace
from typing import Any, BinaryIO

import numpy as np

from torchkeras._base.optional import require
from torchkeras.core.dtypes import EXTENSION_DTYPES
from torchkeras.saving.h5.attributes import Attributes
from torchkeras.saving.safety import DEFAULT_LIMITS, LoadLimits, ModelFileError, UnsafeModelError

CHECKSUM = "torchkeras_crc32"  # attribute of a dataset: CRC-32 of its bytes; Keras ignores it

_SIGNATURE = b"\x89HDF\r\n\x1a\n"
_CHUNK_FREE = 1 << 20  # a chunk of up to 1 MiB is never suspicious
_TYPE_ATTRIBUTE_BYTES = 64
_FILTERS = frozenset({1, 2, 3})  # deflate, shuffle, fletcher32: all that Keras's users can meet


@dataclass(frozen=True)
class Dataset:
    """What a dataset declares, after the checks."""

    path: str
    shape: tuple[int, ...]
    dtype: str  # Keras's name: "float32", "bfloat16", "bool", …
    nbytes: int


class H5Reader:
    """The groups and datasets of an HDF5 file.

    Args:
        file: The file, open for reading.
        path: Its name, for messages.
        inside: Name of the archive member it is, for messages.
        limits: What is accepted.

    Raises:
        ModelFileError: for a damaged file.
        UnsafeModelError: for links, data in other files, plugins and unknown types.
    """

    def __init__(
        self,
        file: BinaryIO,
        path: str,
        inside: str | None = None,
        limits: LoadLimits = DEFAULT_LIMITS,
    ) -> None:
        self._h5 = require("h5py")
        self._path, self._inside, self._limits = path, inside, limits
        self.groups: set[str] = set()
        self.datasets: dict[str, Dataset] = {}
        self._seen: set[int] = set()
        self._attribute_bytes = self._objects = self._stored_bytes = 0
        self._labelled: list[tuple[Dataset, Any]] = []  # with an attribute "dtype"
        self._file_size = file.seek(0, 2)
        file.seek(0)
        if file.read(len(_SIGNATURE)) != _SIGNATURE:
            # libhdf5 would go on looking for it at 512, 1024, …, behind a block of anything
            raise self._no_h5(file)
        try:
            self._file = self._h5.File(file, "r")
            self._walk(self._file.id, "", 0)
            for dataset, handle in self._labelled:
                dtype = self._labelled_dtype(handle, dataset.path)
                self.datasets[dataset.path] = replace(dataset, dtype=dtype)
            self.attributes = Attributes(
                self._h5,
                self._file,
                file,
                self._file_size - self._stored_bytes,
                limits.h5_attribute_bytes,
                self._error,
            )
        except (ModelFileError, MemoryError):
            raise
        except Exception as e:  # whatever h5py makes of a damaged file
            if isinstance(e, OSError) and e.errno is not None and e.errno != 22:
                raise  # the device failed, not the file
            raise self._error(f"damaged or truncated HDF5 file ({type(e).__name__})") from e

    def _no_h5(self, file: BinaryIO) -> ModelFileError:
        file.seek(0)
        head = file.read(8192)
        if any(head[at : at + 8] == _SIGNATURE for at in (512, 1024, 2048, 4096)):
            return self._unsafe("an HDF5 file with a user block is refused", "")
        return self._error("truncated or not an HDF5 file")

    def _error(self, message: str, at: str = "", kind: Any = ModelFileError) -> ModelFileError:
        where = ": ".join(part for part in (self._inside, at) if part)
        return kind(f"{message}.", path=self._path, where=where or None)

    def _unsafe(self, message: str, at: str) -> ModelFileError:
        return self._error(message, at, UnsafeModelError)

    def close(self) -> None:
        """Close the HDF5 file; the Python file stays open."""
        self._file.close()

    def __enter__(self) -> "H5Reader":
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def children(self, group: str) -> dict[str, Dataset]:
        """Return the datasets directly in a group, by name."""
        prefix = f"{group}/" if group else ""
        return {d.path[len(prefix) :]: d for d in self._by_group.get(group, ())}

    @property
    def _by_group(self) -> dict[str, list[Dataset]]:
        table: dict[str, list[Dataset]] | None = self.__dict__.get("_table")
        if table is None:
            table = self.__dict__["_table"] = {}
            for d in self.datasets.values():
                table.setdefault(d.path.rpartition("/")[0], []).append(d)
        return table

    # ---------------------------------------------------------------------- the walk

    def _walk(self, group: Any, prefix: str, depth: int) -> None:
        h5 = self._h5
        if depth > self._limits.h5_depth:
            raise self._error(f"groups are nested deeper than {self._limits.h5_depth}", prefix)
        self._check_object(group, prefix)
        for raw in group:
            try:
                name = raw.decode("utf-8")
            except UnicodeDecodeError as e:
                raise self._error("a name is not UTF-8", prefix) from e
            at = f"{prefix}/{name}" if prefix else name
            if group.links.get_info(raw).type != h5.h5l.TYPE_HARD:
                raise self._unsafe("a link is refused; only objects of this file are read", at)
            child = h5.h5o.open(group, raw)
            if isinstance(child, h5.h5g.GroupID):
                self.groups.add(at)
                self._walk(child, at, depth + 1)
            elif isinstance(child, h5.h5d.DatasetID):
                self._check_object(child, at)
                self.datasets[at] = self._check_dataset(child, at)
            else:
                raise self._unsafe("a named type is refused; groups and datasets are read", at)

    def _check_object(self, obj: Any, at: str) -> None:
        self._objects += 1
        if self._objects > self._limits.h5_objects:
            raise self._error(f"more than {self._limits.h5_objects} objects", at)
        address = self._h5.h5o.get_info(obj).addr
        if address in self._seen:
            raise self._error("two names lead to one object, or a group contains itself", at)
        self._seen.add(address)
        for i in range(self._h5.h5a.get_num_attrs(obj)):
            attribute = self._h5.h5a.open(obj, index=i)
            count = attribute.get_space().get_simple_extent_npoints()
            self._attribute_bytes += count * attribute.get_type().get_size()
            if self._attribute_bytes > self._limits.h5_attribute_bytes:
                raise self._error("the attributes are over the size limit", at)

    def _check_dataset(self, dataset: Any, at: str) -> Dataset:
        h5 = self._h5
        plan = dataset.get_create_plist()
        layout = plan.get_layout()
        if layout == h5.h5d.VIRTUAL or plan.get_external_count():
            raise self._unsafe("data in another file are refused", at)
        filters = [plan.get_filter(i)[0] for i in range(plan.get_nfilters())]
        if not _FILTERS.issuperset(filters):
            raise self._unsafe(f"filters {filters} are refused; gzip and shuffle are read", at)
        space = dataset.get_space()
        kind = space.get_simple_extent_type()
        if kind not in (h5.h5s.SIMPLE, h5.h5s.SCALAR):
            raise self._error("a dataset without a shape", at)
        shape = tuple(int(n) for n in space.get_simple_extent_dims())
        element = dataset.get_type()
        if element.committed():
            raise self._unsafe("a named type is refused", at)
        count = 1
        for n in shape:
            count *= n
        nbytes = count * element.get_size()
        self._check_storage(dataset, plan, layout, nbytes, at)
        labelled = h5.h5a.exists(dataset, b"dtype")
        found = Dataset(at, shape, "" if labelled else self._dtype(element, at), nbytes)
        if labelled:
            self._labelled.append((found, dataset))
        return found

    def _check_storage(self, dataset: Any, plan: Any, layout: int, nbytes: int, at: str) -> None:
        """Check that the file holds what it declares: reading allocates by the declaration."""
        stored = dataset.get_storage_size()
        self._stored_bytes += stored
        least = nbytes
        if layout == self._h5.h5d.CHUNKED:
            least = -(-nbytes // self._limits.ratio)
            chunk = dataset.get_type().get_size()
            for n in plan.get_chunk():
                chunk *= n
            if chunk > max(_CHUNK_FREE, nbytes):
                raise self._error("a chunk is larger than its dataset", at)
        if stored < least or stored > self._file_size:
            raise self._error(
                f"{nbytes} bytes are declared and {stored} are stored: a part of the file is "
                "missing, or it never held them",
                at,
            )

    def _dtype(self, element: Any, at: str) -> str:
        """Return Keras's name of the element type; anything but plain numbers is refused."""
        h5 = self._h5
        family = element.get_class()
        if family in (h5.h5t.INTEGER, h5.h5t.FLOAT):
            dtype = element.dtype
            little, big = (h5.h5t.py_create(dtype.newbyteorder(order)) for order in "<>")
            # numpy's nearest type may differ from what the file describes
            if dtype.itemsize <= 8 and (element.equal(little) or element.equal(big)):
                return dtype.name
        if family == h5.h5t.ENUM and element.get_size() == 1 and element.dtype == np.bool_:
            return "bool"
        raise self._error("its elements are not plain numbers", at)

    def _labelled_dtype(self, dataset: Any, at: str) -> str:
        """Return the dtype that the attribute names: HDF5 has no bfloat16 and no float8."""
        h5 = self._h5
        element = dataset.get_type()
        attribute = h5.h5a.open(dataset, b"dtype")
        text = isinstance(attribute.get_type(), h5.h5t.TypeStringID) and attribute.shape == ()
        if not text or attribute.get_type().get_size() > _TYPE_ATTRIBUTE_BYTES:
            raise self._error("its attribute dtype must be a short string", at)
        name = self._text(attribute)
        if name not in EXTENSION_DTYPES:
            plain = self._dtype(element, at)
            if name == plain:
                return plain
        else:
            family = element.get_class()
            unsigned = family == h5.h5t.INTEGER and element.get_sign() == h5.h5t.SGN_NONE
            size = EXTENSION_DTYPES[name][0].itemsize
            if element.get_size() == size and (family == h5.h5t.OPAQUE or unsigned):
                return name
        raise self._error(f"its elements are not of the dtype {name[:40]!r} it declares", at)

    def _text(self, attribute: Any) -> str:
        """Read a string attribute; HDF5 tells the length only of the fixed-length ones."""
        rest = self._file_size - self._stored_bytes
        most = self._limits.h5_attribute_bytes + 1024 * self._objects
        if attribute.get_type().is_variable_str() and rest > most:
            raise self._error("the attributes may be over the size limit")
        value = np.empty((), dtype=attribute.dtype)
        attribute.read(value)
        raw = value[()]
        return raw.decode("utf-8", "replace") if isinstance(raw, bytes) else str(raw)

    # ---------------------------------------------------------------------- the data

    def read(self, dataset: Dataset) -> np.ndarray:
        """Return a dataset's data in its own dtype; the caller has checked its shape.

        Raises:
            ModelFileError: if they cannot be read, or differ from their checksum.
        """
        at = dataset.path
        try:
            handle = self._file[at].id
            if dataset.dtype in EXTENSION_DTYPES:
                value = np.empty(dataset.shape, EXTENSION_DTYPES[dataset.dtype][0])
                self._fill(handle, value.view(handle.dtype), handle.get_type())
            else:
                value = np.empty(dataset.shape, dataset.dtype)
                self._fill(handle, value, None)
            checksum = self._checksum(handle, at)
        except (ModelFileError, MemoryError):
            raise
        except Exception as e:
            if isinstance(e, OSError) and e.errno is not None and e.errno != 22:
                raise
            raise self._error(f"its data cannot be read ({type(e).__name__})", at) from e
        if checksum is not None and checksum != crc32(value):
            raise self._error("damaged: its data differ from their checksum", at)
        return value

    def _fill(self, handle: Any, value: np.ndarray, kind: Any) -> None:
        if value.size:
            handle.read(self._h5.h5s.ALL, self._h5.h5s.ALL, value, kind)

    def _checksum(self, handle: Any, at: str) -> int | None:
        name = CHECKSUM.encode()
        if not self._h5.h5a.exists(handle, name):
            return None
        attribute = self._h5.h5a.open(handle, name)
        if attribute.dtype != np.dtype("uint32") or attribute.shape != ():
            raise self._error(f"the attribute {CHECKSUM} must be a uint32", at)
        value = np.empty((), "uint32")
        attribute.read(value)
        return int(value)


def crc32(value: np.ndarray) -> int:
    """Return the CRC-32 of an array's little-endian bytes."""
    value = np.ascontiguousarray(value)
    if value.dtype.byteorder == ">":
        value = value.astype(value.dtype.newbyteorder("<"))
    return zlib.crc32(value.reshape(-1).view(np.uint8)) if value.size else 0
