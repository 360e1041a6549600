import keras as reference
import numpy as np
import pytest
import torch

import torchkeras as keras


def make(k):
    class Block(k.layers.Layer):
        def __init__(self, units, **kwargs):
            super().__init__(**kwargs)
            self.first = k.layers.Dense(units, activation="relu")
            self.drop = k.layers.Dropout(0.5)

        def call(self, x, training=None):
            return self.drop(self.first(x), training=training)

    class Net(k.Model):
        def __init__(self, **kwargs):
            super().__init__(**kwargs)
            self.head = k.layers.Dense(4)
            self.blocks = [Block(4), Block(3)]
            self.named = {"out": k.layers.Dense(1)}

        def call(self, x):
            x = self.head(x)
            for block in self.blocks:
                x = block(x)
            return self.named["out"](x)

    return Net(name="net")


def test_subclassed_like_keras():
    ours, theirs = make(keras), make(reference)
    x = np.random.default_rng(0).random((6, 5)).astype("float32")
    ours(x), theirs(x)
    assert [v.path for v in ours.weights] == [v.path for v in theirs.weights]
    assert [x.name for x in ours.layers] == [x.name for x in theirs.layers]
    ours.set_weights([np.asarray(w) for w in theirs.get_weights()])
    np.testing.assert_allclose(
        ours.predict(x, verbose=0), theirs.predict(x, verbose=0), rtol=1e-5, atol=1e-6
    )
    assert list(ours.state_dict())[:3] == ["head.kernel", "head.bias", "blocks.0.first.kernel"]
    assert "named.out.bias" in ours.state_dict()


def test_training_reaches_the_innermost_layer():
    model = make(keras)
    x = torch.ones(200, 5)
    assert torch.equal(model(x), model(x))
    assert not torch.equal(model(x, training=True), model(x, training=True))
    model.train()
    assert not torch.equal(model(x), model(x))
    assert torch.equal(model(x, training=False), model(x, training=False))


def test_build_makes_real_weights_without_data():
    model = make(keras)
    model.build((None, 5))
    assert model.count_params() == make_built(reference).count_params()
    assert all(v.device.type == "cpu" for v in model.weights)
    assert model.head.get_build_config() == {"input_shape": (None, 5)}


def make_built(k):
    model = make(k)
    model(np.zeros((1, 5), "float32"))
    return model


def test_freezing():
    model = make_built(keras)
    model.blocks[0].trainable = False
    assert len(model.trainable_weights) == 6
    assert len(model.non_trainable_weights) == 2
    model.compile("sgd", "mse")
    frozen = model.blocks[0].first.kernel.numpy().copy()
    x = np.random.default_rng(0).random((16, 5)).astype("float32")
    model.fit(x, np.ones((16, 1)), verbose=0, epochs=2)
    np.testing.assert_array_equal(model.blocks[0].first.kernel.numpy(), frozen)
    model.trainable = True
    with pytest.raises(ValueError, match="call compile"):
        model.fit(x, np.ones((16, 1)), verbose=0)
    model.compile("sgd", "mse")
    model.fit(x, np.ones((16, 1)), verbose=0)
    assert not np.array_equal(model.blocks[0].first.kernel.numpy(), frozen)


def test_losses_of_layers_and_regularizers_like_keras():
    def build(k):
        class Add(k.layers.Layer):
            def call(self, x):
                self.add_loss(k.ops.mean(x))
                return x

        i = k.Input((3,))
        x = k.layers.Dense(2, kernel_regularizer="l2", activity_regularizer="l1")(i)
        return k.Model(i, Add()(x))

    ours, theirs = build(keras), build(reference)
    ours.set_weights([np.asarray(w) for w in theirs.get_weights()])
    x = np.random.default_rng(0).random((4, 3)).astype("float32")
    for _ in range(2):  # the second call replaces the losses of the first
        ours(x), theirs(x)
    got = sorted(float(v.detach()) for v in ours.losses)
    want = sorted(float(v.detach()) for v in theirs.losses)
    np.testing.assert_allclose(got, want, rtol=1e-5)
    for m in (ours, theirs):
        m.compile("sgd", "mse")
    assert ours.evaluate(x, np.zeros((4, 2)), verbose=0) == pytest.approx(
        theirs.evaluate(x, np.zeros((4, 2)), verbose=0), rel=1e-5
    )
    h = [m.fit(x, np.zeros((4, 2)), epochs=3, verbose=0, shuffle=False) for m in (ours, theirs)]
    np.testing.assert_allclose(h[0].history["loss"], h[1].history["loss"], rtol=1e-5)


