import keras
import numpy as np
import pytest
import torch
from keras.src.trainers import compile_utils

import torchkeras
from oracle import assert_close
from torchkeras.training.compile_loss import CompileLoss

rng = np.random.default_rng(0)


def tensor(*shape):
    return torch.tensor(rng.uniform(0.05, 0.95, shape).astype("f4"))


A, B, C = (tensor(6, 3), tensor(6, 2), tensor(6, 1))  # outputs
TA, TB, TC = (tensor(6, 3), tensor(6, 2), (tensor(6, 1) > 0.5).float())  # their targets
IDS = torch.tensor([0, 1, 2, 1, 0, 2])
HOT = torch.nn.functional.one_hot(IDS, 3).float()
W1, W2 = torch.tensor([1.0, 0.0, 2.0, 0.5, 1.0, 3.0]), torch.tensor([0.0, 1.0, 1.0, 0.0, 2.0, 1.0])

NESTED = ({"x": [TA, {"q": TB}], "y": TA}, {"x": [A, {"q": B}], "y": A})
PAIR, NAMES = ([TA, TB], [A, B]), ["a", "b"]
DICT = ({"a": TA, "b": TB}, {"a": A, "b": B})

# targets, outputs, loss, loss_weights, sample_weight, output names
LOSSES = {
    "name": (TA, A, "mse", None, None, None),
    "weight": (TA, A, "mse", 2.0, None, None),
    "weight list": (TA, A, "mse", [2.0], None, None),
    "weight dict": (TA, A, "mse", {"a": 2.0}, None, ["a"]),
    "list of one": (TA, A, ["mse"], None, None, ["a"]),
    "dict of one": (TA, A, {"a": "mse"}, None, None, ["a"]),
    "list of targets": ([TA], A, "mse", None, None, None),
    "sample weights": (TA, A, "mse", None, W1, None),
    "function": (TA, A, lambda t, p: (t - p).abs().mean(-1), None, W1, None),
    "function of all": (TA, A, lambda t, p: (t - p).abs().mean(), None, None, None),
    "class": (IDS, A, "crossentropy", None, None, None),
    "onehot": (HOT, A, "crossentropy", None, None, None),
    "binary": (TC, C, "crossentropy", None, None, None),
    "shared name": (*PAIR, "mse", None, None, NAMES),
    "shared name, no names": (*PAIR, "mse", None, None, None),
    "list": (*PAIR, ["mse", "mae"], None, None, NAMES),
    "list, no names": (*PAIR, ["mse", "mae"], None, None, None),
    "list with weights": (*PAIR, ["mse", "mae"], [1.0, 10.0], None, NAMES),
    "list with dict of weights": (*PAIR, ["mse", "mae"], {"a": 1.0, "b": 10.0}, None, NAMES),
    "weight of 0": (*PAIR, ["mse", "mae"], [1, 0], None, NAMES),
    "list with None": (*PAIR, ["mse", None], None, None, NAMES),
    "list with None, weights": (*PAIR, ["mse", None], [2.0, 3.0], None, NAMES),
    "list with None, None weight": (*PAIR, ["mse", None], [2.0, None], None, NAMES),
    "no target without a loss": ([TA, None], [A, B], ["mse", None], None, None, NAMES),
    "dict by names": (*PAIR, {"a": "mse", "b": "mae"}, None, None, NAMES),
    "dict of targets by names": (DICT[0], [A, B], {"a": "mse", "b": "mae"}, None, None, NAMES),
    "dict": (*DICT, {"a": "mse", "b": "mae"}, None, None, None),
    "dict turned": (*DICT, {"b": "mae", "a": "mse"}, None, None, None),
    "dict, shared name": (*DICT, "mse", None, None, None),
    "dict in part": (*DICT, {"b": "mae"}, None, None, None),
    "dict of targets in part": ({"b": TB}, DICT[1], {"b": "mae"}, None, None, None),
    "dict with weights": (*DICT, {"a": "mse", "b": "mae"}, {"a": 1, "b": 10}, None, None),
    "weights of samples": (*PAIR, ["mse", "mae"], None, [W1, W2], NAMES),
    "weights of some samples": (*PAIR, ["mse", "mae"], None, [W1, None], NAMES),
    "weights for all": (*PAIR, ["mse", "mae"], None, W1, NAMES),
    "dict of sample weights": (*DICT, {"a": "mse", "b": "mae"}, None, {"a": W1, "b": W2}, None),
    "tuples": ((TA, TB), (A, B), ("mse", "mae"), None, None, NAMES),
    "nested": (*NESTED, {"x": ["mse", {"q": "mae"}], "y": "mse"}, None, None, None),
    "nested weights": (
        *NESTED, {"x": ["mse", {"q": "mae"}], "y": "mse"}, {"x": [1, {"q": 2}], "y": 3}, None, None,
    ),
    "flat weights": (*NESTED, {"x": ["mse", {"q": "mae"}], "y": "mse"}, [1, 2, 3], None, None),
    "nested, shared name": (*NESTED, "mse", None, None, None),
}  # fmt: skip


