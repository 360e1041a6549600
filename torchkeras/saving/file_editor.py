"""Looking into a file of weights, comparing it with a model, and writing it with changes."""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from torchkeras._base.check import received
from torchkeras._base.files import atomic_writer, check_local, open_regular
from torchkeras._base.region import Region
from torchkeras.saving import weights
from torchkeras.saving.h5.reader import H5Reader
from torchkeras.saving.safety import (
    DEFAULT_LIMITS,
    LoadLimits,
    ModelFileError,
    is_plain_component,
)
from torchkeras.saving.stores import H5Sink, as_array
from torchkeras.saving.text import parse_json
from torchkeras.saving.zip import archive
from torchkeras.saving.zip.reader import ZipReader

_SUFFIX = ".weights.h5"
_Tree = dict[str, Any]


class KerasFileEditor:
    """The weights of a `.keras` or `.weights.h5` file, to look at, to change and to write anew.

    An object (a layer, the optimizer) is named by its path as `summary` shows it, or by the last
    part of the path if only one object has it. The file that was opened is never changed.

    Args:
        filepath: The file.
        limits: What is accepted of it.

    Attributes:
        weights_dict: The weights as nested dicts of arrays: `{"layers": {"dense": {"0": …}}}`.
        metadata: Of a `.keras` file, what its `metadata.json` holds; else None.
        config: Of a `.keras` file, the model's config; else None.

    Raises:
        ValueError: for another suffix.
        ModelFileError: for a damaged file; `UnsafeModelError` for what is refused.

    >>> import os, tempfile
    >>> import torchkeras as keras
    >>> model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)])
    >>> name = os.path.join(tempfile.mkdtemp(), "m.weights.h5")
    >>> model.save_weights(name)
    >>> editor = keras.saving.KerasFileEditor(name)  # doctest: +ELLIPSIS
    Keras model file '...m.weights.h5'
    >>> editor.rename_object("dense", "dense_1")
    >>> editor.summary()
    Weights structure
    └─ layers
        └─ dense_1
            ├─ 0: shape=(3, 2), dtype=float32
            └─ 1: shape=(2,), dtype=float32
    """

    def __init__(self, filepath: Any, *, limits: LoadLimits = DEFAULT_LIMITS) -> None:
        self.filepath = check_local(filepath, "KerasFileEditor")
        self.metadata: dict[str, Any] | None = None
        self.config: dict[str, Any] | None = None
        self.object_metadata: dict[str, dict[str, str]] = {}
        self.weights_dict: _Tree = {}
        path = self.filepath
        if not path.endswith((".keras", _SUFFIX)):
            raise ValueError(
                "KerasFileEditor: the file name must end in '.keras' or '.weights.h5'. "
                f"{received('filepath', path)}"
            )
        with open_regular(path) as file:
            if path.endswith(_SUFFIX):
                self._read(H5Reader(file, path, limits=limits))
            else:
                members = ZipReader(file, path, limits)
                archive.check_members(members, path)
                for name, most in (
                    (archive.METADATA, limits.metadata_bytes),
                    (archive.CONFIG, limits.config_bytes),
                ):
                    value = parse_json(members.read(name, most), path, name, limits)
                    setattr(self, name.removesuffix(".json"), value)
                with members.open(archive.WEIGHTS) as content:
                    self._read(H5Reader(content, path, archive.WEIGHTS, limits))
        print(f"Keras model file {path!r}")
        if isinstance(self.metadata, dict) and "keras_version" in self.metadata:
            version, date = (self.metadata.get(k) for k in ("keras_version", "date_saved"))
            print(f"Saved with Keras {version} - date: {date}")

    def _read(self, source: H5Reader) -> None:
        with source:
            for group in sorted(source.groups, key=_natural):
                if group.rpartition("/")[2] == "vars":
                    name = source.attributes.text(group, "name")
                    if name is not None:
                        self.object_metadata["/" + group[:-5]] = {"name": name}
            for at in sorted(source.datasets, key=_natural):
                group, _, key = at.rpartition("/")
                *path, last = group.split("/")
                if last != "vars":
                    message = "a dataset that stands in no object's vars."
                    raise ModelFileError(message, path=self.filepath, where=at)
                node = self.weights_dict
                for part in path:
                    node = node.setdefault(part, {})
                if not isinstance(node, dict) or key in node:
                    message = "a weight and an object of the same name."
                    raise ModelFileError(message, path=self.filepath, where=at)
                node[key] = source.read(source.datasets[at])

    # ------------------------------------------------------------------ finding

    def _find(self, name: str) -> tuple[_Tree, str, str]:
        """Return the dict that holds an object, its key there, and its path."""
        if not isinstance(name, str):
            raise TypeError(f"KerasFileEditor: a name is needed. {received('object_name', name)}")
        wanted = name.strip("/")
        objects = {at: (parent, key) for parent, key, at in _objects(self.weights_dict)}
        if wanted in objects:
            return (*objects[wanted], wanted)
        if "/" in wanted:
            raise ValueError(f"Path {name!r} not found in model.")
        found = [at for at in objects if at.rpartition("/")[2] == wanted]
        if not found:
            raise ValueError(
                f"Object {name!r} does not appear in the file; `editor.summary()` lists all. "
                f"{received('object_name', name)}"
            )
        if len(found) > 1:
            raise ValueError(
                f"Name {name!r} occurs more than once in the model; try passing a complete path: "
                f"{', '.join(found[:10])}."
            )
        return (*objects[found[0]], found[0])

    def _checked(self, values: Any, at: str) -> _Tree:
        if not isinstance(values, Mapping):
            raise ValueError(
                "Argument `weights` should be a dict where keys are weight names (usually '0', "
                "'1', etc.) and values are NumPy arrays. "
                f"Received: type(weights)={type(values)}"
            )
        for key in values:
            _check_name(key)
        return {
            key: self._checked(value, f"{at}/{key}")
            if isinstance(value, Mapping)
            else np.array(as_array(value, f"{at}/{key}"))
            for key, value in values.items()
        }

    # ------------------------------------------------------------------ changes

    def rename_object(self, object_name: str, new_name: str) -> None:
        """Give an object (e.g. a layer) another name.

        Args:
            object_name: Its name or path.
            new_name: The last part of its path from now on.

        Raises:
            ValueError: for an unknown object, and for a new name that is a path or taken.
        """
        parent, key, at = self._find(object_name)
        if isinstance(new_name, str) and "/" in new_name:
            raise ValueError(
                "Argument `new_name` should be a leaf name, not a full path name. "
                f"Received: new_name={new_name!r}."
            )
        _check_name(new_name)
        if new_name in parent and new_name != key:
            raise ValueError(f"There is {new_name!r} beside {at!r} already. Delete it first.")
        items = [(new_name if k == key else k, v) for k, v in parent.items()]
        parent.clear()
        parent.update(items)
        above = at.rpartition("/")[0]
        self._move_names(at, f"{above}/{new_name}" if above else new_name)

    def delete_object(self, object_name: str) -> None:
        """Remove an object (e.g. a layer) with all under it.

        Args:
            object_name: Its name or path.
        """
        parent, key, at = self._find(object_name)
        del parent[key]
        self._move_names(at, None)

    def add_object(self, object_path: str, weights: Mapping[str, Any]) -> None:
        """Add an object (e.g. a layer), in place of one that has the path.

        Args:
            object_path: Its full path, e.g. `"layers/dense_2"`; what is above must be there.
            weights: Name -> array, e.g. `{"0": kernel, "1": bias}`; a dict in place of an array
                is an object below.
        """
        if not isinstance(object_path, str):
            raise TypeError(
                f"KerasFileEditor: a path is needed. {received('object_path', object_path)}"
            )
        *above, key = object_path.strip("/").split("/")
        node = self.weights_dict
        for i, part in enumerate(above):
            node = node.get(part)  # type: ignore[assignment]
            if not isinstance(node, dict):
                raise ValueError(f"Path {'/'.join(above[: i + 1])!r} not found in model.")
        _check_name(key)
        if key in node and not isinstance(node[key], dict):
            raise ValueError(f"{object_path!r} is a weight, not an object.")
        node[key] = self._checked(weights, object_path)

    def delete_weight(self, object_name: str, weight_name: str) -> None:
        """Remove a weight of an object.

        Args:
            object_name: The object's name or path.
            weight_name: The weight's name, e.g. `"0"`.
        """
        node = self._object(object_name)
        if isinstance(node.get(weight_name), dict) or weight_name not in node:
            found = [k for k, v in node.items() if not isinstance(v, dict)]
            raise ValueError(
                f"Weight {weight_name} not found in object {object_name}. Weights found: {found}"
            )
        del node[weight_name]

    def add_weights(self, object_name: str, weights: Mapping[str, Any]) -> None:
        """Add weights to an object, or put others in their place.

        Args:
            object_name: The object's name or path.
            weights: Name -> array.
        """
        node = self._object(object_name)
        node.update(self._checked(weights, object_name))

    def _object(self, name: str) -> _Tree:
        parent, key, _ = self._find(name)
        return parent[key]

    def _move_names(self, old: str, new: str | None) -> None:
        """Keep the names that objects have for themselves at the objects."""
        moved = {}
        for at, value in self.object_metadata.items():
            inside = at == f"/{old}" or at.startswith(f"/{old}/")
            if not inside:
                moved[at] = value
            elif new is not None:
                moved[f"/{new}{at[len(old) + 1 :]}"] = value
        self.object_metadata = moved

    def save(self, filepath: Any) -> None:
        """Write the weights to a file, which is complete or not there.

        Args:
            filepath: Its name, which ends in `.weights.h5`.
        """
        path = check_local(filepath, "KerasFileEditor.save")
        if not path.endswith(_SUFFIX):
            raise ValueError(
                "Invalid `filepath` argument: expected a `.weights.h5` extension. "
                f"Received: filepath={path}"
            )
        names = {at[1:]: value.get("name") for at, value in self.object_metadata.items()}
        nodes: dict[str, _Tree] = {"": self.weights_dict}
        nodes.update({at: parent[key] for parent, key, at in _objects(self.weights_dict)})
        with atomic_writer(path) as out, H5Sink(checksums=True, out=Region(out)) as sink:
            for at in dict.fromkeys([*nodes, *names]):
                own = {k: v for k, v in nodes.get(at, {}).items() if not isinstance(v, dict)}
                if own or at in names:
                    sink.put(at, names.get(at), own)
            sink.close()

    def resave_weights(self, filepath: Any) -> None:
        """Write the weights to a file; the same as `save`."""
        self.save(filepath)

    # ------------------------------------------------------------------ looking

    def summary(self) -> None:
        """Print the objects, and shapes and dtypes of their weights."""
        print("Weights structure")
        _print_tree(self.weights_dict, "")

    def compare(self, reference_model: Any) -> dict[str, Any]:
        """Print in what the file differs from a model's weights, and count it.

        Args:
            reference_model: The model.

        Returns:
            `"status"`: `"success"` or `"error"`; `"error_count"`: objects and weights that only
            one side has, and weights of different shapes; `"match_count"`: weights that match.
        """
        print("Running comparison")
        reference = _Collected()
        weights.save_state(reference_model, reference)
        errors, matches = _compare(self.weights_dict, reference.tree, "")
        if errors:
            plural = "s" if errors > 1 else ""
            print(f"Found {errors} error{plural}: file and reference model are not compatible")
        else:
            print("Comparison successful: saved file is compatible with the reference model")
            print(f"    Found {matches} matching weights")
        status = "error" if errors else "success"
        return {"status": status, "error_count": errors, "match_count": matches}


