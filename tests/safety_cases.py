"""The cases of what must not go wrong with files, data, crashes and networks.

A test shows a case: `@pytest.mark.safety("A1", "A2")`. The end of a run prints how many cases its
passed tests have shown, tests/policy/test_safety.py holds that each has a test, and
`python tests/safety_cases.py` prints which.
"""

import ast
from collections import defaultdict
from pathlib import Path

CASES = {
    # the .keras archive
    "A1": "cut anywhere: truncated, never 'file not found'",
    "A2": "a bit flipped anywhere: an error or the same model, never a changed weight",
    "A3": "a member twice, also by case and by NUL",
    "A4": "a member missing",
    "A5": "the directory lies about a size",
    "A6": "bombs: a packed member that expands beyond its limit",
    "A7": "names that lead elsewhere, links",
    "A8": "encrypted members, unknown compression",
    "A9": "bytes before or behind, another kind of file, folder, pipe, device",
    "A10": "too many members, two members at one place",
    # the config, through every container that holds one
    "C1": "bytecode, wherever it stands",
    "C2": "functions and classes of other modules",
    "C3": "public helpers that do things; the accepted names are a reviewed list",
    "C4": "packages that look alike, beside the script",
    "C5": "a pickle in a config; a vocabulary that is a path or an address",
    "C6": "texts that are no config",
    "C7": "duplicate keys, NaN, huge numbers, deep nesting",
    "C8": "values of wrong type or size, names, graphs that do not close, too many layers",
    "C9": "YAML tags that make objects",
    "C10": "YAML aliases, duplicates, several documents, depth",
    "C11": "YAML scalars that mean something else",
    "C12": "registered names: of a stranger, of the program's own class",
    # HDF5, as weights file, as legacy model and inside an archive
    "H1": "cut and flipped",
    "H2": "data in another file",
    "H3": "virtual datasets",
    "H4": "links, at every component",
    "H5": "shapes that nothing is stored for",
    "H6": "cycles",
    "H7": "types that are no plain numbers, and numbers of another type",
    "H8": "plugins' filters, user blocks",
    "H9": "attributes too large or malformed",
    "H10": "errors of the system stay what they are",
    # weights against the model; checkpoints of torch; npz
    "W1": "shapes that differ: all weights as before",
    "W2": "missing and surplus weights",
    "W3": "NaN and infinity",
    "W4": "an optimizer's state that does not fit",
    "P1": ".pt with code, raw pickles, whole modules, TorchScript, tar",
    "P2": ".pt with tensors that are not what they seem; tied weights load",
    "P3": ".pt cut and flipped",
    "P4": ".pt with prefixes, wrappers, devices, other widths, missing and surplus keys",
    "P5": ".npz with objects, with lies about sizes, no zip",
    # data and arguments
    "D1": "lengths that differ",
    "D2": "no data",
    "D3": "entries that are no real numbers",
    "D4": "labels out of range",
    "D5": "targets that would be broadcast",
    "D6": "generators that raise, stop, change or never end",
    "D7": "NaN and infinite losses",
    "D8": "arguments out of range",
    "D9": "folders of logs and checkpoints that cannot be written",
    "D10": "a worker of a DataLoader dies",
    # crashes and devices
    "R1": "killed at every call of the file system",
    "R2": "every call of the file system fails",
    "R3": "a full device, a limit on the size of files",
    "R4": "killed at random moments",
    "R5": "training killed at every batch goes on bit for bit",
    "R6": "backups that are damaged, of another run, of a newer version",
    "R7": "the user's files in a backup folder; the folder is a link",
    "R8": "Ctrl-C and SIGTERM in a step, a callback, a save; twice",
    "R9": "an exception in a layer while a file is replaced",
    "R10": "two writers of one file; two trainings with one backup folder",
    "R11": "links, permissions, names, folders of the target",
    "R12": "out of memory",
    "R13": "the clock is set back: the step decides",
    # the viewer
    "V1": "hosts that are not this server: DNS rebinding",
    "V2": "requests that other sites' pages make",
    "V3": "paths that lead elsewhere, ids of nothing",
    "V4": "links, pipes and devices in the folder, from the start or swapped in",
    "V5": "bombs, cut images, files that are no images, endless animations",
    "V6": "names that a page would take for code",
    "V7": "bound to this machine alone; a taken port; a token for others",
    "V8": "many clients, rude clients, endless requests",
    "V9": "headers on every answer of every route",
    "V10": "nothing is written",
    # downloads
    "N1": "addresses, redirects, hashes, cut answers, names, archives that lie",
}

# Cases of parts that are not there yet, and the issue that brings them.
LATER: dict[str, str] = {}

TESTS = Path(__file__).parent


def shown_by(folder: Path = TESTS) -> dict[str, list[str]]:
    """Return id -> tests that are marked with it, as `path::function`."""
    found: dict[str, list[str]] = defaultdict(list)
    for path in sorted(folder.rglob("test_*.py")):
        text = path.read_text()
        if "mark.safety(" not in text:
            continue
        tree = ast.parse(text)
        name = path.relative_to(folder.parent).as_posix()
        whole = [i for node in tree.body if isinstance(node, ast.Assign) for i in _ids(node.value)]
        for node in tree.body:
            if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
                marks = whole + [i for d in node.decorator_list for i in _ids(d)]
                for i in dict.fromkeys(marks):
                    found[i].append(f"{name}::{node.name}")
    return dict(found)


def _ids(node: ast.AST) -> list[str]:
    """The ids of a mark, or of a list of marks (`pytestmark = …`)."""
    if isinstance(node, ast.List):
        return [i for e in node.elts for i in _ids(e)]
    if isinstance(node, ast.Call) and ast.unparse(node.func) == "pytest.mark.safety":
        return [a.value for a in node.args if isinstance(a, ast.Constant)]
    return []


def summary(terminalreporter) -> str:
    """Say how many cases the tests of this run have shown; nothing if none is marked."""
    passed, failed = set(), set()
    for outcome, ids in (("passed", passed), ("failed", failed), ("error", failed)):
        for report in terminalreporter.getreports(outcome):
            for key, value in getattr(report, "user_properties", ()):
                if key == "safety":
                    ids.update(value)
    shown = passed - failed
    if not passed | failed:
        return ""
    missing = [i for i in [*CASES, *LATER] if i not in shown]
    listed = f" (missing: {', '.join(missing)})" if missing else ""
    return f"safety cases shown: {len(shown)} of {len(CASES) + len(LATER)}{listed}"


if __name__ == "__main__":
    for case, nodes in shown_by().items():
        print(f"{case}: {CASES.get(case) or LATER.get(case)}")
        print(*(f"    {n}" for n in nodes), sep="\n")
