"""Where a save writes to: links, modes, names and folders are respected by every format."""

import os
import shutil
import stat
from pathlib import Path

import pytest
from saving.test_crash import FORMATS, litter, make, save, value_in

pytestmark = pytest.mark.safety("R11")
FILES = [name for name in FORMATS if name != "folder"]


@pytest.mark.parametrize("name", FILES)
def test_link_mode_and_moved_folder(tmp_path, monkeypatch, name):
    real, links = tmp_path / "real", tmp_path / "links"
    real.mkdir(), links.mkdir()
    (links / name).symlink_to(real / name)
    save(make(1.0), links / name)
    assert (links / name).is_symlink() and not (real / name).is_symlink()
    (real / name).chmod(0o640)
    save(make(2.0), links / name)
    assert (links / name).is_symlink() and value_in(real / name) == 2.0
    assert stat.S_IMODE((real / name).stat().st_mode) == 0o640
    assert not litter(real / name)
    monkeypatch.chdir(real)
    model = make(1.0)
    config = type(model).get_config

    def wander(self):
        os.chdir(links)
        return config(self)

    monkeypatch.setattr(type(model), "get_config", wander)
    save(model, Path(name))
    os.chdir(real)
    assert value_in(Path(name)) == 1.0 and not litter(real / name)
    assert (links / name).is_symlink()


@pytest.mark.parametrize("name", FORMATS)
def test_names_and_folders(tmp_path, name):
    model = make(1.0)
    before = sorted(p.name for p in tmp_path.iterdir())
    suffix = "" if name == "folder" else name[name.index(".") :]
    if name in ("m.h5", "folder"):  # as in Keras
        save(model, tmp_path / "none" / name)
        assert value_in(tmp_path / "none" / name) == 1.0
        shutil.rmtree(tmp_path / "none")
    else:
        with pytest.raises(FileNotFoundError, match="none"):
            save(model, tmp_path / "none" / name)
    with pytest.raises(OSError, match="File name too long"):
        save(model, tmp_path / ("n" * 300 + suffix))
    assert sorted(p.name for p in tmp_path.iterdir()) == before
    for odd in ("line\nbreak", " ", "ü" * 60, "%s{epoch}"):
        path = tmp_path / f"{odd}{suffix}"
        if "\n" in odd and suffix == ".weights.json":  # an index names its files as plain text
            with pytest.raises(ValueError, match="plain text"):
                save(model, path)
            continue
        save(model, path)
        assert value_in(path) == 1.0


@pytest.mark.parametrize("name", FILES)
def test_a_read_only_file_and_a_folder_in_its_place_stay(tmp_path, monkeypatch, name):
    path = tmp_path / name
    save(make(1.0), path)
    before = {p.name: p.read_bytes() for p in tmp_path.iterdir()}
    access = os.access
    monkeypatch.setattr(  # root may write everything
        os, "access", lambda p, mode, **k: mode != os.W_OK and access(p, mode, **k)
    )
    with pytest.raises(PermissionError, match=name):
        save(make(2.0), path)
    monkeypatch.undo()
    assert {p.name: p.read_bytes() for p in tmp_path.iterdir()} == before
    other = tmp_path / "other" / name
    other.mkdir(parents=True)
    (other / "mine.txt").write_text("x")
    with pytest.raises(OSError, match="other"):
        save(make(2.0), other)
    assert [p.name for p in other.parent.iterdir()] == [name]
    assert os.listdir(other) == ["mine.txt"]


@pytest.mark.parametrize("name", ["m.keras", "m.h5", "folder"])
def test_another_file_system(tmp_path, name):
    """A link leads to another device: the new file is made beside its end, not renamed across."""
    shared = Path("/dev/shm")
    if not shared.is_dir() or shared.stat().st_dev == tmp_path.stat().st_dev:
        shared = tmp_path
    target = shared / f"torchkeras-{os.getpid()}"
    target.mkdir()
    try:
        (tmp_path / "link").symlink_to(target)
        save(make(1.0), tmp_path / "link" / name)
        save(make(2.0), tmp_path / "link" / name)
        assert value_in(target / name) == 2.0 and os.listdir(target) == [name]
    finally:
        for path in sorted(target.rglob("*"), reverse=True):
            path.rmdir() if path.is_dir() else path.unlink()
        target.rmdir()
