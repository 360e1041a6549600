"""Loads bad files in a child process, and judges what each load did.

Of each it is asserted that (a) the error is of the right class and names file and place, in a
short printable message; (b) model, process and file are as before; (c) nothing was imported, no
other file opened, nothing connected, unpickled or started; (d) memory and time stay in proportion
to the file.
"""

import json
import os
import subprocess
import sys
import threading
import zipfile
from pathlib import Path

import keras
import numpy as np

CHILD = Path(__file__).with_name("hostile_child.py")
MFE, UME, SAME = "ModelFileError", "UnsafeModelError", "same"
SECRET = b"top secret bytes of another file, 48 in number.."

# How a file is loaded -> what the job's path ends in. See `load_new` in hostile_child.py.
SUFFIXES = {
    "keras": ".keras", "weights": ".weights.h5", "json": ".json", "yaml": ".yaml",
    "object": ".json",
}  # fmt: skip
# Good files of each way to load: a child loads them first, so that its imports are done.
GOOD = (
    ("keras", "good.keras"), ("weights", "good.weights.h5"), ("json", "good.json"),
    ("keras", "good.json"), ("yaml", "good.yaml"), ("keras", "good.yaml"), ("keras", "good.h5"),
    ("weights", "good.h5"), ("keras", "good"), ("object", "good.json"),
)  # fmt: skip


def make_good_files(folder):
    """Write good files with real Keras; their other containers are made from these."""
    L = keras.layers
    model = keras.Sequential(
        [keras.Input((4,)), L.Dense(3, activation="relu", name="dense"), L.Dense(2, name="dense_1")]
    )
    model.compile("adam", "mse", metrics=["mae"])
    model.fit(np.ones((4, 4)), np.ones((4, 2)), verbose=0)
    model.save(folder / "good.keras")
    model.save(folder / "good.h5")
    model.save_weights(folder / "good.weights.h5")
    i = keras.Input((4,), name="i")
    keras.Model(i, L.Dense(2, name="b")(L.Dense(3, name="a")(i))).save(folder / "graph.keras")
    (folder / "victim.h5").write_bytes((folder / "good.weights.h5").read_bytes())
    (folder / "secret.bin").write_bytes(SECRET)
    with zipfile.ZipFile(folder / "good.keras") as archive:
        archive.extractall(folder / "good")
        (folder / "good.json").write_bytes(archive.read("config.json"))
        (folder / "good.yaml").write_bytes(archive.read("config.json"))  # JSON is YAML too


