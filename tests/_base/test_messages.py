"""Where what is shown goes: to standard output, or to the logger "torchkeras"."""

import logging

import pytest
import torch

import torchkeras as keras
from torchkeras._base import messages


@pytest.fixture
def logged(caplog):
    """What is logged while nobody watches the standard output."""
    keras.utils.disable_interactive_logging()
    with caplog.at_level(logging.INFO, "torchkeras"):
        yield lambda: [(r.name, r.levelname, r.getMessage()) for r in caplog.records]
    keras.utils.enable_interactive_logging()


def model():
    made = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1)])
    made.compile("sgd", "mse")
    return made


def test_the_switch():
    assert keras.config.is_interactive_logging_enabled()
    keras.config.disable_interactive_logging()
    assert not keras.utils.is_interactive_logging_enabled()
    keras.utils.enable_interactive_logging()
    assert keras.config.is_interactive_logging_enabled()


def test_lines_go_to_standard_output(capsys, caplog):
    messages.say("one")
    messages.write("two")
    assert capsys.readouterr().out == "one\ntwo"
    assert caplog.records == []


@pytest.mark.parametrize("verbose", [1, 2, "auto"])
def test_fit_logs_a_line_an_epoch(verbose, logged, capsys, monkeypatch):
    monkeypatch.setattr("sys.stdout.isatty", lambda: True, raising=False)
    model().fit(torch.ones(8, 3), torch.ones(8, 1), batch_size=4, epochs=2, verbose=verbose)
    texts = [text for _, _, text in logged()]
    assert texts[::2] == ["Epoch 1/2", "Epoch 2/2"]
    assert all(text.startswith("2/2") and "loss: " in text for text in texts[1::2])
    assert all(text.isprintable() for text in texts)  # no colours, nothing to redraw with
    assert {entry[:2] for entry in logged()} == {("torchkeras", "INFO")}
    assert capsys.readouterr().out == ""


def test_evaluate_and_predict_log(logged, capsys):
    made = model()
    made.evaluate(torch.ones(8, 3), torch.ones(8, 1), verbose=1)
    made.predict(torch.ones(8, 3), verbose=1)
    assert [text[:3] for _, _, text in logged()] == ["1/1", "1/1"]
    assert capsys.readouterr().out == ""


def test_summary_is_logged_as_one_table(logged, capsys):
    model().summary()
    ((_, _, text),) = logged()
    assert text.startswith('Model: "') and "Total params: 4" in text and "\x1b" not in text
    assert capsys.readouterr().out == ""


def test_a_print_fn_is_used_all_the_same(logged):
    lines = []
    model().summary(print_fn=lines.append)
    assert lines and logged() == []


def test_callbacks_log(logged, capsys, tmp_path):
    callbacks = [
        keras.callbacks.EarlyStopping("loss", patience=0, min_delta=100, verbose=1),
        keras.callbacks.LearningRateScheduler(lambda epoch: 0.1, verbose=1),
        keras.callbacks.ModelCheckpoint(tmp_path / "m.keras", verbose=1),
    ]
    inputs, targets = torch.ones(4, 3), torch.ones(4, 1)
    model().fit(inputs, targets, epochs=3, verbose=0, callbacks=callbacks)
    texts = " ".join(text for _, _, text in logged())
    for what in ("early stopping", "setting learning rate to 0.1", "saving model to"):
        assert what in texts
    assert capsys.readouterr().out == ""
