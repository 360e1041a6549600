"""Run Keras's own tests with torchkeras in Keras's place: `make conformance`.

The source distribution of the reference version is fetched by pip, and its tests are run
unchanged. They import Keras's inside; plugin.py leads these names to public ones. known.txt lists
the tests that fail, each with its reason:

    insides     it tests a class, function or attribute that is private to Keras
    tensorflow  it needs a graph or a result that only TensorFlow has (sparse, ragged)
    jax         the same of JAX
    by-design   docs/differences.md says what torchkeras does instead, and why
    keras       it fails with real Keras on torch too

Any other failure is an error. Error messages are not compared, only their types. Tests that import
TensorFlow or JAX are left out where these are not installed, and counted.
"""

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path

HERE = Path(__file__).parent
VERSION = re.search(r"^keras==(\S+)", (HERE.parent / "requirements-test.txt").read_text(), re.M)[1]
INI = """[pytest]
python_files = *_test.py
testpaths = tests
addopts = -q --import-mode=importlib -p plugin -p no:cacheprovider -p no:warnings
    --continue-on-collection-errors
markers =
    requires_trainable_backend
    large
    multi_device
"""
CONFTEST = """import pytest


def skip_if_backend(backend, reason):
    return pytest.mark.skipif(backend == "torch", reason=reason)
"""


def prepare(work: Path) -> None:
    """Fetch the source, take its tests out of it, and ask real Keras for its names."""
    if (work / "names.json").exists():
        return
    shutil.rmtree(work, ignore_errors=True)
    (work / "sdist").mkdir(parents=True)
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "download", "--quiet"]
    subprocess.run(
        [*pip, "--no-deps", "--no-binary=:all:", f"--dest={work / 'sdist'}", f"keras=={VERSION}"],
        check=True,
    )
    with tarfile.open(next((work / "sdist").glob("*.tar.gz"))) as archive:
        archive.extractall(work / "sdist", filter="data")
    shutil.move(work / "sdist" / f"keras-{VERSION}" / "keras" / "src", work / "source")
    shutil.rmtree(work / "sdist")
    for file in (work / "source").rglob("*.py"):
        if file.name.endswith("_test.py") or (
            file.parent.name == "testing" and file.stem in ("test_case", "test_utils")
        ):
            target = work / "tests" / file.relative_to(work / "source")
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(file, target)
    # One folder up: as tops of their own, the tests' folders would hide `random` and others.
    (work / "pytest.ini").write_text(INI)
    (work / "conftest.py").write_text(CONFTEST)
    names = subprocess.run(
        [sys.executable, HERE / "names.py"],
        check=True, capture_output=True, text=True, env=os.environ | {"KERAS_BACKEND": "torch"},
    ).stdout  # fmt: skip
    json.loads(names)
    (work / "names.json").write_text(names)


def main() -> int:
    """Run the tests of the folders or files that are asked for; return pytest's status."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--work", type=Path, default=HERE / "work", help="what is fetched goes here"
    )
    asked, rest = parser.parse_known_args()
    work = asked.work.resolve()
    prepare(work)
    environment = os.environ | {
        "CONFORMANCE_WORK": str(work),
        "PYTHONPATH": os.pathsep.join(map(str, (HERE, HERE.parent))),
        "PYTHONHASHSEED": "0",
        "TF_CPP_MIN_LOG_LEVEL": "3",
    }
    tests = work / "tests"
    places = [f"tests/{a}" if (tests / a.partition("::")[0]).exists() else a for a in rest]
    command = [sys.executable, "-m", "pytest", *places]
    return subprocess.run(command, cwd=work, env=environment).returncode


if __name__ == "__main__":
    sys.exit(main())