@pytest.mark.parametrize("policy", ["mixed_bfloat16", "mixed_float16", "float64"])
def test_policies_like_keras(policy):
    def build(k):
        return k.Sequential(
            [k.Input((8,)), k.layers.Dense(16, activation="relu", dtype=policy),
             k.layers.BatchNormalization(dtype=policy), k.layers.Dense(2, dtype=policy)]
        )  # fmt: skip

    ours, theirs = build(keras), build(reference)
    ours.set_weights([np.asarray(w) for w in theirs.get_weights()])
    x = np.random.default_rng(0).random((32, 8)).astype("float32")
    a, b = ours(x), theirs(x)
    assert a.dtype == b.dtype
    tolerance = {"mixed_bfloat16": 3e-2, "mixed_float16": 4e-3, "float64": 1e-6}[policy]
    torch.testing.assert_close(a.float(), b.float(), rtol=tolerance, atol=tolerance)
    assert [v.dtype for v in ours.weights] == [v.value.dtype for v in theirs.weights]
    for m in (ours, theirs):
        m.compile("sgd", "mse")
    h = [m.fit(x, x[:, :2], epochs=2, verbose=0, shuffle=False) for m in (ours, theirs)]
    np.testing.assert_allclose(h[0].history["loss"], h[1].history["loss"], rtol=3 * tolerance)


def test_torch_moves_and_casts():
    model = make_built(keras)
    model.double()
    assert model(np.ones((1, 5))).dtype == torch.float64
    assert all(type(v) is keras.Variable for v in model.weights)
    model.float()
    assert model(np.ones((1, 5))).dtype == torch.float32


def test_forward_hooks_see_layers():
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2), keras.layers.Dense(1)])
    seen = []
    handle = model.layers[0].register_forward_hook(lambda m, i, o: seen.append(tuple(o.shape)))
    model(np.ones((4, 3)))
    handle.remove()
    model(np.ones((4, 3)))
    assert seen == [(4, 2)]


def test_a_failing_layer_is_named_and_the_traceback_whole():
    class Broken(keras.layers.Layer):
        def call(self, x):
            return x @ torch.ones(7, 7)

    model = keras.Sequential([keras.layers.Dense(2), Broken(name="broken")])
    with pytest.raises(RuntimeError) as caught:
        model.build_and = model(np.ones((4, 3)))
    notes = "\n".join(caught.value.__notes__)
    assert "in layer 'broken' (Broken), inputs: (4, 2)" in notes or "'broken'" in notes


def test_super_init_forgotten():
    class Forgetful(keras.layers.Layer):
        def __init__(self):
            self.dense = keras.layers.Dense(1)

    words = r"call super\(\).__init__\(\)"
    with pytest.raises(RuntimeError, match=words):
        Forgetful()(np.ones((1, 2)))
    with pytest.raises(AttributeError, match=words):
        keras.Sequential([Forgetful()])


def test_custom_config_round_trip():
    @keras.saving.register_keras_serializable("test_model")
    class Scale(keras.layers.Layer):
        def __init__(self, factor, **kwargs):
            super().__init__(**kwargs)
            self.factor = factor

        def call(self, x):
            return x * self.factor

        def get_config(self):
            return {**super().get_config(), "factor": self.factor}

    model = keras.Sequential([keras.Input((2,)), Scale(3.0, name="s")])
    again = keras.models.model_from_json(model.to_json())
    assert again.layers[0].factor == 3.0
    assert again.layers[0].name == "s"
