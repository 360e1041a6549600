"""FeatureSpace against recordings of real Keras (which needs TensorFlow for it)."""

import copy
import json
import pickle
import zipfile
from pathlib import Path

import keras
import numpy as np
import pytest
import torch
from torch.utils.data import DataLoader

import torchkeras
from oracle import assert_close, clear_names, normalise_config

GOLDEN = Path(__file__).parents[1] / "golden"
FeatureSpace = torchkeras.utils.FeatureSpace
TABLE = json.loads((GOLDEN / "grunfeld.json").read_text())
RECORDS = json.loads((GOLDEN / "feature_space.json").read_text())
CASES = [pytest.param(r, id=f"{i}-{'-'.join(r['features'])}") for i, r in enumerate(RECORDS)]
WHOLE = next(r for r in RECORDS if len(r["features"]) == 5)


def make(case):
    def feature(spec):
        return spec if isinstance(spec, str) else getattr(FeatureSpace, spec[0])(**spec[1])

    clear_names()
    crosses = [
        tuple(c) if isinstance(c[0], str) else FeatureSpace.cross(tuple(c[0]), *c[1:])
        for c in case.get("crosses", [])
    ]
    features = {name: feature(spec) for name, spec in case["features"].items()}
    return FeatureSpace(features=features, crosses=crosses, **case["arguments"])


def table_of(case):
    return {name: TABLE[name] for name in case["features"]}


def adapted(case=WHOLE):
    space = make(case)
    space.adapt(table_of(case))
    return space


def rows(table, index):
    return {name: values[index] for name, values in table.items()}


def same(got, want, rtol=1e-5):
    """Values as recorded; of dtypes only whether they are whole (TensorFlow's are wider)."""
    if "value" not in want or not isinstance(want.get("dtype"), str):
        assert list(got) == list(want)
        for name in want:
            same(got[name], want[name], rtol)
        return
    assert got.is_floating_point() == want["dtype"].startswith("float")
    assert_close(got, np.array(want["value"], str(got.dtype)[6:]), rtol)


def without_build(config):
    """A config without what layers are built for: Keras's names only what it was called on."""
    if isinstance(config, dict):
        dropped = ("build_config", "shared_object_id")
        return {k: without_build(v) for k, v in config.items() if k not in dropped}
    return [without_build(v) for v in config] if isinstance(config, list) else config


@pytest.mark.parametrize("case", CASES)
def test_configs(case):
    space = make(case)
    assert without_build(normalise_config(space.get_config())) == without_build(
        case["fresh_config"]
    )
    space.adapt(table_of(case))
    config = normalise_config(space.get_config())
    assert_close_config(without_build(config), without_build(case["config"]))
    assert normalise_config(space.get_build_config()) == case["build_config"]
    for source in (config, case["config"]):
        again = normalise_config(FeatureSpace.from_config(source).get_config())
        assert_close_config(without_build(again), without_build(config))


def assert_close_config(got, want):
    """Equal, but for the last digit of boundaries."""
    if isinstance(want, dict):
        assert list(got) == list(want) or set(got) == set(want)
        for key in want:
            assert_close_config(got[key], want[key])
    elif isinstance(want, list):
        assert len(got) == len(want)
        for a, b in zip(got, want, strict=True):
            assert_close_config(a, b)
    else:
        assert got == (pytest.approx(want, rel=1e-6) if isinstance(want, float) else want)


@pytest.mark.parametrize("case", CASES)
def test_numbers(case):
    space, table = adapted(case), table_of(case)
    few = rows(table, slice(None, None, 23))
    same(space(few), case["batch"])
    same(space(rows(table, 7)), case["single"])
    shapes = space.get_encoded_features()
    if not isinstance(shapes, dict):
        assert [list(shapes.shape), shapes.dtype] == case["shapes"]
    else:
        assert {k: list(v.shape) for k, v in shapes.items()} == {
            k: v[0] for k, v in case["shapes"].items()
        }
    # Arrays, columns and tensors give the same as lists.
    arrays = {k: np.array(v) for k, v in few.items()}
    same(space(arrays), case["batch"])
    same(space({k: v[:, None] for k, v in arrays.items()}), case["batch"])


