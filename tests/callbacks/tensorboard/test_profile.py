"""Profiles of some batches."""

import json
from pathlib import Path

import pytest
import torch

from torchkeras.callbacks.tensorboard.profile import BatchProfiler, batch_range


@pytest.mark.parametrize(
    ("given", "result"),
    [(0, (0, 0)), (5, (5, 5)), ((10, 20), (10, 20)), ([3, 3], (3, 3)), ("2,5", (2, 5)),
     ("4", (4, 4)), ((7,), (7, 7))],
)  # fmt: skip
def test_range(given, result):
    assert batch_range(given) == result


@pytest.mark.parametrize("wrong", [-1, 1.5, (5, 2), (0, 3), (1, 2, 3), "a", "1,b", None, True, ()])
def test_wrong_range(wrong):
    with pytest.raises(ValueError, match=r"TensorBoard: profile_batch must be .* Received: "):
        batch_range(wrong)


def test_trace_of_the_batches(tmp_path):
    profiler = BatchProfiler(str(tmp_path), 2, 3)
    for batch in range(1, 6):
        assert profiler.pending == (batch <= 3)
        profiler.batch_begin(batch)
        with torch.profiler.record_function(f"batch_{batch}"):
            torch.ones(4) @ torch.ones(4)
        profiler.batch_end(batch)
    traces = list(tmp_path.glob("plugins/profile/*/*.pt.trace.json"))
    assert traces == [Path(profiler.trace)]
    events = {e.get("name") for e in json.loads(traces[0].read_text())["traceEvents"]}
    assert {"batch_2", "batch_3"} <= events
    assert not {"batch_1", "batch_4"} & events


def test_training_that_ends_before_the_last_batch(tmp_path):
    profiler = BatchProfiler(str(tmp_path), 1, 100)
    profiler.batch_begin(1)
    profiler.batch_end(1)
    profiler.stop()
    profiler.stop()
    assert len(list(tmp_path.rglob("*.pt.trace.json"))) == 1


def test_nothing_to_profile(tmp_path):
    profiler = BatchProfiler(str(tmp_path), 0, 0)
    assert not profiler.pending
    profiler.batch_begin(1)
    profiler.stop()
    assert list(tmp_path.iterdir()) == []
