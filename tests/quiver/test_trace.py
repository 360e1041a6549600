import threading

import numpy as np
import pytest
import torch
from torch import nn

import torchkeras as keras
from torchkeras import layers
from torchkeras.quiver import trace as module
from torchkeras.quiver.trace import trace


def by_name(run):
    return {call.name: call for call in run.calls.values()}


def residual():
    inputs = keras.Input((8, 8, 3), name="picture")
    x = layers.Conv2D(4, 3, padding="same", activation="relu", name="first")(inputs)
    y = layers.Conv2D(4, 3, padding="same", name="second")(x)
    z = layers.Add(name="sum")([x, y])
    z = keras.Sequential([layers.Conv2D(5, 3, name="inside"), layers.ReLU()], name="nested")(z)
    z = layers.Flatten(name="flat")(keras.ops.sqrt(keras.ops.abs(z) + 1.0))
    return keras.Model(inputs, layers.Dense(3, activation="softmax", name="classes")(z))


def snapshot(model):
    return [x.detach().clone() for x in (*model.parameters(), *model.buffers())]


def test_functional_graph_and_values():
    model = residual()
    x = torch.rand(1, 8, 8, 3)
    run = trace(model, x)
    calls = by_name(run)
    assert [c.kind for c in run.calls.values()].count("group") == 1
    assert calls["nested"].kind == "group"
    assert calls["inside"].parent == calls["nested"].key
    names = {c.key: c.name for c in run.calls.values()}
    fed = {c.name: [names[k] for k in c.sources] for c in run.calls.values()}
    assert fed["first"] == ["picture"]
    assert sorted(fed["sum"]) == ["first", "second"]
    assert fed["inside"] == ["sum"]
    assert run.calls[calls["abs"].sources[0]].class_name == "ReLU"
    assert fed["sqrt"] == ["add"]
    assert fed["flat"] == ["sqrt"]
    assert [names[k] for k in run.sources] == ["classes"]
    for layer in ("first", "second", "sum", "flat", "classes"):
        expected = keras.Model(model.inputs, model.get_layer(layer).output)(x, training=False)
        torch.testing.assert_close(calls[layer].value, expected, rtol=0, atol=0)
    torch.testing.assert_close(run.outputs[0], model(x, training=False), rtol=0, atol=0)