@pytest.mark.parametrize("data", [
    pytest.param(lambda t: [rows(t, slice(0, 50)), rows(t, slice(50, None))], id="list"),
    pytest.param(lambda t: (rows(t, slice(i, i + 20)) for i in range(0, 110, 20)), id="generator"),
    pytest.param(lambda t: iter([(rows(t, slice(None)), 0)]), id="pairs"),
    pytest.param(lambda t: [rows(t, i) for i in range(110)], id="samples"),
    pytest.param(
        lambda t: DataLoader([rows(t, i) for i in range(110)], batch_size=32), id="DataLoader"
    ),
])  # fmt: skip
def test_adapt_on_batches(data):
    case = {**WHOLE, "features": {k: v for k, v in WHOLE["features"].items() if k != "invest"}}
    case["crosses"] = [["firm", "year"]]
    whole, space, table = adapted(case), make(case), table_of(case)
    space.adapt(data(table))
    assert_close(space(table), whole(table))


def test_failed_adapt_changes_nothing():
    space = FeatureSpace({"a": "float_normalized", "b": "float_normalized"})
    space.adapt({"a": [1.0, 3.0], "b": [0.0, 2.0]})
    with pytest.raises(KeyError, match="feature 'b' is missing"):
        space.adapt({"a": [9.0, 9.5]})
    assert_close(space({"a": 3.0, "b": 0.0}), np.float32([1, -1]))


def test_adapt_and_fit_on_a_pydataset():
    class Batches(torchkeras.utils.PyDataset):
        def __len__(self):
            return 5

        def __getitem__(self, index):
            columns = rows(table_of(WHOLE), slice(22 * index, 22 * index + 22))
            return {k: np.array(v) for k, v in columns.items()}, np.ones((22, 1))

    space = make(WHOLE)
    space.adapt(Batches())
    assert_close(space.preprocessors["value"].mean, adapted().preprocessors["value"].mean)
    outputs = torchkeras.layers.Dense(1)(space.get_encoded_features())
    model = torchkeras.Model(space.get_inputs(), outputs)
    model.compile("adam", "mse")
    assert len(model.fit(Batches(), epochs=2, verbose=0).history["loss"]) == 2


def test_copies():
    space, few = adapted(), rows(table_of(WHOLE), slice(0, 5))
    for again in (copy.deepcopy(space), pickle.loads(pickle.dumps(space))):
        assert_close(again(few), space(few))


def test_adapt_on_a_frame():
    pandas = pytest.importorskip("pandas")
    space, table = make(WHOLE), table_of(WHOLE)
    space.adapt(pandas.DataFrame(table))
    assert_close(space(pandas.DataFrame(table)), adapted()(table))


def test_adapt_again():
    space = FeatureSpace({"kind": "string_categorical", "size": "float_normalized"})
    space.adapt({"kind": ["a", "b"], "size": [1.0, 2.0]})
    assert space({"kind": "a", "size": 1.0}).shape == (4,)
    space.adapt({"kind": ["c", "b", "d"], "size": [5.0, 5.0, 8.0]})
    assert space.preprocessors["kind"].get_vocabulary() == ["[UNK]", "d", "c", "b"]
    assert_close(space({"kind": ["a"], "size": [6.0]}), np.float32([[1, 0, 0, 0, 0]]))
    assert space.get_encoded_features().shape == (None, 5)


def test_parts():
    space = adapted()
    assert list(space.preprocessors) == list(WHOLE["features"])
    assert isinstance(space.preprocessors["firm"], torchkeras.layers.StringLookup)
    assert isinstance(space.crossers["firm_X_year"], torchkeras.layers.HashedCrossing)
    assert [w.name for w in space.weights] == ["mean", "variance", "count"]
    assert {k: (v.shape, v.dtype) for k, v in space.get_inputs().items()} == {
        "value": ((None, 1), "float32"),
        "firm": ((None, 1), "string"),
        "year": ((None, 1), "int32"),
        "invest": ((None, 1), "float32"),
        "capital": ((None, 1), "float32"),
    }


def test_given_needs_no_adapt():
    layers = torchkeras.layers
    space = FeatureSpace({
        "a": FeatureSpace.float_discretized(None, bin_boundaries=[1.0, 2.0]),
        "b": FeatureSpace.feature("float32", layers.Normalization(-1, 1.0, 4.0), "float"),
        "c": FeatureSpace.feature("string", layers.StringLookup(vocabulary=["x"]), "int"),
        "d": "integer_hashed",
    }, output_mode="dict")  # fmt: skip
    out = space({"a": 1.5, "b": 3.0, "c": "x", "d": 1})
    assert_close({k: out[k] for k in "abc"}, {
        "a": np.float32([0, 1, 0]), "b": np.float32([1]), "c": np.array([1])})  # fmt: skip
    space.adapt({"a": [1.0], "b": [1.0], "c": ["y"], "d": [1]})


