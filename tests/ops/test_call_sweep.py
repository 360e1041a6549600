"""The ops of `op_rows`, on every dtype, many shapes and arguments, against Keras and NumPy."""

import pytest
from call_oracle import check_row
from op_cases import CALLS

pytestmark = [pytest.mark.sweep, pytest.mark.filterwarnings("ignore")]


@pytest.mark.parametrize("name", CALLS)
def test_sweep(name, record_property):
    count, worst = check_row(name.partition("/")[0], CALLS[name])
    assert count >= 20, f"{name}: only {count} comparisons"
    row = {"subject": "ops", "name": name.partition("/")[0], "cases": count, "worst": worst}
    record_property("compared", row)
