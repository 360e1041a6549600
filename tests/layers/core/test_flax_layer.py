"""FlaxLayer. The package is optional: what needs it is tested where it is installed."""

import importlib.util

import numpy as np
import pytest
import torch

import torchkeras as keras
from torchkeras.layers import FlaxLayer

HAVE = importlib.util.find_spec("flax") is not None
X = np.random.default_rng(0).normal(size=(16, 4)).astype("float32")


if not HAVE:

    def test_without_the_package():
        with pytest.raises(ImportError, match=r'pip install "torchkeras\[jax\]"'):
            FlaxLayer(None)


if HAVE:
    import flax.linen as nn
    import jax

    @keras.saving.register_keras_serializable("test_flax")
    class Net(nn.Module):
        width: int = 3

        @nn.compact
        def __call__(self, inputs, training=False):
            x = nn.Dense(self.width)(inputs)
            x = nn.BatchNorm(use_running_average=not training)(x)
            return nn.Dropout(0.5, deterministic=not training)(x)

        def get_config(self):
            return {"width": self.width}

        @classmethod
        def from_config(cls, config):
            return cls(**config)

    @keras.saving.register_keras_serializable("test_flax")
    def reverse(module, inputs, training):
        return module(inputs, training=training)[:, ::-1]

    def test_weights_and_names():
        layer = FlaxLayer(Net(), name="f")
        layer(X)
        assert [
            (v.path.rpartition("/")[2], tuple(v.shape), v.trainable) for v in layer.weights
        ] == [
            ("variable", (3,), True),
            ("variable_1", (3,), True),
            ("variable_2", (3,), True),
            ("variable_3", (4, 3), True),
            ("variable_4", (3,), False),
            ("variable_5", (3,), False),
        ]  # as in Keras on JAX
        assert "params_Dense_0_kernel" in layer.state_dict()
        want = layer.module.apply(
            jax.tree_util.tree_map(lambda v: v.detach().numpy(), {**layer.params, **layer.state}), X
        )
        np.testing.assert_allclose(layer(X).detach(), want, 1e-5, 1e-6)

    def test_fit_and_save(tmp_path):
        model = keras.Sequential([keras.Input((4,)), FlaxLayer(Net()), keras.layers.Dense(1)])
        model.compile("adam", "mse")
        before = {k: v.clone() for k, v in model.state_dict().items()}
        model.fit(X, X[:, :1], verbose=0)
        assert all(not torch.equal(v, before[k]) for k, v in model.state_dict().items())
        want = model.predict(X, verbose=0)
        assert np.array_equal(model.predict(X, verbose=0), want)
        model.save(tmp_path / "m.keras")
        again = keras.saving.load_model(tmp_path / "m.keras", strict=True)
        np.testing.assert_allclose(again.predict(X, verbose=0), want, 1e-5, 1e-6)

    def test_method_and_variables():
        variables = Net().init(jax.random.PRNGKey(0), X[:1])
        plain, turned = FlaxLayer(Net(), variables=variables), FlaxLayer(Net(), reverse, variables)
        assert plain.built and len(plain.weights) == 6
        torch.testing.assert_close(turned(X), plain(X).flip(1))
        again = FlaxLayer.from_config(turned.get_config())
        assert again.method is reverse and again.module == Net()

    def test_integer_inputs():
        layer = FlaxLayer(nn.Embed(5, 3))
        layer(torch.tensor([[1, 2]])).sum().backward()
        assert layer.weights[0].grad.sum() == 6

    def test_wrong_arguments():
        with pytest.raises(TypeError, match=r"must be a flax\.linen\.Module"):
            FlaxLayer(3)
        with pytest.raises(TypeError, match="method must be a function"):
            FlaxLayer(Net(), method="x")
        with pytest.raises(TypeError, match="get_config"):
            FlaxLayer(nn.Dense(2)).get_config()
