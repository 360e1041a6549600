import numpy as np
import pytest
import torch
from ops_oracle import array, check_gradients, check_op, check_symbols

import torchkeras as keras

KS = (0, 1, -4)
QUICK = ["float32", "int64", "bool"]


@pytest.mark.parametrize("dtype", QUICK)
def test_diagonals(dtype):
    for k in KS:
        for shape in ((3,), (0,), (3, 3), (2, 4), (4, 2), (0, 3)):
            check_op("diag", array(shape, dtype), k=k)
            check_symbols("diag", array(shape, dtype), k=k)
            check_symbols("diag", array(shape, dtype), k=k, unknown=False)
        for shape in ((), (3,), (2, 2), (1, 2, 3)):
            assert check_op("diagflat", array(shape, dtype), k=k)
            check_symbols("diagflat", array(shape, dtype), k=k)
        for shape in ((3, 3), (2, 4, 3), (3, 0), (2, 3, 2, 3)):
            for axes in ((0, 1), (-1, 0)):
                x = array(shape, dtype)
                assert check_op("diagonal", x, k, *axes)
                check_symbols("diagonal", x, k, *axes)
                check_symbols("diagonal", x, k, *axes, unknown=False)
        for shape in ((3, 3), (2, 4), (2, 4, 3), (0, 3), (3, 0)):
            for name in ("tril", "triu"):
                assert check_op(name, array(shape, dtype), k=k)
                check_symbols(name, array(shape, dtype), k=k)


@pytest.mark.parametrize("dtype", QUICK)
@pytest.mark.parametrize("increasing", [True, False])
def test_vander(dtype, increasing):
    for n in (None, 0, 1, 3, 6):
        x = array((4,), dtype)
        check_op("vander", x, N=n, increasing=increasing)
        check_symbols("vander", x, N=n, increasing=increasing)
        check_symbols("vander", x, N=n, increasing=increasing, unknown=False)
        got = keras.ops.vander(x, N=n, increasing=increasing)
        if dtype not in ("bool", "uint8"):  # which NumPy widens
            np.testing.assert_allclose(got, np.vander(x, N=n, increasing=increasing), 1e-2)


def test_lists():
    for name in ("diag", "diagflat", "diagonal", "tril", "triu"):
        if name != "diagonal":  # Keras takes no list here
            assert check_op(name, [[1, 2], [3, 4]])
        assert check_gradients(name, array((2, 3), "float32"))
    assert keras.ops.diagonal([[1, 2], [3, 4]]).tolist() == [1, 4]
    assert keras.ops.vander([1, 2], 2).tolist() == [[1, 1], [2, 1]]
    x = torch.tensor(array((3,), "float64"), requires_grad=True)  # Keras has no gradient of it
    assert torch.autograd.gradcheck(keras.ops.vander, x)


def test_an_unknown_side_may_be_the_shorter():
    for shape in ((None, 3), (3, None)):
        assert keras.ops.diag(keras.KerasTensor(shape)).shape == (None,)
        assert keras.ops.diagonal(keras.KerasTensor(shape)).shape == (None,)
    assert keras.ops.diagonal(keras.KerasTensor((None, 3, 3)), 0, 1, 2).shape == (None, 3)


def test_bad_ranks():
    for name, shape, words in (
        ("diag", (2, 2, 2), "rank 1 or 2"),
        ("tril", (2,), "rank 2 or more"),
        ("triu", (), "rank 2 or more"),
        ("vander", (2, 2), "rank 1"),
    ):
        with pytest.raises(ValueError, match=rf"{name}: x must have {words}. Received: shape \("):
            getattr(keras.ops, name)(torch.ones(shape))
        with pytest.raises(ValueError, match=f"{name}: x must have {words}"):
            getattr(keras.ops, name)(keras.KerasTensor(shape))
    with pytest.raises(ValueError, match=r"diagonal: axis2 is no axis of x. Received: axis2=1"):
        keras.ops.diagonal(torch.ones(2))
    with pytest.raises(
        ValueError, match=r"diagonal: axis1 and axis2 must differ. Received: axis1="
    ):
        keras.ops.diagonal(torch.ones(2, 2), axis1=-1)
    with pytest.raises(TypeError, match=r"vander: N must be an integer. Received: N=2.5"):
        keras.ops.vander(torch.ones(2), 2.5)
    with pytest.raises(ValueError, match=r"vander: N must not be negative. Received: N=-1"):
        keras.ops.vander(torch.ones(2), -1)
