"""StringLookup: real Keras's recorded results, data in all forms, files, bad input."""

import copy
import json
import pickle

import numpy as np
import pandas as pd
import pytest
import text_golden
import torch
from torch.utils.data import DataLoader

import torchkeras
from torchkeras._base.errors import UnsafeModelError
from torchkeras.layers import StringLookup

CALLS, NAMES = text_golden.of("StringLookup")
ADAPTED, ADAPTED_NAMES = text_golden.of("StringLookup", "adapt")


@pytest.mark.parametrize("case", CALLS, ids=NAMES)
def test_as_keras(case):
    text_golden.check_calls(case)


@pytest.mark.parametrize("case", ADAPTED, ids=ADAPTED_NAMES)
def test_adapt_as_keras(case):
    text_golden.check_adapted(case)


WORDS = ["b", "a", "b", "c", "c", "c"]
FORMS = {
    "list": WORDS,
    "tuple": tuple(WORDS),
    "nested": [["b", "a"], ["b", "c"], ["c", "c"]],
    "str_": np.array(WORDS),
    "bytes": np.array(WORDS, "S"),
    "object": np.array(WORDS, object),
    "mixed": np.array(["b", b"a", "b", b"c", "c", "c"], object),
    "series": pd.Series(WORDS),
    "pandas string": pd.Series(WORDS, dtype="string"),
    "list of arrays": [np.array(WORDS[:2]), np.array(WORDS[2:])],
    "loader": DataLoader(WORDS, batch_size=4),
    "pairs": [(np.array(WORDS), np.zeros(6))],
}


@pytest.mark.parametrize("form", FORMS)
def test_forms_of_data_to_adapt(form):
    layer = StringLookup()
    layer.adapt(FORMS[form])
    assert layer.get_vocabulary() == ["[UNK]", "c", "b", "a"]


def test_adapt_reads_steps_batches_of_a_generator():
    def endless():
        while True:
            yield ["a", "b", "b"]

    layer = StringLookup()
    layer.adapt(endless(), steps=3)
    assert layer.get_vocabulary(include_special_tokens=False) == ["b", "a"]


@pytest.mark.parametrize("form", ["list", "tuple", "str_", "bytes", "object", "mixed", "series"])
def test_forms_of_inputs(form):
    layer = StringLookup(vocabulary=["a", "b"])
    assert layer(FORMS[form]).tolist() == [2, 1, 2, 0, 0, 0]


def test_counting_batch_by_batch():
    layer = StringLookup()
    layer.update_state(["a", "b"])
    layer.update_state(np.array(["b", "c"]))
    layer.finalize_state()
    assert layer.get_vocabulary() == ["[UNK]", "b", "c", "a"]
    layer.update_state(["c", "c"])
    layer.finalize_state()
    assert layer.get_vocabulary() == ["[UNK]", "c"]  # what was counted before is no part of it
    layer.update_state(["x"])
    layer.reset_state()
    assert layer.get_vocabulary() == ["[UNK]", "c"]


def test_vocabulary_from_a_file(tmp_path):
    path = tmp_path / "words.txt"
    path.write_bytes("é\r\nb c\n日本\n".encode())
    layer = StringLookup(vocabulary=str(path))
    assert layer.get_vocabulary() == ["[UNK]", "é", "b c", "日本"]
    assert layer(["日本", "é"]).tolist() == [3, 1]
    assert layer.get_config()["vocabulary"] is None  # as in Keras: it goes to a file's assets
    path.write_text("[UNK]\na\n")
    layer.set_vocabulary(path)
    assert layer(["a", "[UNK]", "q"]).tolist() == [2, 1, 0]


def test_inverted_indices_have_any_shape():
    layer = StringLookup(vocabulary=["a", "b"], invert=True)
    assert layer([[1, 2], [0, 7]]).tolist() == [["a", "b"], ["[UNK]", "[UNK]"]]
    assert layer(torch.tensor(2)).item() == "b"
    forward = StringLookup(vocabulary=layer.get_vocabulary())
    assert forward(layer([[1, 2]])).tolist() == [[1, 2]]