def test_own_layers_and_functions():
    texts = ["1st string", "2nd string", "3rd string"]
    layer = torchkeras.layers.TextVectorization(output_mode="tf_idf")
    space = FeatureSpace({"text": FeatureSpace.feature("string", layer, "float")})
    space.adapt({"text": texts})
    assert_close(space({"text": texts}), np.float32([
        [0, 0.5596158, 0, 0, 0.91629076], [0, 0.5596158, 0, 0.91629076, 0],
        [0, 0.5596158, 0.91629076, 0, 0]]))  # fmt: skip
    space = FeatureSpace({"x": FeatureSpace.feature("float32", lambda x: 2 * x, "float")})
    assert_close(space({"x": [1.0, 2.0]}), np.float32([[2], [4]]))


def test_wide_columns():
    space = FeatureSpace({"a": "float", "b": FeatureSpace.integer_hashed(3)})
    out = space({"a": [[1.0, 2], [3, 4]], "b": [[1, 2], [3, 4]]})
    assert_close(out, np.float32([[1, 2, 1, 1, 0], [3, 4, 1, 0, 1]]))


@pytest.mark.parametrize("case", CASES)
def test_file(tmp_path, case):
    space, table = adapted(case), table_of(case)
    space.save(tmp_path / "space.keras")
    again = torchkeras.models.load_model(tmp_path / "space.keras")
    few = rows(table, slice(0, 9))
    assert_close(again(few), space(few), 1e-7)
    assert again.get_config() == space.get_config()


def test_file_of_keras():
    again = torchkeras.saving.load_model(GOLDEN / "feature_space.keras")
    assert type(again) is FeatureSpace
    same(again(rows(table_of(WHOLE), slice(None, None, 23))), WHOLE["batch"])
    model = torchkeras.saving.load_model(GOLDEN / "feature_space_model.keras")
    few = {k: np.array(v[::23]) for k, v in table_of(WHOLE).items()}
    assert_close(model.predict(few, verbose=0), np.float32(WHOLE["model"]))


def test_file_is_as_keras_writes_it(tmp_path):
    """The same members, and the same config."""
    adapted().save(tmp_path / "space.keras")
    configs, members = [], []
    for name in (tmp_path / "space.keras", GOLDEN / "feature_space.keras"):
        with zipfile.ZipFile(name) as file:
            configs.append(without_build(json.loads(file.read("config.json"))))
            members.append(sorted(file.namelist()))
    assert members[0] == members[1]
    assert_close_config(*configs)


def test_unadapted_file(tmp_path):
    make(WHOLE).save(tmp_path / "space.keras")
    again = torchkeras.saving.load_model(tmp_path / "space.keras")
    with pytest.raises(ValueError, match="call adapt"):
        again.get_inputs()
    again.adapt(table_of(WHOLE))
    few = rows(table_of(WHOLE), slice(0, 3))
    assert_close(again(few), adapted()(few))


def test_in_a_functional_model(tmp_path):
    space, table = adapted(), {k: np.array(v) for k, v in table_of(WHOLE).items()}
    hidden = torchkeras.layers.Dense(8, activation="relu")(space.get_encoded_features())
    model = torchkeras.Model(space.get_inputs(), torchkeras.layers.Dense(1)(hidden))
    model.compile("adam", "mse")
    target = (table["invest"] > 100).astype("float32")
    history = model.fit(table, target, epochs=5, batch_size=32, verbose=0)
    assert history.history["loss"][-1] < history.history["loss"][0]
    few = rows(table, slice(0, 4))
    want = model.predict(few, verbose=0)
    assert_close(torch.tensor(want), model(few), 1e-5)
    model.save(tmp_path / "model.keras")
    again = torchkeras.models.load_model(tmp_path / "model.keras")
    assert_close(again.predict(few, verbose=0), want)


def test_in_a_subclassed_model():
    class Net(torchkeras.Model):
        def __init__(self, space):
            super().__init__()
            self.space, self.out = space, torchkeras.layers.Dense(1)

        def call(self, table):
            return self.out(self.space(table))

    table = {k: np.array(v) for k, v in table_of(WHOLE).items() if k != "firm"}
    space = FeatureSpace({"value": "float_normalized", "year": "integer_categorical",
                          "invest": "float", "capital": "float_discretized"})  # fmt: skip
    space.adapt(table)
    model = Net(space)
    model.compile("sgd", "mse")
    model.fit(table, table["value"] / 1000, verbose=0)
    assert model.predict(table, verbose=0).shape == (110, 1)