def run(cls, case):
    y_true, y_pred, loss, weights, sample_weight, names = case
    made = cls(loss, weights, output_names=names)
    total = made(y_true, y_pred, sample_weight)
    again = made(y_true, y_pred, sample_weight)
    assert_close(again, total)
    return total, {m.name: m.result() for m in made.metrics}


@pytest.mark.parametrize("case", LOSSES.values(), ids=LOSSES)
def test_losses_equal_real_keras(case):
    ours, theirs = run(CompileLoss, case), run(compile_utils.CompileLoss, case)
    if len(ours[1]) != len(theirs[1]):  # Keras gives two trackers without names one name
        ours, theirs = ours[0], theirs[0]
    assert_close(ours, theirs)


@pytest.mark.parametrize("form", ["instance", "class", "class name", "config"])
def test_forms_of_a_loss(form):
    loss = {
        "instance": torchkeras.losses.MeanSquaredError(name="zz"),
        "class": torchkeras.losses.MeanSquaredError,
        "class name": "MeanSquaredError",
        "config": torchkeras.losses.MeanSquaredError(),
    }[form]
    assert_close(CompileLoss(loss)(TA, A), torchkeras.losses.mean_squared_error(TA, A).mean())
    named = CompileLoss([torchkeras.losses.MeanSquaredError(name="zz"), "mae"])
    named([TA, TB], [A, B])
    assert [m.name for m in named.metrics] == ["zz_loss", "mae_loss"]


def test_several_losses_of_one_output_are_summed_and_named():
    # Real Keras forgets all but the first here.
    mse = torchkeras.losses.mean_squared_error(TA, A).mean()
    mae = torchkeras.losses.mean_absolute_error(TA, A).mean()
    for names, keys in ((None, ["mse_loss", "mae_loss"]), (["a"], ["a_mse_loss", "a_mae_loss"])):
        made = CompileLoss(["mse", "mae"], [1.0, 10.0], output_names=names)
        assert_close(made(TA, A), mse + 10 * mae)
        assert [m.name for m in made.metrics] == keys
        assert_close([m.result() for m in made.metrics], [mse, mae])
    made = CompileLoss(
        {"a": ["mse", "mae"], "b": "mae"}, {"a": [1.0, 2.0], "b": 3.0}, output_names=NAMES
    )
    b = torchkeras.losses.mean_absolute_error(TB, B).mean()
    assert_close(made([TA, TB], [A, B]), mse + 2 * mae + 3 * b)
    assert [m.name for m in made.metrics] == ["a_mse_loss", "a_mae_loss", "b_loss"]


def test_what_real_keras_does_not_take():
    mse = torchkeras.losses.mean_squared_error(TA, A).mean()
    mae = torchkeras.losses.mean_absolute_error(TB, B).mean()
    # a dict of one loss for a model without names, a dict in part for a list of outputs
    assert_close(CompileLoss({"a": "mse"})(TA, A), mse)
    assert_close(CompileLoss({"b": "mae"}, output_names=NAMES)([TA, TB], [A, B]), mae)
    assert_close(CompileLoss({"b": "mae"}, output_names=NAMES)([None, TB], [A, B]), mae)
    # one weight for all, weights in part
    made = CompileLoss(["mse", "mae"], 3.0, output_names=NAMES)
    assert_close(made([TA, TB], [A, B]), 3 * (mse + mae))
    made = CompileLoss({"a": "mse", "b": "mae"}, {"b": 10.0}, output_names=NAMES)
    assert_close(made([TA, TB], [A, B]), mse + 10 * mae)
    # sample weights by name for a list of outputs
    made = CompileLoss(["mse", "mae"], output_names=NAMES)
    named = made([TA, TB], [A, B], {"a": W1, "b": W2})
    assert_close(named, made([TA, TB], [A, B], [W1, W2]))
    # a single value a sample
    assert CompileLoss(torchkeras.losses.MeanSquaredError(reduction=None))(TA, A).ndim == 0


def test_trackers_weight_batches_by_their_size():
    results = []
    for cls in (CompileLoss, compile_utils.CompileLoss):
        made = cls(["mse", "mae"], output_names=NAMES)
        made([TA, TB], [A, B])
        made([TA[:2], TB[:2]], [B[:2].repeat(1, 2)[:, :3], A[:2, :2]])
        results.append({m.name: m.result() for m in made.metrics})
    assert_close(*results)


def test_losses_of_torch():
    for given in (torch.nn.MSELoss, torch.nn.MSELoss()):
        assert_close(CompileLoss(given)(TA, A), torch.nn.functional.mse_loss(A, TA))
    made = CompileLoss([torch.nn.MSELoss(), torch.nn.L1Loss()])
    made([TA, TB], [A, B])
    assert [m.name for m in made.metrics] == ["mse_loss_loss", "l1_loss_loss"]


