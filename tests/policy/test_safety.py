"""Every case of tests/safety_cases.py has a test, and every mark names a case."""

import pytest
import safety_cases


def test_every_case_has_a_test():
    shown = safety_cases.shown_by()
    missing = [f"{i}: {text}" for i, text in safety_cases.CASES.items() if i not in shown]
    assert not missing, "no test is marked with\n" + "\n".join(missing)


def test_every_mark_names_a_case():
    known = {**safety_cases.CASES, **safety_cases.LATER}
    assert len(known) == len(safety_cases.CASES) + len(safety_cases.LATER) == 75
    assert set(safety_cases.shown_by()) <= set(known)


def test_marks_are_found(tmp_path):
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests" / "test_x.py").write_text(
        "import pytest\npytestmark = pytest.mark.safety('A1')\n"
        "@pytest.mark.safety('A2', 'R1')\ndef test_a():\n    pass\ndef test_b():\n    pass\n"
    )
    found = safety_cases.shown_by(tmp_path / "tests")
    assert found == {
        "A1": ["tests/test_x.py::test_a", "tests/test_x.py::test_b"],
        "A2": ["tests/test_x.py::test_a"],
        "R1": ["tests/test_x.py::test_a"],
    }


@pytest.mark.parametrize(
    ("outcomes", "line"),
    [
        ({"passed": [["A1"], ["A1", "A2"]]}, "safety cases shown: 2 of 75 (missing: A3, "),
        ({"passed": [["A1"]], "failed": [["A1"], ["A2"]]}, "shown: 0 of 75 (missing: A1, A2"),
        ({"passed": [[*safety_cases.CASES, *safety_cases.LATER]]}, "shown: 75 of 75"),
        ({}, ""),
    ],
)
def test_summary(outcomes, line):
    class Report:
        def __init__(self, ids):
            self.user_properties = [("safety", ids)]

    class Reporter:
        def getreports(self, outcome):
            return [Report(ids) for ids in outcomes.get(outcome, ())]

    assert line in safety_cases.summary(Reporter())
