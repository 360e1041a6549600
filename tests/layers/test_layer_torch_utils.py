"""torch's utilities on our layers: parametrizations, pruning, hooks, clipping, moves, names."""

import copy

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn.utils import parametrizations, parametrize, prune

import torchkeras as keras

X = torch.tensor(np.random.default_rng(0).normal(size=(16, 3)).astype("float32"))
IMAGES = torch.tensor(np.random.default_rng(1).normal(size=(2, 6, 6, 3)).astype("float32"))
LAYERS = {
    "dense": (lambda: keras.layers.Dense(4), X),
    "conv": (lambda: keras.layers.Conv2D(4, 3), IMAGES),
    "embedding": (lambda: keras.layers.Embedding(5, 4), torch.tensor([[1, 2]])),
}
NORMS = {
    "weight_norm": parametrizations.weight_norm,
    "spectral_norm": parametrizations.spectral_norm,
    "orthogonal": parametrizations.orthogonal,
}


def built(kind):
    make, x = LAYERS[kind]
    layer = make()
    for _ in range(3):
        layer(x)  # the quick way is open
    return layer, x, "embeddings" if kind == "embedding" else "kernel"


@pytest.mark.parametrize("norm", NORMS)
@pytest.mark.parametrize("kind", LAYERS)
def test_parametrizations(kind, norm):
    layer, x, name = built(kind)
    before, plain = layer(x).detach(), getattr(layer, name).detach().clone()
    weights, names = len(layer.weights), list(layer.state_dict())
    NORMS[norm](layer, name)
    out = layer(x)
    assert len(layer.trainable_weights) == weights + (norm == "weight_norm")
    if norm == "weight_norm":
        torch.testing.assert_close(out, before)
    else:
        assert not torch.allclose(out, before)
    out.square().sum().backward()
    for key, parameter in layer.named_parameters():
        assert parameter.grad is not None, key
        assert key == "bias" or key.startswith(f"parametrizations.{name}.original")
    twin = copy.deepcopy(layer)
    layer.eval(), twin.eval()
    torch.testing.assert_close(twin(x), layer(x))
    value = getattr(layer, name).detach().clone()
    parametrize.remove_parametrizations(layer, name)
    torch.testing.assert_close(getattr(layer, name).detach(), value)
    assert sorted(layer.state_dict()) == sorted(names) and type(layer).__name__ in repr(type(layer))
    assert (norm == "weight_norm") == torch.allclose(value, plain)
    layer(x)


@pytest.mark.parametrize("norm", NORMS)
def test_parametrized_layers_are_trained_and_their_weights_saved(norm, tmp_path):
    y = torch.ones(16, 2)
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(4), keras.layers.Dense(2)])
    NORMS[norm](model.layers[0], "kernel")
    model.compile("adam", "mse")
    first = model.evaluate(X, y, verbose=0)
    model.fit(X, y, epochs=20, verbose=0)
    assert model.evaluate(X, y, verbose=0) < first
    want = model.predict(X, verbose=0)
    model.save_weights(tmp_path / "m.weights.h5")
    with torch.no_grad():
        for p in model.parameters():
            p.mul_(0.5)
    model.load_weights(tmp_path / "m.weights.h5", strict=True)
    np.testing.assert_allclose(model.predict(X, verbose=0), want, 1e-5, 1e-6)
    with pytest.raises(TypeError, match=r"parametrized or pruned.*remove_parametrizations"):
        model.save(tmp_path / "m.keras")
    parametrize.remove_parametrizations(model.layers[0], "kernel")
    model.save(tmp_path / "m.keras")
    again = keras.saving.load_model(tmp_path / "m.keras", compile=False)
    np.testing.assert_allclose(again.predict(X, verbose=0), want, 1e-5, 1e-6)


def test_a_parameter_of_a_variable():
    v = keras.Variable([1.0, 2.0], name="v")
    p = nn.Parameter(v, requires_grad=False)
    assert not p.requires_grad and v.requires_grad and p.data_ptr() == v.data_ptr()
    assert type(v.detach()) is torch.Tensor and not v.detach().requires_grad


