"""Loads a batch of bad files in a process of its own, and says what each load did.

`python hostile_child.py jobs.json`: one JSON line a job. It runs apart from the tests so that a
crash, a hang or a growth of memory is a failed case and not the end of the run.
"""

import hashlib
import json
import os
import random
import resource
import sys
import time
import warnings

import numpy as np
import torch

import torchkeras as keras
from torchkeras._base import scope
from torchkeras.core import serialize

SEEN: dict[str, list] = {"import": [], "open": [], "danger": []}
WATCHING = False
DANGER = (
    "marshal.loads", "pickle.find_class", "os.system", "os.exec", "os.posix_spawn", "os.fork",
    "subprocess.Popen", "socket.connect", "socket.getaddrinfo", "urllib.Request", "ctypes.dlopen",
    "exec", "os.remove", "os.rename", "os.link", "os.symlink", "os.mkdir", "shutil.rmtree",
)  # fmt: skip


def hook(event, args):
    if not WATCHING:
        return
    if event == "import":
        SEEN["import"].append(str(args[0]))
    elif event == "open":
        SEEN["open"].append(str(args[0]))
    elif event in DANGER:
        SEEN["danger"].append(f"{event} {args!r}"[:200])


def build():
    """The model whose files the cases are made of."""
    model = keras.Sequential(
        [keras.Input((4,)), keras.layers.Dense(3, activation="relu"), keras.layers.Dense(2)]
    )
    model.compile("adam", "mse", metrics=["mae"])
    return model


def state(model):
    digest = hashlib.sha256()
    for v in [*model.variables, *model.optimizer.variables]:
        digest.update(v.detach().numpy().tobytes())
    return digest.hexdigest()


def process_state():
    return repr([
        scope.state.safe_mode, sorted(serialize.get_custom_objects()), scope.state.custom_objects,
        scope.state.allocation, scope.state.names, random.getstate()[1][:5], os.getcwd(),
        np.random.get_state()[1][:5].tolist(), torch.get_rng_state().sum().item(),
        sorted(os.environ), keras.config.floatx(), keras.config.dtype_policy().name,
    ])  # fmt: skip


def load_new(job):
    path = job["path"]
    if job["kind"] == "keras":
        return state(keras.saving.load_model(path, **job.get("options", {})))
    with open(path, "rb") as f:
        data = f.read()
    if job["kind"] == "json":
        return type(keras.models.model_from_json(data)).__name__
    raise ValueError(job["kind"])


def digest(path):
    if not os.path.isfile(path):
        return None
    with open(path, "rb") as f:
        return hashlib.sha256(f.read()).hexdigest()


def main():
    global WATCHING
    torch.set_num_threads(1)
    with open(sys.argv[1]) as f:
        jobs = json.load(f)
    sys.addaudithook(hook)
    for job in jobs:
        model = build()
        before = (state(model), process_state(), digest(job["path"]))
        for seen in SEEN.values():
            seen.clear()
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        start = time.perf_counter()
        result: dict = {"id": job["id"], "error": None}
        WATCHING = True
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            try:
                if job["kind"] == "weights":
                    model.load_weights(job["path"], **job.get("options", {}))
                    result["loaded"] = state(model)
                else:
                    result["loaded"] = load_new(job)
            except BaseException as e:  # noqa: BLE001 - whatever comes is the result
                result["error"] = [c.__name__ for c in type(e).__mro__]
                result["message"] = str(e)
                result["where"] = getattr(e, "where", None)
        WATCHING = False
        result["seconds"] = time.perf_counter() - start
        grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - peak
        result["grown"] = grown * 1024
        result["warnings"] = [str(w.message) for w in caught]
        result["unchanged"] = before == (state(model), process_state(), digest(job["path"]))
        result |= {name: sorted(set(seen)) for name, seen in SEEN.items()}
        print(json.dumps(result), flush=True)


if __name__ == "__main__":
    main()
