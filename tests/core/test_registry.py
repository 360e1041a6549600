"""One registry a kind of object: names, aliases, near names, configs."""

import copy

import keras
import pytest

import torchkeras
from torchkeras._base.errors import UnsafeModelError
from torchkeras.core import registry, serialize
from torchkeras.core.registry import Registry


@pytest.fixture
def things():
    """A registry of its own kind, taken out of the common tables again."""
    tables = serialize._BUILTINS, serialize._TABLE
    before = [dict(t) for t in tables]
    yield Registry("thing", "keras.things")
    for table, old in zip(tables, before, strict=True):
        table.clear()
        table.update(old)


def test_names_of_a_class(things):
    @things.register("short", "SHORT")
    class BigThing:
        def __init__(self, size=1):
            self.size = size

        def get_config(self):
            return {"size": self.size}

        @classmethod
        def from_config(cls, config):
            return cls(**config)

    for name in ("BigThing", "big_thing", "short", "SHORT"):
        assert things.lookup(name) is BigThing
        assert type(things.get(name)) is BigThing
    assert type(things.get(BigThing)) is BigThing
    one = BigThing(3)
    assert things.get(one.get_config) == one.get_config  # a callable is handed through
    assert things.serialize(one) == {
        "module": "keras.things",
        "class_name": "BigThing",
        "config": {"size": 3},
        "registered_name": None,
    }
    things.alias(another=BigThing)
    assert things.lookup("another") is BigThing


def test_names_of_a_function(things):
    @things.register("alias", name="public", module="keras.elsewhere")
    def private(x):
        return x

    for name in ("public", "alias"):
        assert things.get(name) is private
    with pytest.raises(ValueError, match="Unknown thing"):
        things.get("private")
    assert serialize.builtin_config(private) == ("keras.elsewhere", "public")


def test_near_names(things):
    @things.register()
    class Accuracy:
        pass

    for near in ("acuracy", "ACCURACY", "Acuracy"):
        with pytest.raises(ValueError, match=r"Unknown thing: .*Did you mean .*ccuracy"):
            things.get(near)
    with pytest.raises(ValueError, match=r"Unknown thing: 'xyz'\. One of your own must be"):
        things.get("xyz")


def test_what_is_no_identifier(things):
    assert things.get(None) is None
    with pytest.raises(ValueError, match=r"given by a name, a config dict or an object.*3"):
        things.get(3)


def test_own_objects_come_first(things):
    @things.register()
    class Thing:
        pass

    class Mine:
        pass

    assert type(things.get("Thing", {"Thing": Mine})) is Mine
    with serialize.CustomObjectScope({"mine": Mine}):
        assert type(things.get("mine")) is Mine
    with pytest.raises(ValueError, match="Unknown thing: 'mine'"):
        things.get("mine")


KINDS = {
    "layers": (registry.LAYERS, {"class_name": "Dense", "config": {"units": 3}}),
    "losses": (registry.LOSSES, {"class_name": "Huber", "config": {"delta": 2.0}}),
    "metrics": (registry.METRICS, {"class_name": "Mean", "config": {"name": "m"}}),
    "optimizers": (registry.OPTIMIZERS, {"class_name": "SGD", "config": {"momentum": 0.5}}),
    "initializers": (registry.INITIALIZERS, {"class_name": "Constant", "config": {"value": 2.0}}),
    "regularizers": (registry.REGULARIZERS, {"class_name": "L2", "config": {"l2": 0.5}}),
    "constraints": (registry.CONSTRAINTS, {"class_name": "MaxNorm", "config": {"axis": 1}}),
}


@pytest.mark.parametrize("kind", KINDS)
def test_short_configs_like_keras(kind):
    """A config without a module is that of one of ours, as old files have them."""
    ours, config = KINDS[kind]
    named = {"module": "keras.layers"} if kind == "layers" else {}
    theirs = getattr(keras, kind).deserialize({**named, **copy.deepcopy(config)})
    made = ours.deserialize(config)
    assert type(made).__name__ == type(theirs).__name__ == config["class_name"]
    ((key, value),) = config["config"].items()
    assert made.get_config()[key] == theirs.get_config().get(key, value) == value
    assert ours.deserialize(ours.serialize(made)).get_config()[key] == value


@pytest.mark.parametrize("kind", KINDS)
def test_kinds_are_kept_apart(kind):
    ours = KINDS[kind][0]
    other = registry.LOSSES if kind == "regularizers" else registry.REGULARIZERS
    full = other.serialize(torchkeras.losses.Huber() if kind == "regularizers" else other.get("l2"))
    with pytest.raises(UnsafeModelError, match=f"is a {other.kind}, where a {ours.kind} is"):
        ours.deserialize(full)
    with pytest.raises(ValueError, match=f"Unknown {ours.kind}: 'nosuch'"):
        ours.get("nosuch")


BASES = {"Initializer", "Regularizer", "Constraint", "Metric", "Loss", "Optimizer", "OptimizerMap"}


@pytest.mark.parametrize("kind", [k for k in KINDS if k != "layers"])
def test_public_classes_are_found_by_their_names(kind):
    ours, public = KINDS[kind][0], vars(getattr(torchkeras, kind))
    names = [n for n, c in vars(getattr(keras, kind)).items() if isinstance(c, type)]
    names = [
        n
        for n in names
        if n in public and n[0].isupper() and n not in BASES | {"LossScaleOptimizer"}
    ]
    assert len(names) > 3
    for name in names:
        assert ours.lookup(name) is public[name], name