@pytest.mark.parametrize("old", [nn.utils.weight_norm, nn.utils.spectral_norm])
@pytest.mark.filterwarnings("ignore")
def test_the_older_norms(old):
    layer, x, name = built("dense")
    old(layer, name)
    layer(x).sum().backward()
    assert all(p.grad is not None for p in layer.parameters())


@pytest.mark.parametrize(
    "method",
    [
        lambda m: prune.l1_unstructured(m, "kernel", amount=5),
        lambda m: prune.random_unstructured(m, "kernel", amount=5),
        lambda m: prune.ln_structured(m, "kernel", amount=1, n=2, dim=1),
        lambda m: prune.custom_from_mask(m, "kernel", torch.arange(12).reshape(3, 4) > 4),
        lambda m: prune.global_unstructured([(m, "kernel")], prune.L1Unstructured, amount=5),
    ],
    ids=["l1", "random", "structured", "mask", "global"],
)
def test_pruning(method, tmp_path):
    y = torch.ones(16, 4)
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(4)])
    model.compile("adam", "mse")
    model.fit(X, y, verbose=0)
    layer = model.layers[0]
    method(layer)
    zeros = layer.kernel == 0
    assert zeros.sum() >= 3
    assert [n for n, _ in layer.named_parameters()] == ["bias", "kernel_orig"]
    model.compile("adam", "mse")
    model.fit(X, y, epochs=3, verbose=0)
    want = model.predict(X, verbose=0)
    assert (layer.kernel[zeros] == 0).all()
    with pytest.raises(TypeError, match=r"pruned.*prune\.remove"):
        model.save(tmp_path / "m.keras")
    prune.remove(layer, "kernel")
    assert (layer.kernel[zeros] == 0).all() and set(layer.state_dict()) == {"kernel", "bias"}
    model.save(tmp_path / "m.keras")
    again = keras.saving.load_model(tmp_path / "m.keras", compile=False)
    np.testing.assert_allclose(again.predict(X, verbose=0), want, 1e-6)


def test_pruning_a_convolution():
    """torch's pruning wants contiguous weights; it refuses its own channels-last ones as well."""
    layer, x, _ = built("conv")
    layer.kernel.data = layer.kernel.data.contiguous()
    prune.l1_unstructured(layer, "kernel", amount=7)
    layer(x).sum().backward()
    assert (layer.kernel == 0).sum() == 7 and layer.kernel_orig.grad is not None


def test_clipping_and_walking():
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(4), nn.Linear(4, 2)])
    model(X).square().sum().backward()
    nn.utils.clip_grad_norm_(model.parameters(), 0.01)
    total = torch.stack([p.grad.norm() for p in model.parameters()]).norm()
    assert total <= 0.01001
    nn.utils.clip_grad_value_(model.parameters(), 1e-4)
    vector = nn.utils.parameters_to_vector(model.parameters())
    nn.utils.vector_to_parameters(torch.zeros_like(vector), model.parameters())
    assert (model(X) == 0).all()
    seen = []
    assert model.apply(lambda m: seen.append(type(m).__name__)) is model
    assert seen[-1] == "Sequential" and {"Dense", "Linear", "TorchModuleWrapper"} <= set(seen)
    model.apply(lambda m: nn.init.ones_(m.weight) if isinstance(m, nn.Linear) else None)
    assert (model.layers[1].module.weight == 1).all()


@pytest.mark.parametrize(
    ("method", "dtype"),
    [("half", torch.float16), ("bfloat16", torch.bfloat16), ("double", torch.float64)],
)
def test_dtypes_of_nested_models(method, dtype):
    model = keras.Sequential(
        [keras.Input((3,)), keras.layers.Dense(4), keras.layers.BatchNormalization(),
         nn.Sequential(nn.Linear(4, 4), nn.BatchNorm1d(4)), keras.layers.Dense(2)]
    )  # fmt: skip
    getattr(model, method)()
    assert {p.dtype for p in model.parameters()} == {dtype}
    out = model(X)
    assert out.dtype is dtype
    out.sum().backward()
    assert model.float()(X).dtype is torch.float32


