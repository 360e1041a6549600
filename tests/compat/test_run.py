"""`python -m torchkeras`: scripts, modules, strings; errors, children, pickles."""

import subprocess
import sys

from alias_child import run, run_code

SCRIPT = """
import multiprocessing
import sys
import keras
from helper import units

def work(n):
    import tensorflow.keras.layers as layers
    return keras.layers.Dense(n).units + layers.Dense(1).units

if __name__ == "__main__":
    print(sys.argv[1:], __file__.endswith("script.py"), units())
    for method in ("spawn", "fork"):
        with multiprocessing.get_context(method).Pool(1) as pool:
            print(method, pool.map(work, [1, 2]))
    import cloudpickle
    open("f.bin", "wb").write(cloudpickle.dumps(lambda: keras.layers.Dense(3).units))
    def fails():
        raise ValueError("no such thing")
    fails()
"""


def test_script(tmp_path):
    (tmp_path / "script.py").write_text(SCRIPT)
    (tmp_path / "helper.py").write_text("from keras import layers\nunits = lambda: 7\n")
    done = run("script.py", "-m", "--x", cwd=tmp_path, expect=1)
    assert done.stdout.splitlines() == ["['-m', '--x'] True 7", "spawn [2, 3]", "fork [2, 3]"]
    trace = done.stderr[done.stderr.index("Traceback") :].splitlines()
    assert 'script.py", line 20, in <module>' in trace[1]  # the first frame is the user's
    assert trace[-1] == "ValueError: no such thing"
    # What was pickled under the alias brings it along.
    code = "import pickle; print(pickle.load(open('f.bin', 'rb'))())"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=tmp_path, timeout=120
    )
    assert done.stdout == "3\n", done.stderr


def test_module_and_string(tmp_path):
    (tmp_path / "package").mkdir()
    (tmp_path / "package" / "__main__.py").write_text(
        "import keras, sys\nprint(keras.layers.Dense.__module__, sys.argv[1:])\nsys.exit(3)\n"
    )
    done = run("-m", "package", "a", cwd=tmp_path, expect=3)
    assert done.stdout == "torchkeras.layers.core.dense ['a']\n"
    assert run("run", "-c", "import keras, sys; print(sys.argv)", "b").stdout == "['-c', 'b']\n"


def test_said_once():
    done = run_code("import keras, keras.layers, tensorflow.keras")
    assert done.stderr.count("'keras' is torchkeras here; the installed keras 3.15.1") == 1


def test_bad_calls():
    assert "cannot open 'none.py'" in run("none.py", expect=1).stderr
    assert "a script, -m module or -c string is needed" in run(expect=2).stderr
