"""Each example runs as a person would run it, and reaches what it says."""

import os
import re
import subprocess
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "examples"


def run(name, *args):
    """Output of an example in a process of its own, as from the root of the checkout."""
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    env.pop("KERAS_BACKEND", None)  # examples need no keras package
    done = subprocess.run(
        [sys.executable, EXAMPLES / f"{name}.py", *args],
        capture_output=True, text=True, env=env, cwd=ROOT, timeout=300,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    return done.stdout


def number(pattern, text):
    found = re.search(pattern, text)
    assert found, f"{pattern} is not in:\n{text[-3000:]}"
    return float(found[1])


def test_digits_convnet(tmp_path):
    started = time.perf_counter()
    out = run("digits_convnet", "--out", str(tmp_path))
    assert time.perf_counter() - started < 120
    assert number(r"test accuracy ([\d.]+)", out) >= 0.97
    assert number(r"checkpoint: test accuracy ([\d.]+)", out) >= 0.97
    assert "predicts the same numbers: True" in out
    assert number(r"(\d+) of 360 wrong", out) <= 10
    assert "val_loss" in out  # the progress lines
    assert {p.name for p in tmp_path.iterdir()} >= {"digits.keras", "best.keras", "logs"}
    assert {p.name for p in (tmp_path / "logs").iterdir()} == {"train", "validation"}
    assert list((tmp_path / "logs" / "train").glob("events.out.tfevents.*"))


def test_sunspots_lstm():
    out = run("sunspots_lstm")
    lstm = number(r"LSTM ([\d.]+),", out)
    naive = number(r"naive forecast ([\d.]+)", out)
    assert lstm < 0.9 * naive


def test_custom_callback():
    out = run("custom_callback")
    assert number(r"(\d+) batch losses", out) >= 15
    assert number(r"losses: first ([\d.]+)", out) > number(r"last ([\d.]+)", out)
    assert "stopping" in out


def test_functional_two_inputs():
    out = run("functional_two_inputs")
    assert number(r"accuracy ([\d.]+)\n", out[out.index("same digit or not") :]) > 0.88
    assert number(r"mean absolute error ([\d.]+)", out) < 1.8
    assert "encoder features: (1000, 32)" in out


def test_torch_interop():
    out = run("torch_interop")
    for part in ("1", "2", "3"):
        assert number(rf"{part}\. .*test accuracy ([\d.]+)", out) > 0.88


def test_model_selection(tmp_path):
    out = run("model_selection", "--out", str(tmp_path))
    for name in ("linear", "one layer", "two layers"):
        assert number(rf"{name} +accuracy ([\d.]+)", out) > 0.9
    assert number(r"test accuracy ([\d.]+)", out) > 0.9
    assert "predicts the same: True" in out
    assert (tmp_path / "wine.keras").is_file()


@pytest.mark.parametrize("path", sorted(EXAMPLES.glob("*.py")), ids=lambda p: p.stem)
def test_every_example_has_a_test_and_says_how_to_run(path):
    assert f"def test_{path.stem}(" in Path(__file__).read_text()
    assert f"python examples/{path.name}" in path.read_text()


def test_look_inside():
    out = run("look_inside", "--once")
    assert number(r"Epoch 8/8\n.*val_accuracy: ([\d.]+)", out) >= 0.85
