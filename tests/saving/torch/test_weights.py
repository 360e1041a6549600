"""`from_torch` and `to_torch` against torch's own modules: equal outputs, both ways."""

import itertools

import numpy as np
import pytest
import torch
from torch import nn

import torchkeras as keras
from torchkeras.saving import from_torch, to_torch

L = keras.layers
F, T = False, True


def channels_last(x):
    return x.movedim(1, -1)


def channels_first(x):
    return x.movedim(-1, 1)


def same(x):
    return x


# (id, torch module, Keras layer, shape that torch takes, input for Keras, its output for torch)
def convolutions():
    for rank, groups, bias, stride, dilation in itertools.product(
        (1, 2, 3), (1, 2), (T, F), (1, 2), (1, 2)
    ):
        if stride > 1 and dilation > 1:
            continue
        shape = (2, 4, 7, 8, 6)[: rank + 2]
        options = {"stride": stride, "dilation": dilation, "groups": groups, "bias": bias}
        yield (
            f"conv{rank} {options}", getattr(nn, f"Conv{rank}d")(4, 6, 3, **options),
            getattr(L, f"Conv{rank}D")(6, 3, strides=stride, dilation_rate=dilation, groups=groups,
                                       use_bias=bias),
            shape, channels_last, channels_first,
        )  # fmt: skip
    for rank, bias, stride in itertools.product((1, 2, 3), (T, F), (1, 2)):
        yield (
            f"transpose{rank} {bias} {stride}",
            getattr(nn, f"ConvTranspose{rank}d")(4, 5, 3, stride=stride, bias=bias),
            getattr(L, f"Conv{rank}DTranspose")(5, 3, strides=stride, use_bias=bias),
            (2, 4, 5, 6, 4)[: rank + 2], channels_last, channels_first,
        )  # fmt: skip
    for rank, many in itertools.product((1, 2), (1, 3)):
        yield (
            f"depthwise{rank} {many}",
            getattr(nn, f"Conv{rank}d")(4, 4 * many, 3, groups=4),
            getattr(L, f"DepthwiseConv{rank}D")(3, depth_multiplier=many),
            (2, 4, 7, 8)[: rank + 2], channels_last, channels_first,
        )  # fmt: skip
    yield (
        "channels first", nn.Conv2d(3, 4, (3, 2)),
        L.Conv2D(4, (3, 2), data_format="channels_first"), (2, 3, 6, 5), same, same,
    )  # fmt: skip


def norms():
    for affine in (T, F):
        yield (
            f"batch {affine}", nn.BatchNorm2d(4, affine=affine),
            L.BatchNormalization(epsilon=1e-5, center=affine, scale=affine), (3, 4, 5, 5),
            channels_last, channels_first,
        )  # fmt: skip
    yield ("batch 1d", nn.BatchNorm1d(4), L.BatchNormalization(epsilon=1e-5), (3, 4), same, same)
    yield (
        "batch 3d", nn.BatchNorm3d(4, eps=1e-3), L.BatchNormalization(), (2, 4, 3, 3, 3),
        channels_last, channels_first,
    )  # fmt: skip
    yield ("layer", nn.LayerNorm(6), L.LayerNormalization(epsilon=1e-5), (3, 5, 6), same, same)
    yield (
        "layer without bias", nn.LayerNorm(6, bias=False),
        L.LayerNormalization(epsilon=1e-5, center=False), (3, 5, 6), same, same,
    )  # fmt: skip
    yield (
        "layer over two", nn.LayerNorm((5, 6)), L.LayerNormalization((1, 2), epsilon=1e-5),
        (3, 5, 6), same, same,
    )  # fmt: skip
    for groups in (1, 2, 6):
        yield (
            f"group {groups}", nn.GroupNorm(groups, 6), L.GroupNormalization(groups, epsilon=1e-5),
            (3, 6, 5, 5), channels_last, channels_first,
        )  # fmt: skip
    yield (
        "instance", nn.InstanceNorm2d(6, affine=True), L.GroupNormalization(-1, epsilon=1e-5),
        (3, 6, 5, 5), channels_last, channels_first,
    )  # fmt: skip
    yield ("rms", nn.RMSNorm(6, eps=1e-6), L.RMSNormalization(), (3, 6), same, same)
    yield (
        "rms default", nn.RMSNorm(6), L.RMSNormalization(epsilon=torch.finfo(torch.float32).eps),
        (3, 6), same, same,
    )  # fmt: skip


