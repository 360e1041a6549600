"""What is said about old forms: once a line, whatever other libraries do to the filters."""

import subprocess
import sys
import warnings

import pytest

import torchkeras
from torchkeras._base import legacy

SCRIPT = """
import warnings, torchkeras
optimizer = torchkeras.optimizers.Adam()
for step in range(4):
    optimizer.lr
    with warnings.catch_warnings():  # Python forgets what it has said
        warnings.simplefilter("ignore")
optimizer.lr
torchkeras.Sequential([torchkeras.Sequential([torchkeras.Sequential([])])]).flattened_layers
"""


def test_once_a_line():
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT], capture_output=True, text=True, check=True
    )
    lines = [line for line in done.stderr.splitlines() if "older Keras" in line]
    assert [line.partition(": ")[0] for line in lines] == ["<string>:5", "<string>:8", "<string>:9"]


@pytest.mark.parametrize(("action", "times"), [("always", 3), ("ignore", 0), ("default", 1)])
def test_the_filters_of_the_program_count(action, times):
    with warnings.catch_warnings(record=True) as said:
        warnings.resetwarnings()
        warnings.filterwarnings("error", "another text")
        warnings.filterwarnings(action, "a text", module="test_legacy|.*test_legacy")
        for _ in range(3):
            legacy.warn_user(f"a text of {action}")
            warnings.filterwarnings("error", "unlike")
    assert len(said) == times


def test_every_line_and_every_text():
    with warnings.catch_warnings(record=True) as said:
        warnings.resetwarnings()
        warnings.simplefilter("default")
        for name in ("a", "a", "b"):
            legacy.warn_user(name)
            warnings.filterwarnings("ignore", "unlike")
        legacy.warn_user("a")
    assert [str(w.message) for w in said] == ["a", "b", "a"]


def test_errors_are_raised_each_time():
    optimizer = torchkeras.optimizers.Adam()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for _ in range(2):
            with pytest.raises(DeprecationWarning, match="older Keras"):
                optimizer.lr
