"""Batches of any accepted form become three parts of tensors."""

import numpy as np
import pytest
import torch

from torchkeras.training.data.stream import Converter, StreamAdapter

T = torch.ones(2)


@pytest.mark.parametrize("lists", [True, False])
def test_forms(lists):
    convert = Converter("fit", "source", lists=lists)
    assert convert((T,)) == (T, None, None)
    assert convert((T, T)) == (T, T, None)
    assert convert((T, None, T)) == (T, None, T)
    assert convert(T) == (T, None, None)
    assert convert({"a": T}) == ({"a": T}, None, None)
    if lists:
        assert convert([T, T]) == (T, T, None)
    else:
        with pytest.raises(ValueError, match="each batch of a source must be a tuple"):
            convert([T, T])


def test_tensors_pass_untouched_and_arrays_share_memory():
    convert = Converter("fit", "source")
    x = np.ones(3)
    assert convert((T, T))[0] is T
    assert convert((x,))[0].data_ptr() == x.__array_interface__["data"][0]


def test_the_base_reads_nothing():
    adapter = StreamAdapter(owner="fit", kind="source", steps=None, class_weight=None)
    with pytest.raises(TypeError, match="does not say how its source is read") as error:
        list(adapter.batches())
    assert "at batch 0 " in error.value.__notes__[0]
