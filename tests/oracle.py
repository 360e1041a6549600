"""Comparison with real Keras on the torch backend: the one helper that all tests share.

    from oracle import check_layer, rand

    def test_dense():
        check_layer("Dense", {"units": 4, "activation": "relu"}, rand(2, 3))

`check_layer` compares config, weights, outputs, masks, gradients, shapes, the symbolic call and
the round trip through the config. `check_function` does the same for a pure function.
"""

import contextlib
import copy
import inspect
import json
import re
from collections import defaultdict
from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import torch
from keras.src.backend.common import global_state

import torchkeras.layers
from torchkeras._base import naming

LOW_PRECISION = {"float16": 4e-3, "bfloat16": 3e-2}


# --------------------------------------------------------------------------------------- values


def rand(*shape: int, seed: int = 0, low: float = -1.0, high: float = 1.0, dtype: str = "float32"):
    """Uniform numbers that are the same in every run."""
    rng = np.random.default_rng(seed)
    if np.issubdtype(np.dtype(dtype), np.integer):
        return rng.integers(int(low), int(high), shape).astype(dtype)
    return rng.uniform(low, high, shape).astype(dtype)


def tree_map(fn: Callable, *trees: Any) -> Any:
    """Apply `fn` to the leaves of lists, tuples and dicts of one structure."""
    first = trees[0]
    if isinstance(first, dict):
        return {k: tree_map(fn, *(t[k] for t in trees)) for k in first}
    if isinstance(first, (list, tuple)):
        return type(first)([tree_map(fn, *leaves) for leaves in zip(*trees, strict=True)])
    return fn(*trees)


def leaves(tree: Any) -> list:
    """The leaves of lists, tuples and dicts, in order."""
    if isinstance(tree, dict):
        return [leaf for value in tree.values() for leaf in leaves(value)]
    if isinstance(tree, (list, tuple)):
        return [leaf for value in tree for leaf in leaves(value)]
    return [tree]


def to_numpy(x: Any) -> Any:
    """Tensors and variables of either library (nested) as numpy arrays; 16-bit types widened."""
    if isinstance(x, dict):
        return {k: to_numpy(v) for k, v in x.items()}
    if isinstance(x, (list, tuple)):
        return [to_numpy(v) for v in x]
    if isinstance(x, keras.Variable):
        x = x.value
    if isinstance(x, torch.Tensor):
        x = x.detach().cpu()
        return (x.float() if x.dtype in (torch.bfloat16, torch.float16) else x).numpy()
    return None if x is None else np.asarray(x)


def dtype_of(x: Any) -> str:
    """The name of a tensor's, variable's or symbol's dtype."""
    return str(x.dtype).removeprefix("torch.")


class Seen:
    """The largest relative difference seen inside a `compared` block."""

    worst = 0.0


_seen: list[Seen] = []


@contextlib.contextmanager
def compared():
    """Note how far apart single-precision numbers were, relative to the largest of their array."""
    _seen.append(Seen())
    try:
        yield _seen[-1]
    finally:
        _seen.pop()