def test_functional_call_and_grad_transforms():
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(4, "tanh"), nn.Linear(4, 1)])
    parameters = {k: v.detach() for k, v in model.named_parameters()}

    def loss(parameters, x):
        return torch.func.functional_call(model, parameters, (x,)).square().sum()

    grads = torch.func.grad(loss)(parameters, X)
    model(X).square().sum().backward()
    for key, p in model.named_parameters():
        torch.testing.assert_close(grads[key], p.grad)
    each = torch.func.vmap(torch.func.grad(loss), in_dims=(None, 0))(parameters, X[:, None])
    for key, value in grads.items():
        torch.testing.assert_close(each[key].sum(0), value)


def test_data_parallel_on_the_cpu():
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)])
    torch.testing.assert_close(nn.DataParallel(model)(X), model(X))


def test_names_of_lists_and_dicts():
    class Model(keras.Model):
        def __init__(self):
            super().__init__()
            self.blocks = [[keras.layers.Dense(2), nn.Linear(2, 2)], [keras.layers.Dense(2)]]
            self.heads = {"a": keras.layers.Dense(1), "b": [nn.Linear(2, 1)]}
            self.scales = [keras.Variable(1.0), nn.Parameter(torch.ones(1))]
            self.late = []
            self.late.append(keras.layers.Dense(2))

        def call(self, x):
            for block in self.blocks:
                for layer in block:
                    x = layer(x)
            x = self.late[0](x)
            return self.heads["a"](x) * self.scales[0] + self.heads["b"][0](x) * self.scales[1]

    model, other = Model(), Model()
    names = []
    for m in (model, other):
        m(X)
        names.append([n for n, _ in m.named_parameters()])
    layers = ("blocks.0.0", "blocks.0.1", "blocks.1.0", "late.0", "heads.a", "heads.b.0")
    assert names[0] == names[1] == list(model.state_dict())  # stable, and each once
    assert {n.rpartition(".")[0] for n in names[0]} == {*layers, "scales"}
    other.load_state_dict(model.state_dict())
    torch.testing.assert_close(other(X), model(X))
    model.requires_grad_(False)
    assert not model.trainable_weights and len(model.weights) == 14


def test_names_of_weights_in_lists():
    class Layer(keras.layers.Layer):
        def build(self, input_shape):
            self.a = self.add_weight(shape=(1,))
            self.rows = [self.add_weight(shape=(2,)), self.add_weight(shape=(3,), trainable=False)]
            self.by_name = {"x": self.add_weight(shape=(4,)), "y": [self.add_weight(shape=(5,))]}
            self.late = []
            self.late.append(self.add_weight(shape=(6,)))
            self.late += [self.add_weight(shape=(7,))]
            self.late.extend([self.add_weight(shape=(8,))])
            self.late.insert(0, self.add_weight(shape=(9,)))
            self.by_name["z"] = self.add_weight(shape=(10,))
            self.by_name.update(w=self.add_weight(shape=(11,)))
            self.by_name.setdefault("v", self.add_weight(shape=(12,)))
            self.late[1] = self.add_weight(shape=(13,))
            self.pair = (self.add_weight(shape=(14,)),)
            self.z = self.add_weight(shape=(15,))

        def call(self, x):
            return x

    layer = Layer()
    layer(X)
    sizes = {k: len(v) for k, v in layer.state_dict().items()}
    assert sizes == {
        "a": 1, "rows.0": 2, "rows.1": 3, "by_name.x": 4, "by_name.y.0": 5, "late.0": 9,
        "late.1": 13, "late.2": 7, "late.3": 8, "by_name.z": 10, "by_name.w": 11, "by_name.v": 12,
        "pair.0": 14, "z": 15,
    }  # fmt: skip
    order = [len(w) for w in layer.weights]
    assert order == [1, 2, 4, 5, *range(7, 16), 3]
    twin = copy.deepcopy(layer)
    assert [len(w) for w in twin.weights] == order and list(twin.state_dict()) == list(sizes)
