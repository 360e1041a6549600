"""Models whose inputs are strings: every kind of model, every way in, files from and for Keras."""

import copy
import inspect
import pathlib
import pickle
import statistics
import zipfile

import numpy as np
import pandas as pd
import pytest
import text_golden
import torch

import torchkeras as keras
from torchkeras import layers

TEXTS = np.array([f"good film {i % 7}" if i % 2 else f"bad movie {i % 5}" for i in range(40)])
Y = (np.arange(40) % 2)[:, None].astype("float32")


def stack():
    vectorize = layers.TextVectorization(output_sequence_length=4)
    vectorize.adapt(TEXTS)
    return [
        vectorize,
        layers.Embedding(vectorize.vocabulary_size(), 4),
        layers.GlobalAveragePooling1D(),
        layers.Dense(1, activation="sigmoid"),
    ]


class Subclass(keras.Model):
    def __init__(self):
        super().__init__()
        self.stack = stack()

    def call(self, x):
        for layer in self.stack:
            x = layer(x)
        return x


def functional():
    x = inputs = keras.Input((1,), dtype="string")
    for layer in stack():
        x = layer(x)
    return keras.Model(inputs, x)


KINDS = {
    "sequential": lambda: keras.Sequential([keras.Input((1,), dtype="string"), *stack()]),
    "unbuilt": lambda: keras.Sequential(stack()),
    "functional": functional,
    "subclass": Subclass,
    "nested": lambda: keras.Sequential([keras.Input((1,), dtype="string"), functional()]),
}
FORMS = {
    "str_": TEXTS,
    "column": TEXTS[:, None],
    "object": TEXTS.astype(object),
    "bytes": TEXTS.astype("S"),
    "list": TEXTS.tolist(),
    "lists": TEXTS[:, None].tolist(),
    "series": pd.Series(TEXTS),
    "frame": pd.DataFrame({"text": TEXTS}),
}


def compiled(kind):
    keras.utils.set_random_seed(0)
    model = KINDS[kind]()
    model.compile(keras.optimizers.Adam(0.05), "binary_crossentropy", metrics=["accuracy"])
    return model


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("form", FORMS)
def test_every_way_in(kind, form):
    model, x = compiled(kind), FORMS[form]
    history = model.fit(x, Y, epochs=2, batch_size=16, validation_split=0.2, verbose=0).history
    assert len(history["val_loss"]) == 2
    model.train_on_batch(x, Y)
    assert len(model.evaluate(x, Y, verbose=0)) == 2
    assert len(model.test_on_batch(x, Y)) == 2
    out = model.predict(x, verbose=0)
    assert out.shape == (40, 1)
    np.testing.assert_allclose(model.predict_on_batch(x), out, rtol=1e-6)
    if form != "frame":
        np.testing.assert_allclose(model(x).detach().numpy(), out, rtol=1e-6)


@pytest.mark.parametrize("kind", KINDS)
def test_it_learns_and_survives_a_file_and_copies(kind, tmp_path):
    model = compiled(kind)
    model.fit(TEXTS, Y, epochs=20, verbose=0)
    assert model.evaluate(TEXTS, Y, verbose=0)[1] == 1
    out = model.predict(TEXTS, verbose=0)
    fresh = KINDS[kind]()
    fresh(TEXTS)
    fresh.set_weights(model.get_weights())
    for other in (copy.deepcopy(fresh), *([] if kind == "subclass" else [_pickled(fresh)])):
        np.testing.assert_array_equal(other.predict(TEXTS, verbose=0), out)
    if kind == "subclass":
        return
    path = tmp_path / "m.keras"
    model.save(path)
    loaded = keras.saving.load_model(path)
    np.testing.assert_array_equal(loaded.predict(TEXTS, verbose=0), out)
    loaded.fit(TEXTS, Y, verbose=0)


def _pickled(model):
    return pickle.loads(pickle.dumps(model))


@pytest.mark.parametrize("kind", ["sequential", "functional"])
def test_shapes_are_known_beforehand(kind, capsys):
    model = KINDS[kind]()
    assert model.input_shape == (None, 1) and model.output_shape == (None, 1)
    assert model.inputs[0].dtype == "string"
    model.summary()
    assert "TextVectorization" in capsys.readouterr().out


def test_a_subclass_within_a_functional_model():
    inputs = keras.Input((1,), dtype="string")
    outputs = Subclass()(inputs)
    assert outputs.shape == (None, 1)
    assert keras.Model(inputs, outputs).predict(TEXTS, verbose=0).shape == (40, 1)


def test_several_inputs():
    word = keras.Input((1,), dtype="string", name="word")
    number = keras.Input((2,), name="number")
    lookup = layers.StringLookup(vocabulary=["bad", "good"], output_mode="count")
    model = keras.Model(
        [word, number], layers.Dense(1)(layers.Concatenate()([lookup(word), number]))
    )
    model.compile("sgd", "mse")
    words, numbers = np.array(["bad", "good"] * 4), np.ones((8, 2))
    for x in ({"word": words, "number": numbers}, [words, numbers], (words, numbers)):
        model.fit(x, np.ones((8, 1)), batch_size=3, verbose=0)
        assert model.predict(x, verbose=0).shape == (8, 1)
    model.train_on_batch({"word": words.tolist(), "number": numbers}, np.ones((8, 1)))
    with pytest.raises(ValueError, match="x\\['word'\\] with 7, x\\['number'\\] with 8"):
        model.predict({"word": words[:7], "number": numbers}, verbose=0)


