import keras
import numpy as np
import pytest
import torch
from losses.sweeping import (
    REDUCTIONS,
    binary,
    class_logits,
    classes,
    distributions,
    index_logits,
    indices,
    numbers,
    one_hot,
    positive,
    probabilities,
    run,
    signs,
    unscaled,
)  # fmt: skip

import torchkeras.losses
from oracle import assert_close, check_config, clear_names

CASES = [
    ("MeanSquaredError", {}, numbers),
    ("MeanAbsoluteError", {}, numbers),
    ("MeanAbsolutePercentageError", {}, numbers),
    ("MeanSquaredLogarithmicError", {}, positive),
    ("Huber", {}, numbers),
    ("Huber", {"delta": 0.3}, numbers),
    ("LogCosh", {}, numbers),
    ("CosineSimilarity", {}, numbers),
    ("Hinge", {}, signs),
    ("Hinge", {}, binary),
    ("SquaredHinge", {}, signs),
    ("SquaredHinge", {}, binary),
    ("CategoricalHinge", {}, classes),
    ("KLDivergence", {}, distributions),
    ("Poisson", {}, positive),
    ("BinaryCrossentropy", {}, binary),
    ("BinaryCrossentropy", {"label_smoothing": 0.2}, binary),
    ("BinaryCrossentropy", {"from_logits": True, "label_smoothing": 0.1}, signs),
    ("BinaryFocalCrossentropy", {}, binary),
    (
        "BinaryFocalCrossentropy",
        {"apply_class_balancing": True, "alpha": 0.4, "gamma": 1.5, "label_smoothing": 0.1},
        binary,
    ),
    ("BinaryFocalCrossentropy", {"from_logits": True}, binary),
    ("CategoricalCrossentropy", {}, classes),
    ("CategoricalCrossentropy", {}, unscaled),
    ("CategoricalCrossentropy", {"label_smoothing": 0.2}, classes),
    ("CategoricalCrossentropy", {"from_logits": True, "label_smoothing": 0.1}, class_logits),
    ("CategoricalFocalCrossentropy", {}, classes),
    (
        "CategoricalFocalCrossentropy",
        {"alpha": 0.5, "gamma": 3.0, "label_smoothing": 0.1, "from_logits": True},
        class_logits,
    ),
    ("SparseCategoricalCrossentropy", {}, indices),
    ("SparseCategoricalCrossentropy", {"from_logits": True}, index_logits),
    ("SparseCategoricalCrossentropy", {"ignore_class": 1}, indices),
    ("SparseCategoricalCrossentropy", {"ignore_class": 0, "from_logits": True}, index_logits),
]
IDS = [f"{n}-{'-'.join(map(str, a)) or 'plain'}-{f.__name__}" for n, a, f in CASES]


@pytest.mark.parametrize(("name", "args", "draw"), CASES, ids=IDS)
def test_values_and_gradients_equal_real_keras(name, args, draw):
    rng = np.random.default_rng(sum(map(ord, name)) + len(args))
    for case in range(30):
        shape = [(5, 4), (3, 4, 3), (7, 2), (2, 3, 2, 5), (6, 1)][case % 5]
        if shape[-1] == 1 and draw not in (numbers, positive, binary, signs):
            shape = (6, 3)
        if name.startswith("Sparse") and len(shape) == 4:
            shape = (2, 6, 5)  # Keras cannot differentiate its own 4-D case
        y_true, y_pred = draw(rng, shape)
        dtype = rng.choice(["float32", "float32", "float64"])
        if name == "LogCosh" and dtype == "float32":
            y_pred = y_pred + 1.0  # next to 0 both lose their digits
        y_pred = y_pred.astype(dtype)
        y_true = y_true.astype(rng.choice(["int64", "float32"]) if y_true.dtype == int else dtype)
        weight = mask = None
        if rng.random() < 0.5:
            shapes = [shape[:-1], (*shape[:-2], 1), ()] if len(shape) > 2 else [shape[:1]]
            which = 0 if "ignore_class" in args else rng.integers(len(shapes))
            weight = rng.uniform(0, 2, shapes[which]).astype("float32")
        if rng.random() < 0.4 and (
            weight is None or weight.shape == shape[:-1]
        ):  # else Keras fails
            mask = rng.random(shape[:-1]) < 0.6
        reduction = REDUCTIONS[case % len(REDUCTIONS)]
        kwargs = {**args, "reduction": reduction, "dtype": str(dtype)}
        ours = run(getattr(torchkeras.losses, name)(**kwargs), y_true, y_pred, weight, mask)
        theirs = run(getattr(keras.losses, name)(**kwargs), y_true, y_pred, weight, mask)
        what = f"case {case}: {shape} {kwargs} weight={weight} mask={mask}"
        assert ours[0].dtype == getattr(torch, dtype), what  # Keras's means lose float64
        theirs = (theirs[0].to(ours[0].dtype), theirs[1])
        assert_close(ours, theirs, 1e-5, 1e-6, what)