class Child:
    """A process that does jobs; if one of them ends it, the next finds a new one."""

    def __init__(self, cwd=None):
        env = {**os.environ, "PYTHONPATH": os.pathsep.join([*sys.path, str(cwd or "")])}
        self.process = subprocess.Popen(
            [sys.executable, str(CHILD)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=cwd, env=env,
        )  # fmt: skip

    def do(self, job, timeout=30):
        timer = threading.Timer(timeout, self.process.kill)
        timer.start()
        try:
            print(json.dumps(job), file=self.process.stdin, flush=True)
            line = self.process.stdout.readline()
        except BrokenPipeError:
            line = ""
        finally:
            timer.cancel()
        return json.loads(line) if line else None

    def close(self):
        self.process.stdin.close()
        self.process.wait(20)
        self.process.stdout.close()


def warm_up(child, folder):
    """Load the good files, twice; return the state that each way ends in."""
    good = {}
    for kind, name in GOOD * 2:
        result = child.do({"id": name, "kind": kind, "path": str(folder / name), "options": {}})
        assert result is not None and result["error"] is None, result
        good[kind, name] = result["loaded"]
    assert good["keras", "good.keras"] == good["keras", "good.h5"] == good["keras", "good"]
    return {"keras": good["keras", "good.keras"], "weights": good["weights", "good.weights.h5"]}


class Batch:
    """Cases of one test, and their judge.

    Args:
        folder: Where the good files are.
        tmp_path: Where the bad ones go.
        children: Keeps the child process from one test to the next.
        every: Whether a case goes through all containers, or through some of them, by turns.
    """

    def __init__(self, folder, tmp_path, children, every=False):
        self.folder, self.tmp_path, self.children = folder, tmp_path, children
        self.every = every
        self.jobs, self.expected = [], {}
        self.turn = 0
        self.some = 2  # the first container and one more; 1: any one

    def add(self, name, data, expect, kind="keras", where=None, suffix=None, **options):
        """Add a case and what its load must do.

        Args:
            name: Name of the case.
            data: Content of a file, the files of a folder as a dict, or an existing path.
            expect: Class of the error, SAME, "loads", "error or same", or "error or loads".
            kind: How it is loaded.
            where: What the message must name.
            suffix: End of the file's name, if not that of the kind.
            options: Arguments of the load.
        """
        path = data
        if isinstance(data, (bytes, dict)):
            path = self.tmp_path / f"{len(self.jobs)}{suffix or SUFFIXES[kind]}"
        if isinstance(data, bytes):
            path.write_bytes(data)
        elif isinstance(data, dict):
            path = path.with_suffix("")
            for member, content in data.items():
                (path / member).parent.mkdir(parents=True, exist_ok=True)
                (path / member).write_bytes(content)
        job = {"id": name, "kind": kind, "path": str(path), "options": options}
        assert name not in self.expected, name
        self.jobs.append(job)
        self.expected[name] = (expect, where)

    def choose(self, containers):
        """Return the containers that a case goes through."""
        names = list(containers)
        if self.every or len(names) < 3:
            return names
        self.turn += 1
        if self.some == 1:
            return [names[self.turn % len(names)]]
        return [names[0], names[1 + self.turn % (len(names) - 1)]]

    def run(self, cwd=None):
        kept = {} if cwd else self.children
        before = listing(self.folder, self.tmp_path)
        failures = []
        for job in self.jobs:
            if "child" not in kept:
                kept["child"] = Child(cwd)
                kept["good"] = warm_up(kept["child"], self.folder)
            self.good = kept["good"]
            result = kept["child"].do(job)
            if result is None:
                failures.append(f"{job['id']}: killed the process or took too long")
                del kept["child"]
                continue
            problem = self.judge(job, result)
            if problem:
                failures.append(f"{job['id']}: {problem}")
        if cwd:
            kept["child"].close()
        if listing(self.folder, self.tmp_path) != before:
            failures.append("a file was made or removed")
        assert not failures, f"{len(failures)} of {len(self.jobs)}:\n" + "\n".join(failures)
        print(f"{len(self.jobs)} hostile loads as stated")

    def judge(self, job, r):
        expect, where = self.expected[job["id"]]
        is_file = os.path.isfile(job["path"])
        size = os.path.getsize(job["path"]) if is_file else folder_size(job["path"])
        own = {job["path"]}
        if os.path.isdir(job["path"]):  # whose members are opened below its descriptor
            own |= {".", *(str(p.relative_to(job["path"])) for p in Path(job["path"]).rglob("*"))}
        watched = [p for p in r["open"] if p not in own and not p.isdigit()]
        if r["import"] or watched or r["danger"]:
            return f"did more than load: {r['import']} {watched} {r['danger']}"
        if not r["unchanged"]:
            return "changed the model, the process or the file"
        if r["grown"] > 3 * size + (64 << 20) or r["seconds"] > 5:
            return f"took {r['grown'] >> 20} MiB and {r['seconds']:.1f} s"
        if r["error"] is None:
            if expect in (SAME, "error or same"):
                return None if r["loaded"] == self.good[job["kind"]] else "loaded other weights"
            return None if expect in ("loads", "error or loads") else "loaded"
        if expect in ("error or same", "error or loads"):
            expect = MFE
        if job["kind"] == "object":  # no file: any layer's own error, and no place in it
            expect, where = (expect if expect == UME else "ValueError"), None
        if expect not in r["error"] and not (expect == "ValueError" and "TypeError" in r["error"]):
            return f"{r['error'][0]}: {r['message']}"
        text = r["message"]
        name = os.path.basename(job["path"])
        if "OSError" in r["error"]:
            return None
        if len(text) > 500 or not text.isprintable() or SECRET.decode() in text:
            return f"bad message: {text!r}"
        if job["kind"] not in ("json", "yaml", "object") and name not in text:
            return f"does not name the file: {text!r}"
        if where and where not in (r["where"] or "") + text:
            return f"does not name {where!r}: {text!r} ({r['where']})"
        return None


def listing(*folders):
    """All that is in folders, and in the one where programs put temporary files."""
    found = {str(p) for folder in folders for p in folder.rglob("*")}
    return found | {str(p) for p in Path(os.getcwd()).iterdir()}


def folder_size(path):
    if not os.path.isdir(path):
        return 0
    return sum(p.stat().st_size for p in Path(path).rglob("*") if p.is_file())
