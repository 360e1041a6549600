"""JaxLayer. The package is optional: what needs it is tested where it is installed."""

import copy
import importlib.util

import numpy as np
import pytest
import torch

import torchkeras as keras
from torchkeras.layers import JaxLayer

HAVE = importlib.util.find_spec("jax") is not None
X = np.random.default_rng(0).normal(size=(16, 4)).astype("float32")
Y = X.sum(1, keepdims=True)


if not HAVE:

    def test_without_the_package():
        with pytest.raises(ImportError, match=r'pip install "torchkeras\[jax\]"'):
            JaxLayer(lambda inputs: inputs)


if HAVE:
    import jax
    import jax.numpy as jnp

    @keras.saving.register_keras_serializable("test_jax")
    def init(rng, inputs):
        w = jax.random.normal(rng, (inputs.shape[-1], 3))
        return {"w": w, "b": jnp.zeros(3), "deep": [jnp.ones(2), (jnp.zeros(1),)]}

    @keras.saving.register_keras_serializable("test_jax")
    def call(params, inputs):
        return jnp.tanh(inputs @ params["w"] + params["b"] + params["deep"][0].sum())

    def same(params, x):
        return torch.tanh(x @ params["w"] + params["b"] + params["deep"][0].sum())

    def init_state(rng, inputs, training):
        assert training is True
        return {"w": jnp.ones(inputs.shape[-1])}, {"n": jnp.zeros((), "int32"), "m": jnp.zeros(4)}

    def call_state(params, state, rng, inputs, training):
        noise = jax.random.normal(rng, inputs.shape) if training else 0
        outputs = {"o": inputs * params["w"] + state["m"] + noise, "k": jnp.argmax(inputs, -1)}
        return outputs, {"n": state["n"] + 1, "m": state["m"] + inputs.mean(0)}

    def test_numbers_and_gradients():
        layer = JaxLayer(call, init, seed=1, name="jl")
        x = torch.tensor(X, requires_grad=True)
        out = layer(x)
        assert [(v.path, tuple(v.shape)) for v in layer.weights] == [
            ("jl/variable", (3,)),
            ("jl/variable_1", (2,)),
            ("jl/variable_2", (1,)),
            ("jl/variable_3", (4, 3)),
        ]  # names and order of Keras on JAX
        assert set(layer.state_dict()) == {
            "params_b",
            "params_deep_0",
            "params_deep_1_0",
            "params_w",
        }
        want = same(layer.params, x)
        torch.testing.assert_close(out, want)
        c = torch.randn(16, 3)
        wanted = [x, *layer.weights]
        a = torch.autograd.grad((out * c).sum(), wanted)
        b = torch.autograd.grad((want * c).sum(), wanted, allow_unused=True)
        for i, j in zip(a, b, strict=True):
            torch.testing.assert_close(i, torch.zeros_like(i) if j is None else j)
        with torch.no_grad():
            torch.testing.assert_close(layer(x), want.detach())

    def test_state_random_numbers_and_structures():
        layer = JaxLayer(call_state, init_state, seed=3)
        x = torch.tensor(X)
        out = layer(x)
        torch.testing.assert_close(out["o"], x)
        assert torch.equal(out["k"].long(), x.argmax(-1)) and layer.state["n"] == 1
        torch.testing.assert_close(layer.state["m"].detach(), x.mean(0))
        a, b = layer(x, training=True), layer(x, training=True)
        assert not torch.allclose(a["o"], b["o"]) and layer.state["n"] == 3
        (a["o"].sum() + b["o"].sum()).backward()  # the state has changed in between
        torch.testing.assert_close(layer.params["w"].grad, 2 * x.sum(0))
        assert [v.trainable for v in layer.weights] == [True, False, False]
        symbols = layer(keras.Input((4,)))
        assert symbols["o"].shape == (None, 4) and symbols["k"].dtype == "int32"

    def test_fit_save_and_copy(tmp_path):
        inputs = keras.Input((4,))
        model = keras.Model(inputs, keras.layers.Dense(1)(JaxLayer(call, init)(inputs)))
        model.compile("adam", "mse")
        history = model.fit(X, Y, epochs=10, verbose=0).history
        assert history["loss"][-1] < history["loss"][0]
        want = model.predict(X, verbose=0)
        model.save(tmp_path / "m.keras")
        again = keras.saving.load_model(tmp_path / "m.keras", strict=True)
        np.testing.assert_allclose(again.predict(X, verbose=0), want, 1e-5, 1e-6)
        twin = copy.deepcopy(model)
        twin.fit(X, Y, verbose=0)
        np.testing.assert_allclose(model.predict(X, verbose=0), want, 1e-5, 1e-6)

    def test_weights_that_are_given():
        params = {"w": np.ones((4, 3), "float32"), "b": np.zeros(3), "deep": [np.zeros(2), ()]}
        layer = JaxLayer(call, params=params)
        assert layer.built
        torch.testing.assert_close(layer(X), torch.tanh(torch.tensor(X) @ torch.ones(4, 3)))

    @pytest.mark.parametrize(
        ("dtype", "out", "weight"),
        [("mixed_bfloat16", "bfloat16", "float32"), ("float16", "float16", "float16")],
    )
    def test_dtypes(dtype, out, weight):
        layer = JaxLayer(call, init, dtype=dtype)
        y = layer(X)
        y.sum().backward()
        assert str(y.dtype) == f"torch.{out}" == f"torch.{layer(keras.Input((4,))).dtype}"
        assert all(str(p.grad.dtype) == str(p.dtype) == f"torch.{weight}" for p in layer.weights)

    def test_within_another_layer():
        class Twice(keras.layers.Layer):
            def __init__(self):
                super().__init__()
                self.inner = JaxLayer(call, init)

            def call(self, x):
                return 2 * self.inner(x)

        layer = Twice()
        assert layer(keras.Input((4,))).shape == (None, 3)
        torch.testing.assert_close(layer(X), 2 * same(layer.inner.params, torch.tensor(X)))

    def test_a_weight_changed_before_backward_is_an_error():
        layer = JaxLayer(call, init)
        out = layer(X).sum()
        with torch.no_grad():
            layer.params["w"].add_(1)
        with pytest.raises(RuntimeError, match="modified by an inplace operation"):
            out.backward()

    @pytest.mark.parametrize(
        ("args", "error", "words"),
        [
            ((call,), ValueError, "init_fn, params and state cannot all be None"),
            ((lambda p: p, init), ValueError, "call_fn must have the argument 'inputs'"),
            ((lambda inputs, x: x, init), ValueError, "may have the arguments .* 'x'"),
            ((call, lambda inputs: 1), ValueError, "init_fn must have the argument 'rng'"),
            ((3, init), TypeError, "call_fn must be a function"),
        ],
    )
    def test_wrong_arguments(args, error, words):
        with pytest.raises(error, match=words):
            JaxLayer(*args)