def others():
    for bias in (T, F):
        yield (f"linear {bias}", nn.Linear(4, 3, bias=bias), L.Dense(3, use_bias=bias), (5, 4),
               same, same)  # fmt: skip
    yield ("linear 3d", nn.Linear(4, 3), L.Dense(3), (2, 5, 4), same, same)
    yield ("prelu one", nn.PReLU(), L.PReLU(), (3, 4), same, same)
    yield ("prelu channels", nn.PReLU(4), L.PReLU(), (3, 4), same, same)
    yield ("prelu image", nn.PReLU(4), L.PReLU(shared_axes=[1, 2]), (2, 4, 5, 5), channels_last,
           channels_first)  # fmt: skip


def recurrent():
    kinds = {
        "LSTM": (nn.LSTM, L.LSTM, {}, {}),
        "GRU": (nn.GRU, L.GRU, {}, {}),
        "RNN": (nn.RNN, L.SimpleRNN, {}, {}),
        "RNN relu": (nn.RNN, L.SimpleRNN, {"nonlinearity": "relu"}, {"activation": "relu"}),
    }
    for name, (theirs, ours, a, b) in kinds.items():
        for bias, both in itertools.product((T, F), (T, F)):
            layer = ours(5, return_sequences=True, use_bias=bias, **b)
            yield (
                f"{name} {bias} {both}",
                theirs(4, 5, batch_first=True, bias=bias, bidirectional=both, **a),
                L.Bidirectional(layer) if both else layer, (3, 6, 4), same, same,
            )  # fmt: skip


CASES = {c[0]: c[1:] for c in (*convolutions(), *norms(), *others(), *recurrent())}


def filled(module):
    """A module with weights that are all different from what they begin as."""
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for name, t in module.state_dict().items():
            if t.is_floating_point():
                t.uniform_(-0.4, 0.4, generator=generator)
                if "running_var" in name:
                    t.abs_().add_(0.5)
    return module.eval()


def outputs(module, x):
    found = module(x)
    return found[0] if isinstance(found, tuple) else found


def close(a, b):
    np.testing.assert_allclose(a.detach(), b.detach(), rtol=1e-6, atol=2e-6)


@pytest.mark.parametrize("name", CASES)
def test_layer(name):
    module, layer, shape, before, after = CASES[name]
    x = torch.rand(shape, generator=torch.Generator().manual_seed(1)) - 0.5
    layer(before(x))
    module = filled(module)
    from_torch(layer, module)
    close(after(layer(before(x))), outputs(module, x))
    state = to_torch(layer)
    assert set(state) == set(module.state_dict()) or name == "instance"
    with torch.no_grad():
        for t in module.state_dict().values():
            t.zero_()
    assert to_torch(layer, module).keys() <= set(module.state_dict())
    close(outputs(module, x), after(layer(before(x))))
    from_torch(layer, state)  # names alone, without the module
    close(after(layer(before(x))), outputs(module, x))


@pytest.mark.parametrize("bias", [T, F])
@pytest.mark.parametrize(("kdim", "vdim"), [(None, None), (5, 7)])
def test_attention(bias, kdim, vdim):
    module = filled(nn.MultiheadAttention(8, 2, bias=bias, kdim=kdim, vdim=vdim, batch_first=True))
    layer = L.MultiHeadAttention(2, 4, use_bias=bias)
    q, k, v = torch.rand(2, 3, 8), torch.rand(2, 5, kdim or 8), torch.rand(2, 5, vdim or 8)
    layer(q, v, k)
    from_torch(layer, module)
    close(layer(q, v, k), module(q, k, v)[0])
    assert to_torch(layer).keys() == module.state_dict().keys()
    for name, t in to_torch(layer).items():
        assert torch.equal(t, module.state_dict()[name])
    with torch.no_grad():
        for p in module.parameters():
            p.zero_()
    to_torch(layer, module)
    close(module(q, k, v)[0], layer(q, v, k))
    from_torch(layer, module.state_dict())


def test_embedding():
    module = filled(nn.Embedding(7, 3, padding_idx=0))
    layer = L.Embedding(7, 3)
    x = torch.tensor([[1, 6], [0, 2]])
    layer(x)
    assert from_torch(layer, module) == {layer.name: ""}
    assert torch.equal(layer(x), module(x))
    assert torch.equal(to_torch(layer)["weight"], module.weight)


