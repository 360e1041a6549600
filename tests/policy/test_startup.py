"""`import torchkeras` loads no heavy package: those who use one load it. (Time: benchmarks/.)"""

import json
import subprocess
import sys

HEAVY = ["tensorboard", "h5py", "yaml", "rich", "sklearn", "scipy", "PIL", "onnx", "keras",
         "tensorflow", "pandas", "matplotlib", "werkzeug", "torch.utils.tensorboard",
         "torch._dynamo", "torch.export", "torch.onnx"]  # fmt: skip

SCRIPT = f"""
import json, sys
import numpy, torch
before = set(sys.modules)
import torchkeras
new = set(sys.modules) - before
print(json.dumps([m for m in {HEAVY!r} if m in new]))
"""


def test_import_loads_nothing_heavy():
    run = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, text=True, check=True)
    assert json.loads(run.stdout) == []
