import pytest
import torch
from torch import nn

import torchkeras
from oracle import assert_close
from torchkeras.losses.torch_loss import TorchLoss, is_torch_loss

OUT = torch.tensor([[0.2, 0.5, 0.3], [0.6, 0.3, 0.1], [0.1, 0.1, 0.8]])
IDS = torch.tensor([1, 0, 2])


def test_what_is_a_loss_of_torch():
    assert is_torch_loss(nn.MSELoss)
    assert is_torch_loss(nn.CrossEntropyLoss())
    assert not is_torch_loss(torchkeras.losses.MeanSquaredError())
    assert not is_torch_loss(nn.Linear)
    assert not is_torch_loss("mse")


@pytest.mark.parametrize("reduction", ["mean", "sum"])
def test_class_indices_of_any_form(reduction):
    module = nn.CrossEntropyLoss(reduction=reduction)
    want = module(OUT, IDS)
    for y_true in (IDS, IDS[:, None], IDS.int(), IDS.float()):
        assert_close(TorchLoss(module)(y_true, OUT), want)
    hot = nn.functional.one_hot(IDS, 3)
    assert_close(TorchLoss(module)(hot, OUT), want)


def test_targets_take_the_dtype_of_outputs():
    for module, y_pred in ((nn.BCELoss(), OUT), (nn.MSELoss(), OUT.double())):
        hot = nn.functional.one_hot(IDS, 3)
        assert_close(TorchLoss(module)(hot, y_pred), module(y_pred, hot.to(y_pred.dtype)))


@pytest.mark.parametrize("module", [nn.CrossEntropyLoss(), nn.NLLLoss(), nn.MultiMarginLoss()])
def test_weights_and_masks_weight_single_values(module):
    loss = TorchLoss(module)
    assert_close(loss(IDS, OUT, torch.ones(3)), module(OUT, IDS))
    assert_close(loss(IDS, OUT, [0.0, 3.0, 0.0]), module(OUT[1:2], IDS[1:2]))
    masked = OUT.clone()
    masked._keras_mask = torch.tensor([True, False, True])
    assert_close(loss(IDS, masked), module(OUT[::2], IDS[::2]))
    assert module.reduction == "mean"


def test_values_of_several_columns_are_averaged_first():
    y_true = torch.zeros(3, 3)
    want = (OUT.square().mean(1) * torch.tensor([1.0, 0.0, 2.0])).mean()
    assert_close(TorchLoss(nn.MSELoss())(y_true, OUT, [1.0, 0.0, 2.0]), want)
    assert TorchLoss(nn.MSELoss()).name == "mse_loss"
