"""`.pt`: torch reads what we write, we read what torch programs write, and training goes on."""

import json
import zipfile
from collections import OrderedDict

import keras
import numpy as np
import pytest
import torch
from saving.damage import rezip
from saving.pickled import leaves, train
from saving.zoo import MODELS, custom_objects, rand
from torch.utils import serialization

import torchkeras
from torchkeras.saving import ModelFileError, load_model

L = torchkeras.layers
CODE_ONLY = {"grown_functional", "torch_module"}  # see test_exchange.py


def fitted(name, **options):
    model, x = MODELS[name](torchkeras)
    model.compile(options.pop("optimizer", "adam"), "mse", **options)
    y = torchkeras.tree.map_structure(lambda a: np.zeros_like(a), model.predict(x, verbose=0))
    model.fit(x, y, epochs=2, verbose=0)
    return model, x


def dense(units=3):
    model = torchkeras.Sequential(
        [torchkeras.Input((4,)), L.Dense(units, name="dense"), L.BatchNormalization(name="norm")]
    )
    model.compile("adam", "mse")
    return model


def variables(model):
    return [*model.variables, *model.optimizer.variables]


def equal(a, b):
    return all(torch.equal(p, q) for p, q in zip(variables(a), variables(b), strict=True))


@pytest.mark.parametrize("name", [n for n in MODELS if n not in CODE_ONLY])
def test_whole_model_goes_on_training(name, tmp_path):
    model, x = fitted(name)
    model.save(tmp_path / "m.pt")
    custom = custom_objects(torchkeras) if name == "subclass" else None
    again = load_model(tmp_path / "m.pt", custom_objects=custom)
    assert equal(model, again)
    assert json.loads(again.to_json()) == json.loads(model.to_json())
    (losses, state), (again_losses, again_state) = train(model, x), train(again, x)
    assert losses == again_losses
    for a, b in zip(state, again_state, strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("name", [n for n in MODELS if n != "subclass"])
def test_weights_into_a_model_made_again(name, tmp_path):
    """Its layers have other names by then: `dense_7` for `dense`."""
    model, x = MODELS[name](torchkeras)
    torchkeras.utils.set_random_seed(2)
    model.set_weights([w + 0.1 if w.dtype.kind in "fV" else w for w in model.get_weights()])
    model.save_weights(tmp_path / "w.pth")
    again = MODELS[name](torchkeras)[0]
    again.load_weights(tmp_path / "w.pth", strict=True)
    for a, b in zip(leaves(model.predict(x, verbose=0)), leaves(again.predict(x, verbose=0)),
                    strict=True):  # fmt: skip
        np.testing.assert_array_equal(a, b)
    found = torch.load(tmp_path / "w.pth", weights_only=True)
    assert list(found) == list(model.state_dict())
    assert all(type(v) is torch.Tensor for v in found.values())
    model.load_state_dict(found)


@pytest.mark.parametrize(
    "optimizer",
    [
        lambda k: k.optimizers.SGD(0.1, momentum=0.9, use_ema=True),
        lambda k: k.optimizers.Adam(k.optimizers.schedules.ExponentialDecay(0.1, 2, 0.5)),
        lambda k: k.optimizers.RMSprop(gradient_accumulation_steps=2),
        lambda k: k.optimizers.LossScaleOptimizer(k.optimizers.AdamW()),
        lambda k: k.optimizers.get(torch.optim.AdamW),
        lambda k: k.optimizers.Muon(),
    ],
    ids=["sgd", "schedule", "accumulation", "loss scale", "torch", "muon"],
)
def test_optimizers(optimizer, tmp_path):
    model, x = fitted("dense", optimizer=optimizer(torchkeras))
    if model.optimizer._schedule is None:
        model.optimizer.learning_rate = 0.03
    model.save(tmp_path / "m.pt")
    again = load_model(tmp_path / "m.pt", require_optimizer=True)
    assert equal(model, again)
    assert train(model, x)[0] == train(again, x)[0] and equal(model, again)


def test_what_is_in_it(tmp_path):
    model, x = fitted("dense", metrics=["mae"])
    path = tmp_path / "m.pt"
    model.save(path)
    found = torch.load(path, weights_only=True)
    assert set(found) == {"format", "version", "config", "model", "epoch", "optimizer"}
    assert found["epoch"] == 2 and json.loads(found["config"])["class_name"] == "Sequential"
    assert list(found["model"]) == list(model.state_dict())
    twin = MODELS["dense"](torchkeras)[0]
    twin.compile("adam", "mse")
    twin.optimizer.build(twin.trainable_variables)
    twin.optimizer.load_state_dict(found["optimizer"])
    assert int(twin.optimizer.iterations) == int(model.optimizer.iterations) > 0
    model.save(path, include_optimizer=False)
    assert "optimizer" not in torch.load(path, weights_only=True)
    again = load_model(path)
    assert again.compiled and int(again.optimizer.iterations) == 0
    with pytest.raises(ModelFileError, match="the file has none"):
        load_model(path, require_optimizer=True)
    assert not load_model(path, compile=False).compiled
    assert again.evaluate(x, np.zeros((5, 2)), return_dict=True, verbose=0).keys() == {
        "loss",
        "mae",
    }


def test_weights_of_a_whole_model(tmp_path):
    model, _ = fitted("dense")
    model.save(tmp_path / "m.pt")
    other, _ = fitted("dense")
    other.load_weights(tmp_path / "m.pt", require_optimizer=True)
    assert equal(model, other)
    plain = MODELS["dense"](torchkeras)[0]
    plain.load_weights(tmp_path / "m.pt")
    other, _ = fitted("dense", optimizer="sgd")
    with pytest.warns(UserWarning, match="optimizer state not restored"):
        other.load_weights(tmp_path / "m.pt")
    before = [v.detach().clone() for v in variables(other)]
    model, _ = fitted("dense", optimizer="rmsprop")
    model.save(tmp_path / "m.pt")
    with pytest.raises(ModelFileError, match="optimizer state"):
        other.load_weights(tmp_path / "m.pt", require_optimizer=True)
    assert all(torch.equal(a, b) for a, b in zip(before, variables(other), strict=True))


def test_misfit_changes_neither_weights_nor_optimizer(tmp_path):
    model, other = dense(), dense()
    for m in (model, other):
        m.fit(np.ones((4, 4)), np.zeros((4, 3)), verbose=0)
    model.save(tmp_path / "m.pt")
    content = torch.load(tmp_path / "m.pt", weights_only=True)
    content["model"]["norm.gamma"] = torch.ones(4)
    torch.save(content, tmp_path / "m.pt")
    before = [v.detach().clone() for v in variables(other)]
    with pytest.raises(ModelFileError, match=r"norm/gamma: file \(4,\), model \(3,\)"):
        other.load_weights(tmp_path / "m.pt")
    assert all(torch.equal(a, b) for a, b in zip(before, variables(other), strict=True))
    with pytest.warns(UserWarning, match="skipped what does not fit.*norm/gamma"):
        other.load_weights(tmp_path / "m.pt", skip_mismatch=True)
    assert torch.equal(other.layers[0].kernel, model.layers[0].kernel)
    assert torch.equal(other.layers[1].beta, before[3])


class Noted(L.Layer):
    """A layer that says itself what a file keeps of it."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.note = 0.0

    def call(self, x):
        return x

    def save_own_variables(self, store):
        store["note"] = np.float32(self.note)

    def load_own_variables(self, store):
        self.note = float(store["note"])


def test_own_state_and_assets(tmp_path):
    words = L.TextVectorization(output_mode="multi_hot", pad_to_max_tokens=False)
    words.adapt(["a b", "c b"])
    i = torchkeras.Input((), dtype="string")
    model = torchkeras.Model(i, Noted(name="noted")(L.Dense(2)(words(i))))
    model.get_layer("noted").note = 2.5
    model.save(tmp_path / "m.pt")
    again = load_model(tmp_path / "m.pt", custom_objects={"Noted": Noted})
    x = np.array(["a c", "b"])
    np.testing.assert_array_equal(again.predict(x, verbose=0), model.predict(x, verbose=0))
    assert again.get_layer("noted").note == 2.5
    model.get_layer("noted").note = 0.0
    model.load_weights(tmp_path / "m.pt")
    assert model.get_layer("noted").note == 2.5


# ------------------------------------------------------------------------------- of other programs


def wrapped(state):
    """(id, what torch programs save) for a state dict."""
    yield "plain", state
    yield "ordered", OrderedDict(state)
    yield "parameters", {k: torch.nn.Parameter(v, requires_grad=False) for k, v in state.items()}
    yield "lightning", {"epoch": 3, "state_dict": state, "callbacks": {"a": [1, None, "x"]}}
    yield "tutorial", {"epoch": 3, "model_state_dict": state, "loss": 0.5}
    yield "model", {"model": state, "optimizer": {"state": {}, "param_groups": [{"lr": 1}]}}
    for prefix in ("module.", "_orig_mod.", "module._orig_mod.", "_orig_mod.module."):
        yield prefix, {prefix + k: v for k, v in state.items()}
    yield "part compiled", {k.replace("dense.", "dense._orig_mod."): v for k, v in state.items()}
    yield "without seeds", {k: v for k, v in state.items() if "seed" not in k}


@pytest.mark.safety("P4")
@pytest.mark.parametrize("how", [name for name, _ in wrapped({})])
def test_state_dicts_of_other_programs(how, tmp_path):
    model, x = MODELS["dense"](torchkeras)
    torch.save(dict(wrapped(model.state_dict()))[how], tmp_path / "w.pt")
    other = MODELS["dense"](torchkeras)[0]
    other.load_weights(tmp_path / "w.pt", strict=True)
    assert torch.equal(other(x), model(x))


@pytest.mark.safety("P4")
def test_saved_on_another_device(tmp_path):
    """What a storage's place says is not looked at: `cuda:7` on a machine with none."""
    model, x = MODELS["dense"](torchkeras)
    state = model.state_dict()
    path = tmp_path / "w.pt"
    torch.save(state, path)
    with zipfile.ZipFile(path) as archive:
        program = archive.read("w/data.pkl")
    moved = program.replace(b"X\x03\x00\x00\x00cpu", b"X\x06\x00\x00\x00cuda:7")
    assert moved != program
    path.write_bytes(rezip(path, {"w/data.pkl": moved}))
    with pytest.raises(RuntimeError, match="CUDA"):
        torch.load(path, weights_only=True)
    other = MODELS["dense"](torchkeras)[0]
    other.load_weights(path)
    assert torch.equal(other(x), model(x))


@pytest.mark.parametrize("width", ["float16", "bfloat16", "float64"])
def test_other_widths(width, tmp_path):
    model, x = MODELS["dense"](torchkeras)
    state = {
        k: v.to(getattr(torch, width)) if v.is_floating_point() else v
        for k, v in model.state_dict().items()
    }
    torch.save(state, tmp_path / "w.pt")
    other = MODELS["dense"](torchkeras)[0]
    with pytest.raises(ModelFileError, match=f"file {width}, model float32; cast=True converts"):
        other.load_weights(tmp_path / "w.pt")
    other.load_weights(tmp_path / "w.pt", cast=True)
    np.testing.assert_allclose(other(x).detach(), model(x).detach(), rtol=2e-2, atol=2e-2)


def test_compiled_and_parallel_models(tmp_path):
    model, x = MODELS["dense"](torchkeras)
    other = MODELS["dense"](torchkeras)[0]
    for wrapper in (torch.compile, torch.nn.DataParallel):
        torch.save(wrapper(model).state_dict(), tmp_path / "w.pt")
        other.load_weights(tmp_path / "w.pt", strict=True)
        assert torch.equal(other(x), model(x))


def test_tied_weights(tmp_path):
    class Tied(torchkeras.Model):
        def __init__(self):
            super().__init__()
            self.one = L.Dense(4)
            self.two = L.Dense(4)

        def build(self, shape):
            self.one.build(shape)
            self.two.build(shape)
            self.two.kernel = self.one.kernel
            self.built = True

        def call(self, x):
            return self.two(self.one(x))

    model, other = Tied(), Tied()
    x = torch.from_numpy(rand(2, 4))
    model(x), other(x)
    assert len(model.weights) == 3
    model.save_weights(tmp_path / "w.pt")
    state = torch.load(tmp_path / "w.pt", weights_only=True)
    assert state["one.kernel"].data_ptr() == state["two.kernel"].data_ptr()
    other.load_weights(tmp_path / "w.pt")
    assert torch.equal(other(x), model(x)) and other.two.kernel is other.one.kernel
    del state["one.kernel"]
    torch.save(state, tmp_path / "w.pt")
    Tied.load_weights(other, tmp_path / "w.pt", strict=True)


def test_options_of_torch(tmp_path):
    """A program may have switched off checksums, or on the mapping of files."""
    model, _ = MODELS["dense"](torchkeras)
    options = serialization.config.load
    torch.serialization.set_crc32_options(False)
    options.mmap = True
    try:
        model.save_weights(tmp_path / "w.pt")
        model.load_weights(tmp_path / "w.pt")
        assert not torch.serialization.get_crc32_options()
    finally:
        torch.serialization.set_crc32_options(True)
        options.mmap = False


def test_not_a_whole_model(tmp_path):
    model, _ = MODELS["dense"](torchkeras)
    model.save_weights(tmp_path / "w.pt")
    with pytest.raises(ModelFileError, match=r"w\.pt: it holds weights without a model"):
        load_model(tmp_path / "w.pt")
    torch.save({"a": 1, "b": {"c": 2}}, tmp_path / "w.pt")
    with pytest.raises(ModelFileError, match=r"no state dict: .*'a', 'b'"):
        model.load_weights(tmp_path / "w.pt")


def test_real_keras_has_the_same_numbers(tmp_path):
    """Through a state dict of arrays: the names are torch's, the layout Keras's."""
    ours, x = MODELS["convnet"](torchkeras)
    ours.save_weights(tmp_path / "w.pt")
    state = torch.load(tmp_path / "w.pt", weights_only=True)
    real, _ = MODELS["convnet"](keras)
    real.set_weights([v.numpy() for k, v in state.items() if "seed" not in k])
    np.testing.assert_allclose(
        real.predict(x, verbose=0), ours.predict(x, verbose=0), rtol=1e-5, atol=1e-5
    )
