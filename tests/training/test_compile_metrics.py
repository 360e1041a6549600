import numpy as np
import pytest
import torch
from keras.src.trainers import compile_utils

import torchkeras
from oracle import assert_close
from torchkeras.training.compile_metrics import CompileMetrics
from torchkeras.training.words import member_of_family

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


def mine(y_true, y_pred):
    return abs(y_true - y_pred).mean(-1)


# targets, outputs, metrics, weighted metrics, sample weight, names
METRICS = {
    "words": (TA, A, ["mse", "MAE", "mean_squared_error", "acc"], None, None, None),
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
    with pytest.raises(ValueError, match=r"takes no sample weights"):
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
        ValueError, match=r"metrics must be a list, tuple or dict. Received: metrics="
    ):
        CompileMetrics("accuracy", None)
    with pytest.raises(ValueError, match=r"weighted_metrics must be a list, tuple or dict"):
        CompileMetrics(None, 5)
    with pytest.raises(ValueError, match=r"metrics must hold names, functions or metrics"):
        CompileMetrics([5], None)
    for metrics in ([["mse"]] * 3, {"c": "mse"}):
        with pytest.raises(ValueError, match=r"metrics must have the form of the outputs"):
            CompileMetrics(metrics, None, output_names=NAMES).update_state([TA, TB], [A, B])
