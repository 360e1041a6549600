"""Names in `state_dict`: readable, complete, and the same for a copy."""

import copy

import pytest
import torch

import torchkeras as keras

L = keras.layers


def sequential():
    return keras.Sequential(
        [keras.Input((8, 8, 3)), L.Conv2D(2, 3, name="conv2d"), L.Conv2D(2, 3, name="conv2d_1"),
         L.BatchNormalization(name="batch_normalization"), L.Flatten(), L.Dense(2, name="dense")]
    )  # fmt: skip


def functional():
    i = keras.Input((4,))
    inner = keras.Sequential([keras.Input((4,)), L.Dense(4, name="a")], name="inner")
    return keras.Model(i, L.Dense(2, name="out")(inner(L.Dense(4, name="first")(i))))


class Net(keras.Model):
    def __init__(self):
        super().__init__()
        self.stem = L.Dense(4)
        self.blocks = [L.Dense(4), [L.Dense(4)]]
        self.heads = {"a.b": L.Dense(2), "a_b": L.Dense(2)}
        self.linear = torch.nn.Linear(4, 4)

    def call(self, x):
        for layer in (self.stem, self.blocks[0], self.blocks[1][0], self.linear):
            x = layer(x)
        return self.heads["a.b"](x) + self.heads["a_b"](x)


def subclass():
    model = Net()
    model(torch.ones(1, 4))
    return model


def pairs(*names, ends=("kernel", "bias")):
    return [f"{name}.{end}" for name in names for end in ends]


NAMES = {
    sequential: [
        *pairs("conv2d", "conv2d_1"),
        *pairs("batch_normalization", ends=("gamma", "beta", "moving_mean", "moving_variance")),
        *pairs("dense"),
    ],
    functional: pairs("first", "inner.a", "out"),
    subclass: [
        *pairs("stem", "blocks.0", "blocks.1.0", "heads.a_b", "heads.a_b_"),
        *pairs("linear", ends=("weight", "bias")),
    ],
}


@pytest.mark.parametrize("make", NAMES)
def test_names(make):
    model = make()
    assert list(model.state_dict()) == NAMES[make]
    assert sorted(model.state_dict()) == sorted(
        [n for n, _ in model.named_parameters()] + [n for n, _ in model.named_buffers()]
    )
    assert list(copy.deepcopy(model).state_dict()) == NAMES[make]
    compiled = list(torch.compile(model).state_dict())
    assert compiled == [f"_orig_mod.{n}" for n in NAMES[make]]
    model.compile("adam", "mse", metrics=["mae"])
    x = torch.ones(2, *([8, 8, 3] if make is sequential else [4]))
    model.fit(x, torch.ones(2, 2), verbose=0)
    assert list(model.state_dict()) == NAMES[make]


@pytest.mark.parametrize("make", NAMES)
def test_load_is_torchs(make):
    model, other = make(), make()
    state = {k: v + 0.5 for k, v in model.state_dict().items()}
    found = other.load_state_dict(state)
    assert not found.missing_keys and not found.unexpected_keys
    assert all(torch.equal(v, state[k]) for k, v in other.state_dict().items())
    first = next(iter(state))
    state["more"] = state.pop(first)
    with pytest.raises(RuntimeError, match=rf'(?s)Missing.*"{first}".*Unexpected.*"more"'):
        other.load_state_dict(state)
    found = other.load_state_dict(state, strict=False)
    assert found.missing_keys == [first] and found.unexpected_keys == ["more"]


@pytest.mark.parametrize("functional", [False, True])
def test_names_that_a_dot_would_make_equal(functional):
    layers = [L.Dense(3, name="a.b"), L.Dense(3, name="a_b"), L.Dense(3, name="a_b_")]
    if functional:
        x = i = keras.Input((3,))
        for layer in layers:
            x = layer(x)
        model = keras.Model(i, x)
    else:
        model = keras.Sequential([keras.Input((3,)), *layers])
    assert len(model.weights) == len(list(model.parameters())) == len(model.state_dict()) == 6
    assert list(model.state_dict()) == pairs("a_b", "a_b_", "a_b__")
    assert len(copy.deepcopy(model).state_dict()) == 6


def test_one_layer_under_two_names():
    class Twice(keras.Model):
        def __init__(self):
            i = keras.Input((4,))
            first = L.Dense(2, name="first")
            super().__init__(i, first(i))
            self.alias = first

    model = Twice()
    assert list(model.state_dict()) == pairs("first", "alias")
    assert len(model.weights) == 2


def test_layer_names_like_attributes():
    for name in ("training", "forward", "parameters", "layers", "kernel", "name", "optimizer"):
        model = keras.Sequential([keras.Input((3,)), L.Dense(3, name=name)])
        assert list(model.state_dict()) == pairs(name)
        assert model(torch.ones(1, 3)).shape == (1, 3)