@pytest.mark.parametrize(
    ("kind", "cell"), [("LSTM", "LSTMCell"), ("GRU", "GRUCell"), ("RNN", "SimpleRNNCell")]
)
def test_levels(kind, cell):
    """Of torch's several levels: several layers here, or one of several cells."""
    x = torch.rand(2, 5, 4)
    module = filled(getattr(nn, kind)(4, 3, num_layers=3, batch_first=True))
    layers = [getattr(L, cell.removesuffix("Cell"))(3, return_sequences=True, name=f"r{i}")
              for i in range(3)]  # fmt: skip
    row = keras.Sequential([keras.Input((5, 4)), *layers])
    assert from_torch(row, module) == {"r0": "", "r1": "[1]", "r2": "[2]"}
    close(row(x), module(x)[0])
    from_torch(layers, module)
    one = L.RNN([getattr(L, cell)(3) for _ in range(3)], return_sequences=True, name="rnn")
    one(x)
    assert from_torch(one, module) == {"rnn": "", "rnn[1]": "[1]", "rnn[2]": "[2]"}
    close(one(x), module(x)[0])
    assert to_torch(one).keys() == module.state_dict().keys()
    with torch.no_grad():
        for p in module.parameters():
            p.zero_()
    to_torch(one, module)
    close(module(x)[0], one(x))
    from_torch(row, module, map={"r1": "[2]"})
    assert torch.equal(layers[1].cell.kernel, one.cell.cells[2].kernel)


def test_levels_in_both_directions():
    x = torch.rand(2, 5, 4)
    module = filled(nn.LSTM(4, 3, num_layers=2, bidirectional=True, batch_first=True))
    row = keras.Sequential([
        keras.Input((5, 4)), *(L.Bidirectional(L.LSTM(3, return_sequences=True)) for _ in range(2))
    ])  # fmt: skip
    from_torch(row, module)
    close(row(x), module(x)[0])
    state = to_torch(row)
    assert {n.partition(".")[2] for n in state} == {
        n.replace("_l1", "_l0") for n in module.state_dict()
    }


@pytest.mark.parametrize(
    ("theirs", "ours"), [(nn.LSTMCell, L.LSTMCell), (nn.GRUCell, L.GRUCell),
                         (nn.RNNCell, L.SimpleRNNCell)],
)  # fmt: skip
def test_cells(theirs, ours):
    module, cell, x, h = filled(theirs(4, 3)), ours(3), torch.rand(2, 4), torch.rand(2, 3)
    cell.build((None, 4))
    from_torch(cell, module)
    two = ours is L.LSTMCell
    found = cell(x, [h, h] if two else [h])[0]
    close(found, module(x, (h, h))[0] if two else module(x, h))
    assert to_torch(cell).keys() == module.state_dict().keys()


# ------------------------------------------------------------------------------- models


class TorchNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(3, 4, 3, bias=False), nn.BatchNorm2d(4), nn.ReLU(), nn.MaxPool2d(2),
            nn.Conv2d(4, 6, 3), nn.PReLU(6),
        )  # fmt: skip
        self.head = nn.Linear(6, 5)

    def forward(self, x):
        return self.head(self.features(x).mean((2, 3)))


def keras_net():
    i = keras.Input((12, 12, 3))
    x = L.Conv2D(4, 3, use_bias=False, name="c1")(i)
    x = L.MaxPooling2D()(L.ReLU()(L.BatchNormalization(epsilon=1e-5, name="bn")(x)))
    x = L.PReLU(shared_axes=[1, 2], name="act")(L.Conv2D(6, 3, name="c2")(x))
    x = L.Dropout(0.5)(L.GlobalAveragePooling2D()(x))
    return keras.Model(i, L.Dense(5, name="head")(x))


def test_model_by_order():
    module, model, x = filled(TorchNet()), keras_net(), torch.rand(2, 3, 12, 12)
    assert from_torch(model, module) == {
        "c1": "features.0", "bn": "features.1", "c2": "features.4", "act": "features.5",
        "head": "head",
    }  # fmt: skip
    close(model(channels_last(x)), module(x))
    from_torch(model, module.state_dict())
    other = filled(TorchNet())
    with torch.no_grad():
        for p in other.parameters():
            p.zero_()
    assert to_torch(model, other).keys() == other.state_dict().keys()
    close(other(x), model(channels_last(x)))
    names = to_torch(model)
    assert list(names)[:3] == ["c1.weight", "bn.weight", "bn.bias"]
    fresh = keras_net()
    from_torch(fresh, names)
    close(model(channels_last(x)), fresh(channels_last(x)))


