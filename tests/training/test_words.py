import pytest
import torch

import torchkeras
from torchkeras.training.words import member_of_family, name_of, unique


def shaped(*shape):
    return torch.zeros(shape)


@pytest.mark.parametrize(
    ("true", "pred", "kind"),
    [
        ((8,), (8, 3), "sparse_categorical"),
        ((8, 1), (8, 3), "sparse_categorical"),
        ((8, 3), (8, 3), "categorical"),
        ((8, 1), (8, 1), "binary"),
        ((8,), (8, 1), "binary"),
        ((8,), (8,), "binary"),
        ((8, 4), (8, 4, 3), "sparse_categorical"),
        ((8, 4), (8, 4, 1), "binary"),
    ],
)
def test_members_of_families(true, pred, kind):
    for word, family in (("acc", "accuracy"), ("ce", "crossentropy")):
        assert member_of_family(word, shaped(*true), shaped(*pred)) == f"{kind}_{family}"
        assert member_of_family(family, shaped(*true), shaped(*pred)) == f"{kind}_{family}"


def test_names():
    class Callable:
        def __call__(self, y_true, y_pred):
            return 0

    assert name_of("mse") == "mse"
    assert name_of(torchkeras.losses.MeanSquaredError(name="n")) == "n"
    assert name_of(torchkeras.losses.MeanSquaredError) == "mean_squared_error"
    assert name_of(torchkeras.losses.huber) == "huber"
    assert name_of(lambda t, p: 0) == "lambda"
    assert name_of(Callable()) == "callable"


def test_unique():
    assert unique("a", {"b"}) == "a"
    assert unique("a", {"a", "a_1"}) == "a_2"
