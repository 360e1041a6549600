"""Every layer on tensors as a program of torch.export and as an ONNX file: the layer's numbers.

The batch is open in both: one program, batches of 1, 2 and 7. At inference, where random layers
return their inputs; draws of a server of its own cannot be compared.
"""

import math

import numpy as np
import onnx
import onnxruntime as ort
import pytest
import torch
from layer_cases import ROWS, cases, class_of
from layer_rows import preprocessing, recurrent

import torchkeras
from oracle import Seen, leaves
from torchkeras.core import nest
from torchkeras.export import onnx_file
from torchkeras.export.signature import TensorSpec
from torchkeras.export.trace import trace

# An angle is the same one turn further; next to the turn, rounding decides.
ANGLES = {"STFTSpectrogram"}


def batch_of(x, n):
    """An array's samples, repeated up to n of them."""
    return np.take(x, np.arange(n) % len(x), axis=0)


def prepared(name, case):
    """Return a function of the case's arrays (a flat list), and these."""
    layer = getattr(torchkeras.layers, class_of(name))(**case.arguments(torchkeras))
    kwargs = dict(case.call_kwargs or {})
    if case.mask is not None:
        kwargs["mask"] = case.mask
    if "training" in layer._call_spec.accepted:
        kwargs["training"] = False
    given = (case.inputs, kwargs)
    flat = nest.flatten(given)
    arrays = [a for a in flat if isinstance(a, np.ndarray) and a.ndim]

    def call(*tensors):
        rest = iter(tensors)
        values = [next(rest) if isinstance(a, np.ndarray) and a.ndim else a for a in flat]
        x, kw = nest.pack_as(given, values)
        return layer(x, **kw)

    call.layer = layer
    return call, arrays


def difference(got, want, angles):
    """The largest relative difference of two lists of arrays, to the scale of each array."""
    worst = 0.0
    assert len(got) == len(want)
    for a, b in zip(got, want, strict=True):
        a, b = np.asarray(a), np.asarray(b)
        assert a.shape == b.shape
        assert a.dtype == b.dtype
        if b.dtype.kind != "f":
            np.testing.assert_array_equal(a, b)
            continue
        a, b = a.astype("float64"), b.astype("float64")
        finite = np.isfinite(b)
        np.testing.assert_array_equal(a[~finite], b[~finite])
        apart = np.abs(a - b)[finite]
        if angles:
            apart = np.minimum(apart, np.abs(apart - 2 * math.pi))
        if apart.size:
            worst = max(worst, apart.max() / max(1.0, np.abs(b[finite]).max()))
    return float(worst)


def arrays_of(x):
    return [t.detach().numpy() for t in leaves(x) if isinstance(t, torch.Tensor)]


def compare(name, case, with_onnx, seen, batches=(1, 2, 7)):
    call, arrays = prepared(name, case)
    call(*map(torch.as_tensor, arrays))
    specs = [TensorSpec((None, *a.shape[1:]), str(a.dtype)) for a in arrays]
    program = trace(call, specs, name=name)
    module = program.exported.module()
    session = None
    if with_onnx:
        proto = onnx_file.translate(program)
        content = onnx_file.require("onnx_ir").serde.serialize_model(proto)
        onnx.checker.check_model(content)
        session = ort.InferenceSession(content.SerializeToString())
    for n in batches:
        batch = [batch_of(a, n) for a in arrays]
        tensors = [torch.as_tensor(a) for a in batch]
        with torch.no_grad():
            want = arrays_of(call(*tensors))
            got = arrays_of(module(*tensors))
        seen.worst = max(seen.worst, difference(got, want, class_of(name) in ANGLES))
        if session is not None:
            names = [s.name for s in program.inputs]
            got = session.run(None, dict(zip(names, batch, strict=True)))
            seen.worst = max(seen.worst, difference(got, want, class_of(name) in ANGLES))


def is_accepted(name, case):
    """Tell whether the arguments fit together (what does not fit is refused, tested elsewhere)."""
    try:
        call, arrays = prepared(name, case)
        call(*map(torch.as_tensor, arrays))
    except Exception:
        return False
    return bool(arrays)


ELSEWHERE = set(recurrent.ROWS) | set(preprocessing.ROWS)  # in test_examples, or only in the sweep
QUICK = [name for name in ROWS if "/" not in name and name not in ELSEWHERE]


@pytest.mark.parametrize("name", QUICK)
def test_layer_as_program(name):
    """The first case of each layer that computes (all of all, and in ONNX: `make sweep`)."""
    case = next(iter(cases(name, count=1)))
    seen = Seen()
    if is_accepted(name, case):
        compare(name, case, False, seen, (7,))
    assert seen.worst <= 1e-5


@pytest.mark.sweep
@pytest.mark.parametrize("name", ROWS)
def test_sweep(name, record_property):
    seen, count = Seen(), 0
    for case in cases(name, count=4, seed=5):
        if not is_accepted(name, case):
            continue
        try:
            compare(name, case, True, seen)
        except Exception as e:
            e.add_note(f"{name}({case.args})")
            raise
        count += 1
    assert count
    assert seen.worst <= 1e-5
    record_property(
        "compared",
        {"subject": "export", "name": class_of(name), "cases": 6 * count, "worst": seen.worst},
    )
