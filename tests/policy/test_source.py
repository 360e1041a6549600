"""What may not stand in the library's source: see SAFETY 3.8 (code from files, unsafe readers)."""

import ast
from pathlib import Path

import pytest

import torchkeras

ROOT = Path(torchkeras.__file__).parent
FILES = sorted(ROOT.rglob("*.py"))

MODULES = {
    "pickle", "cPickle", "dill", "cloudpickle", "joblib", "shelve", "marshal", "importlib", "imp",
    "keras", "tf_keras", "tensorflow", "jax", "runpy", "code", "codeop",
}  # fmt: skip
OPTIONAL = {"jax"}  # what `require` may load for layers that are made of it
BUILTINS = {"eval", "exec", "compile", "__import__"}
METHODS = {
    ("os", "system"), ("os", "popen"), ("os", "execv"), ("os", "execve"), ("os", "execl"),
    ("os", "spawnl"), ("os", "spawnv"), ("os", "posix_spawn"), ("yaml", "load"),
    ("yaml", "load_all"), ("yaml", "unsafe_load"), ("yaml", "full_load"), ("torch", "jit"),
    ("subprocess", "getoutput"),
}  # fmt: skip
ANYWHERE = {"extractall", "import_module", "add_safe_globals"}
KEYWORDS = {("allow_pickle", True), ("weights_only", False), ("shell", True)}

# The places that exist to hold one of these, and what they hold.
ALLOWED = {
    ("_base/optional.py", "importlib"),
    ("_base/optional.py", "import_module"),
    # The alias finds modules by names of its own table, and runs the script that it is told to.
    ("compat/alias.py", "importlib"),
    ("compat/alias.py", "import_module"),
    ("compat/install.py", "importlib"),
    ("compat/modules.py", "importlib"),
    ("compat/modules.py", "import_module"),
    # It is told to joblib's children and to TensorBoard when these are imported: fixed names.
    ("compat/children.py", "importlib"),
    ("compat/tensorboard.py", "importlib"),
    ("compat/tensorboard.py", "import_module"),
    ("compat/run.py", "runpy"),
    ("compat/run.py", "exec"),
    ("compat/run.py", "compile"),
    # CIFAR and the word lists were published as pickles: read by an Unpickler that knows arrays
    # and nothing else, after the file's hash was checked (tests/datasets/test_pickled.py).
    ("datasets/_pickled.py", "pickle"),
}


def dotted(node: ast.AST) -> tuple[str, ...]:
    if isinstance(node, ast.Attribute):
        return (*dotted(node.value), node.attr)
    return (node.id,) if isinstance(node, ast.Name) else ("",)


def words(tree: ast.AST):
    """(line, word) of everything that the lists above name."""
    for node in ast.walk(tree):
        line = getattr(node, "lineno", 0)
        if isinstance(node, ast.Import):
            yield from ((line, a.name.partition(".")[0]) for a in node.names)
        elif isinstance(node, ast.ImportFrom) and not node.level:
            yield line, (node.module or "").partition(".")[0]
        elif isinstance(node, ast.Attribute):
            if (path := dotted(node))[-2:] in METHODS:
                yield line, ".".join(path[-2:])
            if node.attr in ANYWHERE:
                yield line, node.attr
        elif isinstance(node, ast.Call):
            path = dotted(node.func)
            given = {
                (k.arg, k.value.value) for k in node.keywords if isinstance(k.value, ast.Constant)
            }
            yield from ((line, f"{name}={value}") for name, value in given & KEYWORDS)
            if path[0] in BUILTINS and len(path) == 1:
                yield line, path[0]
            if path[-1] == "require" and node.args and isinstance(node.args[0], ast.Constant):
                name = node.args[0].value.partition(".")[0]
                if name in MODULES - OPTIONAL:
                    yield line, name
            if path[-2:] in {("np", "load"), ("numpy", "load")}:
                if ("allow_pickle", False) not in given:
                    yield line, "np.load without allow_pickle=False"
            elif path == ("torch", "load") and ("weights_only", True) not in given:
                yield line, "torch.load without weights_only=True"


def forbidden(source: str, name: str) -> list[str]:
    names = {f"{a}.{b}" for a, b in METHODS}
    names |= MODULES | BUILTINS | ANYWHERE | {f"{k}={v}" for k, v in KEYWORDS}
    return [
        f"{name}:{line}: {word}"
        for line, word in words(ast.parse(source))
        if (word in names or "without" in word) and (name, word) not in ALLOWED
    ]


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(ROOT)))
def test_source_holds_nothing_forbidden(path):
    assert forbidden(path.read_text(), path.relative_to(ROOT).as_posix()) == []


