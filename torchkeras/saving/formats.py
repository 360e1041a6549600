"""The table of file formats. A name's longest known suffix decides."""

import os

from torchkeras.saving import architecture, npz_file, safetensors_file, shards, weights_file
from torchkeras.saving.format import Format
from torchkeras.saving.h5 import model as h5_model
from torchkeras.saving.torch import checkpoint
from torchkeras.saving.zip import archive, folder

FORMATS = (
    Format(
        (".keras",),
        archive.save_model,
        archive.load_model,
        load_weights=archive.load_weights,
    ),
    Format(
        (".weights.h5",),
        h5_model.save_model,  # which the name does not promise, but real Keras does it
        h5_model.load_model,
        save_weights=weights_file.save_weights,
        load_weights=weights_file.load_weights,
        by_name=True,
        by_path=True,
    ),
    Format(
        (".weights.json",),
        save_weights=shards.save_weights,
        load_weights=shards.load_weights,
        sharded=True,
        by_path=True,
    ),
    Format(
        (".h5", ".hdf5"),
        h5_model.save_model,
        h5_model.load_model,
        h5_model.save_weights,
        h5_model.load_weights,
        by_name=True,
    ),
    Format(
        (".pt", ".pth"),
        checkpoint.save_model,
        checkpoint.load_model,
        checkpoint.save_weights,
        checkpoint.load_weights,
    ),
    Format(
        (".safetensors",),
        save_weights=safetensors_file.save_weights,
        load_weights=safetensors_file.load_weights,
    ),
    Format((".npz",), save_weights=npz_file.save_weights, load_weights=npz_file.load_weights),
    Format((".json",), architecture.save_json, architecture.load_json),
    Format((".yaml", ".yml"), architecture.save_yaml, architecture.load_yaml),
)


SINGLE, SHARDED = shards.SHARD, shards.INDEX  # suffixes of weights in one file and in several

# What `zipped=False` writes: a folder, whose name may end in anything.
FOLDER = Format((), folder.save_model, folder.load_model, load_weights=folder.load_weights)


def suffixes(action: str) -> list[str]:
    """Return the suffixes of the formats that can do something, `"save_model"` for example."""
    return [s for f in FORMATS if getattr(f, action) is not None for s in f.suffixes]


def with_weights(action: str) -> tuple[str, ...]:
    """Return the suffixes of formats that can do something and hold weights, in one file."""
    return tuple(
        s
        for f in FORMATS
        if getattr(f, action) is not None and f.load_weights is not None and not f.sharded
        for s in f.suffixes
    )


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


def find_existing(owner: str, path: str, action: str) -> Format:
    """Return the format of what is there: a file's name tells it, a model's folder its content."""
    if os.path.lexists(os.path.join(path, archive.CONFIG)):
        return FOLDER
    return find(owner, path, action)


def _hint(found: Format, action: str) -> str:
    """Say what a known format is for, when it is not for this."""
    other = action.replace("model", "weights") if "model" in action else action
    if other != action and getattr(found, other) is not None:
        return f"{other}() is for {found.suffixes[0]!r}, which holds weights alone."
    return f"{found.suffixes[0]!r} holds an architecture without weights."
