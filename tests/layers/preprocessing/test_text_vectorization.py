"""TextVectorization: real Keras's recorded results, functions, files, bad input."""

import json
import pickle

import numpy as np
import pytest
import text_golden
import torch
from torch.utils.data import DataLoader, Dataset

import torchkeras
from torchkeras._base.errors import UnsafeModelError
from torchkeras.layers import TextVectorization

CALLS, NAMES = text_golden.of("TextVectorization")
ADAPTED, ADAPTED_NAMES = text_golden.of("TextVectorization", "adapt")
TEXTS = ["foo bar", "bar baz", "baz bada boom"]


@pytest.mark.parametrize("case", CALLS, ids=NAMES)
def test_as_keras(case):
    text_golden.check_calls(case)


@pytest.mark.parametrize("case", ADAPTED, ids=ADAPTED_NAMES)
def test_adapt_as_keras(case):
    text_golden.check_adapted(case)


def test_example_of_the_documentation():
    layer = TextVectorization(max_tokens=5000, output_sequence_length=4)
    layer.adapt(TEXTS)
    assert layer([["foo qux bar"], ["qux baz"]]).tolist() == [[4, 1, 3, 0], [1, 2, 0, 0]]
    assert layer.get_vocabulary() == ["", "[UNK]", "baz", "bar", "foo", "boom", "bada"]
    assert layer.get_vocabulary(include_special_tokens=False)[0] == "baz"


def endless():
    while True:
        yield np.array(TEXTS)


@pytest.mark.parametrize(
    ("data", "steps"),
    [
        (TEXTS, None),
        (np.array(TEXTS, "S"), None),
        (np.array(TEXTS, object)[:, None], None),
        (DataLoader(TEXTS, batch_size=2), None),
        (endless(), 1),
        ([(np.array(TEXTS), np.zeros(3))], None),
    ],
    ids=["list", "bytes", "column", "loader", "generator", "pairs"],
)
def test_forms_of_data_to_adapt(data, steps):
    layer = TextVectorization()
    layer.adapt(data, batch_size=2, steps=steps)
    assert layer.get_vocabulary()[2:] == ["baz", "bar", "foo", "boom", "bada"]


@torchkeras.saving.register_keras_serializable("text_test")
def shout(texts):
    return np.char.upper(texts)


@torchkeras.saving.register_keras_serializable("text_test")
def by_dash(texts):
    return np.char.split(texts, "-")


@pytest.mark.parametrize("inputs", [["a-b", "b"], [["a-b"], ["b"]]], ids=["1d", "2d"])
def test_functions_get_arrays_of_strings(inputs):
    layer = TextVectorization(vocabulary=["A", "B"], standardize=shout, split=by_dash)
    assert layer(inputs).tolist() == [[2, 3], [3, 0]]
    adapted = TextVectorization(standardize=shout, split=by_dash, output_mode="count")
    adapted.adapt(inputs)
    assert adapted.get_vocabulary() == ["[UNK]", "B", "A"]
    assert adapted("a-a-b").tolist() == [0, 1, 2]


def test_functions_in_a_config():
    layer = TextVectorization(
        vocabulary=["A", "B"], standardize=shout, split=by_dash, ngrams=(1, 2)
    )
    config = json.loads(json.dumps(torchkeras.saving.serialize_keras_object(layer)))
    other = torchkeras.saving.deserialize_keras_object(config)
    assert other(["a-b"]).tolist() == layer(["a-b"]).tolist() == [[2, 3, 1]]


def test_functions_that_return_something_else():
    with pytest.raises(ValueError, match="standardize must return as many strings as it gets"):
        TextVectorization(vocabulary=["a"], standardize=lambda x: x[:1])(["a", "b"])
    with pytest.raises(ValueError, match="what standardize returns must be strings"):
        TextVectorization(vocabulary=["a"], standardize=np.char.str_len)(["a", "b"])
    with pytest.raises(ValueError, match="split must return one list of tokens for each text"):
        TextVectorization(vocabulary=["a"], split=lambda x: [["a"]])(["a", "b"])


def test_a_vocabulary_of_line_breaks_survives(tmp_path):
    layer = TextVectorization(split="character", standardize=None)
    layer.adapt(["a\nb\n", "a\r"])
    layer.save_assets(str(tmp_path))
    other = TextVectorization.from_config(layer.get_config())
    other.load_assets(str(tmp_path))
    assert other.get_vocabulary() == layer.get_vocabulary() == ["", "[UNK]", "a", "\n", "b", "\r"]


