"""Folders are tried before the training."""

import os

import pytest
from callbacks.scripted import inside

from torchkeras.callbacks.folder import make_writable


def test_is_created_and_left_empty(tmp_path):
    make_writable("Me", str(tmp_path / "a" / "b"))
    assert os.listdir(tmp_path / "a" / "b") == []
    with inside(tmp_path):
        make_writable("Me", "")


@pytest.mark.safety("D9")
@pytest.mark.parametrize("target", ["file", "file/below", "/proc/new"])
def test_reason_is_named(target, tmp_path):
    with inside(tmp_path):
        (tmp_path / "file").write_text("kept")
        with pytest.raises(OSError, match=f"Me: cannot write to the folder '{target}': "):
            make_writable("Me", target)
        assert (tmp_path / "file").read_text() == "kept"
