"""Every loss × random arguments, inputs, weights and masks against real Keras: with gradients."""

import inspect

import keras
import numpy as np
import pytest
import torch
from losses import sweeping as s

import torchkeras.losses
from oracle import assert_close, check_function

BINARY = [(6, 1), (5, 4), (3, 4, 3), (2, 3, 2, 4)]
CLASSES = [(5, 4), (7, 2), (3, 4, 3), (2, 3, 2, 5)]
IMAGES = [(4, 3, 3, 2), (2, 5, 1), (3, 6)]


def away_from_zero(rng, shape):
    y_true, y_pred = s.numbers(rng, shape)
    return y_true, y_pred + np.sign(y_pred - y_true) * 0.5  # next to 0 both lose their digits


def labels_for_ctc(rng, shape):
    batch, steps, classes = shape
    y = rng.integers(1, classes, (batch, steps // 3))
    y[np.arange(y.shape[1]) >= rng.integers(1, y.shape[1] + 1, batch)[:, None]] = 0
    return y, rng.normal(size=shape) * 2


def embeddings(rng, shape):
    x = rng.normal(size=shape)
    return rng.integers(0, 3, shape[0]), x / np.linalg.norm(x, axis=-1, keepdims=True)


def flat_indices(rng, shape):
    return rng.integers(0, shape[-1], shape[0]), s.probabilities(rng, shape)


def maybe_logits(plain, logits):
    """Draw what `from_logits` asks for."""
    return lambda rng, shape, from_logits: (logits if from_logits else plain)(rng, shape)


CROSS = {"from_logits": [False, True], "label_smoothing": [0.0, 0.1, 0.3]}
FOCAL = {"alpha": [0.25, 0.6], "gamma": [2.0, 0.5, 3.0]}

# Name of the class: draw, shapes, and the values of each argument.
ROWS = {
    "MeanSquaredError": (s.numbers, BINARY, {}),
    "MeanAbsoluteError": (s.numbers, BINARY, {}),
    "MeanAbsolutePercentageError": (s.numbers, BINARY, {}),
    "MeanSquaredLogarithmicError": (s.positive, BINARY, {}),
    "Huber": (s.numbers, BINARY, {"delta": [1.0, 0.2, 3.0]}),
    "LogCosh": (away_from_zero, BINARY, {}),
    "CosineSimilarity": (s.numbers, CLASSES, {"axis": [-1, 1]}),
    "Hinge": (s.signs, BINARY, {}),
    "SquaredHinge": (s.binary, BINARY, {}),
    "CategoricalHinge": (s.classes, CLASSES, {}),
    "KLDivergence": (s.distributions, CLASSES, {}),
    "Poisson": (s.positive, BINARY, {}),
    "BinaryCrossentropy": (
        maybe_logits(s.binary, s.binary), BINARY, {**CROSS, "axis": [-1, 1]},
    ),
    "BinaryFocalCrossentropy": (
        maybe_logits(s.binary, s.binary), BINARY,
        {**CROSS, **FOCAL, "apply_class_balancing": [False, True], "axis": [-1, 1]},
    ),
    "CategoricalCrossentropy": (
        maybe_logits(s.unscaled, s.class_logits), CLASSES, {**CROSS, "axis": [-1, -1, 1]},
    ),
    "CategoricalFocalCrossentropy": (
        maybe_logits(s.classes, s.class_logits), CLASSES, {**CROSS, **FOCAL},
    ),
    "SparseCategoricalCrossentropy": (
        maybe_logits(s.indices, s.index_logits), CLASSES[:3],
        {"from_logits": [False, True], "ignore_class": [None, None, 0, 1]},
    ),
    "CategoricalGeneralizedCrossEntropy": (flat_indices, [(6, 3), (4, 5)], {"q": [0.1, 0.5, 0.9]}),
    "Dice": (s.binary, IMAGES, {"axis": [None, -1, (0, 1)]}),
    "Tversky": (
        s.binary, IMAGES, {"alpha": [0.5, 0.3], "beta": [0.5, 0.8], "axis": [None, -1, (0, 1)]},
    ),
    "Circle": (
        embeddings, [(6, 4), (9, 3)],
        {"gamma": [80.0, 8.0], "margin": [0.4, 0.1], "remove_diagonal": [True, False]},
    ),
    "CTC": (labels_for_ctc, [(3, 9, 5), (2, 12, 4), (4, 7, 3)], {}),
}  # fmt: skip
FUNCTIONS = {
    f.__name__: f
    for _, f in inspect.getmembers(keras.losses, inspect.isfunction)
    if f.__name__ not in ("get", "serialize", "deserialize")
}
CLASS_OF = {
    "categorical_generalized_cross_entropy": "CategoricalGeneralizedCrossEntropy",
    "kl_divergence": "KLDivergence", "log_cosh": "LogCosh", "ctc": "CTC",
}  # fmt: skip
WHOLE = {"Dice", "Tversky", "CategoricalGeneralizedCrossEntropy"}  # whose masks Keras cannot join
# Sums of large terms that cancel: real Keras itself is that far from the result in float64.
TOLERANCE = {"Circle": 3e-5, "CTC": 1e-5}


def row_of(function):
    name = CLASS_OF.get(function) or "".join(p.capitalize() for p in function.split("_"))
    return name, ROWS[name]


def draw_case(rng, row, case):
    draw, shapes, options = row
    args = {k: v[rng.integers(len(v))] for k, v in options.items()}
    shape = shapes[case % len(shapes)]
    if "from_logits" in options:
        y_true, y_pred = draw(rng, shape, args["from_logits"])
    else:
        y_true, y_pred = draw(rng, shape)
    if args.get("axis") == 1 and options is ROWS["CategoricalCrossentropy"][2]:
        y_true, y_pred = (np.moveaxis(y, -1, 1) for y in (y_true, y_pred))
        if y_pred.shape[1] != y_pred.shape[-1]:  # Keras smooths by the size of the last axis
            args["label_smoothing"] = 0.0
    kind = rng.choice(["int64", "float32"]) if y_true.dtype == int else "float32"
    return args, y_true.astype(kind), y_pred.astype("float32")


def weight_and_mask(rng, values, args, maskable):
    """Weights of samples or of values, and a mask of the values, as real Keras can join them."""
    weight = mask = None
    if rng.random() < 0.5:
        shapes = [values, values[:1] + (1,) * (len(values) - 1), ()]
        which = 0 if args.get("ignore_class") is not None else rng.integers(3)
        weight = rng.uniform(0, 2, shapes[which]).astype("float32")
    if maskable and rng.random() < 0.4 and (weight is None or weight.shape == values):
        mask = rng.random(values) < 0.6
    return weight, mask


def outcome(lib, name, args, *call):
    try:
        return s.run(getattr(lib.losses, name)(**args), *call)
    except Exception as e:  # of real Keras: there is nothing to compare with
        return e


@pytest.mark.sweep
@pytest.mark.parametrize("name", ROWS)
def test_classes(name, figures):
    rng = np.random.default_rng(sum(map(ord, name)))
    with figures("losses", name) as seen:
        for case in range(60):
            args, y_true, y_pred = draw_case(rng, ROWS[name], case)
            args["reduction"] = s.REDUCTIONS[case % len(s.REDUCTIONS)]
            plain = {**args, "reduction": None}
            values = tuple(getattr(torchkeras.losses, name)(**plain)(y_true, y_pred).shape)
            weight, mask = weight_and_mask(rng, values, args, values and name not in WHOLE)
            call = y_true, y_pred, weight, mask
            what = f"{name}({args}) {y_pred.shape} weight={weight} mask={mask}"
            theirs = outcome(keras, name, args, *call)
            if isinstance(theirs, Exception):
                continue
            ours = s.run(getattr(torchkeras.losses, name)(**args), *call)
            atol = TOLERANCE.get(name, 1e-6)
            assert_close(list(ours), list(theirs), 1e-5, atol, what)
            seen.cases += 1


@pytest.mark.sweep
@pytest.mark.parametrize("name", FUNCTIONS)
def test_functions(name, figures):
    rng = np.random.default_rng(sum(map(ord, name)))
    cls, row = row_of(name)
    with figures("losses", f"{name}()") as seen:
        for case in range(40):
            args, y_true, y_pred = draw_case(rng, row, case)
            ours, theirs = getattr(torchkeras.losses, name), getattr(keras.losses, name)
            try:
                theirs(torch.tensor(y_true), torch.tensor(y_pred), **args)
            except Exception:
                continue
            check_function(
                lambda x, fn=ours, y=y_true, a=args: fn(torch.tensor(y), x, **a),
                lambda x, fn=theirs, y=y_true, a=args: fn(torch.tensor(y), x, **a),
                y_pred,
                atol=TOLERANCE.get(cls, 1e-6),
            )
            seen.cases += 1


def test_every_public_name_is_swept():
    classes = {c.__name__ for _, c in inspect.getmembers(keras.losses, inspect.isclass)}
    assert classes == {*ROWS, "Loss"}  # the base computes nothing
    assert {row_of(name)[0] for name in FUNCTIONS} <= set(ROWS)
    public = {n for n in dir(keras.losses) if n[0] != "_"}
    reached = {n for n in public if getattr(keras.losses, n).__name__ in (*classes, *FUNCTIONS)}
    assert public - reached == {"get", "serialize", "deserialize"}
