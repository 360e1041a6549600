"""RNN over built-in, stacked and users' own cells; stateful layers."""

import keras
import numpy as np
import pytest
import torch

import torchkeras
from oracle import assert_close, check_layer, clear_names, copy_weights, library_of, rand

X = rand(3, 5, 4)
HOLES = np.array([[0, 1, 0, 1, 0], [1, 1, 0, 0, 1], [0, 0, 0, 0, 0]], bool)
CELLS = {
    "simple": lambda L: L.SimpleRNNCell(3),
    "lstm": lambda L: L.LSTMCell(3, activation="relu"),
    "gru": lambda L: L.GRUCell(3, reset_after=False),
    "stacked": lambda L: [L.LSTMCell(3), L.GRUCell(2)],
    "stack of stacks": lambda L: L.StackedRNNCells([L.SimpleRNNCell(2), L.LSTMCell(3)]),
}


@pytest.mark.parametrize("mask", [None, HOLES], ids=["none", "holes"])
@pytest.mark.parametrize("sequences", [False, True])
@pytest.mark.parametrize("cell", CELLS)
def test_rnn(cell, sequences, mask):
    def args(lib):
        return {"cell": CELLS[cell](lib.layers), "return_sequences": sequences}

    check_layer("RNN", args, X, mask=mask, scale_weights=0.7)


@pytest.mark.parametrize("cell", ["simple", "lstm", "gru", "stacked"])
def test_rnn_returns_states(cell):
    def args(lib):
        return {
            "cell": CELLS[cell](lib.layers),
            "return_state": True,
            "go_backwards": True,
            "zero_output_for_mask": True,
        }

    check_layer("RNN", args, X, mask=HOLES, scale_weights=0.7, symbolic=False, shapes=False)


@pytest.mark.parametrize("name", ["SimpleRNNCell", "LSTMCell", "GRUCell"])
@pytest.mark.parametrize("args", [{}, {"use_bias": False, "activation": "relu"}], ids=str)
def test_cells(name, args):
    states = [rand(3, 2, seed=i + 1) for i in range(2 if name == "LSTMCell" else 1)]
    ours, theirs = check_layer(
        name,
        {"units": 2, **args},
        rand(3, 4),
        call_kwargs={"states": states},
        shapes=False,
        symbolic=False,
    )
    assert ours.state_size == theirs.state_size and ours.output_size == theirs.output_size
    first = [[tuple(s.shape) for s in c.get_initial_state(3)] for c in (ours, theirs)]
    assert first[0] == first[1]


@pytest.mark.parametrize("implementation", [1, 2])
@pytest.mark.parametrize("recurrent", [0.0, 0.5])
@pytest.mark.parametrize("name", ["SimpleRNNCell", "LSTMCell", "GRUCell", "GRUCell before"])
def test_dropout_masks_of_cells(name, recurrent, implementation):
    """The masks have Keras's structure, and enter at the same places."""
    args = {"units": 2, "dropout": 0.5, "recurrent_dropout": recurrent}
    name, *before = name.split()
    if name == "GRUCell":
        args["reset_after"] = not before
    if name != "SimpleRNNCell":
        args["implementation"] = implementation
    states = [rand(3, 2, seed=i + 1) for i in range(2 if name == "LSTMCell" else 1)]
    results, structures = [], []
    for lib in (torchkeras, keras):
        clear_names()
        cell = getattr(lib.layers, name)(**args)
        cell.build((3, 4))
        cell.set_weights([rand(*w.shape, seed=9) for w in cell.get_weights()])
        structure = []
        for key, n in (("", 4), ("recurrent_", 2)):
            if not getattr(cell, f"{key}dropout"):
                continue
            drawn = getattr(cell, f"get_{key}dropout_mask")(torch.ones(3, n))
            flat = list(_leaves([drawn]))
            structure.append((isinstance(drawn, list), [tuple(m.shape) for m in flat]))
            for seed, m in enumerate(flat):
                assert set(np.unique(m.detach())) <= {0.0, 2.0}
                m.copy_(torch.as_tensor(2.0 * (rand(3, n, seed=seed + n) > 0)))
        results.append(cell(rand(3, 4), [torch.as_tensor(s) for s in states], training=True))
        structures.append(structure)
        cell.reset_dropout_mask(), cell.reset_recurrent_dropout_mask()
        assert cell._dropout_mask is None and cell._recurrent_dropout_mask is None
    assert structures[0] == structures[1]
    assert_close(*results)


