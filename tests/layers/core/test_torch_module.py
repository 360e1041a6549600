"""TorchModuleWrapper, and plain torch modules within layers."""

import copy

import keras
import numpy as np
import pytest
import torch
from torch import nn

import torchkeras
from torchkeras import layers


@torchkeras.saving.register_keras_serializable("test_torch_module")
class Net(nn.Module):
    def __init__(self, width=4):
        super().__init__()
        self.width = width
        self.linear = nn.Linear(3, width)
        self.norm = nn.BatchNorm1d(width)
        self.drop = nn.Dropout(0.5)

    def forward(self, x):
        return self.drop(self.norm(self.linear(x)))

    def get_config(self):
        return {"width": self.width}

    @classmethod
    def from_config(cls, config):
        return cls(**config)


X = torch.tensor(np.random.default_rng(0).normal(size=(16, 3)).astype("float32"))
Y = torch.tensor(np.random.default_rng(1).normal(size=(16, 1)).astype("float32"))


def test_weights_are_counted():
    layer = layers.TorchModuleWrapper(Net())
    assert layer.count_params() == 16 + 8 + 9
    assert len(layer.trainable_weights) == 4
    assert len(layer.weights) == 7
    assert {"module.linear.weight", "module.norm.running_mean"} <= set(layer.state_dict())


def test_mode():
    """`training=None` keeps the module's own mode; else it is that of the call."""
    layer = layers.TorchModuleWrapper(Net())
    assert layer.module.training  # as torch makes it
    assert torch.equal(layer(X, training=False), layer(X, training=False))
    assert not torch.equal(layer(X), layer(X))
    layer.eval()
    assert torch.equal(layer(X), layer(X))
    assert not torch.equal(layer(X, training=True), layer(X, training=True))
    assert not any(m.training for m in layer.modules())
    layer.train()
    layer.module.norm.eval()  # as torch users freeze statistics
    before = layer.module.norm.running_mean.clone()
    layer(X), layer(X, training=True)
    assert not layer.module.norm.training and torch.equal(layer.module.norm.running_mean, before)
    layer(X, training=False)
    assert layer.module.drop.training and not layer.module.norm.training


class Plain(nn.Module):
    """Not registered, without get_config: its argument is read from its attribute."""

    def __init__(self, width=4):
        super().__init__()
        self.width = width
        self.body = nn.Sequential(nn.Linear(3, width), nn.BatchNorm1d(width), nn.Dropout(0.5))

    def forward(self, x):
        return self.body(x)


def holder(kind, net):
    """A model with `net` in one of the places where a module can stand."""
    dense = layers.Dense(1)
    if kind in ("wrapped", "plain"):
        first = layers.TorchModuleWrapper(net) if kind == "wrapped" else net
        return torchkeras.Sequential([first, dense])
    if kind == "functional":
        inputs = torchkeras.Input((3,))
        return torchkeras.Model(inputs, dense(layers.TorchModuleWrapper(net)(inputs)))

    class Inner(layers.Layer):
        def __init__(self):
            super().__init__()
            self.net = net

        def call(self, x):
            return self.net(x)

    class Holder(torchkeras.Model):
        def __init__(self):
            super().__init__()
            if kind == "attribute":
                self.net = net
            elif kind == "list":
                self.nets = [[], [net]]
            elif kind == "dict":
                self.nets = {"b": {"a": net}}
            else:
                self.inner = Inner()
            self.dense = dense

        def call(self, x):
            if kind == "attribute":
                return self.dense(self.net(x))
            if kind == "layer":
                return self.dense(self.inner(x))
            nested = self.nets[1][0] if kind == "list" else self.nets["b"]["a"]
            return self.dense(nested(x))

    return Holder()


KINDS = ["wrapped", "plain", "functional", "attribute", "list", "dict", "layer"]


@pytest.mark.parametrize("kind", KINDS)
def test_is_trained(kind):
    torch.manual_seed(0)
    net = Net()
    model = holder(kind, net)
    before = {k: v.clone() for k, v in net.state_dict().items()}
    model.compile("adam", "mse")
    model.fit(X, Y, epochs=2, batch_size=8, verbose=0)
    for key, value in net.state_dict().items():
        assert not torch.equal(value, before[key]), key
    assert net.norm.num_batches_tracked == 4
    after = net.norm.running_mean.clone()
    assert np.array_equal(model.predict(X, verbose=0), model.predict(X, verbose=0))
    model.evaluate(X, Y, verbose=0)
    assert torch.equal(net.norm.running_mean, after)
    assert len(model.trainable_weights) == 6 and len(model.weights) == 9
    model.trainable = False
    assert not any(p.requires_grad for p in net.parameters())


