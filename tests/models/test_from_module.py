"""A plain torch module with Keras's methods."""

import copy
import dataclasses
from collections import OrderedDict, namedtuple

import numpy as np
import pytest
import torch
from torch import nn

import torchkeras as keras

pytestmark = pytest.mark.filterwarnings("ignore:Gradients do not exist")  # not all use all inputs
rng = np.random.default_rng(0)
X, Z = rng.normal(size=(32, 3)).astype("float32"), rng.normal(size=(32, 2)).astype("float32")
Y = rng.normal(size=(32, 1)).astype("float32")


class Net(nn.Module):
    def __init__(self, width=4):
        super().__init__()
        self.width = width
        self.a, self.b = nn.Linear(3, width), nn.Linear(2, width)
        self.norm = nn.BatchNorm1d(width)
        self.drop = nn.Dropout(0.5)
        self.head = nn.Sequential(nn.ReLU(), nn.Linear(width, 1))

    def forward(self, x, z=None):
        h = self.a(x)
        if z is not None:
            h = h + self.b(z)
        return self.head(self.drop(self.norm(h)))


class OneDict(Net):
    def forward(self, batch):
        return super().forward(batch["x"], batch["z"])


class OneList(Net):
    def forward(self, both):
        return super().forward(*both)


class Keywords(Net):
    def forward(self, *, z, x):
        return super().forward(x, z)


class AnyKeywords(Net):
    def forward(self, **inputs):
        return super().forward(inputs["x"], inputs["z"])


class Variadic(Net):
    def forward(self, *inputs):
        return super().forward(*inputs)


@dataclasses.dataclass
class Output:
    logits: torch.Tensor
    loss: torch.Tensor | None = None
    hidden: tuple[torch.Tensor, ...] | None = None


class ModelOutput(OrderedDict):
    """As that of the transformers library: a dict with attributes."""


Named = namedtuple("Named", ["p", "q"])


class GivesDataclass(Net):
    def forward(self, x, z):
        out = super().forward(x, z)
        return Output(out, None, (out, -out))


class GivesModelOutput(Net):
    def forward(self, x, z):
        return ModelOutput(logits=super().forward(x, z), more=x, absent=None)


class GivesTuple(Net):
    def forward(self, x, z):
        out = super().forward(x, z)
        return out, 2 * out


class GivesNamed(Net):
    def forward(self, x, z):
        out = super().forward(x, z)
        return Named(out, 2 * out)


class GivesDict(Net):
    def forward(self, x, z):
        out = super().forward(x, z)
        return {"p": out, "q": 2 * out}


CASES = {
    "one input": (Net, X, Y, "mse"),
    "list": (Net, [X, Z], Y, "mse"),
    "tuple": (Net, (X, Z), Y, nn.MSELoss()),
    "dict by names": (Net, {"z": Z, "x": X}, Y, "mse"),
    "dict of some names": (Net, {"x": X}, Y, "mse"),
    "dict as it is": (OneDict, {"z": Z, "x": X}, Y, "mse"),
    "list as it is": (OneList, [X, Z], Y, "mse"),
    "keywords": (Keywords, {"z": Z, "x": X}, Y, "mse"),
    "any keywords": (AnyKeywords, {"z": Z, "x": X}, Y, "mse"),
    "variadic": (Variadic, [X, Z], Y, "mse"),
    "dataclass": (GivesDataclass, [X, Z], {"logits": Y}, {"logits": "mse"}),
    "model output": (GivesModelOutput, [X, Z], {"logits": Y}, {"logits": "mse"}),
    "two outputs": (GivesTuple, [X, Z], (Y, Y), ["mse", "mae"]),
    "dict of outputs": (GivesDict, [X, Z], {"p": Y, "q": Y}, {"p": "mse", "q": "mae"}),
}


def equal(a, b):
    if isinstance(a, dict):
        assert set(a) == set(b)
        return [equal(a[k], b[k]) for k in a]
    if isinstance(a, (list, tuple)):
        return [equal(x, y) for x, y in zip(a, b, strict=True)]
    return np.testing.assert_allclose(a, b, 1e-5, 1e-6)


@pytest.mark.parametrize("case", CASES)
def test_everything_that_a_model_does(case, tmp_path):
    cls, x, y, loss = CASES[case]
    torch.manual_seed(0)
    module = cls(5)
    model = keras.Model.from_module(module)
    assert model.module is module
    model.compile("adam", loss)
    before = {k: v.clone() for k, v in module.state_dict().items() if not k.startswith("b.")}
    history = model.fit(x, y, epochs=2, validation_split=0.25, verbose=0).history
    assert {"loss", "val_loss"} <= set(history)
    for key, value in before.items():
        assert not torch.equal(module.state_dict()[key], value), key
    want = model.predict(x, verbose=0)
    equal(model.predict(x, verbose=0), want)
    score = model.evaluate(x, y, verbose=0, return_dict=True)
    model.save(tmp_path / "m.keras")
    again = keras.saving.load_model(tmp_path / "m.keras", {cls.__name__: cls}, strict=True)
    equal(again.predict(x, verbose=0), want)
    again.evaluate(x, y, verbose=0)
    assert again.evaluate(x, y, verbose=0, return_dict=True) == pytest.approx(score)
    model.save_weights(tmp_path / "m.weights.h5")
    with torch.no_grad():
        for p in again.parameters():
            p.zero_()
    again.load_weights(tmp_path / "m.weights.h5", strict=True)
    equal(again.predict(x, verbose=0), want)
    twin = copy.deepcopy(model)
    twin.fit(x, y, verbose=0)
    equal(model.predict(x, verbose=0), want)
    assert twin.layers[0].module is twin.module is not module


