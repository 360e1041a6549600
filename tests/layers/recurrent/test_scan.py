"""torch.export of recurrent models with any batch size and any number of steps."""

import pytest
import torch

import torchkeras

L = torchkeras.layers
STEPS = torchkeras.Input((None, 4))
MODELS = {
    "lstm": lambda: [L.LSTM(3)],
    "time distributed": lambda: [L.TimeDistributed(L.Dense(3))],
}
MORE = {
    "bidirectional": lambda: [
        L.Bidirectional(L.LSTM(3, return_sequences=True)),
        L.Bidirectional(L.GRU(2), merge_mode="sum"),
    ],
    "gru": lambda: [L.GRU(3, return_sequences=True, go_backwards=True), L.GRU(2)],
    "masked": lambda: [L.Masking(), L.LSTM(3, return_sequences=True, return_state=True)],
    "simple": lambda: [L.SimpleRNN(3, return_sequences=True)],
    "loop": lambda: [L.LSTM(3, activation="relu"), L.Dense(2)],
    "gru before": lambda: [L.GRU(3, reset_after=False)],
    "cell": lambda: [L.RNN(L.GRUCell(3))],
    "masked both": lambda: [L.Masking(), L.Bidirectional(L.GRU(3, return_sequences=True))],
    "masked zero": lambda: [L.Masking(), L.SimpleRNN(3, zero_output_for_mask=True)],
}


def check(model, example, others, dims):
    model(example)
    with torch.no_grad():
        program = torch.export.export(model, (example,), dynamic_shapes=((dims,),), strict=False)
        exported = program.module()
        for x in others:
            x[0, 2:] = 0  # masked by Masking
            torch.testing.assert_close(exported(x), model(x), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(
    "kind", [*MODELS, *(pytest.param(k, marks=pytest.mark.sweep) for k in MORE)]
)
def test_any_batch_and_steps(kind):
    x = STEPS
    for layer in (MODELS | MORE)[kind]():
        x = layer(x)
    model = torchkeras.Model(STEPS, x)
    dims = {0: torch.export.Dim("batch"), 1: torch.export.Dim("steps")}
    check(model, torch.randn(2, 5, 4), [torch.randn(2, 5, 4), torch.randn(3, 9, 4)], dims)


@pytest.mark.sweep
def test_conv_lstm():
    model = torchkeras.Sequential([L.ConvLSTM1D(2, 3, padding="same")])
    dims = {0: torch.export.Dim("batch"), 1: torch.export.Dim("steps")}
    check(model, torch.randn(2, 5, 6, 3), [torch.randn(3, 8, 6, 3)], dims)


@pytest.mark.sweep
def test_one_node_a_layer():
    layer = L.GRU(3)
    layer.build((None, None, 4))
    program = torch.export.export(layer, (torch.randn(2, 50, 4),), strict=False)
    names = [str(n.target) for n in program.graph.nodes if n.op == "call_function"]
    assert names.count("scan") == 1 and len(names) < 30