def assert_close(ours: Any, theirs: Any, rtol: float = 1e-5, atol: float = 1e-6, what: str = ""):
    """Values, shapes and structure are equal; `atol` is per unit of the largest value.

    Single entries next to zero come out of cancellation: they are held to the scale of the array.
    """
    ours, theirs = to_numpy(ours), to_numpy(theirs)
    if isinstance(theirs, dict):
        assert isinstance(ours, dict) and set(ours) == set(theirs), f"{what}: keys differ"
        for key in theirs:
            assert_close(ours[key], theirs[key], rtol, atol, f"{what}[{key!r}]")
    elif isinstance(theirs, list):
        assert isinstance(ours, list), f"{what}: a list is expected, not {type(ours)}"
        assert len(ours) == len(theirs), f"{what}: {len(ours)} entries, expected {len(theirs)}"
        for i, (a, b) in enumerate(zip(ours, theirs, strict=True)):
            assert_close(a, b, rtol, atol, f"{what}[{i}]")
    elif theirs is None:
        assert ours is None, f"{what}: None is expected, not {ours}"
    else:
        assert ours is not None, f"{what}: None where an array is expected"
        assert ours.shape == theirs.shape, f"{what}: shape {ours.shape}, expected {theirs.shape}"
        if theirs.dtype.kind in "fc":
            finite = np.abs(theirs[np.isfinite(theirs)])
            scale = max(1.0, finite.max()) if finite.size else 1.0
            np.testing.assert_allclose(ours, theirs, rtol, atol * scale, err_msg=what)
            if _seen and finite.size:
                with np.errstate(invalid="ignore"):
                    apart = np.abs(ours - theirs)[np.isfinite(theirs)].max()
                _seen[-1].worst = max(_seen[-1].worst, float(apart / scale))
        else:
            np.testing.assert_array_equal(ours, theirs, err_msg=what)


# --------------------------------------------------------------------- names, configs, weights


def clear_keras_names() -> None:
    """Start real Keras's name counters anew (its clear_session collects garbage, and is slow)."""
    global_state.set_global_attribute("object_name_uids", defaultdict(int))


def clear_names() -> None:
    """Start the name counters of both libraries anew, so that automatic names are equal."""
    clear_keras_names()
    naming.clear_names()


def normalise_config(config: Any) -> Any:
    """A config as its JSON reads back: tuples are lists, numpy numbers are numbers."""

    def plain(x: Any) -> Any:
        if isinstance(x, np.generic):
            return x.item()
        if isinstance(x, np.ndarray):
            return x.tolist()
        raise TypeError(f"not JSON: {x!r} of {type(x)}")

    return json.loads(json.dumps(config, default=plain))


def check_config(ours: Any, theirs: Any, ignore: tuple[str, ...] = ()) -> None:
    """Both objects give the same config, with the same module paths; `ignore` names keys."""
    a, b = normalise_config(ours.get_config()), normalise_config(theirs.get_config())
    for key in ignore:
        a.pop(key, None), b.pop(key, None)
    assert set(a) == set(b), (
        f"config keys differ: only ours {sorted(set(a) - set(b))}, "
        f"only Keras's {sorted(set(b) - set(a))}"
    )
    for key in b:
        assert a[key] == b[key], f"config[{key!r}]: {a[key]!r}, expected {b[key]!r}"


def copy_weights(source: Any, target: Any) -> None:
    """Give one layer or model the weights of another, of whichever library."""
    target.set_weights([np.array(w) for w in source.get_weights()])


def check_weights(ours: Any, theirs: Any) -> None:
    """The same weights in the same order: names, paths, shapes, dtypes, trainable or not."""
    rows = [
        [(v.name, v.path, tuple(v.shape), dtype_of(v), v.trainable) for v in o.weights]
        for o in (ours, theirs)
    ]
    assert rows[0] == rows[1], f"weights differ:\nours  {rows[0]}\nKeras {rows[1]}"
    for group in ("trainable_weights", "non_trainable_weights"):
        names = [[v.path for v in getattr(o, group)] for o in (ours, theirs)]
        assert names[0] == names[1], f"{group} differ: {names[0]}, expected {names[1]}"


# ---------------------------------------------------------------------------- running one side


def is_array(x: Any) -> bool:
    return isinstance(x, (np.ndarray, np.generic))


def _leaf(grads: bool) -> Callable:
    """An array as a fresh torch tensor that both libraries take, a leaf of autograd if float."""

    def make(x: Any) -> Any:
        if not is_array(x):
            return x
        t = torch.tensor(x)
        return t.requires_grad_() if grads and t.is_floating_point() else t

    return make


def _cotangents(outputs: list) -> list:
    rng = np.random.default_rng(7)
    return [torch.tensor(rng.standard_normal(tuple(o.shape))) for o in outputs]


