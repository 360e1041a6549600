"""A part of a file that is being written, handed to a library as a file of its own."""

import io
import os
from typing import Any

from torchkeras._base.files import Writer

_SPILL = 4 << 20  # bytes that stay in memory


class Region(io.RawIOBase):
    """The end of a file that is being written, as a file of its own that can be read back.

    For a library that cannot be trusted with an error in the middle: the first one is kept for
    `check`, and what follows it goes nowhere. Its many small writes at the beginning are kept in
    memory until they are worth a call.

    Args:
        out: The file.
        start: Where in it the region begins; it reaches to the end of what is written.
    """

    def __init__(self, out: Writer, start: int = 0) -> None:
        self.start, self.size = start, 0
        self._fd, self._at = out.fd, 0
        self._error: BaseException | None = None
        self._memory: io.BytesIO | None = io.BytesIO()

    def check(self) -> None:
        """Raise the error that writing or reading met."""
        if self._error is not None:
            raise self._error

    def finish(self) -> None:
        """Bring to the file what is still in memory; raise the error that was met."""
        self._spill()
        self.check()

    def _spill(self) -> None:
        memory, self._memory = self._memory, None
        if memory is not None:
            at = self._at
            self.seek(0)
            self.write(memory.getbuffer())
            self._at = at

    def write(self, data: Any) -> int:
        """Write all bytes at the offset."""
        view = memoryview(data).cast("B")
        size = view.nbytes
        if self._memory is not None and self._at + size > _SPILL:
            self._spill()
        if self._memory is not None:
            self._memory.seek(self._at)
            self._memory.write(view)
        elif self._error is None:
            try:
                os.lseek(self._fd, self.start + self._at, os.SEEK_SET)
                while view:
                    view = view[os.write(self._fd, view) :]
            except BaseException as e:  # KeyboardInterrupt too
                self._error = e
        self._at += size
        self.size = max(self.size, self._at)
        return size

    def readinto(self, buffer: Any) -> int:
        """Fill the buffer as far as the region goes."""
        view = memoryview(buffer).cast("B")[: max(0, self.size - self._at)]
        done = 0
        if self._memory is not None:
            self._memory.seek(self._at)
            done = self._memory.readinto(view)
            self._at += done
            return done
        try:
            os.lseek(self._fd, self.start + self._at, os.SEEK_SET)
            while done < view.nbytes and (piece := os.read(self._fd, view.nbytes - done)):
                view[done : done + len(piece)] = piece
                done += len(piece)
        except BaseException as e:
            self._error = self._error or e
        self._at += done
        return done

    def truncate(self, size: int | None = None) -> int:
        """Cut or extend the region."""
        size = self._at if size is None else size
        if self._memory is not None and size > _SPILL:
            self._spill()
        try:
            if self._memory is not None:
                self._memory.truncate(size)
                self._memory.seek(0, os.SEEK_END)
                self._memory.write(bytes(size - self._memory.tell()))
            elif self._error is None:
                os.ftruncate(self._fd, self.start + size)
        except BaseException as e:
            self._error = e
        self.size = size
        return size

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Move to an offset within the region."""
        base = {os.SEEK_SET: 0, os.SEEK_CUR: self._at, os.SEEK_END: self.size}[whence]
        self._at = max(0, base + offset)
        return self._at

    def tell(self) -> int:
        """Return the offset within the region."""
        return self._at

    def readable(self) -> bool:
        """Tell that `readinto` works."""
        return True

    def writable(self) -> bool:
        """Tell that `write` works."""
        return True

    def seekable(self) -> bool:
        """Tell that `seek` works."""
        return True
