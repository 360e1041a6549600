"""`model.summary()` says what real Keras says: the same rows, shapes, counts and totals."""

import re

import keras
import numpy as np
import pytest
import torch

import torchkeras
from oracle import clear_names


def text(model, **options):
    parts = []
    model.summary(print_fn=parts.append, **options)
    assert len(parts) == 1
    return parts[0]


def cells(summary):
    """Rows of the table as lists of words, wrapped lines joined; then the lines below it."""
    rows, row = [], None
    for line in summary.splitlines():
        if line[:1] in "├┡└":
            rows.append(row)
            row = None
        elif line[:1] in "│┃":
            parts = [part.strip() for part in re.split("[│┃]", line)[1:-1]]
            row = [a + b for a, b in zip(row, parts, strict=True)] if row else parts
    words = [[part.replace(" ", "") for part in r] for r in rows if r]
    totals = [line.strip() for line in summary.splitlines() if line.startswith(" ") and ":" in line]
    return words, totals


def convnet(k):
    return k.Sequential(
        [
            k.Input((8, 8, 1)),
            k.layers.Conv2D(4, 3),
            k.layers.BatchNormalization(),
            k.layers.Flatten(),
            k.layers.Dense(3),
        ]
    )


def unbuilt(k):
    return k.Sequential([k.layers.Dense(2), k.layers.Dropout(0.5)])


def empty(k):
    return k.Sequential()


def large(k):
    return k.Sequential(
        [k.Input((2000,)), k.layers.Dense(2000), k.layers.Dense(300, dtype="bfloat16")]
    )


def chain(k):
    i = k.Input((4, 3))
    a, b, _ = k.layers.LSTM(2, return_state=True, return_sequences=True)(i)
    return k.Model(i, [a, b])


def branches(k):
    i, j = k.Input((4,), name="a"), k.Input((4,), name="b")
    shared = k.layers.Dense(3, name="shared")
    z = k.layers.Add(name="s")([shared(i), shared(j)])
    inner_in = k.Input((3,), name="ii")
    deep = k.layers.Dense(5, name="deep")(inner_in)
    inner = k.Model(inner_in, k.layers.Dense(2, name="deeper")(deep), name="inner")
    head = k.layers.Dense(1, name="head", trainable=False)(inner(z))
    return k.Model([i, j], [head, z], name="top")


def operations(k):
    x = k.Input((2,))
    y = k.ops.add(x, x + 1)
    return k.Model(x, k.ops.concatenate([x, y, x], axis=-1) * 2)


def states(k):
    q = k.Input((3, 4), name="q")
    a = k.layers.LSTM(3, return_state=True)(q)
    return k.Model(q, [k.layers.LSTM(3)(q, initial_state=a[1:]), a[0]])


def nested(k):
    deepest = k.Sequential([k.layers.Dense(2)], name="in2")
    middle = k.Sequential([k.layers.Dense(4), deepest], name="in1")
    return k.Sequential([k.Input((3,)), middle, k.layers.Dense(2)], name="outer")


def frozen(k):
    model = convnet(k)
    model.trainable = False
    return model


def subclassed(k):
    class Net(k.Model):
        def __init__(self):
            super().__init__()
            self.first = k.layers.Dense(3)
            self.second = k.layers.Dense(2)
            self.unused = k.layers.Dense(7)

        def call(self, x):
            return self.second(self.first(x))

    return Net()


def compiled(k):
    model = convnet(k)
    model.compile("adam", "mse")
    model.fit(np.zeros((2, 8, 8, 1), "float32"), np.zeros((2, 3), "float32"), verbose=0)
    return model


MODELS = [convnet, unbuilt, empty, large, chain, branches, operations, states, nested, frozen,
          subclassed, compiled]  # fmt: skip


def both(make):
    result = []
    for k in (torchkeras, keras):
        clear_names()
        result.append(make(k))
    return result


