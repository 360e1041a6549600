"""Patterns for variables' paths, as in real Keras."""

import keras
import pytest
from keras.optimizers import OptimizerMap as KerasMap

import torchkeras
from torchkeras.optimizers import SGD, Adam, OptimizerMap, RMSprop, deserialize, serialize

PATTERNS = ["enc", "encoder", "oder", "a/enc.*", "kernel", "^.*kernel$", "enc.*|zz", ""]
PATHS = ["encoder", "a/encoder", "encoder/kernel", "enc", "kernel", "zencz", "", "enc.*|zz"]


@pytest.mark.parametrize("pattern", PATTERNS)
def test_a_pattern_must_match_the_whole_path(pattern):
    ours, theirs = OptimizerMap(SGD(), {pattern: Adam()}), KerasMap(
        keras.optimizers.SGD(), {pattern: keras.optimizers.Adam()}
    )  # fmt: skip
    for path in PATHS:
        assert type(ours[path]).__name__ == type(theirs[path]).__name__, path


def test_is_a_mapping():
    sgd, adam, rmsprop = SGD(), Adam(), RMSprop()
    by_path = OptimizerMap(sgd, {"a/.*": adam})
    by_path["b"] = rmsprop
    assert (list(by_path), len(by_path)) == (["a/.*", "b"], 2)
    assert dict(by_path) == {"a/.*": adam, "b": rmsprop}
    assert by_path.default_optimizer is sgd
    assert by_path.optimizers == [adam, rmsprop, sgd]
    assert "b" in by_path
    assert "c" not in by_path
    del by_path["b"]
    assert by_path["b"] is sgd
    by_path.update({"c": adam})
    assert by_path.optimizers == [adam, sgd]
    assert by_path.pop("c") is adam
    by_path.clear()
    assert len(by_path) == 0


def test_two_patterns_for_one_path():
    by_path = OptimizerMap(SGD(), {"a.*": Adam(), "ab.*": RMSprop()})
    with pytest.raises(ValueError, match=r"path='abc', matched by \['a\.\*', 'ab\.\*'\]"):
        by_path["abc"]
    assert isinstance(by_path["ab.*"], RMSprop)  # a pattern itself names its entry


def test_config_goes_both_ways():
    ours = OptimizerMap(SGD(0.5), {"a": Adam(0.25), "b": RMSprop()})
    theirs = KerasMap(
        keras.optimizers.SGD(0.5),
        {"a": keras.optimizers.Adam(0.25), "b": keras.optimizers.RMSprop()},
    )
    assert set(ours.get_config()) == set(theirs.get_config())
    assert KerasMap.from_config(ours.get_config())["a"].learning_rate == 0.25
    again = OptimizerMap.from_config(theirs.get_config())
    assert [type(o) for o in again.optimizers] == [Adam, RMSprop, SGD]
    assert float(again.default_optimizer.learning_rate) == 0.5
    assert OptimizerMap.from_config(ours.get_config()).get_config() == ours.get_config()


@pytest.mark.parametrize(
    ("args", "error", "message"),
    [
        (("adam",), TypeError, "default_optimizer must be an optimizer"),
        ((None,), TypeError, "default_optimizer must be an optimizer"),
        ((SGD(), 3), TypeError, "optimizer_map must be a dict"),
        ((SGD(), {"a": "adam"}), ValueError, "a value must be an optimizer"),
        ((SGD(), {3: Adam()}), ValueError, "a key must be a regular expression. Received: key=3"),
        ((SGD(), {"(": Adam()}), ValueError, r"but missing \), unterminated"),
    ],
)
def test_errors(args, error, message):
    with pytest.raises(error, match=message):
        OptimizerMap(*args)


def test_entries_are_not_overwritten():
    by_path = OptimizerMap(SGD(), {"a": Adam()})
    with pytest.raises(ValueError, match="must not be there yet; delete it first"):
        by_path["a"] = RMSprop()
    with pytest.raises(KeyError):
        del by_path["b"]


def test_in_a_multi_optimizer_both_ways():
    ours = torchkeras.optimizers.MultiOptimizer(OptimizerMap(SGD(0.5), {"a": Adam(0.25)}))
    theirs = keras.optimizers.deserialize(serialize(ours))
    assert [type(o).__name__ for o in theirs.optimizers] == ["Adam", "SGD"]
    again = deserialize(keras.optimizers.serialize(theirs))
    assert again.get_config() == ours.get_config()


def test_wrappers_are_no_values():
    for lib in (torchkeras, keras):
        o = lib.optimizers
        by_path = o.OptimizerMap(o.SGD())
        v = lib.Variable([1.0])
        for wrapper in (o.LossScaleOptimizer(o.SGD()), o.MultiOptimizer(by_path)):
            with pytest.raises(ValueError, match=type(wrapper).__name__):
                by_path["a"] = wrapper
            with pytest.raises(ValueError, match=type(wrapper).__name__):
                o.MultiOptimizer(o.OptimizerMap(wrapper)).build([v])