def test_model_by_map():
    module, model, x = filled(TorchNet()), keras_net(), torch.rand(2, 3, 12, 12)
    full = {
        "head": "head", "c2": "features.4", "c1": "features.0", "bn": "features.1",
        "act": "features.5",
    }  # fmt: skip
    assert from_torch(model, module, map=full) == full
    close(model(channels_last(x)), module(x))
    before = model.get_layer("c1").kernel.detach().clone()
    from_torch(model, filled(TorchNet()), map={"head": "head"})
    assert torch.equal(model.get_layer("c1").kernel, before)
    state = to_torch(model, map={"head": "fc", "bn": "norm"})
    assert list(state) == [
        "fc.weight",
        "fc.bias",
        *(f"norm.{n}" for n in nn.BatchNorm2d(1).state_dict()),
    ]


def test_nested_models_and_torch_modules_in_them():
    inner = keras.Sequential([keras.Input((4,)), L.Dense(3, name="a"), L.Dense(3, name="b")],
                             name="inner")  # fmt: skip

    class Net(keras.Model):
        def __init__(self):
            super().__init__()
            self.inner = inner
            self.blocks = [L.Dense(2), torch.nn.Linear(2, 2)]
            self.last = L.TimeDistributed(L.Dense(2))

        def call(self, x):
            x = self.blocks[1](self.blocks[0](self.inner(x)))
            return self.last(x[:, None])[:, 0]

    model, x = Net(), torch.rand(5, 4)
    model(x)
    module = filled(nn.Sequential(
        nn.Sequential(nn.Linear(4, 3), nn.Linear(3, 3)), nn.Linear(3, 2), nn.Linear(2, 2),
        nn.Linear(2, 2),
    ))  # fmt: skip
    assert from_torch(model, module) == {
        "inner.a": "0.0",
        "inner.b": "0.1",
        "blocks.0": "1",
        "blocks.1": "2",
        "last.layer": "3",
    }
    close(model(x), module(x))
    assert from_torch(model, module, map={"inner": "0", "last": "3"}) == {
        "inner.a": "0.0",
        "inner.b": "0.1",
        "last.layer": "3",
    }
    assert list(to_torch(model, map={"inner": "net"})) == [
        "net.a.weight",
        "net.a.bias",
        "net.b.weight",
        "net.b.bias",
    ]


def test_transformer_block():
    class Block(nn.Module):
        def __init__(self):
            super().__init__()
            self.attention = nn.MultiheadAttention(8, 2, batch_first=True)
            self.norm = nn.LayerNorm(8)
            self.feed = nn.Sequential(nn.Linear(8, 16), nn.GELU(), nn.Linear(16, 8))

        def forward(self, x):
            x = self.norm(x + self.attention(x, x, x, need_weights=False)[0])
            return x + self.feed(x)

    i = keras.Input((5, 8))
    x = L.LayerNormalization(epsilon=1e-5)(i + L.MultiHeadAttention(2, 4)(i, i))
    model = keras.Model(i, x + L.Dense(8)(L.Dense(16, activation="gelu")(x)))
    module, data = filled(Block()), torch.rand(2, 5, 8)
    from_torch(model, module)
    close(model(data), module(data))
    to_torch(model, module)
    close(module(data), model(data))


def test_widths():
    module = filled(nn.Linear(4, 3)).double()
    layer = L.Dense(3)
    layer.build((None, 4))
    from_torch(layer, module)
    np.testing.assert_allclose(layer.kernel.detach(), module.weight.T.float().detach())
    assert to_torch(layer)["weight"].dtype == torch.float32


# ------------------------------------------------------------------------------- errors


def built(layer, *shape):
    layer.build(*shape, *shape) if isinstance(shape[0], tuple) else layer.build(shape)
    return layer