def _scalar(outputs: Any, losses: list) -> torch.Tensor | None:
    """One number that every differentiable output has a different weight in."""
    tensors = [o for o in leaves(outputs) if isinstance(o, torch.Tensor)]
    terms = [
        (o * c.to(o.dtype)).sum()
        for o, c in zip(tensors, _cotangents(tensors), strict=True)
        if o.requires_grad
    ]
    terms += [x for x in losses if isinstance(x, torch.Tensor) and x.requires_grad]
    return sum(terms[1:], terms[0]) if terms else None


def _grads(scalar: torch.Tensor | None, tensors: list) -> list:
    """Gradients of `scalar`; None where it does not depend on a tensor."""
    wanted = [t for t in tensors if isinstance(t, torch.Tensor) and t.requires_grad]
    if scalar is None or not wanted:
        return [None] * len(tensors)
    found = iter(torch.autograd.grad(scalar, wanted, allow_unused=True))
    return [
        next(found) if isinstance(t, torch.Tensor) and t.requires_grad else None for t in tensors
    ]


def _mask_of(x: Any) -> Any:
    return tree_map(lambda t: getattr(t, "_keras_mask", None), x)


def _attach(x: Any, mask: Any) -> None:
    """Let tensors carry a mask, as the outputs of a Masking layer do."""
    if isinstance(x, (list, tuple)):
        for xi, mi in zip(x, mask, strict=True):
            _attach(xi, mi)
    elif mask is not None:
        x._keras_mask = torch.as_tensor(mask)


def _run(layer: Any, inputs: Any, call_kwargs: dict, mask: Any, training: Any, grads: bool):
    """Call a layer of either library; returns everything that is compared."""
    x = tree_map(_leaf(grads), inputs)
    kwargs = {k: tree_map(_leaf(grads), v) for k, v in call_kwargs.items()}
    if mask is not None:
        if "mask" in inspect.signature(layer.call).parameters:
            kwargs["mask"] = tree_map(lambda m: None if m is None else torch.as_tensor(m), mask)
        else:
            _attach(x, mask)
    if training is not None:
        kwargs["training"] = training
    with contextlib.nullcontext() if grads else torch.no_grad():
        outputs = layer(x, **kwargs)
    losses = [loss for loss in layer.losses if isinstance(loss, torch.Tensor)]
    result = {"outputs": outputs, "masks": _mask_of(outputs), "losses": losses}
    if grads:
        scalar = _scalar(outputs, losses)
        arrays = leaves([x, [v for k, v in kwargs.items() if k in call_kwargs]])
        weights = [v.value for v in layer.trainable_weights]
        found = _grads(scalar, arrays + weights)
        result["input gradients"] = found[: len(arrays)]
        result["weight gradients"] = found[len(arrays) :]
    return result


def library_of(cls: type) -> Any:
    """The module that a layer class, or the base of a test's own class, comes from."""
    return keras if any(c.__module__.startswith("keras.") for c in cls.__mro__) else torchkeras


def _symbols(lib: Any, tree: Any) -> Any:
    """Arrays as symbolic inputs with an unknown batch size."""

    def make(a: Any) -> Any:
        return lib.layers.Input(a.shape[1:], dtype=str(a.dtype)) if is_array(a) and a.ndim else a

    return tree_map(make, tree)


def _described(symbols: Any) -> list:
    return [(tuple(s.shape), dtype_of(s)) for s in leaves(symbols)]


# ------------------------------------------------------------------------------ the comparisons