class _Collected:
    """A sink that keeps shapes in nested dicts."""

    def __init__(self) -> None:
        self.tree: _Tree = {}

    def put(self, path: str, name: str | None, entries: Mapping[str, Any]) -> None:
        if not entries:
            return
        node = self.tree
        for part in filter(None, path.split("/")):
            node = node.setdefault(part, {})
        node.update(entries)


def _check_name(name: Any) -> None:
    if not isinstance(name, str) or not is_plain_component(name) or name == "vars":
        raise ValueError(
            f"KerasFileEditor: a name must be plain text without '/', and not 'vars'. "
            f"{received('name', name)}"
        )


def _natural(path: str) -> list[tuple[int, str]]:
    """Return a key that sorts the weights of an object by number."""
    return [(int(p), "") if p.isdigit() else (-1, p) for p in path.split("/")]


def _objects(tree: _Tree, prefix: str = "") -> Iterator[tuple[_Tree, str, str]]:
    """Yield (dict that holds it, key, path) of each object under a tree."""
    for key, value in tree.items():
        if isinstance(value, dict):
            at = f"{prefix}/{key}" if prefix else key
            yield tree, key, at
            yield from _objects(value, at)


def _print_tree(tree: _Tree, indent: str) -> None:
    for i, (key, value) in enumerate(tree.items()):
        last = i == len(tree) - 1
        what = f": shape={value.shape}, dtype={value.dtype}" if not isinstance(value, dict) else ""
        print(f"{indent}{'└─' if last else '├─'} {key}{what}")
        if isinstance(value, dict):
            _print_tree(value, indent + ("    " if last else "│   "))


