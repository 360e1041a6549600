"""Loads a batch of bad files in a process of its own, and says what each load did.

One job a line of standard input, one result a line of standard output, both JSON. It runs apart
from the tests so that a crash, a hang or a growth of memory is a failed case and not the end of
the run.
"""

import hashlib
import json
import os
import random
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
        [
            keras.Input((4,)),
            keras.layers.Dense(3, activation="relu", name="dense"),
            keras.layers.Dense(2, name="dense_1"),
        ]
    )
    model.compile("adam", "mse", metrics=["mae"])
    return model


def state(model):
    digest = hashlib.sha256()
    for v in [*model.variables, *getattr(model.optimizer, "variables", ())]:
        digest.update(v.detach().numpy().tobytes())
    return digest.hexdigest()


def process_state(streams=True):
    """What a refused load must leave as it was; one that succeeds may draw seeds."""
    found = [
        scope.state.safe_mode,
        sorted(serialize.get_custom_objects()),
        scope.state.custom_objects,
        scope.state.allocation,
        scope.state.names,
        os.getcwd(),
        sorted(os.environ),
        keras.config.floatx(),
        keras.config.dtype_policy().name,
    ]
    if streams:
        state = np.random.get_state()[1], torch.get_rng_state()
        found += [hash(random.getstate()), *(x.sum() for x in state)]
    return repr(found)


def load_new(job):
    path = job["path"]
    if job["kind"] == "keras":
        return state(keras.saving.load_model(path, **job["options"]))
    with open(path, "rb") as f:
        data = f.read()
    if job["kind"] == "json":
        return type(keras.models.model_from_json(data)).__name__
    if job["kind"] == "yaml":
        return type(keras.models.model_from_yaml(data)).__name__
    if job["kind"] == "object":  # what every from_config() and deserialize() goes through
        return type(keras.saving.deserialize_keras_object(json.loads(data))).__name__
    raise ValueError(job["kind"])


def digest(path):
    if os.path.isdir(path):
        return [(name, digest(os.path.join(path, name))) for name in sorted(os.listdir(path))]
    if not os.path.isfile(path):
        return None
    with open(path, "rb") as f:
        return hashlib.sha256(f.read()).hexdigest()


def peak():
    """Return the most memory the process ever had, in bytes."""
    with open("/proc/self/status") as f:
        line = next(x for x in f if x.startswith("VmHWM"))
    return int(line.split()[1]) * 1024


def forget_peak():
    with open("/proc/self/clear_refs", "w") as f:
        f.write("5")


def try_job(job):
    global WATCHING
    model = build()
    before = process_state(), process_state(False)
    content, weights = digest(job["path"]), state(model)
    for seen in SEEN.values():
        seen.clear()
    result: dict = {"id": job["id"], "error": None}
    forget_peak()
    least, start = peak(), time.process_time()
    WATCHING = True
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            if job["kind"] == "weights":
                keras.saving.load_weights(model, job["path"], **job["options"])
                result["loaded"] = weights = state(model)
            else:
                result["loaded"] = load_new(job)
        except BaseException as e:
            result["error"] = [c.__name__ for c in type(e).__mro__]
            result["message"] = str(e)
            result["where"] = getattr(e, "where", None)
    WATCHING = False
    result["seconds"], result["grown"] = time.process_time() - start, peak() - least
    result["warnings"] = [str(w.message) for w in caught]
    # A layer made by hand draws its seed, also if the next one cannot be made.
    refused = result["error"] is not None and job["kind"] != "object"
    after = process_state(refused), digest(job["path"]), state(model)
    result["unchanged"] = after == (before[0 if refused else 1], content, weights)
    return result | {name: sorted(set(seen)) for name, seen in SEEN.items()}


def main():
    torch.set_num_threads(1)
    sys.addaudithook(hook)
    for line in sys.stdin:
        print(json.dumps(try_job(json.loads(line))), flush=True)


if __name__ == "__main__":
    main()
