"""What real Keras's text layers gave (they need TensorFlow): `golden/text_layers.json`."""

import json
import pathlib

import numpy as np
import torch

import torchkeras

HERE = pathlib.Path(__file__).parent / "golden"
RECORD = json.loads((HERE / "text_layers.json").read_text())


def of(name, key="calls"):
    """The recorded cases of one layer, with a name for each."""
    cases = [c for c in RECORD[key] if c["layer"] == name]
    return cases, [f"{i}-{label(c['arguments'])}" for i, c in enumerate(cases)]


def label(arguments):
    """A short ASCII name for a case."""
    shown = {k: v for k, v in arguments.items() if k not in ("vocabulary", "idf_weights")}
    return ascii("-".join(f"{k}={v}" for k, v in shown.items()))[1:-1].replace(" ", "") or "plain"


def made(case):
    """The layer of a case (tuples came back from JSON as lists)."""
    arguments = dict(case["arguments"])
    if isinstance(arguments.get("ngrams"), list):
        arguments["ngrams"] = tuple(arguments["ngrams"])
    return getattr(torchkeras.layers, case["layer"])(**arguments)


def check_config(layer, recorded):
    """The config is real Keras's, but for the name."""
    config = json.loads(json.dumps(layer.get_config()))
    del config["name"]
    assert config == recorded


def check_output(found, recorded, what=""):
    """Values, shape and dtype are those recorded."""
    if recorded["dtype"] == "string":
        assert isinstance(found, np.ndarray) and found.dtype == object, what
        assert found.tolist() == recorded["value"], what
        return
    assert isinstance(found, torch.Tensor), what
    assert str(found.dtype) == f"torch.{recorded['dtype']}", what
    expected = np.array(recorded["value"], recorded["dtype"])
    if expected.size or found.numel():
        assert tuple(found.shape) == expected.shape, what
    np.testing.assert_allclose(found.numpy(), expected, rtol=1e-6, err_msg=what)


def check_calls(case):
    """A recorded layer: config, vocabulary, and outputs for lists and for arrays."""
    layer = made(case)
    check_config(layer, case["config"])
    if "vocabulary" in case:
        assert layer.get_vocabulary() == case["vocabulary"]
        assert layer.vocabulary_size() == case["size"]
    for x, recorded in zip(case["inputs"], case["outputs"], strict=True):
        for form in (x, np.array(x)):
            if "error" in recorded:
                _check_refused(layer, form)
                continue
            found = layer(form)
            check_output(found, recorded, repr(x))
            _check_symbolic(layer, form, found)


def _check_refused(layer, x):
    """Where Keras fails, so do we; but for single texts, on which only Keras's padding does."""
    if getattr(layer, "output_sequence_length", None) is not None and np.ndim(x) == 0:
        assert layer(x).shape == (layer.output_sequence_length,)
        return
    try:
        layer(x)
    except (ValueError, TypeError, RuntimeError):
        return
    raise AssertionError(f"{x!r} was accepted")


def _check_symbolic(layer, x, found):
    """What is said of the outputs beforehand holds."""
    shape = np.shape(x)
    text = np.asarray(x).dtype.kind == "U"
    symbol = torchkeras.KerasTensor((None, *shape[1:]), "string" if text else "int64")
    spec = layer.compute_output_spec(symbol)
    if len(shape) < 2:
        return  # a single sample has no batch dimension
    assert len(spec.shape) == found.ndim
    assert all(d in (None, n) for d, n in zip(spec.shape, found.shape, strict=True))
    assert spec.dtype == (
        "string" if isinstance(found, np.ndarray) else str(found.dtype).removeprefix("torch.")
    )


def check_adapted(case):
    """A recorded `adapt`: the vocabulary, in Keras's order, and an output."""
    data = case["data"]
    for form in (data, np.array(data), iter([np.array(data[:2]), np.array(data[2:])])):
        layer = made(case)
        layer.adapt(form)
        assert layer.get_vocabulary() == case["vocabulary"]
    x = data[:3] if case["layer"] == "TextVectorization" else data
    if "error" in case["output"]:
        _check_refused(layer, x)
    else:
        check_output(layer(x), case["output"])