def test_as_a_step_of_a_loader():
    space, table = adapted(), table_of(WHOLE)
    samples = [rows(table, i) for i in range(110)]
    encoded = [space(s) for s in samples]
    assert_close(torch.stack(encoded), space(table))
    loader = DataLoader(samples, batch_size=32, shuffle=False)
    assert_close(torch.cat([space(batch) for batch in loader]), space(table))


def test_symbols():
    space = adapted()
    out = space({k: torchkeras.Input((1,), dtype=v.dtype) for k, v in space.get_inputs().items()})
    assert out.shape == space.get_encoded_features().shape


@pytest.mark.parametrize(("args", "match"), [
    ({"features": {}}, "at least one feature"),
    ({"features": None}, "at least one feature"),
    ({"features": {"a": "float"}, "output_mode": "x"}, "output_mode must be one of"),
    ({"features": {"a": "nope"}}, "a feature is one of 'float'"),
    ({"features": {"a": "cross"}}, "a feature is one of 'float'"),
    ({"features": {"a": 3}}, "a feature is one of 'float'"),
    ({"features": {"a": "float"}, "crosses": [("a", "b")]}, "must be among"),
    ({"features": {"a": "float"}, "crosses": ["a"]}, "two or more"),
    ({"features": {"a": "float"}, "crosses": [("a",)]}, "two or more"),
])  # fmt: skip
def test_wrong_arguments(args, match):
    with pytest.raises(ValueError, match=match):
        FeatureSpace(**args)


@pytest.mark.parametrize(("make_it", "match"), [
    (lambda: FeatureSpace.feature("float32", None, "floaty"), "output_mode must be one of"),
    (lambda: FeatureSpace.cross(("a", "b"), 3, "x"), "output_mode must be one of"),
    (lambda: FeatureSpace.integer_categorical(output_mode="zz"), "output_mode must be one of"),
    (lambda: FeatureSpace.float_discretized(None), "num_bins or bin_boundaries"),
], ids=range(4))  # fmt: skip
def test_wrong_features(make_it, match):
    with pytest.raises(ValueError, match=match):
        make_it()


def test_before_adapt():
    space = make(WHOLE)
    for use in (space.get_inputs, space.get_encoded_features, lambda: space(table_of(WHOLE))):
        with pytest.raises(ValueError, match=r"call adapt\(data\) before"):
            use()


@pytest.mark.parametrize(("data", "error", "match"), [
    ([1], ValueError, "a dict of columns or values"),
    (np.ones(3), ValueError, "a dict of columns or values"),
    ({"a": 1.0}, KeyError, "must have the features"),
    ({"a": 1.0, "b": 1.0, "c": 1}, KeyError, "must have the features"),
    ({"a": ["x"], "b": [1.0]}, ValueError, "numbers are accepted"),
])  # fmt: skip
def test_wrong_calls(data, error, match):
    with pytest.raises(error, match=match):
        FeatureSpace({"a": "float", "b": "float"})(data)


@pytest.mark.parametrize(("data", "error", "match"), [
    (np.ones(3), ValueError, "a dict of columns"),
    ([np.ones(3)], ValueError, "a dict of columns"),
    ("text", ValueError, "a dict of columns"),
    (None, ValueError, "a dict of columns"),
    ({"b": [1.0]}, KeyError, "feature 'a' is missing"),
    ([{"b": [1.0]}], KeyError, "feature 'a' is missing"),
])  # fmt: skip
def test_wrong_data(data, error, match):
    with pytest.raises(error, match=match):
        FeatureSpace({"a": "float_normalized"}).adapt(data)


@pytest.mark.parametrize(("feature", "match"), [
    (lambda: FeatureSpace.feature("float32", torchkeras.layers.Identity(), "one_hot"),
     "must return integers"),
    (lambda: FeatureSpace.feature("int32", torchkeras.layers.Identity(), "one_hot"),
     "nobody knows how many values"),
    (lambda: FeatureSpace.integer_hashed(3, output_mode="int"), "use output_mode='dict'"),
], ids=range(3))  # fmt: skip
def test_what_cannot_be_encoded(feature, match):
    with pytest.raises(ValueError, match=match):
        FeatureSpace({"a": feature()})({"a": [1]})


def test_names_as_in_keras():
    clear_names()
    for kind in ("float", "float_rescaled", "float_normalized"):
        ours, theirs = (
            [getattr(lib.utils.FeatureSpace, kind)().preprocessor.name for _ in range(2)]
            for lib in (torchkeras, keras)
        )
        assert ours == theirs