@pytest.mark.parametrize(
    ("layer", "source", "message"),
    [
        (lambda: L.Dense(3, name="d"), nn.Linear(4, 3), r"d has no weights yet: call it on data"),
        (lambda: built(L.Dense(3, name="d"), None, 5), nn.Linear(4, 3),
         r"d \(Dense\) and Linear do not fit: kernel has shape \(5, 3\), torch's .* \(4, 3\)"),
        (lambda: built(L.Dense(3, name="d"), None, 4), nn.Linear(4, 3, bias=False),
         r"d \(Dense\) and Linear do not fit: .*is a Linear with bias, weight; .*has weight"),
        (lambda: built(L.Dense(3, use_bias=False), None, 4), nn.Linear(4, 3), "has bias, weight"),
        (lambda: built(L.Dense(3, name="d"), None, 4), nn.Conv2d(3, 3, 3), "do not fit: kernel"),
        (lambda: built(L.Conv2D(3, 3, name="c"), None, 8, 8, 4), nn.Conv2d(4, 3, 3, stride=2),
         r"c \(Conv2D\) and Conv2d compute different numbers: strides=\(1, 1\) and stride="),
        (lambda: built(L.BatchNormalization(name="n"), None, 4), nn.BatchNorm1d(4),
         r"n \(BatchNormalization\) and BatchNorm1d compute .*epsilon=0.001 and eps=1e-05"),
        (lambda: built(L.LSTM(3, activation="relu"), None, 5, 4), nn.LSTM(4, 3),
         "activation='relu', where torch has tanh"),
        (lambda: built(L.GRU(3, reset_after=False), None, 5, 4), nn.GRU(4, 3), "reset_after=False"),
        (lambda: built(L.SimpleRNN(3), None, 5, 4), nn.RNN(4, 3, nonlinearity="relu"),
         "activation='tanh' and nonlinearity='relu'"),
        (lambda: built(L.LSTM(3), None, 5, 4), nn.LSTM(4, 3, num_layers=2),
         r"1 layers with weights, lstm.* \(LSTM\); the torch side has 2"),
        (lambda: built(L.LSTM(3), None, 5, 4), nn.LSTM(4, 3, proj_size=2), "proj_size|weight_hr"),
        (lambda: built(L.Bidirectional(L.LSTM(3)), None, 5, 4), nn.LSTM(4, 3), "_reverse"),
        (lambda: built(L.Bidirectional(L.LSTM(3), merge_mode="sum"), None, 5, 4), nn.LSTM(4, 3),
         "merge_mode='sum'"),
        (lambda: built(L.MultiHeadAttention(2, 4), (None, 5, 8)),
         nn.MultiheadAttention(8, 4), "num_heads=2 and num_heads=4"),
        (lambda: built(L.EinsumDense("ab,bc->ac", 3, name="e"), None, 4), nn.Linear(4, 3),
         r"e \(EinsumDense\) has weights that no rule is for; .*Rules are for Dense"),
        (lambda: built(L.Embedding(5, 3), None), {"weight": torch.ones(5, 3, dtype=torch.int64)},
         "torch's is torch.int64"),
    ],
)  # fmt: skip
def test_misfits(layer, source, message):
    layer = layer()
    before = [v.detach().clone() for v in layer.variables]
    with pytest.raises(ValueError, match=message):
        from_torch(layer, source)
    assert all(torch.equal(a, b) for a, b in zip(before, layer.variables, strict=True))
    if isinstance(source, nn.Module) and layer.built:
        before = {k: v.clone() for k, v in source.state_dict().items()}
        with pytest.raises(ValueError, match=r"to_torch|has weights that no rule|merge_mode"):
            to_torch(layer, source)
        assert all(torch.equal(v, before[k]) for k, v in source.state_dict().items())


def test_misfit_in_the_last_layer_changes_none():
    module, model = filled(TorchNet()), keras_net()
    module.head = nn.Linear(6, 4)
    before = [v.detach().clone() for v in model.variables]
    with pytest.raises(ValueError, match=r"head \(Dense\) and head \(Linear\) do not fit"):
        from_torch(model, module)
    assert all(torch.equal(a, b) for a, b in zip(before, model.variables, strict=True))
    state = {k: v.clone() for k, v in module.state_dict().items()}
    with pytest.raises(ValueError, match=r"head \(Dense\) and head \(Linear\) do not fit"):
        to_torch(model, module)
    assert all(torch.equal(v, state[k]) for k, v in module.state_dict().items())


def test_names_that_are_not_there():
    module, model = TorchNet(), keras_net()
    with pytest.raises(ValueError, match="there is no layer 'c3' with weights; there are c1, bn"):
        from_torch(model, module, map={"c3": "head"})
    with pytest.raises(ValueError, match=r"the torch side has no 'tail'; it has features\.0"):
        from_torch(model, module, map={"head": "tail"})
    with pytest.raises(ValueError, match="A map says which is which"):
        from_torch(model, nn.Linear(2, 2))
    with pytest.raises(TypeError, match="a torch module or a state dict"):
        from_torch(model, 3)
    with pytest.raises(TypeError, match="target must be a torch module"):
        to_torch(model, {})
    with pytest.raises(TypeError, match="a layer, a model or a list of layers"):
        to_torch(3)
    with pytest.raises(ValueError, match="has numbers for more than one axis"):
        to_torch(built(L.PReLU(), None, 3, 4))
