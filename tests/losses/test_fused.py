import pytest
import torch

import torchkeras.losses
from oracle import assert_close
from torchkeras.losses.fused import BATCH_MEANS

L = torchkeras.losses
MAKERS = [
    lambda r: L.MeanSquaredError(r), lambda r: L.MeanAbsoluteError(r), lambda r: L.Huber(0.4, r),
    lambda r: L.BinaryCrossentropy(reduction=r),
    lambda r: L.BinaryCrossentropy(True, 0.2, reduction=r),
    lambda r: L.CategoricalCrossentropy(reduction=r),
    lambda r: L.CategoricalCrossentropy(True, 0.2, reduction=r),
    lambda r: L.SparseCategoricalCrossentropy(reduction=r),
    lambda r: L.SparseCategoricalCrossentropy(True, reduction=r),
]  # fmt: skip


@pytest.mark.parametrize("make", MAKERS)
@pytest.mark.parametrize("shape", [(8, 3), (4, 5, 3), (6, 1)])
def test_batch_mean_equals_the_mean_of_the_values(make, shape):
    fast, general = make("sum_over_batch_size"), make("none")
    torch.manual_seed(0)
    z = torch.randn(shape, requires_grad=True)
    if "Sparse" in type(fast).__name__:
        forms = [torch.randint(0, shape[-1], shape[:-1])]
        forms += [forms[0].unsqueeze(-1), forms[0].int(), forms[0].float()]
    else:
        hot = torch.nn.functional.one_hot(torch.randint(0, shape[-1], shape[:-1]), shape[-1])
        forms = [hot.float(), hot, hot.double(), hot.bool()]
        if shape[-1] == 1 and "Categorical" not in type(fast).__name__:
            forms.append(hot.squeeze(-1).float())
    for y_true in forms:
        for y_pred in (torch.softmax(z, -1), torch.sigmoid(z) * 0.9):
            mean = fast._batch_mean(y_true, y_pred, **fast._arguments)
            want = general(y_true, y_pred).mean()
            assert mean is not None
            found = [torch.autograd.grad(v, z, retain_graph=True)[0] for v in (mean, want)]
            assert_close([mean, found[0]], [want, found[1]])


def test_shapes_of_no_pair_are_left_to_the_general_way():
    for mean in (BATCH_MEANS[L.mean_squared_error], BATCH_MEANS[L.categorical_crossentropy]):
        assert mean(torch.zeros(4, 1), torch.zeros(4, 2)) is None
    sparse = BATCH_MEANS[L.sparse_categorical_crossentropy]
    assert sparse(torch.zeros(3).long(), torch.zeros(4, 2)) is None
    assert sparse(torch.zeros(4).long(), torch.zeros(4, 2), ignore_class=1) is None
    assert sparse(torch.zeros(2, 3).long(), torch.zeros(2, 4, 3), axis=1) is None


def test_sums_and_single_values_have_no_batch_mean():
    assert L.MeanSquaredError("sum")._batch_mean is None
    assert L.MeanSquaredError(None)._batch_mean is None
    assert L.MeanSquaredError("mean")._batch_mean is not None