@pytest.mark.parametrize("show_trainable", [False, True])
@pytest.mark.parametrize("make", MODELS, ids=lambda f: f.__name__)
def test_table_is_that_of_keras(make, show_trainable):
    ours, theirs = both(make)
    # Keras cuts long cells; both are given room, in a line that Keras does not cut at 80.
    (a, totals), (b, expected) = (
        cells(text(m, show_trainable=show_trainable, line_length=80)) for m in (ours, theirs)
    )
    assert totals == expected
    assert len(a) == len(b)
    for row, want in zip(a, b, strict=True):
        assert len(row) == len(want)
        for cell, wanted in zip(row, want, strict=True):
            pattern = ".*".join(re.escape(part) for part in wanted.split("…"))
            assert re.fullmatch(pattern, cell), f"{row} is not {want}"


@pytest.mark.parametrize("make", [branches, nested], ids=lambda f: f.__name__)
def test_nested_models_are_expanded(make):
    ours, theirs = both(make)
    names = [
        [row[0] for row in cells(text(m, expand_nested=True, line_length=80))[0]]
        for m in (ours, theirs)
    ]
    assert [n.split("…")[0] for n in names[1]] == [
        a[: len(b.split("…")[0])] for a, b in zip(*names, strict=True)
    ]


def test_built_subclassed_model():
    ours, theirs = both(subclassed)
    for m in (ours, theirs):
        m(np.zeros((2, 4), "float32"))
    (a, totals), (b, expected) = cells(text(ours)), cells(text(theirs))
    assert a == b
    assert totals == expected


@pytest.mark.parametrize("names", [("conv2d", "flatten"), ("batch.*", "dense.*"), ("flat", "flat")])
def test_layer_range(names):
    a, b = (cells(text(m, layer_range=names))[0] for m in both(convnet))
    assert a == b


@pytest.mark.parametrize("names", [("zz", "dense"), ("dense", "conv2d"), ("dense",), "dense"])
def test_wrong_layer_range(names):
    with pytest.raises(ValueError, match="summary: layer_range must"):
        convnet(torchkeras).summary(layer_range=names)


def test_positions_and_line_length():
    model = convnet(torchkeras)
    line = text(model, line_length=100).splitlines()[1]
    assert len(line) == 100
    line = text(model, line_length=100, positions=[0.5, 0.8, 1.0]).splitlines()[1]
    assert line.index("┳") == 50 - 1
    assert len(line) == 100
    line = text(model, positions=[40, 60, 70]).splitlines()[1]
    assert len(line) == 70
    for positions in ([0.5, 0.4, 1.0], [0.5, 1.0]):
        with pytest.raises(ValueError, match="positions must be 3 rising numbers"):
            model.summary(positions=positions)


def test_narrow_lines_lose_nothing():
    joined = "".join(r[0] for r in cells(text(branches(torchkeras), line_length=40))[0])
    assert "shared(Dense)" in joined


def test_torch_modules_are_listed():
    class Net(torchkeras.Model):
        def __init__(self):
            super().__init__()
            self.torch_part = torch.nn.Linear(3, 4)
            self.head = torchkeras.layers.Dense(2)

        def call(self, x):
            return self.head(self.torch_part(x))

    model = Net()
    model(torch.zeros(2, 3))
    rows, totals = cells(text(model))
    assert sorted(row[2] for row in rows[1:]) == ["10", "16"]
    assert totals[0] == "Total params: 26 (104.00 B)"


def test_prints_to_the_screen(capsys, monkeypatch):
    model = convnet(torchkeras)
    model.summary()
    assert capsys.readouterr().out == text(model)

    class Ascii:
        encoding = "ascii"
        written = ""

        def write(self, s):
            self.written += s

        def flush(self):
            pass

        def isatty(self):
            return False

    out = Ascii()
    monkeypatch.setattr("sys.stdout", out)
    model.summary()
    assert out.written.isascii()
    assert "conv2d (Conv2D)" in out.written
