"""Scripts of every era of Keras run as they are, and come to what they came to then."""

import functools
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

# Script -> figure (a pattern with one group) -> from, to. A broken library is outside.
FIGURES = {
    "keras1_digits_convnet": {
        r"X_train shape: \(1440, 8, 8, (\d)\)": (1, 1),
        r"parameters: (\d+)": (28714, 28714),
        r"epochs: (\d+)": (8, 8),
        r"Test loss: ([\d.]+)": (0.0, 0.25),
        r"Test accuracy: ([\d.]+)": (0.94, 1.0),
        r"wrong of 357: (\d+)": (0, 21),
    },
    "keras1_sunspots_generator": {
        r"batches: (\d+)": (175, 175),  # 25 epochs of 224 samples in batches of 32
        r"loss: first ([\d.]+)": (0.08, 2.0),
        r"loss: first .* last ([\d.]+)": (0.0, 0.06),
        r"test mse ([\d.]+)": (0.02, 0.085),
        r"of persistence ([\d.]+)": (0.1120, 0.1120),
        r"copy differs by ([\d.]+)": (0.0, 0.00001),
    },
    "keras1_wine_branches": {
        r"functional: loss ([\d.]+)": (0.0, 0.45),
        r"functional: .* accuracy ([\d.]+)": (0.9, 1.0),
        r"merged: .* accuracy ([\d.]+)": (0.85, 1.0),
        r"probabilities \((\d+), 3\)": (48, 48),
        r"rows add up to ([\d.]+)": (0.9999, 1.0001),
    },
    "keras2_cancer_activations": {
        r"history: accuracy f1 .*val_accuracy val_f1 (val_loss)": None,
        r"loss: first ([\d.]+)": (0.35, 1.5),
        r"loss: first .* last ([\d.]+)": (0.0, 0.35),
        r"rate: first ([\d.]+)": (0.0009, 0.0009),
        r"rate: first .* second ([\d.]+)": (0.00081, 0.00081),
        r"accuracy ([\d.]+)": (0.85, 1.0),
        r"f1 ([\d.]+)": (0.85, 1.0),
        r"classes \(114, 1\), wrong (\d+)": (0, 17),
        r"of zeros: ([\d.]+) in test": (0.0, 0.0),
        r"([\d.]+) in training": (0.16, 0.24),  # Dropout(0.2)
        r"saliency \((\d+), 30\)": (114, 114),
    },
    "keras2_digits_augmented": {
        r"history: acc.* loss .*val_acc (val_loss)": None,
        r"best val_acc: ([\d.]+)": (0.93, 1.0),
        r"checkpoint: .*'acc\w*': ([\d.]+)": (0.93, 1.0),
        r"test accuracy of the copy: ([\d.]+)": (0.9, 1.0),
        r"copy differs by ([\d.]+)": (0.0, 0.00001),
    },
    "keras2_photo_autoencoder": {
        r"loss: first ([\d.]+)": (60.0, 1000.0),
        r"loss: first .* last ([\d.]+)": (1.0, 150.0),
        r"codes \((\d+), 8\)": (500, 500),
        r"error ([\d.]+)": (0.0, 0.0035),
        r"variance ([\d.]+)": (0.03, 0.04),
        r"used codes: (\d+)": (2, 8),
    },
    "keras3_digits_mixup": {
        r"history: accuracy loss val_accuracy (val_loss)": None,
        r"parameters: (\d+)": (11210, 11210),
        r"val_accuracy: first ([\d.]+)": (0.5, 1.0),
        r"test accuracy ([\d.]+)": (0.93, 1.0),
        r"copy differs by ([\d.]+)": (0.0, 0.00001),
    },
    "tfkeras_diabetes_custom_parts": {
        r"history: (?:learning_rate|lr) loss mae norm val_loss (val_mae)": None,
        r"rates: first ([\d.]+)": (0.01, 0.01),
        r"rates: first .* last ([\d.]+)": (0.0025, 0.0025),
        r"gradient norms: (\d+), all positive True": (165, 165),
        r"training calls: (\d+)": (165, 165),
        r"config: gated, units (\d+)": (16, 16),
        r"test mae ([\d.]+)": (0.4, 0.7),
        r"explained variance ([\d.]+)": (0.3, 0.65),
    },
    "tfkeras_digits_gradient_tape": {
        r"batches: (\d+) and 6": (23, 23),
        r"Epoch 1, Loss: ([\d.]+)": (1.0, 2.4),
        r"Epoch 6, Loss: ([\d.]+)": (0.0, 0.5),
        r"Epoch 6, .*, Accuracy: ([\d.]+)": (88.0, 100.0),
        r"Epoch 6, .*Test Accuracy: ([\d.]+)": (90.0, 100.0),
        r"steps: (\d+)": (138, 138),
        r"saliency: \((\d+), 8, 8\) positive: True": (64, 64),
    },
    "tfkeras_iris_early_stopping": {
        r"epochs: (\d+)": (10, 150),
        r"rows of the log: (\d+)": (10, 150),
        r"restored val_loss ([\d.]+)": (0.01, 0.25),
        r"restored .* accuracy ([\d.]+)": (0.9, 1.0),
        r"mean top probability ([\d.]+)": (0.75, 1.0),
        r"copy differs by ([\d.]+)\n": (0.0, 0.00001),
    },
}


@functools.cache
def run(name):
    """Run a script as a person would, from the root of the checkout."""
    env = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONWARNINGS": "default"}
    env.pop("KERAS_BACKEND", None)
    done = subprocess.run(
        [sys.executable, "-m", "torchkeras", f"examples/legacy/{name}.py"],
        capture_output=True, text=True, env=env, cwd=ROOT, timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    return done


def test_every_script_has_its_figures():
    assert {p.stem for p in (ROOT / "examples" / "legacy").glob("*.py")} == set(FIGURES)


@pytest.mark.parametrize("name", FIGURES)
def test_figures(name):
    done = run(name)
    for pattern, limits in FIGURES[name].items():
        found = re.search(pattern, done.stdout)
        assert found, f"{pattern} is not in:\n{done.stdout[-3000:]}"
        if limits is not None:
            low, high = limits
            assert low <= float(found[1]) <= high, f"{pattern}:\n{done.stdout[-3000:]}"


def test_epochs_files_and_rows_of_the_log_agree():
    out = run("tfkeras_iris_early_stopping").stdout
    counts = re.findall(r"(?:epochs|rows of the log|weight files): (\d+)", out)
    assert len(counts) == 3
    assert len(set(counts)) == 1
    best = re.search(r"best val_loss ([\d.]+)", out)[1]
    assert f"restored val_loss {best}" in out


def test_old_forms_are_told_at_the_line_of_the_script():
    told = run("keras1_sunspots_generator").stderr
    assert "fit_generator() is the form of an older Keras" in told
    assert "examples/legacy/keras1_sunspots_generator.py:" in told
    assert "/torchkeras/" not in told
