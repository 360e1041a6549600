"""All calls of all array ops × dtypes against real Keras and NumPy."""

import pytest
from array_cases import NAMES
from array_oracle import check_calls
from ops_oracle import DTYPES

from oracle import compared

pytestmark = pytest.mark.sweep


@pytest.mark.parametrize("name", [n for names in NAMES.values() for n in names])
@pytest.mark.filterwarnings("ignore")
def test_sweep(name, record_property):
    count = check_calls(name, "float16")  # apart: its precision is not that of the figure
    with compared() as seen:
        count += sum(check_calls(name, dtype) for dtype in DTYPES if dtype != "float16")
    assert count
    record_property(
        "compared", {"subject": "ops", "name": name, "cases": count, "worst": seen.worst}
    )
