import keras
import numpy as np
import pytest
import torch
from keras.src.trainers import compile_utils
from oracle import assert_close

import torchkeras
from torchkeras.training.compile import CompileLoss, CompileMetrics, member_of_family

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


@pytest.mark.parametrize(
    ("module", "y_true", "y_pred"),
    [
        (torch.nn.MSELoss(), TA, A),
        (torch.nn.MSELoss, TA.double(), A),
        (torch.nn.CrossEntropyLoss(), IDS, A),
        (torch.nn.CrossEntropyLoss(), IDS[:, None].int(), A),
        (torch.nn.CrossEntropyLoss(reduction="sum"), HOT, A),
        (torch.nn.BCELoss(), TC.long(), C),
    ],
)
def test_losses_of_torch_are_called_as_torch_calls_them(module, y_true, y_pred):
    made = CompileLoss(module)
    module = module() if isinstance(module, type) else module
    target = y_true
    if isinstance(module, torch.nn.CrossEntropyLoss):
        target = IDS if module.reduction == "mean" else HOT
    assert_close(
        made(y_true, y_pred),
        module(
            y_pred,
            target.to(y_pred.dtype)
            if target.dtype != torch.long or isinstance(module, torch.nn.BCELoss)
            else target,
        ),
    )
    weighted = made(y_true, y_pred, torch.ones(6))
    assert_close(weighted, made(y_true, y_pred))
    single = made(y_true, y_pred, torch.tensor([6.0, 0, 0, 0, 0, 0]))
    first = module(
        y_pred[:1],
        target[:1].to(y_pred.dtype)
        if target.dtype != torch.long or isinstance(module, torch.nn.BCELoss)
        else target[:1],
    )
    assert_close(single, first * (6 if module.reduction == "sum" else 1))


def test_unknown_losses_are_refused_at_once():
    with pytest.raises(ValueError, match=r"Unknown loss: 'mean_square_error'. Did you mean"):
        CompileLoss({"a": "mean_square_error"})
    with pytest.raises(
        ValueError, match="loss must be a name, function or Loss.* Received: loss=5"
    ):
        CompileLoss([5])
    with pytest.raises(ValueError, match="loss_weights must be a number, or a list or dict"):
        CompileLoss("mse", "x")


@pytest.mark.parametrize(
    ("y_true", "y_pred", "loss", "weights", "names", "message"),
    [
        ([TA], [A, B], ["mse", "mae"], None, NAMES, r"y_true must have the form of the outputs, \[\*, \*\]"),
        (TA, [A, B], ["mse", "mae"], None, NAMES, r"Received: y_true=\*"),
        ([TA, TB], [A, B], {"a": "mse", "c": "mae"}, None, NAMES, r"a dict with keys from \['a', 'b'\]"),
        ([TA, TB], [A, B], ["mse"], None, NAMES, r"loss must have the form of the outputs"),
        ([TA, TB], [A, B], ["mse"] * 3, None, NAMES, r"Received: loss=\['mse', 'mse', 'mse'\]"),
        ([TA, TB], [A, B], "mse", [1.0], NAMES, r"loss_weights must have the form"),
        ([TA, TB], [A, B], "mse", {"q": 1.0}, NAMES, r"loss_weights must have the form"),
        (TA, A, "mse", [1.0, 2.0], None, r"loss_weights must hold as many numbers .* 1 for the output"),
        (*DICT, {"z": "mse"}, None, None, r"keys from \['a', 'b'\]. Received: loss={'z': 'mse'}"),
        ({"a": TA, "q": TB}, DICT[1], "mse", None, None, r"Received: y_true={'a': \*, 'q': \*}"),
        (TA, A, {"a": "mse", "b": "mse"}, None, None, r"loss must have the form of the outputs, \*"),
        ([TA, None], [A, B], ["mse", "mae"], None, NAMES, r"the output 'b' has a loss, so it needs targets"),
        (None, A, "mse", None, None, r"has a loss, so it needs targets"),
        ([TA, TB], [A, B], [None, None], None, NAMES, r"at least one output must have a loss"),
    ],
)  # fmt: skip
def test_structures_that_do_not_fit(y_true, y_pred, loss, weights, names, message):
    made = CompileLoss(loss, weights, output_names=names)
    with pytest.raises(ValueError, match=message) as caught:
        made(y_true, y_pred)
    assert len(caught.value.args) == 1


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
    with pytest.raises(ValueError, match="y_true.shape=.* y_pred.shape=") as caught:
        CompileLoss(loss)(y_true, y_pred)
    assert str(tuple(y_true.shape)) in str(caught.value)
    assert str(tuple(y_pred.shape)) in str(caught.value)