def test_strings_as_outputs():
    inputs = keras.Input((2,), dtype="int64")
    model = keras.Model(inputs, layers.StringLookup(vocabulary=["a", "b"], invert=True)(inputs))
    assert model.outputs[0].dtype == "string"
    out = model.predict(np.array([[1, 2]] * 33), batch_size=8, verbose=0)
    assert out.shape == (33, 2) and out[32].tolist() == ["a", "b"]


def test_a_layer_of_the_users_gets_strings():
    class Length(layers.Layer):
        takes_strings = True

        def call(self, inputs):
            return torch.tensor([[float(len(t))] for t in inputs.ravel()])

    model = keras.Sequential([Length(), layers.Dense(1)])
    model.compile("sgd", "mse")
    model.fit(TEXTS, Y, verbose=0)
    assert model.predict(TEXTS.tolist(), verbose=0).shape == (40, 1)


class Pairs(torch.utils.data.Dataset):
    def __len__(self):
        return 40

    def __getitem__(self, index):
        return str(TEXTS[index]), Y[index]


@pytest.mark.parametrize("kind", ["sequential", "subclass"])
def test_loaders_and_generators(kind):
    model = compiled(kind)
    model.fit(torch.utils.data.DataLoader(Pairs(), 8), verbose=0)
    model.fit(Pairs(), verbose=0)
    batches = ((TEXTS[i : i + 8].tolist(), Y[i : i + 8]) for i in range(0, 40, 8))
    model.fit(batches, verbose=0)
    loader = torch.utils.data.DataLoader(TEXTS.tolist(), 8)
    np.testing.assert_allclose(
        model.predict(loader, verbose=0), model.predict(TEXTS, verbose=0), rtol=1e-6
    )


# --------------------------------------------------------------------------------- real Keras


def test_files_that_real_keras_wrote():
    recorded = text_golden.RECORD["models"]
    model = keras.saving.load_model(text_golden.HERE / "text_model.keras")
    expected = np.array(recorded["text"]["outputs"])
    np.testing.assert_allclose(model.predict(recorded["text"]["inputs"], verbose=0), expected, 1e-5)
    model = keras.saving.load_model(text_golden.HERE / "lookup_model.keras")
    x = {k: np.array(recorded["lookup"][k]) for k in ("word", "number")}
    expected = np.array(recorded["lookup"]["outputs"])
    np.testing.assert_allclose(model.predict(x, verbose=0), expected, 1e-5)


@pytest.mark.parametrize("name", ["text_model", "lookup_model"])
def test_our_file_of_their_model_has_the_same_members(name, tmp_path):
    theirs = text_golden.HERE / f"{name}.keras"
    ours = tmp_path / "ours.keras"
    keras.saving.load_model(theirs).save(ours)
    with zipfile.ZipFile(theirs) as a, zipfile.ZipFile(ours) as b:
        assert sorted(a.namelist()) == sorted(b.namelist())
        for member in a.namelist():
            if member.startswith("assets/"):
                assert a.read(member) == b.read(member)


# --------------------------------------------------------------------------------- bad input


@pytest.mark.parametrize(
    ("use", "message"),
    [
        (lambda m: m.predict(np.ones((3, 1))), "must be strings"),
        (lambda m: m.predict(np.array(["a", None], object)), r"Received: x\[1\]=None"),
        (lambda m: m(["a", 1]), r"must be strings. Received: inputs\[1\]=1"),
        (lambda m: m.fit(["a"], Y), "x with 1, y with 40"),
    ],
    ids=["numbers", "none", "mixed", "lengths"],
)
def test_bad_strings(use, message):
    with pytest.raises(ValueError, match=message):
        use(compiled("sequential"))


def test_strings_for_a_model_of_numbers():
    model = keras.Sequential([keras.Input((1,)), layers.Dense(1)])
    with pytest.raises(ValueError, match="x must hold real numbers, not strings"):
        model.predict(TEXTS)
    with pytest.raises(ValueError, match="numbers are accepted, not an array of dtype <U"):
        model(TEXTS)
    with pytest.raises(ValueError, match=r"Dense: inputs must be numbers, not strings\. Put"):
        layers.Dense(1)(TEXTS)


# --------------------------------------------------------------------------------- real text


def test_docstrings_of_the_standard_library_are_told_apart():
    """Which of two modules a docstring's sentence is from: better than chance on unseen ones."""
    texts, labels = [], []
    for label, module in enumerate((pathlib, statistics)):
        members = [m for _, m in inspect.getmembers(module) if inspect.getmodule(m) is module]
        members += [f for m in members if inspect.isclass(m) for f in vars(m).values()]
        documents = {d for m in members if (d := inspect.getdoc(m))}
        lines = sorted({s.strip() for d in documents for s in d.split("\n") if len(s.split()) > 4})
        texts += lines
        labels += [label] * len(lines)
    order = np.random.default_rng(0).permutation(len(texts))
    x, y = np.array(texts, object)[order], np.array(labels)[order]
    cut = len(x) * 3 // 4
    keras.utils.set_random_seed(0)
    vectorize = layers.TextVectorization(output_mode="tf_idf", max_tokens=500)
    vectorize.adapt(x[:cut])
    model = keras.Sequential([vectorize, layers.Dense(2, activation="softmax")])
    model.compile(
        keras.optimizers.Adam(0.02), "sparse_categorical_crossentropy", metrics=["accuracy"]
    )
    model.fit(x[:cut], y[:cut], epochs=8, verbose=0)
    chance = max(np.mean(y[cut:]), 1 - np.mean(y[cut:]))
    assert len(x) > 150
    assert model.evaluate(x[cut:], y[cut:], verbose=0)[1] > chance + 0.05