@pytest.mark.parametrize("recurrent", [0.0, 0.3])
@pytest.mark.parametrize("name", ["LSTM", "GRU"])
def test_gates_drop_together_or_apart(name, recurrent):
    """Outputs of one unit tell which gates saw the input: the same set of cases as in Keras."""
    seen = []
    for lib in (torchkeras, keras):
        layer = getattr(lib.layers, name)(
            1, kernel_initializer="ones", dropout=0.5, recurrent_dropout=recurrent
        )
        y = layer(torch.ones(400, 1, 1), training=True)
        seen.append(np.unique(np.round(y.detach().numpy(), 4)).tolist())
    assert seen[0] == seen[1] and len(seen[0]) == 2 + (recurrent > 0) * (3 if name == "LSTM" else 1)


def _custom(lib):
    class Minimal(lib.layers.Layer):
        def __init__(self, units, **kwargs):
            super().__init__(**kwargs)
            self.units = units
            self.state_size = units

        def build(self, input_shape):
            self.kernel = self.add_weight(shape=(input_shape[-1], self.units), name="kernel")
            self.recurrent = self.add_weight(shape=(self.units, self.units), name="recurrent")

        def call(self, inputs, states):
            h = lib.ops.matmul(inputs, self.kernel) + lib.ops.matmul(states[0], self.recurrent)
            return h, [h]

    class Nested(Minimal):
        def __init__(self, units, **kwargs):
            super().__init__(units, **kwargs)
            self.state_size = [units, [units, units]]
            self.output_size = units

        def get_initial_state(self, batch_size=None):
            ones = lib.ops.ones((batch_size, self.units))
            return [ones, [ones * 2, ones * 3]]

        def call(self, inputs, states, training=False):
            a, (b, c) = states
            h = lib.ops.matmul(inputs, self.kernel) + lib.ops.matmul(a, self.recurrent) + b
            return h - c, [h, [c, h * 0.5]]

    return {"minimal": Minimal, "nested": Nested}


@pytest.mark.parametrize("mask", [None, HOLES], ids=["none", "holes"])
@pytest.mark.parametrize("kind", ["minimal", "nested", "list"])
def test_custom_cells(kind, mask):
    def args(lib):
        made = _custom(lib)
        cell = [made["minimal"](2), lib.layers.GRUCell(3)] if kind == "list" else made[kind](3)
        return {"cell": cell, "return_sequences": True}

    check_layer("RNN", args, X, mask=mask, scale_weights=0.5, config=False)


def test_plain_object_as_cell():
    class Sum:
        state_size = 4

        def call(self, inputs, states):
            return inputs + states[0], [inputs + states[0]]

    x = torch.randn(2, 5, 4)
    torch.testing.assert_close(torchkeras.layers.RNN(Sum())(x), x.sum(1))


def test_errors():
    with pytest.raises(ValueError, match="RNN: cell must have 'call'"):
        torchkeras.layers.RNN(object())
    with pytest.raises(ValueError, match="StackedRNNCells: all cells"):
        torchkeras.layers.StackedRNNCells([3])


# ----------------------------------------------------------------------------- functional models