@pytest.mark.parametrize(("name", "args"), [(n, a) for n, a, _ in CASES])
def test_config_equals_real_keras_and_round_trips(name, args):
    clear_names()
    ours, theirs = (
        getattr(lib.losses, name)(**args, reduction="sum", name="mine")
        for lib in (torchkeras, keras)
    )
    lost = tuple(k for k in args if k not in theirs.get_config())  # Keras forgets delta, axis
    check_config(ours, theirs, ignore=lost)
    again = type(ours).from_config(ours.get_config())
    assert again.get_config() == ours.get_config()
    keras.losses.deserialize(torchkeras.losses.serialize(ours))
    back = torchkeras.losses.deserialize(keras.losses.serialize(theirs))
    assert type(back) is type(ours)


def test_default_configs_and_serialized_forms_equal_real_keras():
    for name in {n for n, _, _ in CASES} | {
        "Dice",
        "Tversky",
        "CategoricalGeneralizedCrossEntropy",
    }:
        ours, theirs = (getattr(lib.losses, name)() for lib in (torchkeras, keras))
        check_config(ours, theirs)
        a, b = torchkeras.losses.serialize(ours), keras.losses.serialize(theirs)
        assert {k: a[k] for k in a if k != "config"} == {k: b[k] for k in b if k != "config"}
        assert ours.name == theirs.name
        assert ours.reduction == theirs.reduction
        assert ours.dtype == theirs.dtype


def test_arguments_that_keras_forgets_are_kept():
    assert torchkeras.losses.Huber(delta=2.0).get_config()["delta"] == 2.0
    loss = torchkeras.losses.MeanSquaredError(dtype="float64")
    assert type(loss).from_config(loss.get_config()).dtype == "float64"
    assert torchkeras.losses.MeanSquaredError(dtype="mixed_bfloat16").dtype == "bfloat16"


@pytest.mark.parametrize("axis", [None, (1, 2)])
def test_overlap_losses_equal_real_keras(axis):
    rng = np.random.default_rng(0)
    y_true, y_pred = rng.integers(0, 2, (4, 3, 3, 2)).astype("float32"), rng.random((4, 3, 3, 2))
    for name, args in (("Dice", {}), ("Tversky", {"alpha": 0.3, "beta": 0.8})):
        for reduction in REDUCTIONS:
            made = [
                getattr(lib.losses, name)(axis=axis, reduction=reduction, **args)
                for lib in (torchkeras, keras)
            ]
            check_config(*made)
            assert_close(*(run(m, y_true, y_pred.astype("float32"), None, None) for m in made))


def test_generalized_cross_entropy_equals_real_keras():
    rng = np.random.default_rng(0)
    y_true, y_pred = rng.integers(0, 3, 8), probabilities(rng, (8, 3)).astype("float32")
    for q in (0.1, 0.5, 0.9):
        made = [
            lib.losses.CategoricalGeneralizedCrossEntropy(q=q, reduction=None)
            for lib in (torchkeras, keras)
        ]
        assert_close(*(run(m, y_true, y_pred, None, None) for m in made))
    with pytest.raises(ValueError, match=r"q must be a number in \(0, 1\). Received: q=1"):
        torchkeras.losses.CategoricalGeneralizedCrossEntropy(q=1)
    with pytest.raises(ValueError, match="label 7 at position 0"):
        torchkeras.losses.CategoricalGeneralizedCrossEntropy()(torch.tensor([7]), torch.rand(1, 3))


def test_axes_other_than_the_last():
    rng = np.random.default_rng(0)
    logits = rng.normal(size=(2, 3, 4)).astype("float32")
    hot = np.moveaxis(one_hot(rng, (2, 4, 3)), -1, 1).astype("float32")
    for name, y_true in (("SparseCategorical", hot.argmax(1)), ("Categorical", hot)):
        for from_logits, pred in ((True, logits), (False, np.exp(logits))):
            args = {"axis": 1, "from_logits": from_logits}
            made = [
                getattr(lib.losses, f"{name}Crossentropy")(**args) for lib in (torchkeras, keras)
            ]
            assert_close(*(run(m, y_true, pred, None, None) for m in made))
    made = [lib.losses.CosineSimilarity(axis=1, reduction=None) for lib in (torchkeras, keras)]
    assert_close(*(run(m, hot, logits, None, None) for m in made))


