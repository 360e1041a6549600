"""The progress bar: in a pipe, in a terminal, and how rarely it reads the logs."""

import io
import os
import re
import subprocess
import sys

import keras
import numpy as np
import pytest
import torch
from callbacks.scripted import Model

from torchkeras import callbacks
from torchkeras.callbacks import progress
from torchkeras.callbacks.progress import Progbar


class Out(io.StringIO):
    """Standard output that may pretend to be a terminal."""

    def __init__(self, terminal=False, encoding="utf-8"):
        super().__init__()
        self.terminal = terminal
        self._encoding = encoding

    encoding = property(lambda self: self._encoding)

    def isatty(self):
        return self.terminal


class Clock:
    """Time that passes when told to."""

    def __init__(self):
        self.now = 1000.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock(monkeypatch):
    clock = Clock()
    monkeypatch.setattr("time.time", clock)
    return clock


@pytest.fixture
def out(monkeypatch):
    """Replace standard output: `out(terminal=True)`."""

    def replace(**kwargs):
        stream = Out(**kwargs)
        monkeypatch.setattr(sys, "stdout", stream)
        return stream

    return replace


def draw(bar_class, clock, stream, updates, seconds, **kwargs):
    bar = bar_class(**kwargs)
    for update in updates:
        clock.now += seconds
        bar.update(*update)
    return stream.getvalue()


def text(output):
    """What a terminal would show: the last drawing of each line, without colours."""
    output = re.sub(r"\x1b\[[0-9;]*[mK]", "", output).replace("\b", "")
    lines = [line.rstrip("\r").rpartition("\r")[2].rstrip() for line in output.split("\n")]
    return "\n".join(lines)


UPDATES = [
    [(1, [("loss", 1.0)]), (2, [("loss", 2.0), ("acc", 1e-5)]), (3, [("loss", 3.0), ("acc", 0.5)])],
    [(k, [("loss", float(k))]) for k in range(1, 51)],
    [(1,), (5,), (112,), (120,)],
    [(120, [("a", np.array([1.0, 2.0])), ("b", -0.0004)])],
]


@pytest.mark.parametrize("updates", UPDATES)
@pytest.mark.parametrize("seconds", [0.0003, 0.1, 1.5, 70.0, 4000.0])
@pytest.mark.parametrize("verbose", [0, 1, 2])
def test_finished_line_is_that_of_keras(updates, seconds, verbose, clock, out):
    options = {"target": updates[-1][0], "verbose": verbose}
    ours = draw(Progbar, clock, out(terminal=True), updates, seconds, **options)
    theirs = draw(keras.utils.Progbar, clock, out(terminal=True), updates, seconds, **options)
    assert text(ours) == text(theirs)


