"""Layers without weights: built or not, and what their build configs say, as in Keras."""

import keras
import pytest
import torch

import torchkeras
from oracle import rand

CASES = [
    ("Flatten", (), 2),
    ("Reshape", ((-1,),), 2),
    ("Permute", ((2, 1, 3),), 2),
    ("RepeatVector", (2,), 0),
    *(
        (f"{family}{rank}D", args, rank)
        for rank in (1, 2, 3)
        for family, args in (
            ("MaxPooling", (2,)),
            ("AveragePooling", (2,)),
            ("GlobalMaxPooling", ()),
            ("GlobalAveragePooling", ()),
            ("AdaptiveMaxPooling", (2,)),
            ("AdaptiveAveragePooling", (2,)),
            ("UpSampling", ()),
            ("ZeroPadding", ()),
            ("Cropping", ()),
            ("Conv", (2, 3)),
        )
    ),
]


@pytest.mark.parametrize(("name", "args", "rank"), CASES)
def test_build_config(name, args, rank):
    x = torch.tensor(rand(2, *(6,) * rank, 3))
    seen = []
    for lib in (torchkeras, keras):
        layer = getattr(lib.layers, name)(*args)
        before = layer.built
        layer(x)
        seen.append((before, layer.built, layer.get_build_config()))
    assert seen[0] == seen[1]


@pytest.mark.parametrize("dtype", ["bool", "uint8", "int32", "int64", "float16", "float64"])
@pytest.mark.parametrize("name", ["Flatten", "ZeroPadding2D", "GlobalAveragePooling2D"])
def test_symbols_have_the_dtype_of_the_outputs(name, dtype):
    layer = getattr(torchkeras.layers, name)()
    y = layer(torch.ones(2, 4, 4, 3, dtype=getattr(torch, dtype)))
    assert f"torch.{layer(torchkeras.Input((4, 4, 3), dtype=dtype)).dtype}" == str(y.dtype)
