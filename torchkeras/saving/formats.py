"""The table of file formats. A name's longest known suffix decides."""

from torchkeras.saving import archive, weights_file
from torchkeras.saving.format import Format

FORMATS = (
    Format(
        (".keras",),
        archive.save_model,
        archive.load_model,
        load_weights=archive.load_weights,
    ),
    Format(
        (".weights.h5",),
        save_weights=weights_file.save_weights,
        load_weights=weights_file.load_weights,
    ),
)


def suffixes(action: str) -> list[str]:
    """Return the suffixes of the formats that can do something, `"save_model"` for example."""
    return [s for f in FORMATS if getattr(f, action) is not None for s in f.suffixes]


def find(owner: str, path: str, action: str) -> Format:
    """Return the format of a file's name.

    Raises:
        ValueError: if the suffix is unknown, or its format cannot do the action.
    """
    known = sorted((s, f) for f in FORMATS for s in f.suffixes if path.endswith(s))
    best = max(known, key=lambda entry: len(entry[0]), default=None)
    if best is not None and getattr(best[1], action) is not None:
        return best[1]
    hint = f" {_hint(best[1], action)}" if best is not None else ""
    listed = ", ".join(repr(s) for s in suffixes(action))
    raise ValueError(
        f"{owner}: the file name must end in one of {listed}.{hint} Received: filepath={path!r}."
    )


def _hint(found: Format, action: str) -> str:
    """Say what a known format is for, when it is not for this."""
    other = action.replace("model", "weights") if "model" in action else action
    if other != action and getattr(found, other) is not None:
        return f"{other}() is for {found.suffixes[0]!r}, which holds weights alone."
    return f"{found.suffixes[0]!r} holds an architecture without weights."
