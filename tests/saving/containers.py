"""One hostile config, or one hostile weights file, in every container that can hold it.

A new format joins the tables: a function that puts a config (bytes of JSON) or an edited HDF5
file where the format has it. `good` is the folder of `hostile.make_good_files`.
"""

import io
import json
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h5py
from saving.damage import edit_h5, rezip

# ------------------------------------------------------------------ configs


@dataclass(frozen=True)
class Container:
    """How a config is held.

    Args:
        make: `(good, text) -> bytes`, or a dict of a folder's files.
        kind: How it is loaded.
        suffix: End of the file's name.
        options: Whether the load takes `cast=` and the like.
    """

    make: Any
    kind: str = "keras"
    suffix: str | None = None
    options: bool = True


def as_text(good, text):
    return text


def as_archive(good, text):
    return rezip(good / "good.keras", {"config.json": text})


def as_folder(good, text):
    names = ("metadata.json", "model.weights.h5")
    return {"config.json": text, **{n: (good / "good" / n).read_bytes() for n in names}}


def as_h5(good, text):
    """The config in an attribute; what `compile` was given, in Keras 2's form, in another."""
    file = io.BytesIO()
    with h5py.File(good / "good.h5") as old, h5py.File(file, "w", libver="latest") as new:
        for name in old:
            old.copy(name, new)
        for name, value in old.attrs.items():
            new.attrs[name] = value
        new.attrs["model_config"] = text if isinstance(text, str) else text.decode("utf-8")
        try:
            given = json.loads(text)["compile_config"]
        except (ValueError, KeyError, TypeError, RecursionError):
            given = {}
        training = {k: given[k] for k in ("loss", "metrics") if k in given}
        training["optimizer_config"] = given.get("optimizer")
        new.attrs["training_config"] = json.dumps(training)
    return file.getvalue()


CONFIGS = {
    "keras": Container(as_archive),
    "model_from_json": Container(as_text, "json", options=False),
    "folder": Container(as_folder),
    "h5": Container(as_h5, suffix=".h5"),
    "json file": Container(as_text, suffix=".json"),
    "model_from_yaml": Container(as_text, "yaml", options=False),  # JSON is YAML, too
    "yaml file": Container(as_text, suffix=".yaml"),
    "from_config": Container(as_text, "object", options=False),
}


def add_config(batch, name, change, expect, where=None, leave_out=(), **options):
    """Add a case of a changed config in the containers that the batch chooses.

    Args:
        batch: The batch.
        name: Name of the case.
        change: `change(config)` edits the good config or returns another one.
        expect: Class of the error.
        where: What the message must name.
        leave_out: Containers that cannot hold the case.
        options: Arguments of the load.
    """
    good = json.loads((batch.folder / "good.json").read_bytes())
    text = json.dumps(change(good) or good).encode()
    add_text(batch, name, text, expect, where, leave_out, **options)


def add_text(batch, name, text, expect, where=None, leave_out=(), **options):
    """Add a case of a text where a config should be."""
    usable = [
        c for c, how in CONFIGS.items() if c not in leave_out and (how.options or not options)
    ]
    for container in batch.choose(usable):
        how = CONFIGS[container]
        data = how.make(batch.folder, text)
        batch.add(f"{name} ({container})", data, expect, how.kind, where, how.suffix, **options)


# ------------------------------------------------------------------ weights

P = "layers/dense/vars/0"  # a kernel, in Keras 3's files …
OLD = "model_weights/dense/sequential/dense/kernel"  # … and in those of whole models of Keras 2


def weights_file(good, change):
    return edited(good / "good.weights.h5", change, P)


def in_archive(good, change):
    data = edited(good / "good" / "model.weights.h5", change, P)
    return rezip(good / "good.keras", {"model.weights.h5": data})


def in_folder(good, change):
    data = edited(good / "good" / "model.weights.h5", change, P)
    names = ("metadata.json", "config.json")
    files = {n: (good / "good" / n).read_bytes() for n in names}
    return {**files, "model.weights.h5": data}


def whole_h5(good, change):
    return edited(good / "good.h5", change, OLD)


def edited(source: Path, change, path):
    """`change` is new content, or `change(path of the kernel)` an edit of an open file."""
    if isinstance(change, bytes):
        return change
    return edit_h5(source, change(path))


WEIGHTS = {
    "weights.h5": Container(weights_file, "weights"),
    "keras": Container(in_archive),
    "h5": Container(whole_h5, suffix=".h5"),
    "folder": Container(in_folder),
    "h5 weights": Container(whole_h5, "weights", ".h5"),
}


def add_weights(batch, name, change, expect, where=None, only=None, **options):
    """Add a case of a changed weights file in the containers that the batch chooses.

    Args:
        batch: The batch.
        name: Name of the case.
        change: Content of an HDF5 file, or `change(path) -> edit(file)`, where the path is the
            kernel's of the layer `dense`.
        expect: Class of the error.
        where: What the message must name; `"PATH"` stands for the kernel's path.
        only: Containers that can hold the case; None: all.
        options: Arguments of the load.
    """
    for container in batch.choose(only or WEIGHTS):
        how = WEIGHTS[container]
        data = how.make(batch.folder, change)
        path = OLD if how.make is whole_h5 else P
        place = where.replace("PATH", path) if where else None
        batch.add(f"{name} ({container})", data, expect, how.kind, place, how.suffix, **options)


def members(data):
    """(info, content) of each member of an archive."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return [(i, archive.read(i)) for i in archive.infolist()]