def test_bytes_are_read_in_the_encoding():
    layer = StringLookup(vocabulary=["é"], encoding="latin-1")
    assert layer(np.array(["é".encode("latin-1")])).tolist() == [1]
    raw = StringLookup(num_oov_indices=2)
    raw.adapt(np.array([b"\xff\xfe", b"\xff", b"\xff"]))  # no text at all
    assert raw(np.array([b"\xff", b"\xff\xfe"])).tolist() == [2, 3]


def test_empty_inputs():
    layer = StringLookup(vocabulary=["a"])
    assert layer(np.empty((0, 2), str)).shape == (0, 2)
    assert layer([]).shape == (0,)
    counts = StringLookup(vocabulary=["a"], output_mode="count")
    assert counts(np.empty((2, 0), object)).tolist() == [[0, 0], [0, 0]]


@pytest.mark.parametrize("mode", ["int", "tf_idf"])
def test_copies(mode):
    layer = StringLookup(output_mode=mode)
    layer.adapt([["a", "b"], ["b", "c"]])
    x = [["a", "z"], ["b", "b"]]
    for other in (copy.deepcopy(layer), pickle.loads(pickle.dumps(layer))):
        assert torch.equal(other(x), layer(x))
        assert other.get_vocabulary() == layer.get_vocabulary()


@pytest.mark.parametrize(
    "tokens", [["a", "b"], ["a\nb", "c", "\n", "\r"], ["", "x"], ["x", ""], [""]], ids=ascii
)
def test_assets(tokens, tmp_path):
    layer = StringLookup()
    layer.set_vocabulary(tokens)
    layer.save_assets(str(tmp_path))
    other = StringLookup.from_config(json.loads(json.dumps(layer.get_config())))
    assert other.vocabulary_size() == len(tokens) + 1  # known before the tokens are
    with pytest.raises(RuntimeError, match="you must set the layer's vocabulary before calling"):
        other(["a"])
    other.load_assets(str(tmp_path))
    assert other.get_vocabulary() == layer.get_vocabulary()
    assert torch.equal(other(tokens), layer(tokens))


def test_a_config_never_names_a_file(tmp_path):
    path = tmp_path / "secret.txt"
    path.write_text("password\n")
    config = {**StringLookup().get_config(), "vocabulary": str(path)}
    with pytest.raises(UnsafeModelError, match="not name a file"):
        StringLookup.from_config(config)
    whole = torchkeras.saving.serialize_keras_object(StringLookup())
    whole["config"]["vocabulary"] = "http://127.0.0.1:9/x"
    with pytest.raises(UnsafeModelError, match="not name a file"):
        torchkeras.saving.deserialize_keras_object(whole, safe_mode=False)


BAD = [
    ({"max_tokens": 1}, "max_tokens must be greater than 1"),
    ({"max_tokens": 2.5}, "max_tokens must be None or an integer"),
    ({"num_oov_indices": -1}, "num_oov_indices must be an integer >= 0"),
    ({"num_oov_indices": 1.5}, "num_oov_indices must be an integer >= 0"),
    ({"output_mode": "x"}, "output_mode must be one of 'int', 'one_hot'"),
    ({"invert": True, "output_mode": "count"}, "output_mode must be 'int' when invert is True"),
    ({"pad_to_max_tokens": True}, "max_tokens must be set if pad_to_max_tokens"),
    ({"sparse": True}, "sparse=True can only be used with the TensorFlow backend"),
    ({"idf_weights": [1.0]}, "idf_weights should only be set if output_mode is 'tf_idf'"),
    ({"salt": "q"}, "salt must be an integer or a tuple of 2 integers"),
    ({"salt": [1]}, "salt must be an integer or a tuple of 2 integers"),
    ({"vocabulary": ["a", "b", "a"]}, "at least one repeated term.*'a'"),
    ({"vocabulary": []}, "cannot set an empty vocabulary"),
    ({"vocabulary": [["a"]]}, "vocabulary must have one dimension"),
    ({"vocabulary": [1, 2]}, "vocabulary must be strings"),
    ({"vocabulary": ["a", None]}, r"vocabulary must be strings. Received: vocabulary\[1\]=None"),
    ({"vocabulary": ["a", "b"], "max_tokens": 2}, "larger than the maximum vocab size"),
    ({"vocabulary": ["a", ""], "mask_token": ""}, "mask token stands at an unexpected place"),
    ({"vocabulary": ["a"], "output_mode": "tf_idf"}, "idf_weights must be given"),
    ({"vocabulary": "no/such/file"}, "does not exist"),
    ({"vocabulary": "https://example.com/v.txt"}, "only local files"),
    ({"foo": 1}, "Unrecognized keyword arguments"),
]


