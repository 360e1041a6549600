"""Every test and every doctest starts from the same state: threads, seeds, names, defaults."""

import contextlib
import gc
import os
import random
import signal
import sys
import tempfile

# Before keras or torchkeras is imported: the reference runs on torch, and a keras.json of the
# person who runs the tests changes nothing.
os.environ["KERAS_BACKEND"] = "torch"
os.environ.setdefault("OMP_NUM_THREADS", "1")
_home = tempfile.TemporaryDirectory(prefix="torchkeras-tests-")
os.environ["KERAS_HOME"] = _home.name

import numpy as np  # noqa: E402
import pytest  # noqa: E402
import safety_cases  # noqa: E402
import torch  # noqa: E402

from torchkeras._base import config, naming  # noqa: E402
from torchkeras.core import policy  # noqa: E402

torch.set_num_threads(1)
# What a shell starts in the background ignores Ctrl-C, which some tests send.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
collect_ignore_glob = ["tests/golden/make_*.py"]  # scripts that need TensorFlow


@pytest.fixture(autouse=True)
def fresh_state():
    """Fix all random streams, start names anew, and put global defaults back afterwards."""
    random.seed(0)
    np.random.seed(0)
    torch.manual_seed(0)
    naming.clear_names()
    if "keras" in sys.modules:
        from oracle import clear_keras_names

        clear_keras_names()
        sys.modules["keras"].utils.set_random_seed(0)
    yield
    config.set_floatx("float32")
    config.set_epsilon(1e-7)
    config.set_image_data_format("channels_last")
    config.set_legacy_mode("auto")
    policy.reset_dtype_policy()
    if "keras" in sys.modules:
        keras = sys.modules["keras"]
        keras.config.set_floatx("float32")
        keras.config.set_epsilon(1e-7)
        keras.config.set_image_data_format("channels_last")
        keras.config.set_dtype_policy("float32")


@pytest.fixture
def no_collection(monkeypatch):
    """Keras collects garbage whenever a layer is quantized, 0.4 s each time."""
    monkeypatch.setattr(gc, "collect", lambda *args: 0)


@pytest.fixture
def figures(record_property):
    """Note what a sweep compares: `with figures("losses", name) as seen: … seen.cases += 1`."""
    from oracle import compared

    @contextlib.contextmanager
    def block(subject, name):
        with compared() as seen:
            seen.cases = 0
            yield seen
        assert seen.cases >= 20, f"{name}: only {seen.cases} cases were compared"
        row = {"subject": subject, "name": name, "cases": seen.cases, "worst": seen.worst}
        record_property("compared", row)

    return block


def pytest_collection_modifyitems(items):
    """Note in each report which safety cases its test shows."""
    for item in items:
        ids = [i for mark in item.iter_markers("safety") for i in mark.args]
        if ids:
            item.user_properties.append(("safety", ids))


# What a subject's figures are compared with, if not with real Keras.
_ORACLES = {"export": "the model itself"}


def pytest_terminal_summary(terminalreporter):
    """Print what the sweeps compared, and which safety cases were shown."""
    if line := safety_cases.summary(terminalreporter):
        terminalreporter.write_line(line)
    rows: dict[str, list[dict]] = {}
    for report in terminalreporter.getreports("passed"):
        for key, value in report.user_properties:
            if key == "compared":
                rows.setdefault(value["subject"], []).append(value)
    for subject, found in sorted(rows.items()):
        worst = max(found, key=lambda r: r["worst"])
        oracle = _ORACLES.get(subject, "real Keras")
        terminalreporter.write_line(
            f"{subject} compared with {oracle}: {len({r['name'] for r in found})}, "
            f"cases: {sum(r['cases'] for r in found):,}, "
            f"worst relative difference: {worst['worst']:.1e} ({worst['name']})"
        )
