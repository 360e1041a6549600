"""Event files, read back with TensorBoard's own reader."""

import shutil

import numpy as np
import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from torchkeras.callbacks.tensorboard.writer import RunWriters


def read(path):
    events = EventAccumulator(str(path), size_guidance={"histograms": 0, "images": 0})
    return events.Reload()


def test_scalars(tmp_path):
    writers = RunWriters(str(tmp_path))
    writers.scalars("train", {"a": 0.5, "vector": np.ones(3), "b": np.float32(2)}, 3)
    writers.scalars("validation", {"a": float("nan")}, 4)
    writers.close()
    train = read(tmp_path / "train")
    assert sorted(train.Tags()["scalars"]) == ["a", "b"]
    assert [(e.step, e.value) for e in train.Scalars("a")] == [(3, 0.5)]
    (event,) = read(tmp_path / "validation").Scalars("a")
    assert event.step == 4
    assert np.isnan(event.value)


def test_nothing_is_opened_before_it_is_used(tmp_path):
    writers = RunWriters(str(tmp_path))
    writers.scalars("train", {}, 0)
    writers.flush()
    writers.close()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("values", [[np.nan] * 3, []])
def test_histogram_without_values(values, tmp_path):
    writers = RunWriters(str(tmp_path))
    writers.histogram("train", "h", np.array(values, dtype="float32"), 0)
    writers.close()
    assert list(tmp_path.iterdir()) == []


def test_histogram_counts_the_finite_values(tmp_path):
    writers = RunWriters(str(tmp_path))
    writers.histogram("train", "h", np.array([1.0, 2.0, np.inf, np.nan, 3.0]), 7)
    writers.close()
    (event,) = read(tmp_path / "train").Histograms("h")
    assert event.step == 7
    assert (event.histogram_value.num, event.histogram_value.sum) == (3, 6)


def test_image(tmp_path):
    writers = RunWriters(str(tmp_path))
    writers.image("train", "i", np.full((4, 6, 1), 0.5, "float32"), 2)
    writers.close()
    (event,) = read(tmp_path / "train").Images("i")
    assert (event.step, event.width, event.height) == (2, 6, 4)
    assert event.encoded_image_string.startswith(b"\x89PNG")


def test_use_after_close_opens_a_new_file(tmp_path):
    writers = RunWriters(str(tmp_path))
    for step in range(2):
        writers.scalars("train", {"a": step}, step)
        writers.close()
    files = sorted((tmp_path / "train").iterdir())
    assert sum(len(read(f).Scalars("a")) for f in files) == 2


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_writer_whose_thread_has_died_is_replaced(tmp_path):
    writers = RunWriters(str(tmp_path))
    writers.scalars("train", {"a": 1.0}, 0)
    writers.flush()
    worker = writers["train"].file_writer.event_writer._async_writer._worker
    shutil.rmtree(tmp_path / "train")
    worker._next_flush_time = 0  # it writes at once, and finds no folder
    writers._writers["train"].add_scalar("a", 2.0, 1)
    worker.join(10)
    assert isinstance(worker.exception, FileNotFoundError)
    writers.scalars("train", {"a": 3.0}, 2)
    writers.close()
    files = list((tmp_path / "train").iterdir())
    values = [e.value for f in files for e in read(f).Scalars("a")]
    assert values == [3.0]
