"""scikeras, unmodified, on torchkeras: its documented flows (its distribution has no tests)."""

from pathlib import Path

import pytest
from alias_child import run

SCRIPT = Path(__file__).with_name("scikeras_flows.py")
FLOWS = [
    ("readme", "routed_to_compile", "routed_to_fit", "regression_and_pipeline", "copies"),
    ("training_on", "callbacks", "seeds", "targets", "several_inputs_and_outputs"),
    ("subclasses", "meta_estimators", "processes"),
]


@pytest.mark.parametrize("flows", FLOWS, ids=lambda flows: flows[0])
def test_flows(flows, tmp_path):
    assert run(str(SCRIPT), *flows, cwd=tmp_path).stdout.split() == list(flows)