def test_a_config_never_names_a_file():
    config = {**TextVectorization().get_config(), "vocabulary": "/etc/passwd"}
    with pytest.raises(UnsafeModelError, match="not name a file"):
        TextVectorization.from_config(config)


class Texts(Dataset):
    """Texts made numbers in the workers of a DataLoader."""

    def __init__(self, layer):
        self.layer = layer

    def __len__(self):
        return 6

    def __getitem__(self, index):
        return self.layer(TEXTS[index % 3])


def test_in_the_workers_of_a_loader():
    layer = TextVectorization(output_sequence_length=3)
    layer.adapt(TEXTS)
    batches = list(DataLoader(Texts(layer), batch_size=3, num_workers=2))
    assert [b.tolist() for b in batches] == [layer(TEXTS).tolist()] * 2
    assert torch.equal(pickle.loads(pickle.dumps(layer))(TEXTS), layer(TEXTS))


def test_long_texts_with_all_unicode():
    text = " ".join(chr(c) for c in range(33, 0x3000) if not 0xD800 <= c < 0xE000)
    layer = TextVectorization(standardize="lower")
    layer.adapt([text])
    assert layer([text]).min() >= 2
    assert "é" in layer.get_vocabulary() and "É" in layer.get_vocabulary()  # ASCII alone is lowered


BAD = [
    ({"max_tokens": 1}, "max_tokens must be greater than 1"),
    ({"standardize": "x"}, "standardize must be None, a function, or one of"),
    ({"split": "x"}, "split must be None, a function, or one of"),
    ({"ngrams": "x"}, "ngrams must be None, an integer, or a tuple of integers"),
    ({"ngrams": (1, "a")}, "ngrams must be None, an integer, or a tuple of integers"),
    ({"ngrams": 0}, "ngrams must be at least 1"),
    ({"output_mode": "x"}, "output_mode must be one of 'int'"),
    ({"output_sequence_length": "a"}, "output_sequence_length must be an integer >= 0"),
    ({"output_sequence_length": 3, "output_mode": "count"}, "must not be set if output_mode"),
    ({"ragged": True}, "ragged=True can only be used with the TensorFlow backend"),
    ({"sparse": True}, "sparse=True can only be used with the TensorFlow backend"),
    ({"pad_to_max_tokens": True, "output_mode": "count"}, "max_tokens must be set"),
    ({"idf_weights": [1.0]}, "idf_weights should only be set if output_mode is 'tf_idf'"),
    ({"vocabulary": ["a"], "output_mode": "tf_idf"}, "idf_weights must be given"),
    ({"vocabulary": ["", "a"]}, "mask token stands at an unexpected place"),
    ({"foo": 1}, "Unrecognized keyword arguments"),
]


@pytest.mark.parametrize(("arguments", "message"), BAD, ids=[m[:30] for _, m in BAD])
def test_bad_arguments(arguments, message):
    with pytest.raises(ValueError, match=message):
        TextVectorization(**arguments)


def test_bad_inputs():
    layer = TextVectorization(vocabulary=["a"])
    with pytest.raises(ValueError, match="the last shape dimension must be 1"):
        layer([["a", "b"]])
    with pytest.raises(ValueError, match="inputs must be strings"):
        layer([1])
    with pytest.raises(ValueError, match=r"inputs must be strings. Received: inputs\[1\]=None"):
        layer(["a", None])
    with pytest.raises(RuntimeError, match="you must set the layer's vocabulary"):
        TextVectorization()(["a"])
    with pytest.raises(ValueError, match="cannot adapt layer"):
        layer.adapt(["a"])


def test_split_that_returns_a_ragged_tensor():
    class Ragged:
        def __init__(self, rows):
            self.rows = rows

        def to_list(self):
            return self.rows

    def split(texts):
        return Ragged([[word.encode() for word in text.split("|")] for text in texts])

    layer = torchkeras.layers.TextVectorization(
        split=split, standardize=None, vocabulary=["foo", "bar"]
    )
    assert layer(["bar|foo", "x"]).tolist() == [[3, 2], [1, 0]]