def test_unknown_losses_are_refused_at_once():
    with pytest.raises(ValueError, match=r"Unknown loss: 'mean_square_error'. Did you mean"):
        CompileLoss({"a": "mean_square_error"})
    with pytest.raises(
        ValueError, match=r"loss must be a name, function or Loss.* Received: loss=5"
    ):
        CompileLoss([5])
    with pytest.raises(ValueError, match=r"loss_weights must be a number, or a list or dict"):
        CompileLoss("mse", "x")


@pytest.mark.parametrize(
    ("y_true", "y_pred", "loss", "weights", "names", "message"),
    [
        ([TA], [A, B], ["mse", "mae"], None, NAMES, r"y_true must have .* \[\*, \*\]"),
        (TA, [A, B], ["mse", "mae"], None, NAMES, r"Received: y_true=\*"),
        ([TA, TB], [A, B], {"a": "mse", "c": "mae"}, None, NAMES, r"keys from \['a', 'b'\]"),
        ([TA, TB], [A, B], ["mse"], None, NAMES, r"loss must have the form of the outputs"),
        ([TA, TB], [A, B], ["mse"] * 3, None, NAMES, r"Received: loss=\['mse', 'mse', 'mse'\]"),
        ([TA, TB], [A, B], "mse", [1.0], NAMES, r"loss_weights must have the form"),
        ([TA, TB], [A, B], "mse", {"q": 1.0}, NAMES, r"loss_weights must have the form"),
        (TA, A, "mse", [1.0, 2.0], None, r"as many numbers .* 1 for the output"),
        (*DICT, {"z": "mse"}, None, None, r"\['a', 'b'\]. Received: loss={'z': 'mse'}"),
        ({"a": TA, "q": TB}, DICT[1], "mse", None, None, r"Received: y_true={'a': \*, 'q': \*}"),
        (TA, A, {"a": "mse", "b": "mse"}, None, None, r"loss must have the form .* \*"),
        ([TA, None], [A, B], ["mse", "mae"], None, NAMES, r"output 'b' has a loss"),
        (None, A, "mse", None, None, r"has a loss, so it needs targets"),
        ([TA, TB], [A, B], [None, None], None, NAMES, r"at least one output must have a loss"),
    ],
)  # fmt: skip
def test_structures_that_do_not_fit(y_true, y_pred, loss, weights, names, message):
    made = CompileLoss(loss, weights, output_names=names)
    with pytest.raises(ValueError, match=message) as caught:
        made(y_true, y_pred)
    assert len(caught.value.args) == 1


def test_targets_missing_in_a_later_batch():
    made = CompileLoss("mse")
    made(TA, A)
    with pytest.raises(ValueError, match="has a loss, so it needs targets"):
        made(None, A)


@pytest.mark.parametrize(
    ("loss", "y_true", "y_pred"),
    [
        ("mse", C, B),
        ("mse", IDS.float(), A),
        ("mae", TA, B),
        ("hinge", TA, B),
        (torchkeras.losses.Huber(), TC, A),
        ("sparse_categorical_crossentropy", HOT, A),
        ("categorical_crossentropy", IDS, A),
        ("binary_crossentropy", TC, A),
    ],
)
def test_targets_are_never_broadcast(loss, y_true, y_pred):
    with pytest.raises(ValueError, match=r"y_true.shape=.* y_pred.shape=") as caught:
        CompileLoss(loss)(y_true, y_pred)
    assert str(tuple(y_true.shape)) in str(caught.value)
    assert str(tuple(y_pred.shape)) in str(caught.value)


def test_logs_of_fit_equal_real_keras():
    x = np.random.default_rng(0).normal(size=(10, 3)).astype("f4")
    y = {"a": x[:, :1], "b": (x[:, 1] > 0).astype("int64")}
    found = []
    for lib in (torchkeras, keras):
        inputs = lib.Input((3,))
        a = lib.layers.Dense(1, name="a", kernel_initializer="ones")(inputs)
        b = lib.layers.Dense(2, name="b", kernel_initializer="ones", activation="softmax")(inputs)
        model = lib.Model(inputs, [a, b])
        model.compile(
            lib.optimizers.SGD(0.01),
            {"a": "mse", "b": "sparse_categorical_crossentropy"},
            loss_weights={"a": 1.0, "b": 2.0},
            metrics={"a": ["mse"], "b": ["accuracy"]},
            weighted_metrics={"a": ["mae", "mse"]},
        )
        history = model.fit(x, y, batch_size=4, epochs=2, shuffle=False, verbose=0)
        logs = model.evaluate(x, y, batch_size=4, verbose=0, return_dict=True)
        found.append(({k: np.array(v) for k, v in history.history.items()}, logs))
    assert_close(found[0][0], found[1][0])
    assert_close(found[0][1], found[1][1])
