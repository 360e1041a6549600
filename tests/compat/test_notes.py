"""The notes that this project grew from: every system and name in them works."""

from pathlib import Path

from alias_child import run


def test_notes(tmp_path):
    script = Path(__file__).with_name("notes_script.py")
    done = run(str(script), cwd=tmp_path)
    assert done.stdout == "all of it\n"
    assert {"best.keras", "file.yml", "file.h5", "file.json", "logs", "served"} == {
        p.name for p in tmp_path.iterdir()
    }