def test_check_targets_looks_at_all_of_them_before_training():
    labels = np.zeros(3_000_000, "int64")
    labels[2_999_999] = 7
    made = CompileLoss("sparse_categorical_crossentropy")
    with pytest.raises(
        ValueError, match=r"\[0, 3\) for 3 classes. Received: label 7 at position 2999999"
    ):
        made.check_targets(labels, (None, 3))
    made.check_targets(labels[:-1], (None, 3))
    made.check_targets(labels, (None, None))
    made.check_targets(labels, None)
    made.check_targets(labels[:5, None], (None, 3))
    with pytest.raises(ValueError, match=r"label nan at position \(1, 0\)"):
        CompileLoss("bce").check_targets(np.array([[0.0], [np.nan]]), (None, 1))
    with pytest.raises(ValueError, match="label 2 at position"):
        logits = torchkeras.losses.BinaryCrossentropy(from_logits=True)
        CompileLoss(logits).check_targets(torch.tensor([[1], [2]]), (None, 1))
    with pytest.raises(ValueError, match=r"targets of the output 'b' .*y_true.shape=\(None, 1\)"):
        CompileLoss(["mse", "mse"], output_names=NAMES).check_targets(
            [np.zeros((4, 3)), np.zeros((4, 1))], [(None, 3), (None, 2)]
        )
    CompileLoss({"a": "mse"}, output_names=NAMES).check_targets(
        {"a": np.zeros((4, 3))}, [(None, 3), (None, 2)]
    )
    ignored = torchkeras.losses.SparseCategoricalCrossentropy(ignore_class=-1)
    CompileLoss(ignored).check_targets(np.array([-1, 2]), (None, 3))
    CompileLoss(lambda t, p: t - p).check_targets(np.array(["a", "b"], object), (None, 3))


def test_labels_of_the_first_batch_are_checked_with_logits_too():
    loss = torchkeras.losses.BinaryCrossentropy(from_logits=True)
    with pytest.raises(ValueError, match=r"labels must be in \[0, 1\]. Received: label 2.0"):
        CompileLoss(loss)(torch.tensor([[2.0]]), torch.tensor([[0.3]]))


# -------------------------------------------------------------------------------------- metrics


def mine(y_true, y_pred):
    return abs(y_true - y_pred).mean(-1)


