"""CSVLogger against real Keras: the text of the file."""

import keras
import numpy as np
import pytest
from callbacks.scripted import inside, run

from torchkeras import callbacks

SCRIPTS = [
    [{"loss": 1.5, "acc": 0.25, "val_loss": np.float32(0.1)}, {"acc": 0.3, "loss": 2}],
    [{"loss": 1.0, "b": 2}, {"loss": 3.0, "z": 1}, {"b": 4, "loss": 1e-20, "val_loss": 2.0}],
    [{"b": 1, "a": np.array([1.0, 2.0])}, {"a": "x,y", "b": [1, 2], "c": 5}],
    [{"m": np.array([[1, 2], [3, 4]]), "s": (1, 2), "str": "abc", "q": 'a"b', "o": np.array(3.0)}],
    [{"loss": float("nan"), "a": float("inf"), "n": np.float64(0.1), "i": np.int64(3)}],
    [{}],
]


@pytest.mark.parametrize("script", SCRIPTS)
@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize("append", [False, True])
def test_file_text(script, separator, append, tmp_path):
    files = []
    for library in (callbacks, keras.callbacks):
        path = tmp_path / f"{len(files)}.csv"
        for _ in range(2):  # the second run replaces the file, or goes on with it
            run(library.CSVLogger(str(path), separator=separator, append=append), script)
        files.append(path.read_bytes())
    assert files[0] == files[1]


def test_path_objects_and_new_folders(tmp_path):
    path = tmp_path / "new" / "folder" / "log.csv"
    run(callbacks.CSVLogger(path), [{"loss": 1}])
    assert path.read_bytes() == b"epoch,loss,val_loss\r\n0,1,NA\r\n"


def test_each_epoch_is_in_the_file_when_it_is_over(tmp_path):
    logger = callbacks.CSVLogger(tmp_path / "log.csv")
    logger.on_train_begin()
    logger.on_epoch_end(0, {"loss": 1})
    assert (tmp_path / "log.csv").read_text().endswith("\n0,1,NA\n")
    logger.on_exception(RuntimeError())
    assert logger.csv_file is None


def test_goes_on_where_the_state_was_taken(tmp_path):
    path = tmp_path / "log.csv"
    script = [{"loss": float(v)} for v in range(5)]
    run(callbacks.CSVLogger(path), script)
    whole = path.read_text()
    for cut in range(1, 5):
        first = callbacks.CSVLogger(path)
        run(first, script[:cut])
        state = first.state_dict()
        first.append = True
        run(first, script[cut : cut + 1], initial_epoch=cut)  # an epoch after the state, lost
        second = callbacks.CSVLogger(path)
        second.load_state_dict(state)
        run(second, script[cut:], initial_epoch=cut)
        assert path.read_text() == whole


@pytest.mark.parametrize("target", ["file/log.csv", "folder", "/proc/log.csv"])
def test_cannot_be_written(target, tmp_path):
    with inside(tmp_path):
        (tmp_path / "file").write_text("")
        (tmp_path / "folder").mkdir()
        with pytest.raises(OSError, match="CSVLogger: cannot write"):
            callbacks.CSVLogger(target).on_train_begin()


def test_arguments():
    with pytest.raises(TypeError, match=r"CSVLogger: filename must be a path\. Received"):
        callbacks.CSVLogger(3)
    with pytest.raises(ValueError, match="CSVLogger: separator must be one character"):
        callbacks.CSVLogger("x.csv", separator="||")
