import pytest
import torch
from op_check import check

import torchkeras as keras
from oracle import rand


@pytest.mark.parametrize("data_format", ["channels_last", "channels_first"])
@pytest.mark.parametrize("block", [2, 3])
def test_depth_and_space(block, data_format):
    deep, wide = (2, 2, 3, 2 * block**2), (2, 2 * block, 3 * block, 4)
    if data_format == "channels_first":
        deep, wide = (2, 2 * block**2, 2, 3), (2, 4, 2 * block, 3 * block)
    check("depth_to_space", rand(*deep), block, data_format)
    check("space_to_depth", rand(*wide), block, data_format)
    x = torch.tensor(rand(*wide))
    back = keras.ops.depth_to_space(
        keras.ops.space_to_depth(x, block, data_format), block, data_format
    )
    torch.testing.assert_close(back, x)


OPTIONS = [
    {},
    {"stride": 2},
    {"padding": 1, "stride": (1, 2)},
    {"dilation": 2},
    {"padding": (1, 0), "dilation": (1, 2), "stride": 2},
]


@pytest.mark.parametrize("options", OPTIONS)
@pytest.mark.parametrize("size", [2, (2, 3)])
def test_fold_and_unfold(options, size):
    x = rand(2, 3, 6, 7)
    check("unfold", x, size, **options)
    patches = keras.ops.unfold(x, size, **options).numpy()
    check("fold", patches, (6, 7), size, **options)
    check("fold", rand(1, 12, 4), 4, 2, stride=2)


@pytest.mark.parametrize(
    ("call", "shape", "message"),
    [
        (lambda x: keras.ops.depth_to_space(x, 2), (1, 2, 2, 3), "multiple of block_size"),
        (lambda x: keras.ops.depth_to_space(x, 2), (2, 2, 4), "4 dimensions"),
        (lambda x: keras.ops.space_to_depth(x, 2), (1, 3, 2, 3), "multiples of block_size"),
        (lambda x: keras.ops.space_to_depth(x, 0), (1, 2, 2, 3), "block_size must be"),
        (lambda x: keras.ops.unfold(x, 2), (3, 4, 4), "4 dimensions"),
        (lambda x: keras.ops.unfold(x, 0), (1, 3, 4, 4), "kernel_size must be"),
        (lambda x: keras.ops.fold(x, 4, 2), (3, 4), "3 dimensions"),
        (lambda x: keras.ops.fold(x, (1, 2, 3), 2), (1, 12, 9), "output_size must be"),
    ],
)
def test_bad_arguments(call, shape, message):
    for make in (torch.ones, keras.KerasTensor):
        with pytest.raises(ValueError, match=message):
            call(make(shape))


@pytest.mark.parametrize("name", ["depth_to_space", "space_to_depth"])
@pytest.mark.parametrize("block_size", [-1, 0, 1])
def test_block_size_is_above_1(name, block_size):
    with pytest.raises(ValueError, match="block_size must be"):
        getattr(keras.ops, name)(torch.ones(1, 2, 2, 4), block_size)
