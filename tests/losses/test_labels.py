import pytest
import torch

from torchkeras.losses import labels


def test_class_ids():
    ids = torch.tensor([0, 2])
    assert labels.class_ids("o", ids, 3) is ids
    assert labels.class_ids("o", ids.float(), 3).tolist() == [0, 2]
    assert labels.class_ids("o", ids.int(), 3).dtype == torch.int64
    for bad in (0.5, float("nan"), float("inf")):
        with pytest.raises(ValueError, match=r"o: labels must be integers .* at position 1"):
            labels.class_ids("o", torch.tensor([0.0, bad]), 3)


def test_positions():
    error = labels.bad_class("o", torch.tensor([0, 5, 7]), 3, start=100)
    assert "label 5 at position 101." in str(error)
    error = labels.bad_class("o", torch.tensor([[0, 1], [1, 9]]), 3)
    assert "label 9 at position (1, 1)." in str(error)
    assert "label 3" in str(labels.bad_class("o", torch.tensor([-1, 3]), 3, ignore_class=-1))
    assert "label 2.5" in str(labels.bad_probability("o", torch.tensor([0.5, 2.5])))
    assert str(labels.bad_probability("o", torch.tensor(2.0))).endswith("label 2.0 at position ().")
    assert "Received" not in str(labels.bad_class("o", torch.tensor([1]), 3))


def test_which_are_bad():
    nan = float("nan")
    assert labels.no_class(torch.tensor([0, 2, 3, -1]), 3).tolist() == [False, False, True, True]
    assert labels.no_class(torch.tensor([1.0, 1.5, nan]), 3).tolist() == [False, True, True]
    assert labels.no_class(torch.tensor([-1, 4]), 3, ignore_class=-1).tolist() == [False, True]
    assert labels.no_probability(torch.tensor([0.0, 1.0, 1.1, nan])).tolist() == [
        False, False, True, True,
    ]  # fmt: skip