def _compare(file: _Tree, model: _Tree, at: str) -> tuple[int, int]:
    """Print what differs below a path; return numbers of differences and of equal weights."""
    errors = matches = 0
    sides = (("file", file), ("reference model", model))
    for key in dict.fromkeys([*model, *file]):
        here = f"{at}/{key}"
        ours, theirs = file.get(key), model.get(key)
        if ours is None or theirs is None:
            if key == "seed_generator":
                continue  # state of random numbers, which some versions keep and some do not
            present, absent = (n for n, _ in sorted(sides, key=lambda s: s[1].get(key) is None))
            found = ours if theirs is None else theirs
            kind = "Object" if isinstance(found, dict) else "Weight"
            print(f"...{kind} {here} is in the {present}, not in the {absent}")
            if isinstance(found, dict):
                print(f"    In the {present} it has the keys {list(found)}")
            errors += 1
        elif isinstance(ours, dict) and isinstance(theirs, dict):
            more, same = _compare(ours, theirs, here)
            errors, matches = errors + more, matches + same
        elif isinstance(ours, dict) or isinstance(theirs, dict):
            print(f"...{here} is an object on one side and a weight on the other")
            errors += 1
        elif tuple(ours.shape) != tuple(theirs.shape):
            print(f"...Weight shape mismatch for {here}")
            print(f"    In the reference model: shape={tuple(theirs.shape)}")
            print(f"    In the file: shape={ours.shape}")
            errors += 1
        else:
            matches += 1
    return errors, matches