def _given_states(lib, kind):
    """A model whose recurrent layer gets its first states as inputs."""
    L = lib.layers
    x, h, c = lib.Input((5, 4)), lib.Input((3,)), lib.Input((3,))
    four = [h, c, c, h]
    made = {
        "lstm": lambda: L.LSTM(3, return_state=True)(x, initial_state=[h, c]),
        "gru": lambda: L.GRU(3, return_state=True)(x, initial_state=h),
        "gru list": lambda: L.GRU(3)(x, initial_state=[h]),
        "simple": lambda: L.SimpleRNN(3, return_sequences=True)(x, initial_state=(c,)),
        "rnn": lambda: L.RNN(L.LSTMCell(3), return_state=True)(x, initial_state=(h, c)),
        "stacked": lambda: L.RNN([L.GRUCell(3), L.SimpleRNNCell(3)])(x, initial_state=[[h], [c]]),
        "both": lambda: L.Bidirectional(L.LSTM(3, return_state=True))(x, initial_state=four),
        "both sum": lambda: L.Bidirectional(L.GRU(3), merge_mode="sum")(x, initial_state=[h, c]),
    }
    return lib.Model([x, h, c], made[kind]())


KINDS = ["lstm", "gru", "gru list", "simple", "rnn", "stacked", "both", "both sum"]


@pytest.mark.parametrize("kind", KINDS)
def test_states_of_functional_models(kind, tmp_path):
    made = []
    for lib in (torchkeras, keras):
        clear_names()
        made.append(_given_states(lib, kind))
    ours, theirs = made
    copy_weights(theirs, ours)
    inputs = [X, rand(3, 3, seed=1), rand(3, 3, seed=2)]
    assert_close(ours(inputs), theirs(inputs))
    shapes = [[tuple(s.shape) for s in _leaves([m.outputs])] for m in made]
    assert shapes[0] == shapes[1]
    for model, loader in ((ours, keras), (theirs, torchkeras)):
        path = tmp_path / f"{loader.__name__}.keras"
        model.save(path)
        assert_close(loader.models.load_model(path)(inputs), theirs(inputs))


def test_encoder_and_decoder():
    """The states of one layer are the first states of the other, and train it."""
    made = []
    for lib in (torchkeras, keras):
        clear_names()
        L = lib.layers
        first, second = lib.Input((None, 4)), lib.Input((None, 4))
        _, h, c = L.LSTM(3, return_state=True)(L.Masking()(first))
        made.append(lib.Model([first, second], L.LSTM(3)(second, initial_state=[h, c])))
    ours, theirs = made
    copy_weights(theirs, ours)
    inputs = [X * HOLES[..., None].astype("float32"), rand(3, 7, 4, seed=1)]
    assert_close(ours(inputs), theirs(inputs))
    grads = []
    for model in made:
        weights = [getattr(w, "value", w) for w in model.trainable_weights]
        grads.append(torch.autograd.grad(model(inputs).square().sum(), weights))
    assert_close(*(list(g) for g in grads))


@pytest.mark.parametrize("cell", ["lstm", "stacked", "stack of stacks"])
def test_structure_of_returned_states(cell):
    results = []
    for lib in (torchkeras, keras):
        clear_names()
        layer = lib.layers.RNN(CELLS[cell](lib.layers), return_state=True)
        layer(torch.as_tensor(X))
        results.append((layer, layer.compute_output_shape((None, 5, 4))))
    (ours, a), (theirs, b) = results
    assert a == b
    copy_weights(theirs, ours)

    def plain(x):
        return [plain(e) for e in x] if isinstance(x, (list, tuple)) else x

    assert_close(plain(ours(torch.as_tensor(X))), plain(theirs(torch.as_tensor(X))))


@pytest.mark.parametrize("form", ["tuple of states", "same states", "one tensor"])
def test_forms_of_custom_states(form):
    """What a cell may return as its new states."""
    results = []
    for lib in (torchkeras, keras):

        class Cell(lib.layers.Layer):
            def __init__(self, **kwargs):
                super().__init__(**kwargs)
                self.state_size = (4, 4) if form == "tuple of states" else 4
                self.output_size = 4

            def call(self, inputs, states, scale=2.0, training=False):
                if form == "tuple of states":
                    return scale * inputs + states[1], (inputs, states[0])
                return inputs * scale, states if form == "same states" else inputs

        x = torch.as_tensor(X)
        layer = lib.layers.RNN(Cell(), return_state=True, return_sequences=True)
        results.append(list(layer(x, mask=torch.as_tensor(HOLES))))
    assert_close(*results)


