import pytest
import torch
from image_oracle import FORMATS, check_image_op, image

import torchkeras as keras

ssim = keras.ops.image.ssim
OPTIONS = [
    {}, {"max_val": 255.0}, {"filter_size": 5}, {"filter_size": 4}, {"filter_size": 1},
    {"filter_sigma": 0.7}, {"k1": 0.1, "k2": 0.2}, {"max_val": 0.5, "filter_size": 7, "k2": 0.0},
]  # fmt: skip


@pytest.mark.parametrize("data_format", FORMATS)
@pytest.mark.parametrize("shape", [(16, 13, 3), (2, 16, 13, 3)], ids=len)
@pytest.mark.parametrize("options", OPTIONS, ids=str)
def test_against_keras(options, shape, data_format):
    for dtype in ("float32", "float64"):
        a, b = (image(*shape, data_format=data_format, dtype=dtype, seed=s) for s in (0, 1))
        # Variances are small differences of squares: Keras, too, has a few digits less.
        check_image_op(
            "ssim", a, a + 0.3 * b, data_format=data_format, rtol=2e-5, symbolic=False, **options
        )


def test_symbolic():
    a, b = (keras.KerasTensor((None, 16, 16, 3)) for _ in range(2))
    assert ssim(a, b).shape == (None,)
    assert ssim(keras.KerasTensor((16, 16, 3)), torch.ones(16, 16, 3)).shape == ()


def test_photograph(photograph):
    """Bytes are computed as numbers; Keras gives 0, in bytes."""
    noisy = photograph ^ 15
    got = ssim(photograph, noisy, 255.0)
    assert got.dtype is torch.float32 and got.shape == ()
    check_image_op(
        "ssim", photograph.astype("float64"), noisy.astype("float64"), 255.0, grads=False,
        symbolic=False,
    )  # fmt: skip
    want = ssim(photograph.astype("float64"), noisy.astype("float64"), 255.0)
    assert abs(got - want) < 1e-4 and 0 < want < 0.99
    assert ssim(photograph, photograph, 255.0) == 1


def test_wrong_arguments():
    x = torch.ones(2, 16, 16, 3)
    with pytest.raises(ValueError, match="both images must have the same shape"):
        ssim(x, x[:1])
    with pytest.raises(ValueError, match="at least as large as the window"):
        ssim(x[:, :8], x[:, :8])
    for size in (0, (3, 3)):
        with pytest.raises(ValueError, match="filter_size must be a positive integer"):
            ssim(x, x, filter_size=size)
    with pytest.raises(ValueError, match="images must have 3 dimensions"):
        ssim(x[0, 0], x[0, 0])
