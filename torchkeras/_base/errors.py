"""The errors of reading files and configs that somebody else wrote."""

_LONGEST = 500


def _shown(text: str) -> str:
    """Escape control characters and cut: file content must not reach a terminal raw."""
    text = "".join(c if c.isprintable() else repr(c)[1:-1] for c in text.replace("\n", " "))
    return text if len(text) <= _LONGEST else text[: _LONGEST - 3] + "..."


class ModelFileError(ValueError):
    """A malformed file or config.

    Args:
        message: What is wrong, what is accepted and what came.
        path: The file, if there is one.
        where: Place in it: an archive member, an HDF5 path or a JSON path.
    """

    def __init__(self, message: str, *, path: str | None = None, where: str | None = None) -> None:
        place = ": ".join(str(p) for p in (path, where) if p)
        super().__init__(_shown(f"{place}: {message}" if place else message))
        self.message = message
        self.path = path
        self.where = where


class UnsafeModelError(ModelFileError, TypeError):
    """A file or config that asks for something which is refused: code, another file, a stranger."""