class Cubic:
    def call(self, y_true, y_pred):
        return (abs(y_true - y_pred) ** 3).mean(-1)


def test_subclass_with_call():
    made = [type("Cubic", (Cubic, lib.losses.Loss), {}) for lib in (torchkeras, keras)]
    clear_names()
    ours, theirs = (cls(reduction="sum") for cls in made)
    assert ours.name == theirs.name == "cubic"
    y_true, y_pred = np.zeros((3, 2), "float32"), np.arange(6, dtype="float32").reshape(3, 2)
    weight = np.array([1.0, 0.0, 2.0], "float32")
    assert_close(*(run(m, y_true, y_pred, weight, None) for m in (ours, theirs)))


def test_subclass_of_a_built_in_loss_with_its_own_call_is_heard():
    class Twice(torchkeras.losses.MeanSquaredError):
        def call(self, y_true, y_pred):
            return 2 * super().call(y_true, y_pred)

    assert float(Twice()(torch.zeros(2, 1), torch.ones(2, 1))) == 2.0


def test_subclass_arguments_are_in_its_config():
    class Scaled(torchkeras.losses.Loss):
        def __init__(self, scale, **kwargs):
            super().__init__(**kwargs)
            self.scale = scale

        def call(self, y_true, y_pred):
            return self.scale * (y_true - y_pred)

    config = Scaled(3.0, name="s").get_config()
    assert config == {"scale": 3.0, "name": "s", "reduction": "sum_over_batch_size"}
    assert Scaled.from_config(config).scale == 3.0


def test_structures_of_targets_and_outputs():
    class Sum(torchkeras.losses.Loss):
        def call(self, y_true, y_pred):
            return (y_true["a"] - y_pred["a"]) ** 2 + y_pred["b"][0]

    value = Sum()({"a": np.ones((2, 1))}, {"a": torch.zeros(2, 1), "b": [np.ones((2, 1))]})
    assert float(value) == 2.0


def test_plain_lists_are_arrays():
    loss = torchkeras.losses.MeanSquaredError(reduction=None)
    assert loss([[0.0, 2.0], [1.0, 1.0]], [[1, 2], [1, 3]]).tolist() == [0.5, 2.0]
    assert float(torchkeras.losses.SparseCategoricalCrossentropy()([1], [[0.0, 1.0]])) < 1e-6


def test_errors():
    torchkeras.config.set_legacy_mode("off")  # else "auto" is that of Keras 2
    with pytest.raises(
        ValueError, match=r"MeanSquaredError: reduction must be one of .*reduction='auto'"
    ):
        torchkeras.losses.MeanSquaredError(reduction="auto")
    with pytest.raises(NotImplementedError, match="Loss: a loss must define call"):
        torchkeras.losses.Loss()([1.0], [2.0])
    with pytest.raises(ValueError, match=r"label_smoothing must be a number in \[0, 1\]"):
        torchkeras.losses.BinaryCrossentropy(label_smoothing=1.5)


def test_half_precision_outputs_are_computed_in_float32():
    y_true, y_pred = torch.zeros(4, 1), torch.full((4, 1), 0.1, dtype=torch.bfloat16)
    value = torchkeras.losses.MeanSquaredError()(y_true, y_pred)
    assert value.dtype == torch.float32
    assert float(value) == pytest.approx(float(y_pred[0, 0]) ** 2, rel=1e-6)


def test_root_mean_squared_error_is_of_the_batch():
    loss = torchkeras.losses.get("rmse")
    assert loss.name == "root_mean_squared_error"
    y_pred = torch.tensor([[1.0], [7.0]], requires_grad=True)
    value = loss(torch.zeros(2, 1), y_pred)
    value.backward()
    assert value.item() == 5.0
    assert y_pred.grad.flatten().tolist() == pytest.approx([0.1, 0.7])
    exact = torch.zeros(2, 1, requires_grad=True)
    loss(torch.zeros(2, 1), exact).backward()
    assert exact.grad.tolist() == [[0.0], [0.0]]
    weighted = loss(torch.zeros(2, 1), torch.ones(2, 1), sample_weight=[4.0, 4.0])
    assert float(weighted) == 2.0