@pytest.mark.parametrize("kind", KINDS)
def test_mode_is_that_of_the_call(kind):
    net = Net()
    model = holder(kind, net)
    model(X)
    for mode in (True, False):
        model.train(mode)
        assert net.training == net.drop.training == mode
        for _ in range(3):  # the quick way too
            assert torch.equal(model(X, training=False), model(X, training=False))
            assert not torch.equal(model(X, training=True), model(X, training=True))
            assert torch.equal(model(X), model(X)) == (not mode)
            assert net.training == net.drop.training == mode


@pytest.mark.parametrize("kind", KINDS)
def test_is_saved(kind, tmp_path):
    torch.manual_seed(0)
    net = Plain(5)
    model = holder(kind, net)
    model.compile("adam", "mse")
    model.fit(X, Y, batch_size=8, verbose=0)
    want = model.predict(X, verbose=0)
    state = {k: v.clone() for k, v in net.state_dict().items()}
    model.save_weights(tmp_path / "m.weights.h5")
    with torch.no_grad():
        for v in net.state_dict().values():
            v.zero_()
    model.load_weights(tmp_path / "m.weights.h5", strict=True)
    assert all(torch.equal(v, state[k]) for k, v in net.state_dict().items())
    if kind in ("attribute", "list", "dict", "layer"):
        return  # these classes are the user's own
    model.save(tmp_path / "m.keras")
    again = torchkeras.saving.load_model(
        tmp_path / "m.keras", custom_objects={"Plain": Plain}, strict=True
    )
    np.testing.assert_allclose(again.predict(X, verbose=0), want, 1e-6, 1e-6)
    np.testing.assert_allclose(again(X).detach(), want, 1e-6, 1e-6)  # loaded at inference
    again.fit(X, Y, verbose=0)
    with pytest.raises(ValueError, match=r"could not locate class 'Plain'.*custom_objects"):
        torchkeras.saving.load_model(tmp_path / "m.keras")


@pytest.mark.parametrize("kind", KINDS)
def test_copies(kind):
    net = Net()
    model = holder(kind, net)
    model(X)
    twin = copy.deepcopy(model)
    assert torch.equal(twin(X, training=False), model(X, training=False))
    assert not {id(p) for p in twin.parameters()} & {id(p) for p in model.parameters()}
    before = [p.detach().clone() for p in net.parameters()]
    twin.compile("sgd", "mse")
    twin.fit(X, Y, verbose=0)
    assert all(torch.equal(a, b) for a, b in zip(net.parameters(), before, strict=True))


@pytest.mark.parametrize("kind", KINDS)
def test_is_listed_and_counted(kind):
    net = Net()
    model = holder(kind, net)
    model(X)
    assert model.layers[-1].name.startswith("dense") or kind == "functional"
    wrappers = [x for x in model.layers if isinstance(x, layers.TorchModuleWrapper)]
    if kind != "layer":
        assert wrappers[0].module is net and len(wrappers) == 1
        assert model.layers[0] is model.layers[0]  # always the same one
        assert model.get_layer(wrappers[0].name).count_params() == 33
    lines = []
    model.summary(print_fn=lines.append)
    text = lines[0]
    assert "Trainable params: 29 " in text and "Non-trainable params: 9 " in text
    assert "Total params: 38 " in text and " 33 " in text
    assert kind == "layer" or "(Net)" in text
    model.summary(print_fn=lines.append, expand_nested=True)
    assert kind == "layer" or "norm (BatchNorm1d)" in lines[1]


def pair(k):
    """The same subclassed model in either library."""

    class Model(k.Model):
        def __init__(self):
            super().__init__()
            torch.manual_seed(0)
            self.first = Plain()
            self.dense = k.layers.Dense(2)
            self.second = nn.Linear(2, 1)

        def call(self, x):
            return self.second(self.dense(self.first(x)))

    model = Model()
    model(X)
    return model


def test_weight_files_go_both_ways(tmp_path):
    ours, theirs = pair(torchkeras), pair(keras)
    kinds = [[type(x).__name__ for x in m.layers] for m in (ours, theirs)]
    assert kinds[0] == kinds[1] == ["TorchModuleWrapper", "Dense", "TorchModuleWrapper"]
    for source, target in ((theirs, ours), (ours, theirs)):
        with torch.no_grad():
            for p in source.parameters():
                p.uniform_(-1, 1)
        source.save_weights(tmp_path / "m.weights.h5")
        target.load_weights(tmp_path / "m.weights.h5")
        # Keras's predict() leaves the module in training, unless call() takes `training`.
        a, b = (m(X, training=False).detach() for m in (ours, theirs))
        torch.testing.assert_close(a, b)


def test_frozen_from_the_start():
    layer = layers.TorchModuleWrapper(nn.Linear(3, 2), trainable=False)
    assert not layer.trainable_weights and len(layer.non_trainable_weights) == 2
    again = layers.TorchModuleWrapper.from_config(layer.get_config())
    assert not again.trainable and not again.module.weight.requires_grad


