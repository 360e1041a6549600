"""HashedCrossing: real Keras's recorded bins, forms of inputs, bad input."""

import numpy as np
import pytest
import text_golden
import torch

import torchkeras
from torchkeras.layers import HashedCrossing

INPUTS = text_golden.RECORD["crossed"]["inputs"]
CASES = text_golden.RECORD["crossed"]["cases"]


@pytest.mark.parametrize("case", CASES, ids=lambda c: text_golden.label(c["arguments"]))
def test_as_keras(case):
    layer = HashedCrossing(**case["arguments"])
    text_golden.check_config(layer, case["config"])
    for x, recorded in zip(INPUTS, case["outputs"], strict=True):
        text_golden.check_output(layer(tuple(np.array(f) for f in x)), recorded)
        text_golden.check_output(layer(x), recorded)  # lists of lists
        again = HashedCrossing.from_config(layer.get_config())
        text_golden.check_output(again(x), recorded)


def test_scalars_and_tensors():
    layer = HashedCrossing(num_bins=1000)
    assert layer(("A", 101)).item() == 891
    assert layer(["A", "B"]).shape == ()
    assert layer((np.array(["A", "B"]), torch.tensor([101, 101]))).tolist() == [891, 754]


def test_in_a_model():
    word = torchkeras.Input((1,), dtype="string", name="word")
    number = torchkeras.Input((1,), dtype="int64", name="number")
    crossed = HashedCrossing(num_bins=8, output_mode="one_hot")((word, number))
    assert crossed.shape == (None, 8)
    model = torchkeras.Model([word, number], crossed)
    out = model.predict({"word": ["A", "B"], "number": np.array([101, 101])}, verbose=0)
    assert out.sum(-1).tolist() == [1, 1]


A, B = np.array(["a", "b"]), np.array([1, 2])
BAD = [
    (A, "called on a list or tuple of inputs"),
    ((A,), "called on at least two inputs"),
    ((A, B[:1]), "all inputs should have equal shape"),
    ((A[None], B[None]), r"should have shape \(\), \(batch_size,\) or \(batch_size, 1\)"),
    ((A, B.astype(float)), "should have an integer or string dtype"),
]


@pytest.mark.parametrize(("inputs", "message"), BAD, ids=[m[:20] for _, m in BAD])
def test_bad_inputs(inputs, message):
    with pytest.raises(ValueError, match=message):
        HashedCrossing(num_bins=5)(inputs)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"num_bins": 0}, "num_bins must be a positive integer"),
        ({"num_bins": "a"}, "num_bins must be a positive integer"),
        ({"num_bins": 5, "output_mode": "count"}, "output_mode must be one of 'int', 'one_hot'"),
        ({"num_bins": 5, "output_mode": "one_hot", "sparse": True}, "sparse=True can only be"),
    ],
)
def test_bad_arguments(arguments, message):
    with pytest.raises(ValueError, match=message):
        HashedCrossing(**arguments)