# targets, outputs, metrics, weighted metrics, sample weight, names
METRICS = {
    "words": (TA, A, ["mse", "MAE", "mean_squared_error", "categorical_accuracy"], None, None, None),
    "function": (TA, A, [mine, mine], [mine], W1, None),
    "lambda": (TA, A, [lambda t, p: abs(t - p).mean(-1)], None, None, None),
    "weighted": (HOT, A, ["accuracy", "mse"], ["accuracy", "mse"], W1, None),
    "weighted, no weights": (HOT, A, ["accuracy"], ["accuracy", "mse"], None, None),
    "only weighted": (HOT, A, None, ["accuracy"], W1, None),
    "twice": (HOT, A, ["accuracy", "accuracy"], ["accuracy", "accuracy"], W1, None),
    "none": (HOT, A, None, None, None, None),
    "empty": (HOT, A, [], None, None, None),
    "dict of one": (HOT, A, {"a": "accuracy"}, None, None, ["a"]),
    "list of lists": (HOT, A, [["accuracy", "mse"]], None, None, ["a"]),
    "names": (HOT, A, ["accuracy", "mse"], None, None, ["a"]),
    "list of one": ([HOT], [A], ["accuracy", "mse"], None, None, ["a"]),
    "flat": (*PAIR, ["accuracy", "mse"], None, None, NAMES),
    "flat, no names": (*PAIR, ["accuracy", "mse"], None, None, None),
    "lists": (*PAIR, [["accuracy"], ["mse", "mae"]], None, None, NAMES),
    "same lists, no names": (*PAIR, [["mae"], ["mae"]], [["mae"], ["mae"]], W1, None),
    "empty list": (*PAIR, [[], ["mse", "mae"]], None, None, NAMES),
    "None": (*PAIR, [None, ["mse", "mae"]], None, None, NAMES),
    "mixed": (*PAIR, ["acc", ["mse", "mae"]], None, None, NAMES),
    "dict by names": (*PAIR, {"a": "accuracy", "b": ["mse", "mae"]}, None, None, NAMES),
    "dict in part": (*PAIR, {"b": ["accuracy"]}, None, None, NAMES),
    "dict with None": (*PAIR, {"a": None, "b": ["accuracy"]}, None, None, NAMES),
    "dict": (*DICT, {"a": ["accuracy"], "b": ["accuracy", "mse"]}, None, None, NAMES),
    "dict turned": (*DICT, {"b": ["accuracy"], "a": ["accuracy", "mse"]}, None, None, None),
    "weighted lists": (
        *PAIR, [["mae"], ["mse"]], [["mae", "mae"], ["mse", "mae"]], [W1, W2], NAMES,
    ),
    "weighted for all": (*PAIR, [["mae"], ["mse"]], [["mae"], ["mse"]], W1, NAMES),
    "weighted dict": (*DICT, None, {"a": ["mse"], "b": ["mae"]}, {"a": W1, "b": W2}, None),
    "nested": (*NESTED, {"x": ["acc", {"q": "mae"}], "y": "mse"}, None, None, None),
    "nested, same": (*NESTED, {"x": ["mae", {"q": "mae"}], "y": "mae"}, None, None, None),
}  # fmt: skip


def run_metrics(cls, case):
    y_true, y_pred, metrics, weighted, sample_weight, names = case
    made = cls(metrics, weighted, output_names=names)
    for _ in range(2):
        made.update_state(y_true, y_pred, sample_weight=sample_weight)
    first = made.result()
    made.reset_state()
    return first, made.result(), [type(m).__name__ for m in made.metrics], len(made.variables)


@pytest.mark.parametrize("case", METRICS.values(), ids=METRICS)
def test_metrics_equal_real_keras(case):
    ours, theirs = (
        run_metrics(CompileMetrics, case),
        run_metrics(compile_utils.CompileMetrics, case),
    )
    assert_close(ours[0], theirs[0])
    assert_close(ours[1], theirs[1])
    assert list(ours[0]) == list(theirs[0])
    assert ours[2:] == theirs[2:]


SHAPES = [
    (IDS, A), (IDS[:, None], A), (HOT, A), (HOT.int(), A), (TC, C), (TC[:, 0], C), (TC, B),
    (torch.stack([IDS, IDS]), torch.stack([A, A])),
    (torch.stack([HOT, HOT]), torch.stack([A, A])),
    (torch.stack([TC[:, 0]] * 2), torch.stack([C, C])),
]  # fmt: skip


