"""`Reduction` of Keras 2: its names, and where they stood."""

import pytest

import torchkeras
from torchkeras import config, losses
from torchkeras.compat.names.losses import LossFunctionWrapper, Reduction


def test_auto():
    with pytest.warns(DeprecationWarning, match="reduction='auto'"):
        loss = losses.MeanSquaredError(reduction=Reduction.AUTO)
    assert loss.reduction == "sum_over_batch_size"
    assert losses.MeanSquaredError(Reduction.NONE)([[0.0], [0.0]], [[1.0], [2.0]]).tolist() == [
        1,
        4,
    ]
    config.set_legacy_mode("off")
    with pytest.raises(ValueError, match="reduction must be one of"):
        losses.MeanSquaredError(reduction="auto")


def test_base_class_with_the_reduction_first():
    class Mine(losses.Loss):
        def __init__(self):
            super().__init__(Reduction.SUM, "mine")

        def call(self, y_true, y_pred):
            return (y_true - y_pred)[:, 0]

    loss = Mine()
    assert (loss.name, loss.reduction) == ("mine", "sum")
    assert float(loss([[3.0], [4.0]], [[1.0], [1.0]])) == 5.0


def test_wrapper_and_names():
    loss = LossFunctionWrapper(lambda a, b: (a - b)[:, 0], name="mine")
    assert float(loss([[3.0], [5.0]], [[1.0], [1.0]])) == 3.0
    assert Reduction.all() == ("auto", "none", "sum", "sum_over_batch_size")
    with pytest.raises(ValueError, match="is none of"):
        Reduction.validate("all")
    assert torchkeras.losses.get("kullback_leibler_divergence") is losses.kl_divergence
