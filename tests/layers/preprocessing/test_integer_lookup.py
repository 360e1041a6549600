"""IntegerLookup: real Keras's recorded results, data in all forms, tables, bad input."""

import json
import pickle

import numpy as np
import pytest
import text_golden
import torch
from torch.utils.data import DataLoader

import torchkeras
from torchkeras.layers import IntegerLookup

CALLS, NAMES = text_golden.of("IntegerLookup")
ADAPTED, ADAPTED_NAMES = text_golden.of("IntegerLookup", "adapt")


@pytest.mark.parametrize("case", CALLS, ids=NAMES)
def test_as_keras(case):
    text_golden.check_calls(case)


@pytest.mark.parametrize("case", ADAPTED, ids=ADAPTED_NAMES)
def test_adapt_as_keras(case):
    text_golden.check_adapted(case)


FORMS = {
    "list": [5, 3, 5],
    "nested": [[5], [3], [5]],
    "array": np.array([5, 3, 5], "int32"),
    "floats": np.array([5.0, 3.9, 5.0]),
    "tensor": torch.tensor([5, 3, 5]),
    "loader": DataLoader([5, 3, 5], batch_size=2),
    "generator": lambda: iter([np.array([5]), np.array([3, 5])]),
}


@pytest.mark.parametrize("form", FORMS)
def test_forms_of_data_to_adapt(form):
    data = FORMS[form]
    layer = IntegerLookup()
    layer.adapt(data() if callable(data) else data)
    assert layer.get_vocabulary() == [-1, 5, 3]


@pytest.mark.parametrize("spread", [1, 10, 10**6, 2**40])
@pytest.mark.parametrize("mask_token", [None, 0])
@pytest.mark.parametrize("size", [1, 2, 3, 50])
def test_near_and_far_numbers_are_found_alike(spread, mask_token, size):
    rng = np.random.default_rng(size)
    tokens = (rng.permutation(size) - 7 + size // 2) * spread
    tokens = tokens[tokens != 0] if size > 1 else np.array([9])
    layer = IntegerLookup(vocabulary=tokens, mask_token=mask_token)
    table = {int(t): i for i, t in enumerate(layer.get_vocabulary())}
    x = np.concatenate([tokens, tokens + 1, [0, -(2**62), 2**62]])
    oov = 0 if mask_token is None else 1
    expected = [oov if v == -1 and v not in tokens else table.get(int(v), oov) for v in x]
    assert layer(x).tolist() == expected


@pytest.mark.sweep  # the compiler alone takes seconds to import
def test_in_a_compiled_function():
    layer = IntegerLookup(vocabulary=[3, 5, 9], num_oov_indices=2)
    x = torch.tensor([[3, 4], [9, 6]])
    run = torch.compile(lambda v: layer(v) * 2, backend="eager")
    assert torch.equal(run(x), layer(x) * 2)


def test_assets_and_copies(tmp_path):
    layer = IntegerLookup(mask_token=0, num_oov_indices=2)
    layer.adapt([7, 7, -9, 0])
    layer.save_assets(str(tmp_path))
    assert (tmp_path / "vocabulary.txt").read_bytes() == b"0\n-1\n-1\n7\n-9"
    other = IntegerLookup.from_config(json.loads(json.dumps(layer.get_config())))
    other.load_assets(str(tmp_path))
    for again in (other, pickle.loads(pickle.dumps(layer))):
        assert again.get_vocabulary() == [0, -1, -1, 7, -9]
        assert torch.equal(again([7, 5, 0]), layer([7, 5, 0]))


def test_vocabulary_from_a_file(tmp_path):
    path = tmp_path / "v.txt"
    path.write_text("1\n 22 \n-3\n")
    assert IntegerLookup(vocabulary=path).get_vocabulary() == [-1, 1, 22, -3]
    path.write_text("1\nx\n")
    with pytest.raises(ValueError, match="vocabulary must be a list or array of whole numbers"):
        IntegerLookup(vocabulary=path)


def test_before_an_embedding():
    lookup = IntegerLookup(vocabulary=[10, 20], output_mode="multi_hot")
    inputs = torchkeras.Input((3,), dtype="int64")
    model = torchkeras.Model(inputs, torchkeras.layers.Dense(2)(lookup(inputs)))
    assert model.predict(np.array([[10, 20, 5]]), verbose=0).shape == (1, 2)


BAD = [
    ({"vocabulary_dtype": "int32"}, ValueError, "only vocabulary_dtype='int64'"),
    ({"oov_method": "x"}, ValueError, "oov_method must be one of 'floormod', 'farmhash'"),
    ({"salt": 7}, ValueError, "salt can only be used when oov_method='farmhash'"),
    ({"mask_token": "a"}, TypeError, "mask_token must be an integer"),
    ({"vocabulary": [1, 1]}, ValueError, "at least one repeated term"),
    ({"vocabulary": ["a"]}, ValueError, "must be a list or array of whole numbers"),
    ({"vocabulary": [0, 5], "mask_token": 0}, ValueError, "mask token stands at an unexpected"),
    ({"max_tokens": 0}, ValueError, "max_tokens must be greater than 1"),
]


@pytest.mark.parametrize(("arguments", "error", "message"), BAD, ids=[m[:30] for *_, m in BAD])
def test_bad_arguments(arguments, error, message):
    with pytest.raises(error, match=message):
        IntegerLookup(**arguments)


def test_bad_inputs():
    layer = IntegerLookup(vocabulary=[1, 2], num_oov_indices=0)
    with pytest.raises(TypeError, match="inputs must be whole numbers"):
        layer(["a"])
    with pytest.raises(ValueError, match=r"should be in vocabulary. Received: OOV values=\[9\]"):
        layer([1, 9])
    with pytest.raises(ValueError, match="strings or numbers, in an array or nested lists"):
        layer([[1], [1, 2]])