class Looking(nn.Module):
    """In-place functions, one module called twice, tensors through lists and dicts."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 3, 3, padding=1)
        self.relu = nn.ReLU(inplace=True)
        self.head = nn.Linear(3, 2)

    def forward(self, x):
        x = self.relu(self.conv(x))
        x = self.conv(x)
        x += 1.0
        parts = {"mean": x.mean((2, 3)), "max": x.amax((2, 3))}
        return self.head(torch.stack([parts["mean"], parts["max"]]).sum(0))


def test_torch_module_with_writing_in_place():
    model = Looking().train()
    x = torch.rand(1, 3, 6, 6)
    run = trace(model, x)
    first = run.calls["call", "conv", 0]
    second = run.calls["call", "conv", 1]
    with torch.no_grad():
        torch.testing.assert_close(first.value, model.conv(x), rtol=0, atol=0)
        expected = model.conv(model.conv(x).relu())
    assert first.value.min() < 0, "it is the value before the ReLU that wrote over it"
    torch.testing.assert_close(second.value, expected, rtol=0, atol=0)
    names = {c.key: c.name for c in run.calls.values()}
    assert {names[k] for k in by_name(run)["stack"].sources} == {"mean", "amax"}
    assert model.training


def test_a_model_is_as_before():
    model = keras.Sequential(
        [
            keras.Input((8, 8, 3)),
            layers.Conv2D(2, 3),
            layers.BatchNormalization(),
            layers.Dropout(0.5),
            layers.Reshape((-1, 2)),
            layers.LSTM(3, stateful=False),
        ]
    )
    model.compile("sgd", "mse")
    model.fit(np.ones((4, 8, 8, 3)), np.ones((4, 3)), verbose=0)
    torch_model = nn.Sequential(nn.Conv2d(3, 2, 3), nn.BatchNorm2d(2), nn.Dropout())
    torch_model(torch.ones(2, 3, 8, 8)).sum().backward()
    x = {model: torch.rand(1, 8, 8, 3), torch_model: torch.rand(1, 3, 8, 8)}
    for looked_at, picture in x.items():
        for watched in (None, ("input", 0)):
            modes = [m.training for m in looked_at.modules()]
            before = snapshot(looked_at)
            grads = [None if p.grad is None else p.grad.clone() for p in looked_at.parameters()]
            random = torch.get_rng_state()
            trace(looked_at, picture, watched=watched)
            assert modes == [m.training for m in looked_at.modules()]
            for a, b in zip(before, snapshot(looked_at), strict=True):
                assert torch.equal(a, b)
            for a, p in zip(grads, looked_at.parameters(), strict=True):
                assert (a is None) == (p.grad is None)
                assert a is None or torch.equal(a, p.grad)
            assert torch.equal(random, torch.get_rng_state())
            for m in looked_at.modules():
                assert not m._forward_hooks
                assert not m._forward_pre_hooks


def test_stateful_layers_keep_their_states():
    model = keras.Sequential([keras.Input((4, 3), batch_size=1), layers.LSTM(2, stateful=True)])
    x = torch.rand(1, 4, 3)
    model(x)
    before = snapshot(model)
    trace(model, x)
    assert all(torch.equal(a, b) for a, b in zip(before, snapshot(model), strict=True))


def test_a_model_that_fails_is_as_before():
    class Failing(nn.Module):
        def __init__(self):
            super().__init__()
            self.layer = nn.BatchNorm1d(3)

        def forward(self, x):
            self.layer(x)
            raise RuntimeError("on purpose")

    model = Failing().train()
    with pytest.raises(RuntimeError, match="on purpose"):
        trace(model, torch.rand(1, 3))
    assert model.training and model.layer.training
    assert not model.layer._forward_hooks


def test_other_threads_are_not_heard():
    model = keras.Sequential([keras.Input((4,)), layers.Dense(3, name="dense")])
    x = torch.rand(1, 4)

    class Meddling(layers.Layer):
        def call(self, x):
            if x.device.type != "meta":  # shapes are inferred before anything runs
                other = threading.Thread(target=model, args=(torch.zeros(5, 4),))
                other.start()
                other.join()
            return x

    both = keras.Sequential([keras.Input((4,)), Meddling(), model])
    run = trace(both, x)
    assert [c.name for c in run.calls.values()].count("dense") == 1
    assert by_name(run)["dense"].value.shape == (1, 3)


@pytest.mark.parametrize("cell", [layers.LSTM, layers.GRU, layers.SimpleRNN])
def test_recurrent_layers_show_all_steps(cell):
    model = keras.Sequential([keras.Input((5, 4)), cell(3, name="rnn")])
    x = torch.rand(1, 5, 4)
    call = by_name(trace(model, x))["rnn"]
    layer = model.get_layer("rnn")
    whole = cell.from_config({**layer.get_config(), "return_sequences": True})
    whole.build((1, 5, 4))
    whole.set_weights(layer.get_weights())
    torch.testing.assert_close(call.rich, whole(x).detach())
    torch.testing.assert_close(call.value, model(x).detach())
    assert not layer.return_sequences


def test_bidirectional_and_loops_over_cells():
    model = keras.Sequential(
        [
            keras.Input((30, 4)),
            layers.Bidirectional(layers.LSTM(3), name="both"),
            layers.RepeatVector(30),
            layers.RNN([layers.GRUCell(3), layers.GRUCell(2)], name="cells"),
        ]
    )
    run = trace(model, torch.rand(1, 30, 4))
    calls = by_name(run)
    assert calls["both"].rich.shape == (1, 30, 6)
    assert calls["cells"].kind == "layer", "the steps of its loop are not shown"
    assert not any("gru_cell" in c.name for c in run.calls.values())
    assert module.MANY_CALLS < 30


@pytest.mark.parametrize("masked", [False, True])
def test_attention_scores(masked):
    inputs = keras.Input((6,), dtype="int32")
    x = layers.Embedding(10, 4, mask_zero=masked)(inputs)
    outputs = layers.MultiHeadAttention(2, 3, name="attention")(x, x)
    model = keras.Model(inputs, outputs)
    tokens = torch.tensor([[1, 2, 3, 4, 0, 0]])
    call = by_name(trace(model, tokens))["attention"]
    embedded = keras.Model(inputs, x)(tokens)
    _, expected = model.get_layer("attention")(embedded, embedded, return_attention_scores=True)
    assert call.rich.shape == (1, 2, 6, 6)
    torch.testing.assert_close(call.rich, expected.detach())
    assert bool((call.rich[..., 4:] == 0).all()) == masked


def test_torch_attention_and_time_first():
    model = nn.TransformerEncoderLayer(8, 2, dim_feedforward=16, batch_first=False)
    x = torch.rand(4, 1, 8)
    call = by_name(trace(model, x))["self_attn"]
    assert call.batch_axis == 1
    expected = model.eval().self_attn(x, x, x, average_attn_weights=False)[1]
    torch.testing.assert_close(call.rich, expected.detach())


def test_weights_that_a_layer_hands_out_are_copied():
    class Table(nn.Module):
        def __init__(self):
            super().__init__()
            self.weight = nn.Parameter(torch.zeros(3))

        def forward(self, x):
            return self.weight[None]

    model = nn.Sequential(Table(), nn.ReLU())
    run = trace(model, torch.rand(1, 3))
    with torch.no_grad():
        model[0].weight.fill_(7)
    assert run.calls["call", "0", 0].value.sum() == 0


def test_memory_counts_what_is_kept():
    model = keras.Sequential([keras.Input((8, 8, 1)), layers.Conv2D(4, 3), layers.Flatten()])
    run = trace(model, torch.rand(1, 8, 8, 1))
    assert run.nbytes == 4 * (64 + 4 * 36 + 4 * 36)