@pytest.mark.parametrize("dtype", [torch.float64, torch.bfloat16])
def test_module_of_another_dtype(dtype, tmp_path):
    model = torchkeras.Sequential([torchkeras.Input((3,)), nn.Linear(3, 2).to(dtype)])
    assert model(X).dtype is dtype
    model.save(tmp_path / "m.keras")
    again = torchkeras.saving.load_model(tmp_path / "m.keras")
    assert again(X).dtype is dtype and torch.equal(again(X), model(X))


def test_mixed_precision():
    layer = layers.TorchModuleWrapper(nn.Linear(3, 2), dtype="mixed_bfloat16")
    out = layer(X)
    assert out.dtype is torch.bfloat16 and layer.module.weight.dtype is torch.float32
    assert layer(torchkeras.Input((3,))).dtype == "bfloat16"
    out.sum().backward()
    assert layer.module.weight.grad.dtype is torch.float32


@pytest.mark.parametrize("symbolic", [False, True])
def test_lazy_modules(symbolic, tmp_path):
    net = nn.Sequential(nn.LazyLinear(4), nn.LazyBatchNorm1d(), nn.Dropout(0.5))
    model = torchkeras.Sequential(([torchkeras.Input((3,))] if symbolic else []) + [net])
    assert model.layers[0].built == symbolic and len(model.weights) == (7 if symbolic else 1)
    with torch.no_grad():
        assert torch.isfinite(model(X)).all()
    assert net[1].num_batches_tracked == 1  # not by the look for shapes; torch made it training
    model.compile("sgd", "mse")
    model.fit(X, np.ones((16, 4)), verbose=0)
    model.save(tmp_path / "m.keras")
    again = torchkeras.saving.load_model(tmp_path / "m.keras")
    assert np.array_equal(again.predict(X, verbose=0), model.predict(X, verbose=0))


def test_modules_with_several_inputs_and_outputs():
    class Pair(nn.Module):
        def __init__(self):
            super().__init__()
            self.linear = nn.Linear(3, 2)

        def forward(self, a, b, scale=1.0):
            return {"sum": self.linear(a) * scale, "both": (a + b, a - b)}

    layer = layers.TorchModuleWrapper(Pair())
    a, b = torchkeras.Input((3,)), torchkeras.Input((3,))
    model = torchkeras.Model([a, b], layer(a, b, scale=2.0))
    out = model([X, X])
    torch.testing.assert_close(out["both"][0], 2 * X)
    torch.testing.assert_close(out["sum"], 2 * layer.module.linear(X))


def test_appended_later():
    class Growing(torchkeras.Model):
        def __init__(self):
            super().__init__()
            self.parts = []
            for _ in range(2):
                self.parts.append(nn.Sequential(nn.Linear(3, 3), nn.Dropout(0.5)))

        def call(self, x):
            for part in self.parts:
                x = part(x)
            return x

    model = Growing()
    assert len(model.weights) == 4 and len(model.layers) == 2
    assert torch.equal(model(X, training=False), model(X, training=False))
    assert set(model.state_dict()) == {
        f"parts.{i}.0.{n}" for i in (0, 1) for n in ("weight", "bias")
    }


def test_functional(tmp_path):
    inputs = torchkeras.Input((3,))
    outputs = layers.Dense(1)(layers.TorchModuleWrapper(Net())(inputs))
    model = torchkeras.Model(inputs, outputs)
    assert outputs.shape == (None, 1)
    model.compile("sgd", "mse")
    model.fit(X, Y, verbose=0)
    want = model.predict(X, verbose=0)
    model.save(tmp_path / "m.keras")
    again = torchkeras.saving.load_model(tmp_path / "m.keras")
    np.testing.assert_allclose(again.predict(X, verbose=0), want, 1e-6, 1e-6)
    model.save_weights(tmp_path / "m.weights.h5")
    for p in again.parameters():
        p.data.zero_()
    again.load_weights(tmp_path / "m.weights.h5")
    np.testing.assert_allclose(again.predict(X, verbose=0), want, 1e-6, 1e-6)


def test_output_shape_given():
    layer = layers.TorchModuleWrapper(nn.Linear(3, 2), output_shape=(2,))
    assert layer(torchkeras.Input((3,))).shape == (None, 2)


def test_probing_changes_no_mode():
    layer = layers.TorchModuleWrapper(Net().train())
    layer(torchkeras.Input((3,)))
    assert layer.module.training and layer.module.drop.training
    assert layer.module.norm.num_batches_tracked == 0


def test_errors():
    with pytest.raises(ValueError, match=r"nn\.Module"):
        layers.TorchModuleWrapper(3)
