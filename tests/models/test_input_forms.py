"""The forms in which a model takes its inputs, and what Sequential takes, as in real Keras."""

import warnings

import keras as reference
import numpy as np
import pytest

import torchkeras

LIBS = pytest.mark.parametrize("lib", [torchkeras, reference], ids=["ours", "keras"])
ONES, ZEROS = np.ones((1, 2), "float32"), np.zeros((1, 2), "float32")


def ends(lib, form):
    a, b, c = (lib.Input((2,), name=n) for n in "abc")
    return lib.Model(form(a, b, c), lib.layers.Subtract()([lib.layers.Add()([a, b]), c]))


def warned(call, *args):
    with warnings.catch_warnings(record=True) as found:
        warnings.simplefilter("always", UserWarning)
        result = call(*args)
    np.testing.assert_array_equal(result.detach(), 2 * ONES)
    return any("structure of `inputs`" in str(w.message) for w in found)


@LIBS
def test_nested_dicts(lib):
    model = ends(lib, lambda a, b, c: {"1": a, "others": {"2": b, "3": c}})
    data = {"1": ONES, "others": {"2": ONES, "3": ZEROS}}
    assert not warned(model, data)
    np.testing.assert_array_equal(model.predict(data, verbose=0), 2 * ONES)
    assert warned(model, {"a": ONES, "b": ONES, "c": ZEROS})
    assert warned(model, [ONES, ONES, ZEROS])
    symbols = {"1": lib.Input((2,)), "others": {"2": lib.Input((2,)), "3": lib.Input((2,))}}
    assert model(symbols).shape == (None, 2)


@LIBS
def test_dicts_of_other_keys(lib):
    model = ends(lib, lambda a, b, c: {"p": a, "q": b, "r": c})
    assert not warned(model, {"r": ZEROS, "p": ONES, "q": ONES})
    assert warned(model, {"p": ONES, "q": ONES, "r": ZEROS, "s": ZEROS})
    assert warned(model, [ONES, ONES, ZEROS])
    for names in ("abc", "pq"):
        with pytest.raises(ValueError, match="keys"):
            model(dict.fromkeys(names, ONES))
    by_name = ends(lib, lambda *inputs: list(inputs))
    assert not warned(by_name, {"c": ZEROS, "a": ONES, "b": ONES, "d": ONES})
    assert not warned(by_name, (ONES, ONES, ZEROS))
    assert warned(by_name, [ONES, [ONES, ZEROS]])


@LIBS
def test_a_list_for_a_dict_of_unsorted_keys(lib):
    model = ends(lib, lambda a, b, c: {"r": a, "q": b, "p": c})
    assert not warned(model, {"r": ONES, "q": ONES, "p": ZEROS})
    with pytest.raises(ValueError, match="inputs"):
        model([ONES, ONES, ZEROS])


@LIBS
def test_tuples_of_outputs_stay_tuples(lib):
    a, b = lib.Input((2,), name="a"), lib.Input((2,), name="b")
    d, e = lib.layers.Dense(1, name="d"), lib.layers.Dense(1, name="e")
    model = lib.Model([[a], (b,)], (d(a), [e(b)]))
    config = model.get_config()
    assert config["output_layers"] == (["d", 0, 0], [["e", 0, 0]])
    assert config["input_layers"] == [[["a", 0, 0]], (["b", 0, 0],)]
    again = lib.Model.from_config(config)
    assert isinstance(again([[ONES], (ONES,)]), tuple)


@LIBS
def test_inputs_of_a_clone(lib):
    model = ends(lib, lambda a, b, c: {"p": a, "q": b, "r": c})
    fresh = {k: lib.Input((2,)) for k in "pqr"}
    clone = lib.models.clone_model(model, input_tensors=fresh)
    assert clone.inputs[0] is fresh["p"]
    with pytest.raises(ValueError, match="structure"):
        lib.models.clone_model(model, input_tensors=list(fresh.values()))


@LIBS
def test_attributes_of_a_graph(lib):
    class Plain(lib.Model):
        def call(self, x):
            return x

    names = ("inputs", "outputs", "input_names", "output_names", "input_shape", "output_shape")
    sequential = lib.Sequential([lib.layers.Dense(1)])
    for model in (Plain(), sequential):
        assert not any(hasattr(model, n) for n in names)
    sequential.build((None, 2))
    assert all(hasattr(sequential, n) for n in ("inputs", "outputs", "input_shape"))
    plain = Plain()
    plain.inputs = plain.output_names = ["mine"]
    assert list(plain.inputs) == ["mine"]


@LIBS
def test_symbols_are_the_same_objects(lib):
    x = lib.Input((2,))
    dense = lib.layers.Dense(1)
    model = lib.Sequential([x, dense])
    assert model.inputs[0] is x
    assert model.outputs[0] is dense.output
    assert x in model.inputs


@LIBS
def test_sequential_of_several_inputs(lib):
    def make():
        dense = lib.layers.Dense(1, kernel_initializer="ones")
        return lib.Sequential([lib.layers.Add(), dense])

    model = make()
    np.testing.assert_array_equal(model([ONES, ONES]).detach(), [[4]])
    assert model.built
    model.summary(print_fn=lambda line: None)
    model = make()
    model.build([(None, 2), (None, 2)])
    assert model.built
    model.compile("sgd", "mse")
    model.fit([ONES, ONES], ONES[:, :1], verbose=0)


def test_sequential_of_several_inputs_in_a_file(tmp_path):
    model = torchkeras.Sequential([torchkeras.layers.Add(), torchkeras.layers.Dense(1)])
    y = model([ONES, ONES])
    model.save(tmp_path / "m.keras")
    again = torchkeras.saving.load_model(tmp_path / "m.keras")
    np.testing.assert_array_equal(again([ONES, ONES]).detach(), y.detach())


@LIBS
def test_sequential_of_dicts_and_unknown_shapes(lib):
    class Through(lib.layers.Layer):
        def call(self, x):
            return x

    class Unknown(Through):
        def compute_output_spec(self, *args, **kwargs):
            raise NotImplementedError

    assert lib.Sequential([Through()])({"a": ONES}).keys() == {"a"}
    model = lib.Sequential([Unknown(), lib.layers.Dense(1, kernel_initializer="ones")])
    for _ in range(2):
        np.testing.assert_array_equal(model(ONES).detach(), [[2]])


@LIBS
def test_what_sequential_refuses(lib):
    class Two(lib.layers.Layer):
        def call(self, x, y):
            return x + y

    with pytest.raises(ValueError, match="argument"):
        lib.Sequential([Two()]).build((None, 2))
    model = lib.Sequential([lib.Input((2,), batch_size=3), lib.layers.Dense(1)])
    model.build((3, 2))
    with pytest.raises(ValueError, match="already"):
        model.build((3, 4))