@pytest.mark.parametrize(("arguments", "message"), BAD, ids=[m[:30] for _, m in BAD])
def test_bad_arguments(arguments, message):
    with pytest.raises(ValueError, match=message):
        StringLookup(**arguments)


def test_weights_of_another_length():
    with pytest.raises(ValueError, match="must be the same length as vocabulary, 1"):
        StringLookup(vocabulary=["a"], output_mode="tf_idf", idf_weights=[1.0, 2.0])


@pytest.mark.parametrize(
    ("inputs", "message"),
    [
        ([1, 2], "inputs must be strings"),
        (torch.tensor([1]), "inputs must be strings"),
        (["a", None], r"inputs must be strings. Received: inputs\[1\]=None"),
        ([["a"], ["a", "b"]], "these lists have different lengths"),
        (["z", "y", "z"], r"all inputs should be in vocabulary. Received: OOV values=\['z', 'y'\]"),
    ],
    ids=["numbers", "tensor", "none", "ragged", "unknown"],
)
def test_bad_inputs(inputs, message):
    with pytest.raises(ValueError, match=message):
        StringLookup(vocabulary=["a"], num_oov_indices=0)(inputs)


def test_no_adapting_of_a_given_vocabulary():
    layer = StringLookup(vocabulary=["a"])
    with pytest.raises(ValueError, match=r"cannot adapt layer .* after setting a static"):
        layer.adapt(["b"])
    with pytest.raises(TypeError, match=r"adapt\(\) takes an array, a list of tokens"):
        StringLookup().adapt({"a": 1})
    with pytest.raises(RuntimeError, match="you must set the layer's vocabulary"):
        StringLookup()(["a"])


def test_an_empty_line_in_a_file(tmp_path):
    path = tmp_path / "v.txt"
    path.write_text("a\n\nb\n")
    with pytest.raises(ValueError, match="an empty line 2"):
        StringLookup(vocabulary=path)


class Foreign:
    """A tensor of another library: what tf.data's batches of strings look like from here."""

    def __init__(self, values):
        self.values = values
        self.shape = values.shape

    def __array__(self, dtype=None, copy=None):
        return self.values


class Symbolic(Foreign):
    """One without values, as in a function that tf.data is to map."""

    def __array__(self, dtype=None, copy=None):
        raise NotImplementedError("Cannot convert a symbolic tf.Tensor to a numpy array.")


def test_strings_of_other_libraries():
    layer = StringLookup()
    layer.adapt([Foreign(np.array([b"a", b"b"], object)), Foreign(np.array([b"b"], object))])
    assert layer.get_vocabulary() == ["[UNK]", "b", "a"]
    assert layer(Foreign(np.array([[b"a"], [b"?"]], object))).tolist() == [[2], [0]]
    for called in (layer, torchkeras.layers.Rescaling(2.0), torchkeras.layers.RandomFlip()):
        with pytest.raises(ValueError, match=r"batches that come out of a tf\.data\.Dataset"):
            called(Symbolic(np.zeros((2, 2, 3))))


@pytest.mark.parametrize("text", ["a\nb\n", "a\nb\n\n", "a\r\nb\r\n", "a\nb"])
def test_ends_of_a_vocabulary_file(text, tmp_path):
    """Keras 3.15 has ["a", "b"] of each."""
    (tmp_path / "vocabulary.txt").write_bytes(text.encode())
    layer = StringLookup()
    layer.load_assets(str(tmp_path))
    assert layer.get_vocabulary(include_special_tokens=False) == ["a", "b"]


def test_weights_can_be_read():
    """Keras's numbers."""
    layer = StringLookup(output_mode="tf_idf")
    assert layer.idf_weights is None
    layer.adapt([["a", "b"], ["a", "c"]])
    expected = [0.63237333, 0.51082563, 0.6931472, 0.6931472]
    np.testing.assert_allclose(layer.idf_weights, expected, 1e-6)
    given = StringLookup(vocabulary=["a", "b"], output_mode="tf_idf", idf_weights=[1.0, 2.0])
    assert given.idf_weights.tolist() == [1.5, 1.0, 2.0]
