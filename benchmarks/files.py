"""Time and memory of saving and loading a large model, for each file format that holds weights.

    python benchmarks/files.py                       # 1 GB, every format
    python benchmarks/files.py .keras --gb 0.25      # these
    python benchmarks/files.py --folder /some/disk --rounds 5

Each action runs in a process of its own, between two plain copies: the same bytes out of memory
into a file, and an fsync. Printed are the medians in seconds, the ratio to the copies' mean, and
the most memory that the process had beyond itself and the model. The aim: at most twice the copy,
and at most 1.3 GB for 1 GB.
"""

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")

import torch

import torchkeras as keras
from torchkeras.saving.formats import FORMATS

LAYERS = 8
SHARD = 0.3  # GB
AIM_TIME, AIM_MEMORY = 2.0, 1.3
GB = 1 << 30


def make(gb: float) -> Any:
    """Return a model of `gb` GB in a few large weights, whose values are not all alike."""
    width = int((gb * GB / 4 / LAYERS) ** 0.5)
    model = keras.Sequential([keras.Input((width,))])
    for _ in range(LAYERS):
        model.add(keras.layers.Dense(width, kernel_initializer="zeros"))
    with torch.no_grad():
        for v in model.weights:
            v.uniform_(-1, 1)
    return model


def size_of(model: Any) -> int:
    """Return the bytes of a model's weights."""
    return sum(v.nbytes for v in model.weights)


def memory(field: str) -> int:
    """Return a line of the process's status in bytes: `VmRSS` now, `VmHWM` at most."""
    with open("/proc/self/status") as f:
        return int(next(x for x in f if x.startswith(field)).split()[1]) * 1024


def plain_copy(model: Any, path: str) -> float:
    """Return the seconds that writing the weights' bytes to a new file takes."""
    views = [memoryview(v.detach().numpy()).cast("B") for v in model.weights]
    start = time.perf_counter()
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    for view in views:
        while view:
            view = view[os.write(fd, view) :]
    os.fsync(fd)
    os.close(fd)
    seconds = time.perf_counter() - start
    os.unlink(path)
    return seconds


def measure(action: Callable[[], Any]) -> tuple[float, int, Any]:
    """Return seconds, growth of memory at its height, and the action's result."""
    with open("/proc/self/clear_refs", "w") as f:
        f.write("5")
    before = memory("VmRSS")
    start = time.perf_counter()
    result = action()
    return time.perf_counter() - start, memory("VmHWM") - before, result


def run(action: str, path: str, gb: float) -> dict[str, float]:
    """Do one action in this process."""
    model = None if action == "load_model" else make(gb)
    beside = os.path.join(os.path.dirname(path), "plain.bin")
    scratch = make(1e-3)
    folder = os.path.join(os.path.dirname(path), "warm")  # imports and first calls are no part
    os.mkdir(folder)
    small = os.path.join(folder, os.path.basename(path))
    sharded = {"max_shard_size": SHARD} if path.endswith(".weights.json") else {}
    save = "save_model" if action.endswith("model") else "save_weights"
    getattr(keras.saving, save)(scratch, small, **sharded)
    if action == "load_model":
        keras.saving.load_model(small)
    elif action == "load_weights":
        keras.saving.load_weights(scratch, small)
    shutil.rmtree(folder)
    copies = [plain_copy(model, beside)] if model is not None else []
    if action == "load_model":
        seconds, grown, model = measure(lambda: keras.saving.load_model(path))
        grown -= size_of(model)
    else:
        options = sharded if action == "save_weights" else {}
        seconds, grown, _ = measure(lambda: getattr(keras.saving, action)(model, path, **options))
    copies.append(plain_copy(model, beside))
    return {"seconds": seconds, "copy": statistics.mean(copies), "grown": grown}


def in_child(action: str, path: str, gb: float) -> dict[str, float]:
    """Do one action in a new process."""
    command = [sys.executable, __file__, "--child", action, path, "--gb", str(gb)]
    out = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout
    return json.loads(out.splitlines()[-1])


def actions(suffix: str) -> list[str]:
    """Return what is timed of a suffix: whole models, or weights alone where it says so."""
    found = next(f for f in FORMATS if suffix in f.suffixes)
    if found.load_weights is None:
        return []  # an architecture
    model, weights = ["save_model", "load_model"], ["save_weights", "load_weights"]
    whole = found.save_model is not None and not suffix.startswith(".weights")
    return model if whole else weights


def main() -> None:
    """Print a line for each format and action."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("suffixes", nargs="*", help="default: each format's first suffix")
    parser.add_argument("--gb", type=float, default=1.0, help="size of the model")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--folder", help="where to write; default: the temporary folder")
    parser.add_argument("--child", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.child:
        action, path = arguments.suffixes
        print(json.dumps(run(action, path, arguments.gb)))
        return
    print(f"load average {os.getloadavg()[0]:.1f}, model of {arguments.gb} GB")
    print(f"{'':15}{'':14}{'seconds':>8}{'copy':>8}{'ratio':>7}{'memory GB':>11}")
    for suffix in arguments.suffixes or [f.suffixes[0] for f in FORMATS]:
        with tempfile.TemporaryDirectory(dir=arguments.folder) as folder:
            path = os.path.join(folder, "m" + suffix)
            for action in actions(suffix):
                rows = [in_child(action, path, arguments.gb) for _ in range(arguments.rounds)]
                seconds, copy = (statistics.median(r[k] for r in rows) for k in ("seconds", "copy"))
                ratio = statistics.median(r["seconds"] / r["copy"] for r in rows)
                grown = max(r["grown"] for r in rows) / GB
                missed = ratio > AIM_TIME or grown > AIM_MEMORY * arguments.gb
                print(
                    f"{suffix:15}{action:14}{seconds:8.2f}{copy:8.2f}{ratio:7.2f}{grown:11.2f}"
                    f"{'  above the aim' if missed else ''}",
                    flush=True,
                )


if __name__ == "__main__":
    main()