H5_READERS = {"saving/h5/reader.py"}
H5_WRITERS = {"saving/stores.py"}


def h5_files(source: str) -> list[str]:
    """The modes of all calls of `….File(…)`, whatever the module is called there."""
    return [
        next((a.value for a in node.args[1:] if isinstance(a, ast.Constant)), "?")
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr == "File"
    ]


def test_h5_files_are_opened_in_one_place():
    """One reader owns all access to HDF5, so the checks on links and sizes cannot be passed by."""
    found = {(p.relative_to(ROOT).as_posix(), m) for p in FILES for m in h5_files(p.read_text())}
    assert found == {*((f, "r") for f in H5_READERS), *((f, "w") for f in H5_WRITERS)}
    assert h5_files("self._h5.File(f, 'r')\nrequire('h5py').File(p)") == ["r", "?"]


# What may talk to the network or start programs: files whose work that is.
OUTSIDE = {"socket", "urllib", "http", "requests", "ftplib", "smtplib", "subprocess"}
WHO_MAY = {
    "callbacks/remote.py": {"http", "urllib"},  # sends logs to a server of the user's
    "quiver/listener.py": {"socket"},  # answers on this machine's own address
    "_base/lock.py": {"socket"},  # the name of this machine
    "callbacks/tensorboard/profile.py": {"socket"},  # the same
    "utils/get_file.py": {"urllib"},  # fetches what it is told to, over https
}


def outside(source: str) -> set[str]:
    """The modules of OUTSIDE that a file imports; `urllib.parse` only takes text apart."""
    names: list[str] = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names += [a.name for a in node.names]
        elif isinstance(node, ast.ImportFrom) and not node.level:
            names += [f"{node.module}.{a.name}" for a in node.names]
    used = {n.partition(".")[0] for n in names if not f"{n}.".startswith("urllib.parse.")}
    return used & OUTSIDE


def test_nothing_else_talks_to_the_network_or_starts_programs():
    found = {p.relative_to(ROOT).as_posix(): outside(p.read_text()) for p in FILES}
    new = {name: used for name, used in found.items() if used - WHO_MAY.get(name, set())}
    assert not new, f"review these: {new}"
    assert outside("import urllib.parse\nfrom urllib import request") == {"urllib"}
    assert not outside("from urllib.parse import quote\nimport urllib.parse as p")


def test_saving_writes_through_the_atomic_writer():
    """In `saving`, nothing opens a file for writing by itself ("x" never replaces one)."""
    found = []
    for path in (ROOT / "saving").rglob("*.py") if (ROOT / "saving").exists() else ():
        for node in ast.walk(ast.parse(path.read_text())):
            if not isinstance(node, ast.Call):
                continue
            name = dotted(node.func)[-1]
            modes = [a.value for a in node.args if isinstance(a, ast.Constant)]
            modes += [k.value.value for k in node.keywords if isinstance(k.value, ast.Constant)]
            writes = any(
                isinstance(m, str)
                and len(m) <= 3
                and (m[:1] in ("w", "a") or (m[:1] == "r" and "+" in m))
                for m in modes
            )
            if name in ("write_text", "write_bytes") or (
                dotted(node.func) in (("open",), ("io", "open")) and writes
            ):
                found.append(f"{path.relative_to(ROOT)}:{node.lineno}: {name}")
    assert found == []


@pytest.mark.parametrize(
    "source",
    [
        "import pickle",
        "from importlib import import_module",
        "import keras.layers",
        "x = eval('1')",
        "__import__('os')",
        "import os\nos.system('ls')",
        "yaml.load(text)",
        "tar.extractall('.')",
        "np.load(path)",
        "np.load(path, allow_pickle=True)",
        "torch.load(path)",
        "torch.load(path, weights_only=False)",
        "subprocess.run('ls', shell=True)",
        "require('pickle').loads(x)",
        "require('marshal')",
        "yaml.load_all(text)",
    ],
)
def test_the_check_sees(source):
    assert forbidden(source, "layers/x.py")


@pytest.mark.parametrize(
    "source",
    [
        "model.eval()",
        "import re\nre.compile('x')",
        "model.compile()",
        "np.load(p, allow_pickle=False)",
        "torch.load(p, weights_only=True)",
        "'pickle is refused'",
        "yaml.safe_load(t)",
    ],
)
def test_the_check_passes(source):
    assert forbidden(source, "layers/x.py") == []