def check_layer(
    layer: str | tuple[Any, Any],
    args: dict | Callable[[Any], dict],
    inputs: Any,
    *,
    training: bool | None = False,
    mask: Any = None,
    call_kwargs: dict | None = None,
    grads: bool = True,
    dtype: str | None = None,
    rtol: float | None = None,
    atol: float | None = None,
    values: bool = True,
    shapes: bool = True,
    symbolic: bool = True,
    config: bool = True,
    ignore_config: tuple[str, ...] = (),
    scale_weights: float | None = None,
) -> tuple[Any, Any]:
    """Build the layer of both libraries and hold ours to real Keras's.

    Args:
        layer: Name below `keras.layers`, or the pair (our class, Keras's class).
        args: Constructor arguments, or a function from the library (`keras` or `torchkeras`) to
            them, for arguments that are layers, initializers, … themselves.
        inputs: Array, or lists, tuples, dicts of arrays: the first argument of the call.
        training: Mode of the call; None leaves it out.
        mask: Boolean array (or a list), given as `mask=` or carried by the inputs.
        call_kwargs: Further arguments of the call; arrays among them get gradients too.
        grads: Compare gradients to inputs and to all trainable weights.
        dtype: Dtype or policy of the layer.
        rtol, atol: Default 1e-5 and 1e-6, wider for 16-bit types.
        values: Compare numbers; False for layers that draw at random (shapes, dtypes still are).
        shapes: Compare `compute_output_shape`; needs a call without further arrays.
        symbolic: Compare shapes and dtypes of the call on `Input`s with unknown batch size.
        config: Compare configs and their round trips, in both libraries.
        ignore_config: Config keys left out of the comparison.
        scale_weights: Fill weights uniformly in ±this, instead of as Keras initialised them.

    Returns:
        The pair (our layer, Keras's layer), both built, with equal weights.
    """
    ours_cls, theirs_cls = (
        (getattr(torchkeras.layers, layer), getattr(keras.layers, layer))
        if isinstance(layer, str)
        else layer
    )
    call_kwargs = call_kwargs or {}

    def make(cls: Any) -> Any:
        clear_names()
        kwargs = args(library_of(cls)) if callable(args) else copy.deepcopy(args)
        return cls(**({"dtype": dtype} if dtype else {}), **kwargs)

    theirs, ours = make(theirs_cls), make(ours_cls)
    narrow = LOW_PRECISION.get(theirs.compute_dtype)
    rtol = rtol if rtol is not None else narrow or 1e-5
    atol = atol if atol is not None else narrow or 1e-6

    if config:
        check_config(ours, theirs, ignore_config)

    # The first call builds; it may also change state (moving means), so the weights are copied
    # after it and the compared call comes second.
    with torch.no_grad():
        _run(theirs, inputs, call_kwargs, mask, False, False)
        _run(ours, inputs, call_kwargs, mask, False, False)
    check_weights(ours, theirs)
    if scale_weights is not None:
        fill = [rand(*w.shape, seed=i) * scale_weights for i, w in enumerate(theirs.get_weights())]
        theirs.set_weights(fill)
    copy_weights(theirs, ours)
    assert ours.built and theirs.built
    assert ours.count_params() == theirs.count_params()

    want = _run(theirs, inputs, call_kwargs, mask, training, grads)
    got = _run(ours, inputs, call_kwargs, mask, training, grads)
    _compare_runs(got, want, values, rtol, atol)
    if values:
        assert_close(ours.get_weights(), theirs.get_weights(), rtol, atol, "weights after the call")

    if shapes and not any(is_array(a) for a in leaves(call_kwargs)):
        shape = tree_map(lambda a: (None, *a.shape[1:]), inputs)
        a, b = (normalise_config(x.compute_output_shape(shape)) for x in (ours, theirs))
        assert a == b, f"compute_output_shape: {a}, expected {b}"
    if symbolic:
        described = []
        for obj in (ours, theirs):
            lib = library_of(type(obj))
            kwargs = {k: _symbols(lib, v) for k, v in call_kwargs.items()}
            described.append(_described(obj(_symbols(lib, inputs), **kwargs)))
        assert described[0] == described[1], f"symbolic: {described[0]}, expected {described[1]}"
    if config:
        _check_round_trip(
            ours, theirs, inputs, call_kwargs, mask, got if values else None, grads, ignore_config
        )
    return ours, theirs