@pytest.mark.parametrize("word", ["accuracy", "acc"])
@pytest.mark.parametrize("pair", SHAPES, ids=lambda p: f"{tuple(p[0].shape)}-{tuple(p[1].shape)}")
def test_accuracy_is_the_one_of_the_shapes(word, pair):
    found = []
    for cls in (CompileMetrics, compile_utils.CompileMetrics):
        made = cls([word], None)
        made.update_state(*pair)
        found.append((made.result(), [type(m).__name__ for m in made.metrics]))
    assert_close(found[0][0], found[1][0])
    assert found[0][1] == found[1][1]


def test_crossentropy_is_the_one_of_the_shapes():
    for word in ("crossentropy", "ce"):
        made = CompileMetrics([word], None)
        made.update_state(IDS, A)
        want = torchkeras.losses.sparse_categorical_crossentropy(IDS, A).mean()
        assert_close(made.result(), {word: want})
    assert member_of_family("ce", TC, C) == "binary_crossentropy"
    assert member_of_family("acc", TC[:, 0], C[:, 0]) == "binary_accuracy"
    assert member_of_family("accuracy", HOT, A) == "categorical_accuracy"


def test_forms_of_a_metric():
    m = torchkeras.metrics
    own = m.MeanSquaredError(name="own")
    made = CompileMetrics(
        [own, m.MeanSquaredError, torchkeras.losses.MeanAbsoluteError(), "huber", "AUC", "auc"],
        None,
    )
    made.update_state((TA > 0.5).float(), A)
    assert list(made.result()) == [
        "own", "mean_squared_error", "mean_absolute_error", "huber", "AUC", "auc",
    ]  # fmt: skip
    assert made.metrics[0] is own
    assert len(made.metrics) == 6


def test_objects_of_other_libraries():
    class Streaming:
        def __init__(self):
            self.seen = []

        def update(self, preds, target):
            assert not preds.requires_grad
            self.seen.append((preds > 0.5).eq(target).float().mean())

        def compute(self):
            return torch.stack(self.seen).mean()

        def reset(self):
            self.seen.clear()

    made = CompileMetrics([Streaming(), "accuracy"], None)
    outputs = C.clone().requires_grad_()
    made.update_state(TC, outputs)
    result = made.result()
    assert list(result) == ["streaming", "accuracy"]
    assert_close(result["streaming"], result["accuracy"])
    made.reset_state()
    assert made.metrics[0].metric.seen == []
    weighted = CompileMetrics(None, [Streaming()])
    with pytest.raises(ValueError, match="takes no sample weights"):
        weighted.update_state(TC, C, W1)


def test_a_dict_of_results_gives_its_own_names():
    class Two(torchkeras.metrics.Metric):
        def update_state(self, y_true, y_pred, sample_weight=None):
            pass

        def result(self):
            return {"k": torch.tensor(1.0), "l": torch.tensor(2.0)}

    made = CompileMetrics([Two(), "mae"], None)
    made.update_state(TA, A)
    assert list(made.result()) == ["k", "l", "mae"]


def test_nothing_is_built_before_the_first_batch():
    made = CompileMetrics(["accuracy"], ["mse"])
    assert made.metrics == made.variables == []
    assert made.result() == {}
    made.reset_state()
    assert made.name == "compile_metrics"
    assert not made.built


def test_metrics_that_are_refused():
    with pytest.raises(ValueError, match=r"Unknown metric: 'acuracy'. Did you mean"):
        CompileMetrics(["acuracy"], None)
    with pytest.raises(
        ValueError, match="metrics must be a list, tuple or dict. Received: metrics="
    ):
        CompileMetrics("accuracy", None)
    with pytest.raises(ValueError, match="weighted_metrics must be a list, tuple or dict"):
        CompileMetrics(None, 5)
    with pytest.raises(ValueError, match="metrics must hold names, functions or metrics"):
        CompileMetrics([5], None)
    for metrics in (["mse"], [["mse"]] * 3, {"c": "mse"}):
        with pytest.raises(ValueError, match="metrics must have the form of the outputs"):
            CompileMetrics(metrics, None, output_names=NAMES).update_state([TA, TB], [A, B])


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
