"""TorchModuleWrapper, and plain torch modules within layers."""

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
    """`training=None` keeps the module's own mode; else it is set."""
    layer = layers.TorchModuleWrapper(Net())
    a = layer(X, training=False)
    assert torch.equal(a, layer(X, training=False)) and not layer.module.training
    assert not torch.equal(layer(X, training=True), layer(X, training=True))
    assert layer.module.training and layer.module.drop.training


@pytest.mark.parametrize("kind", ["wrapped", "plain", "attribute"])
def test_is_trained(kind):
    torch.manual_seed(0)
    net = Net()
    if kind == "attribute":

        class Holder(torchkeras.Model):
            def __init__(self):
                super().__init__()
                self.net = net
                self.dense = layers.Dense(1)

            def call(self, x):
                return self.dense(self.net(x))

        model = Holder()
    else:
        first = layers.TorchModuleWrapper(net) if kind == "wrapped" else net
        model = torchkeras.Sequential([first, layers.Dense(1)])
    before = {k: v.clone() for k, v in net.state_dict().items()}
    model.compile("adam", "mse")
    model.fit(X, Y, epochs=2, batch_size=8, verbose=0)
    for key, value in net.state_dict().items():
        assert not torch.equal(value, before[key]), key
    assert np.array_equal(model.predict(X, verbose=0), model.predict(X, verbose=0))
    assert len(model.trainable_weights) == 6
    model.trainable = False
    assert not any(p.requires_grad for p in net.parameters())


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
    with pytest.raises(TypeError, match="get_config"):
        layers.TorchModuleWrapper(nn.Linear(3, 2)).get_config()