@pytest.mark.parametrize(
    "options",
    [{"stateful_metrics": ["x"]}, {"stateless_metrics": ["x"]}, {}, {"unit_name": "sample"},
     {"width": 5}, {"width": 33}],
)  # fmt: skip
def test_live_lines_are_those_of_keras(options, clock, out, monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")
    options = {"target": 4, **options}
    updates = [(k, [("x", k * 1.0), ("y", k * 10.0)]) for k in (1, 2, 3)]
    for n in (1, 2, 3):
        ours = draw(Progbar, clock, out(terminal=True), updates[:n], 2.0, **options)
        theirs = draw(keras.utils.Progbar, clock, out(terminal=True), updates[:n], 2.0, **options)
        assert text(ours) == text(theirs)


def test_unknown_number_of_steps(clock, out):
    stream = out(terminal=True)
    bar = Progbar(None)
    bar.update(1, [("loss", 1.0)])
    assert "1/Unknown" in text(stream.getvalue())
    bar.update(2, [("loss", 1.0)], finalize=True)
    assert text(stream.getvalue()).endswith("2/Unknown 0s 0s/step - loss: 1.0000\n")


def test_no_colours_and_one_line_where_it_is_no_terminal(clock, out):
    stream = out(terminal=False)
    draw(Progbar, clock, stream, UPDATES[1], 0.1, target=50, verbose=1)
    assert stream.getvalue() == "50/50 ━━━━━━━━━━━━━━━━━━━━ 5s 100ms/step - loss: 50.0000\n"


def test_plain_signs_where_the_output_has_no_others(clock, out):
    stream = out(terminal=False, encoding="latin-1")
    draw(Progbar, clock, stream, UPDATES[0], 0.1, target=6, verbose=1)
    Progbar(6).update(3, finalize=True)
    assert "==========.........." in stream.getvalue()


def test_a_long_line_is_cut_to_the_terminal_and_given_in_full_at_the_end(clock, out, monkeypatch):
    monkeypatch.setenv("COLUMNS", "40")
    stream = out(terminal=True)
    bar = Progbar(2, stateful_metrics=["metric"])
    clock.now += 1
    bar.update(1, [("metric", 0.5)])
    assert len(text(stream.getvalue())) <= 39
    bar.update(2, [("metric", 0.5)])
    assert text(stream.getvalue()).endswith(" - metric: 0.5000\n")


def test_a_shorter_line_covers_a_longer_one(clock, out):
    stream = out(terminal=True)
    bar = Progbar(10, stateful_metrics=["x"])
    for value in (1e9, 1.0):
        clock.now += 1
        bar.update(1, [("x", value)])
    first, second = (len(re.sub(r"\x1b\[\d+m", "", p)) for p in stream.getvalue().split("\r")[1:])
    assert second >= first


def test_interrupted_line_is_ended(clock, out):
    stream = out(terminal=True)
    bar = Progbar(10)
    bar.update(1)
    bar.interrupt()
    bar.interrupt()
    assert stream.getvalue().endswith("\n")
    assert stream.getvalue().count("\n") == 1


def test_add(clock, out):
    stream = out()
    bar = Progbar(3, verbose=2)
    bar.add(1)
    bar.add(2, [("a", 1.0)])
    assert stream.getvalue().startswith("3/3 - 0s")


def test_no_standard_output(monkeypatch):
    monkeypatch.setattr(sys, "stdout", None)
    bar = Progbar(1)
    bar.update(1)
    assert not bar.live


def test_both_lists_of_metrics_are_refused():
    with pytest.raises(ValueError, match="Progbar: give stateful_metrics or stateless_metrics"):
        Progbar(1, stateful_metrics=["a"], stateless_metrics=["b"])


@pytest.mark.parametrize(
    ("verbose", "terminal", "resolved"),
    [(0, True, 0), (1, False, 1), (2, True, 2), ("auto", True, 1), ("auto", False, 2),
     (True, True, 1)],
)  # fmt: skip
def test_verbose(verbose, terminal, resolved, out):
    out(terminal=terminal)
    assert progress.resolve_verbose(verbose) == resolved


@pytest.mark.parametrize("verbose", [3, -1, "loud", None])
def test_wrong_verbose(verbose):
    with pytest.raises(
        ValueError, match=f"verbose must be one of .* Received: verbose={verbose!r}"
    ):
        progress.resolve_verbose(verbose)


# ----------------------------------------------------------------------------------- in a run


class Logs(dict):
    """Lazy logs: counts what is read."""

    reads = 0

    def __getitem__(self, key):
        Logs.reads += 1
        return float(super().__getitem__(key))


def train(clock, epochs=2, steps=100, seconds=0.002, validation=True, known=True, **params):
    every = callbacks.CallbackList(
        add_progbar=True, model=Model(), epochs=epochs, steps=steps if known else None, **params
    )
    every.on_train_begin()
    for epoch in range(epochs):
        every.on_epoch_begin(epoch)
        for batch in range(steps):
            clock.now += seconds
            if every.wants_train_batch_end:
                every.on_train_batch_end(batch, Logs(loss=torch.tensor(1.0), acc=0.5))
        logs = {"loss": 1.0, "acc": 0.5}
        if validation:
            every.on_test_begin()
            clock.now += 5
            every.on_test_batch_end(0, Logs(loss=7.0))
            every.on_test_end({"loss": 7.0})
            logs["val_loss"] = 2.0
        every.on_epoch_end(epoch, logs)
    every.on_train_end()


@pytest.mark.parametrize(("terminal", "verbose"), [(False, 1), (False, 2), (True, 2), (False, 0)])
def test_logs_of_batches_are_not_read_without_a_live_bar(terminal, verbose, clock, out):
    Logs.reads = 0
    stream = out(terminal=terminal)
    train(clock, verbose=verbose)
    assert Logs.reads == 0
    lines = stream.getvalue().splitlines()
    if verbose == 0:
        assert lines == []
    else:
        assert len(lines) == 4
        assert lines[0] == "Epoch 1/2"
        assert " 5s " in lines[3]
        assert lines[3].endswith(" 2ms/step - loss: 1.0000 - acc: 0.5000 - val_loss: 2.0000")
        assert "\r" not in stream.getvalue()
        assert "\x1b" not in stream.getvalue()


def test_live_bar_reads_logs_only_to_draw(clock, out):
    Logs.reads = 0
    stream = out(terminal=True)
    train(clock, epochs=1, verbose=1)  # 100 steps in 0.2 s, drawn every 0.05 s
    draws = stream.getvalue().count("\r")
    assert 0 < Logs.reads <= 12
    assert draws <= 8
    assert "Epoch 1/1" not in stream.getvalue()


def test_unknown_steps_are_known_in_the_second_epoch(clock, out):
    stream = out(terminal=True)
    train(clock, steps=4, seconds=1.0, verbose=1, known=False)
    shown = stream.getvalue()
    first, second = shown.split("Epoch 2/2")
    assert "1/Unknown" in first
    assert "4/4" in first
    assert "Unknown" not in second
    assert "1/4" in second


def test_epoch_that_ends_early_shows_its_steps(clock, out):
    stream = out()
    every = callbacks.CallbackList(add_progbar=True, verbose=2, epochs=1, steps=20)
    every.on_epoch_begin(0)
    for batch in range(4):
        clock.now += 1
        every.on_train_batch_end(batch, {})
    every.on_epoch_end(0, {"loss": 1.0})
    assert stream.getvalue() == "4/20 - 4s - 1s/step - loss: 1.0000\n"


@pytest.mark.parametrize("mode", ["test", "predict"])
def test_evaluate_and_predict(mode, clock, out):
    stream = out()
    every = callbacks.CallbackList(add_progbar=True, verbose=2, epochs=1, steps=2)
    getattr(every, f"on_{mode}_begin")()
    for batch in range(2):
        clock.now += 1
        getattr(every, f"on_{mode}_batch_end")(batch, {"outputs": torch.ones(3)})
    getattr(every, f"on_{mode}_end")({"loss": 1.0} if mode == "test" else {})
    metrics = " - loss: 1.0000" if mode == "test" else ""
    assert stream.getvalue() == f"2/2 - 2s - 1s/step{metrics}\n"


def test_exception_ends_the_line(clock, out):
    stream = out(terminal=True)
    every = callbacks.CallbackList(add_progbar=True, verbose=1, epochs=1, steps=20)
    every.on_train_begin()
    every.on_epoch_begin(0)
    every.on_train_batch_end(0, {"loss": 1.0})
    every.on_exception(KeyboardInterrupt())
    assert stream.getvalue().endswith("\n")


SCRIPT = """
from torchkeras import callbacks
every = callbacks.CallbackList(add_progbar=True, verbose="auto", epochs=2, steps=3)
every.on_train_begin()
for epoch in range(2):
    every.on_epoch_begin(epoch)
    for batch in range(3):
        every.on_train_batch_end(batch, {"loss": 0.25})
    every.on_epoch_end(epoch, {"loss": 0.25})
every.on_train_end()
"""


def test_auto_in_a_pipe():
    run = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, check=True)
    lines = run.stdout.decode().splitlines()
    assert lines[::2] == ["Epoch 1/2", "Epoch 2/2"]
    assert all(re.fullmatch(r"3/3 - 0s - \S+/step - loss: 0.2500", line) for line in lines[1::2])


def test_auto_in_a_real_terminal():
    import pty

    ours, theirs = pty.openpty()
    with subprocess.Popen([sys.executable, "-c", SCRIPT], stdout=theirs, env=os.environ) as process:
        os.close(theirs)
        output = b""
        while True:
            try:
                part = os.read(ours, 4096)
            except OSError:  # the other side is closed
                break
            if not part:
                break
            output += part
    os.close(ours)
    assert process.returncode == 0
    output = output.decode().replace("\r\n", "\n")
    assert "\x1b[32m━" in output
    lines = text(output).splitlines()
    assert lines[::2] == ["Epoch 1/2", "Epoch 2/2"]
    pattern = r"3/3 ━{20} 0s \S+/step - loss: 0.2500"
    assert all(re.fullmatch(pattern, line) for line in lines[1::2])
