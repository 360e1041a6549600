"""Example models served by others: torch without this package, and onnxruntime."""

import json
import subprocess
import sys

import numpy as np
import onnxruntime as ort
import pytest
import torch
from export_models import EXAMPLES, SLOW

import torchkeras as keras
from oracle import assert_close, compared, leaves, to_numpy
from torchkeras import saved_model
from torchkeras.core import nest

BATCHES = (1, 2, 7)
# A process that has torch and not torchkeras: what it prints are the numbers of the program.
CLIENT = """
import json, sys

class NoImports:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in ("torchkeras", "keras"):
            raise ImportError(name)

sys.meta_path.insert(0, NoImports())
import numpy as np, torch

def tensors(x):
    if isinstance(x, dict) and set(x) == {"dtype", "values"}:
        return torch.as_tensor(np.array(x["values"], x["dtype"]))
    if isinstance(x, dict):
        return {k: tensors(v) for k, v in x.items()}
    return [tensors(v) for v in x]

def lists(x):
    if isinstance(x, torch.Tensor):
        return x.tolist()
    if isinstance(x, dict):
        return {k: lists(v) for k, v in x.items()}
    return [lists(v) for v in x]

for line in sys.stdin:
    path, batches = json.loads(line)
    run = torch.export.load(path).module()
    with torch.no_grad():
        print(json.dumps([lists(run(tensors(x))) for x in batches]), flush=True)
assert not any(m.startswith("torchkeras") for m in sys.modules)
"""


def as_json(x):
    return nest.map_structure(lambda a: {"dtype": str(a.dtype), "values": a.tolist()}, x)


@pytest.fixture(scope="module")
def elsewhere():
    """Send (path, batches) to a process without torchkeras; get the results."""
    client = subprocess.Popen(
        [sys.executable, "-c", CLIENT], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )

    def run(path, batches):
        client.stdin.write(json.dumps([str(path), [as_json(x) for x in batches]]) + "\n")
        client.stdin.flush()
        return json.loads(client.stdout.readline())

    yield run
    client.stdin.close()
    assert client.wait(20) == 0


def structure(like, result):
    """Numbers read from JSON, in the form of the model's result."""
    return nest.map_structure(lambda a, b: np.asarray(b, to_numpy(a).dtype), like, result)


MARKED = [pytest.param(n, marks=pytest.mark.sweep) if n in SLOW else n for n in EXAMPLES]


@pytest.mark.parametrize("name", MARKED)
def test_example(name, tmp_path, elsewhere, record_property):
    model, data = EXAMPLES[name]()
    folder = tmp_path / "saved"
    archive = keras.export.ExportArchive()
    archive.track_and_add_endpoint("serve", model)
    archive.write_out(folder, verbose=False)
    batches = [data(n) for n in BATCHES]
    tensors = [nest.map_structure(torch.as_tensor, x) for x in batches]
    with torch.no_grad():
        wanted = [model(x, training=False) for x in tensors]
    with compared() as seen:
        for want, got in zip(wanted, elsewhere(folder / "serve.pt2", batches), strict=True):
            assert_close(structure(want, got), want, what="torch elsewhere")
        session = ort.InferenceSession(folder / "serve.onnx")
        ours, onnx = saved_model.load(folder), saved_model.load(folder, runtime="onnx")
        for x, want in zip(batches, wanted, strict=True):
            flat = leaves(x)
            feed = dict(zip([i.name for i in session.get_inputs()], flat, strict=True))
            assert_close(session.run(None, feed), leaves(want), what="onnxruntime")
            for loaded in (ours, onnx):
                assert_close(loaded.serve(x), want, what="function")
                named = loaded.signatures["serving_default"](**feed)
                assert_close(list(named.values()), leaves(want), what="signature")
    for spec, i in zip(ours.signatures["serve"].inputs, session.get_inputs(), strict=True):
        names = ["batch", *(f"{spec.name}_{axis}" for axis in range(1, len(spec.shape)))]
        assert i.shape == [m or n for m, n in zip(spec.shape, names, strict=True)]
    record_property(
        "compared",
        {"subject": "export", "name": f"model {name}", "cases": 6 * len(BATCHES),
         "worst": seen.worst},
    )  # fmt: skip


def test_names_of_inputs_and_outputs(tmp_path):
    model, _ = EXAMPLES["named_inputs_and_outputs"]()
    model.export(tmp_path / "m.onnx")
    session = ort.InferenceSession(tmp_path / "m.onnx")
    assert [(i.name, i.shape) for i in session.get_inputs()] == [
        ("b-ids", ["batch", 6]), ("a", ["batch", 4]),
    ]  # fmt: skip
    assert [o.name for o in session.get_outputs()] == ["score", "features"]


def test_files_tell_nothing_of_this_machine(tmp_path):
    model, _ = EXAMPLES["subclassed"]()
    saved_model.save(model, tmp_path / "m")
    for file in (tmp_path / "m").iterdir():
        assert b"site-packages" not in file.read_bytes(), file.name
        assert __file__.encode() not in file.read_bytes(), file.name
        assert b".py" not in file.read_bytes(), file.name
