"""`import torchkeras` is quick, and heavy packages are loaded by those who use them."""

import json
import subprocess
import sys

HEAVY = ["tensorboard", "h5py", "yaml", "rich", "sklearn", "scipy", "PIL", "onnx", "keras",
         "tensorflow", "pandas", "matplotlib", "torch.utils.tensorboard", "torch._dynamo",
         "torch.export", "torch.onnx"]  # fmt: skip

SCRIPT = f"""
import json, sys, time
import numpy, torch
before = set(sys.modules)
start = time.perf_counter()
import torchkeras
seconds = time.perf_counter() - start
new = set(sys.modules) - before
print(json.dumps([seconds, [m for m in {HEAVY!r} if m in new]]))
"""


def start():
    run = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, text=True, check=True)
    return json.loads(run.stdout)


def test_import_is_quick_and_light():
    runs = [start() for _ in range(3)]
    assert runs[0][1] == [], "loaded by `import torchkeras`"
    best = min(seconds for seconds, _ in runs)
    assert best <= 0.4, f"import torchkeras takes {best:.2f} s over import torch"