# ------------------------------------------------------------------------------------- stateful

STATEFUL = {
    "simple": lambda L, **k: L.SimpleRNN(3, **k),
    "lstm": lambda L, **k: L.LSTM(3, **k),
    "gru": lambda L, **k: L.GRU(3, **k),
    "rnn": lambda L, **k: L.RNN(L.GRUCell(3), **k),
    "stacked": lambda L, **k: L.RNN([L.LSTMCell(3), L.GRUCell(2)], **k),
    "bidirectional": lambda L, **k: L.Bidirectional(L.LSTM(3, **k)),
}


@pytest.mark.parametrize("mask", [None, HOLES], ids=["none", "holes"])
@pytest.mark.parametrize("kind", STATEFUL)
def test_stateful(kind, mask):
    clear_names()
    ours = STATEFUL[kind](torchkeras.layers, stateful=True)
    theirs = STATEFUL[kind](keras.layers, stateful=True)
    kwargs = {} if mask is None else {"mask": torch.as_tensor(mask)}
    for layer in (ours, theirs):
        layer.build(X.shape)
    copy_weights(theirs, ours)
    assert [v.path for v in ours.weights] == [v.path for v in theirs.weights]
    for _ in range(3):
        assert_close(ours(X, **kwargs), theirs(X, **kwargs))
    if kind == "stacked":  # Keras cannot reset nested states
        ours.reset_states()
        theirs = torchkeras.layers.RNN.from_config(ours.get_config() | {"stateful": False})
        assert_close(ours(X), (theirs(X), copy_weights(ours, theirs), theirs(X))[2])
        return
    for layer in (ours, theirs):
        layer.reset_states()
    assert_close(ours(X), theirs(X))
    assert_close(list(_leaves(ours.states)), list(_leaves(theirs.states)))


def _leaves(states):
    for s in states:
        yield from _leaves(s) if isinstance(s, (list, tuple)) else [s]


def test_stateful_gradients_of_two_calls():
    layer = torchkeras.layers.LSTM(3, stateful=True)
    x = torch.ones(2, 4, 3, requires_grad=True)
    (layer(x).sum() + layer(x).sum()).backward()
    assert x.grad is not None and all(s.requires_grad is False for s in layer.states)


def test_stateful_needs_its_batch_size():
    layer = torchkeras.layers.GRU(2, stateful=True)
    with pytest.raises(ValueError, match="batch size must be known"):
        layer(torchkeras.Input((5, 3)))
    layer(torch.ones(2, 5, 3))
    with pytest.raises(ValueError, match="built for, 2"):
        layer(torch.ones(3, 5, 3))


def test_states_follow_the_layer():
    layer = torchkeras.layers.LSTM(3, stateful=True)
    layer(torch.ones(2, 4, 3))
    layer.double()
    assert layer.states[0].dtype is torch.float64
    assert layer(torch.ones(2, 4, 3, dtype=torch.float64)).dtype is torch.float64
    assert library_of(type(layer)) is torchkeras


@pytest.mark.parametrize("listed", [True, False])
def test_states_of_stacked_cells_of_a_user(listed):
    """A state is a tensor, not a list of one, where `state_size` is a number."""

    def outputs(lib):
        class Cell(lib.layers.Layer):
            def __init__(self, units):
                super().__init__()
                self.units = self.state_size = units

            def build(self, input_shape):
                self.kernel = self.add_weight(
                    shape=(input_shape[-1], self.units), initializer="ones"
                )

            def call(self, inputs, states):
                old = states[0] if isinstance(states, (list, tuple)) else states
                new = lib.ops.matmul(inputs, self.kernel) + old
                return new, [new] if listed else new

        layer = lib.layers.RNN([Cell(3), Cell(2)], return_state=True)
        return layer(rand(2, 4, 5))

    assert_close(list(outputs(torchkeras)), list(outputs(keras)))