def test_structures_of_outputs():
    def outputs(cls):
        return keras.Model.from_module(cls()).predict([X, Z], verbose=0)

    assert set(outputs(GivesDataclass)) == {"logits", "hidden"}
    assert set(outputs(GivesModelOutput)) == {"logits", "more"}
    assert isinstance(outputs(GivesTuple), (list, tuple)) and len(outputs(GivesTuple)) == 2
    assert outputs(GivesNamed)._fields == ("p", "q")


def test_trains_like_a_loop_in_torch():
    torch.manual_seed(0)
    module = nn.Sequential(nn.Linear(3, 8), nn.Tanh(), nn.Linear(8, 1))
    twin = copy.deepcopy(module)
    model = keras.Model.from_module(module)
    model.compile(torch.optim.SGD(module.parameters(), lr=0.1), nn.MSELoss())
    model.fit(X, Y, epochs=3, batch_size=8, shuffle=False, verbose=0)
    optimizer = torch.optim.SGD(twin.parameters(), lr=0.1)
    for _ in range(3):
        for i in range(0, 32, 8):
            loss = nn.functional.mse_loss(
                twin(torch.tensor(X[i : i + 8])), torch.tensor(Y[i : i + 8])
            )
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    for a, b in zip(module.parameters(), twin.parameters(), strict=True):
        torch.testing.assert_close(a, b)


def test_mode():
    model = keras.Model.from_module(Net())
    x = torch.tensor(X)
    model.compile("sgd", "mse")
    model.fit(X, Y, verbose=0)
    assert torch.equal(model(x), model(x))
    assert not torch.equal(model(x, training=True), model(x, training=True))
    assert not model.module.training
    model.train()
    assert model.module.drop.training and not torch.equal(model(x), model(x))


def test_both_spellings_and_the_call():
    module = Net()
    model = keras.Model(module=module, name="mine")
    assert type(model) is keras.models.ModuleModel and model.name == "mine"
    x, z = torch.tensor(X), torch.tensor(Z)
    module.eval()
    torch.testing.assert_close(model(x, z), module(x, z))
    torch.testing.assert_close(model(x, z=z), module(x, z))
    assert next(model.named_parameters())[0] == "module.a.weight"
    assert model.count_params() == sum(v.numel() for v in module.state_dict().values())


def test_within_a_functional_model(tmp_path):
    model = keras.Model.from_module(Net(), name="net")
    assert model.compute_output_shape((None, 3)) == (None, 1)
    assert model.module.training and model.module.norm.num_batches_tracked == 0
    inputs = keras.Input((3,))
    outer = keras.Model(inputs, keras.layers.Dense(2)(model(inputs)))
    assert outer.output_shape == (None, 2) and len(outer.trainable_weights) == 8 + 2
    outer.save(tmp_path / "m.keras")
    again = keras.saving.load_model(tmp_path / "m.keras", {"Net": Net}, strict=True)
    equal(again.predict(X, verbose=0), outer.predict(X, verbose=0))


def test_summary():
    model = keras.Model.from_module(Net())
    lines = []
    model.summary(print_fn=lines.append)
    for part in (
        "(Net)",
        "a (Linear)",
        "norm (BatchNorm1d)",
        "head (Sequential)",
        " 50 ",
        "9 (40.00 B)",
    ):
        assert part in lines[0], part
    assert "1 (Linear)" not in lines[0]
    model.summary(print_fn=lines.append, expand_nested=True, show_trainable=True)
    assert "1 (Linear)" in lines[1]


def test_dtype_is_that_of_the_module():
    for dtype in (torch.float64, torch.bfloat16):
        model = keras.Model.from_module(nn.Linear(3, 1).to(dtype))
        assert model(torch.tensor(X)).dtype is dtype
        model.compile("sgd", "mse")
        model.fit(X, Y, verbose=0)


def test_lazy_modules(tmp_path):
    model = keras.Model.from_module(nn.Sequential(nn.LazyLinear(4), nn.Linear(4, 1)))
    assert not model.built
    model.compile("adam", "mse")
    model.fit(X, Y, verbose=0)
    assert model.built and model.count_params() == 21
    model.save(tmp_path / "m.keras")
    equal(keras.saving.load_model(tmp_path / "m.keras").predict(X, verbose=0),
          model.predict(X, verbose=0))  # fmt: skip


def test_freezing():
    model = keras.Model.from_module(Net(), trainable=False)
    assert not model.trainable_weights
    model.trainable = True
    model.module.a.requires_grad_(False)
    assert len(model.trainable_weights) == 6
    model.compile("sgd", "mse")
    before = model.module.a.weight.clone()
    model.fit(X, Y, verbose=0)
    assert torch.equal(model.module.a.weight, before)


@pytest.mark.parametrize("module", [3, None, nn.Linear, keras.layers.Dense(2), keras.Sequential()])
def test_what_is_no_torch_module(module):
    with pytest.raises(ValueError, match=r"must be a torch.nn.Module that is no layer"):
        keras.Model.from_module(module)
