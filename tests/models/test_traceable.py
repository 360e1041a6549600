"""Functional models of layers, ops and torch functions: traced whole, saved, and loaded."""

import pytest
import torch
import torch.nn.functional as F

import torchkeras as keras
from oracle import assert_close

ops, layers = keras.ops, keras.layers


def mlp():
    x = keras.Input((8,))
    h = ops.concatenate([layers.Dense(16, activation="relu")(x), x], -1)
    h = F.gelu(h) + 1
    h = torch.cat([h, h[:, ::2]], -1).softmax(-1)
    return keras.Model(x, layers.Dense(2)(h)), (torch.rand(4, 8),)


def two_inputs():
    a, b = keras.Input((4,)), keras.Input((6,), dtype="int32")
    e = layers.GlobalAveragePooling1D()(layers.Embedding(10, 4)(b))
    h = ops.stack([a, e], 1)
    h = ops.sum(h * ops.exp(h), axis=1)
    data = [torch.rand(3, 4), torch.randint(0, 10, (3, 6))]
    return keras.Model([a, b], [h, layers.Dense(1)(h)]), (data,)


def convnet():
    x = keras.Input((8, 8, 3))
    h = layers.BatchNormalization()(layers.Conv2D(4, 3, activation="relu")(x))
    h = layers.Dropout(0.5)(layers.Flatten()(layers.MaxPooling2D()(h)))
    return keras.Model(x, layers.Dense(3)(h)), (torch.rand(2, 8, 8, 3),)


def attention():
    x = keras.Input((5, 8))
    h = layers.LayerNormalization()(layers.MultiHeadAttention(2, 4)(x, x) + x)
    h = ops.rearrange(h, "b t (h d) -> b h t d", h=2)
    h = ops.slice(h, (0, 0, 0, 0), (-1, 2, 3, 2))
    return keras.Model(x, ops.mean(h, axis=(1, 2))), (torch.rand(2, 5, 8),)


def recurrent():
    x = keras.Input((5, 8))
    h = layers.LSTM(4, return_sequences=True)(x)
    h = ops.scatter_update(h, [[0]], h[:1] * 0)
    return keras.Model(x, [ops.associative_scan(torch.add, h, axis=1), h]), (torch.rand(2, 5, 8),)


def branches():
    x = keras.Input((4,))
    y = ops.cond(ops.sum(x) > 0, lambda: x * 2, lambda: x - 1)
    parts = ops.unstack(x, axis=1)
    return keras.Model(x, [y, parts[0], ops.saturate_cast(x, "uint8")]), (torch.rand(2, 4),)


MODELS = [mlp, two_inputs, convnet, attention, recurrent, branches]


@pytest.mark.parametrize("make", MODELS)
def test_compile_and_export(make):
    model, data = make()
    want = model(*data)
    torch._dynamo.reset()
    assert_close(torch.compile(model, fullgraph=True, backend="eager")(*data), want)
    assert_close(torch.export.export(model, data).module()(*data), want)


TORCH = {
    "gelu": lambda x: F.gelu(x),
    "cat": lambda x: torch.cat([x, x], -1),
    "softmax": lambda x: x.softmax(-1),
    "slices": lambda x: x[:, ::2] + x[..., :2][:, :1].mean(),
    "new_axis": lambda x: x[:, None, -1],
    "transpose": lambda x: x.T @ x,
    "topk": lambda x: torch.topk(x, 2).values,
    "sort": lambda x: x.sort(-1)[1],
    "to": lambda x: x.to(torch.float64),
    "long": lambda x: (x * 3).long() << 1,
    "einsum": lambda x: torch.einsum("bi,bj->bij", x, x),
    "split": lambda x: x.split(2, -1)[0],
    "where": lambda x: torch.where(x > 0.5, x, -x),
    "index": lambda x: x[:, torch.tensor([0, 2])],
    "pad": lambda x: F.pad(x, (1, 1)),
    "fft": lambda x: torch.fft.rfft(x).abs(),
    "norm": lambda x: torch.linalg.vector_norm(x, dim=-1),
    "special": lambda x: torch.special.erf(x),
    "attention": lambda x: F.scaled_dot_product_attention(x[:, None], x[:, None], x[:, None]),
    "positive": lambda x: +x - abs(-x) // 2 + 2**x,
    "repeat": lambda x: x.unsqueeze(1).expand(-1, 3, -1).flatten(1),
}


@pytest.mark.parametrize("name", TORCH)
def test_torch_functions_in_files(name, tmp_path):
    x = keras.Input((4,))
    model = keras.Model(x, TORCH[name](x))
    data = torch.rand(3, 4)
    want = model(data)
    shape = model.output_shape
    assert all(a is None or a == b for a, b in zip(shape, want.shape, strict=True))
    assert_close(want, TORCH[name](data))
    model.save(tmp_path / "m.keras")
    assert_close(keras.models.load_model(tmp_path / "m.keras")(data), want)