def _compare_runs(got: dict, want: dict, values: bool, rtol: float, atol: float) -> None:
    a, b = ([(tuple(o.shape), dtype_of(o)) for o in leaves(r["outputs"])] for r in (got, want))
    assert a == b, f"outputs: (shape, dtype) {a}, expected {b}"
    for what in want if values else ():
        assert_close(got[what], want[what], rtol, atol, what)
    kinds = [tree_map(lambda _: None, r["outputs"]) for r in (got, want)]
    assert kinds[0] == kinds[1], f"outputs: structure {kinds[0]}, expected {kinds[1]}"


def _check_round_trip(
    ours: Any,
    theirs: Any,
    inputs: Any,
    call_kwargs: dict,
    mask: Any,
    got: dict | None,
    grads: bool,
    ignore: tuple[str, ...] = (),
) -> None:
    """Our config, Keras's config: each makes the same layer again, in either library."""
    config = normalise_config(ours.get_config())
    for source in (config, normalise_config(theirs.get_config())):
        clear_names()
        again = type(ours).from_config(copy.deepcopy(source))
        lost = {k: config[k] for k in ignore if k in config and k not in source}
        assert normalise_config(again.get_config()) | lost == config, (
            "config changed in a round trip"
        )
        _run(again, inputs, call_kwargs, mask, False, False)
        copy_weights(ours, again)
        if got is not None:
            # State may have moved in a training call, so both run once more, at inference.
            first = _run(ours, inputs, call_kwargs, mask, False, False)["outputs"]
            second = _run(again, inputs, call_kwargs, mask, False, False)["outputs"]
            assert_close(second, first, 1e-6, 1e-7, "outputs after a round trip")
    clear_names()
    back = type(theirs).from_config(copy.deepcopy(config))
    assert normalise_config(back.get_config()) == normalise_config(theirs.get_config()), (
        "real Keras reads another layer out of our config"
    )


def check_function(
    ours: Callable,
    theirs: Callable,
    *args: Any,
    grads: bool = True,
    dtypes: bool = True,
    rtol: float | None = None,
    atol: float | None = None,
    **kwargs: Any,
) -> None:
    """A function of both libraries on the same arrays: values, dtypes and gradients.

    Arrays anywhere in `args` and `kwargs` become tensors; everything else is passed as it is.
    """
    results = []
    for fn in (ours, theirs):
        a = tree_map(_leaf(grads), list(args))
        k = {name: tree_map(_leaf(grads), value) for name, value in kwargs.items()}
        with contextlib.nullcontext() if grads else torch.no_grad():
            outputs = fn(*a, **k)
        tensors = [t for t in leaves([a, k]) if isinstance(t, torch.Tensor)]
        results.append((outputs, _grads(_scalar(outputs, []), tensors) if grads else []))
    (got, got_grads), (want, want_grads) = results
    if dtypes:
        a, b = ([dtype_of(t) if hasattr(t, "dtype") else type(t) for t in leaves(r)]
                for r in (got, want))  # fmt: skip
        assert a == b, f"dtypes: {a}, expected {b}"
    narrow = next(
        (LOW_PRECISION[d] for d in map(dtype_of, (t for t in leaves(want) if hasattr(t, "dtype")))
         if d in LOW_PRECISION), None)  # fmt: skip
    rtol = rtol if rtol is not None else narrow or 1e-5
    atol = atol if atol is not None else narrow or 1e-6
    assert_close(got, want, rtol, atol, "values")
    assert_close(got_grads, want_grads, rtol, atol, "gradients")


def label(value: Any) -> str:
    """Return a test id that is the same in every process: no addresses of objects."""
    return re.sub(r" at 0x[0-9a-f]+", "", str(value))
