"""The config in an `.h5` file: Keras 3 leaves out what its older forms did not have."""

from typing import Any

from torchkeras._base.naming import to_snake_case
from torchkeras.core import serialize
from torchkeras.core.registry import LAYERS, MODELS, OPS

_KEPT = ("name", "inbound_nodes")
_OWN_NAMES = {"GroupQueryAttention": "GroupedQueryAttention"}  # by which real Keras finds classes


def model_config(model: Any) -> dict[str, Any]:
    """Return a model's config as the attribute of an `.h5` file holds it."""
    return short_form(serialize.serialize_keras_object(model))


def short_form(entry: dict[str, Any]) -> dict[str, Any]:
    """Leave out of a config what the class's name tells, and what is built when it is loaded."""
    module, registered = entry.get("module"), entry.get("registered_name")
    custom = not module or not module.startswith("keras")
    inner = entry["config"]
    if isinstance(inner, dict) and isinstance(inner.get("layers"), list):
        layers = [short_form(e) if _is_entry(e) else e for e in inner["layers"]]
        inner = {**inner, "layers": layers}
    named = _OWN_NAMES.get(entry["class_name"], entry["class_name"])
    if custom and registered:
        named = registered
    out = {"class_name": named, "config": inner}
    if module and module.startswith("keras.src.ops"):
        out.update(module=module, registered_name=registered)
    if custom and entry.get("build_config"):
        out["build_config"] = entry["build_config"]  # only we read it
    return {**out, **{key: entry[key] for key in _KEPT if key in entry}}


def full_form(entry: Any) -> Any:
    """Return a config as `.keras` files hold it, of either form."""
    if not _is_entry(entry):
        return entry
    name, inner = entry["class_name"], entry["config"]
    if isinstance(inner, dict) and isinstance(inner.get("layers"), list):
        inner = {**inner, "layers": [full_form(e) for e in inner["layers"]]}
    out = {**entry, "config": inner}
    if entry.get("module") is not None or serialize.get_registered_object(name) is not None:
        return out
    if ">" in name:
        out.setdefault("registered_name", name)
        out["class_name"] = name.rpartition(">")[2]
        return out
    # A class's own name may differ from its public one: GroupedQueryAttention.
    known = (
        LAYERS.names.get(name) or MODELS.names.get(name) or LAYERS.names.get(to_snake_case(name))
    )
    if name in OPS.names and isinstance(inner, dict) and "trainable" not in inner:
        known = OPS.names[name]  # a function in a graph, as `x + y`: real Keras cannot read these
    if known is not None:
        out["module"], out["class_name"] = serialize.builtin_config(known)
    return out


def _is_entry(entry: Any) -> bool:
    return (
        isinstance(entry, dict) and isinstance(entry.get("class_name"), str) and "config" in entry
    )
