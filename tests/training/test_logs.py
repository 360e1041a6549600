"""Lazy logs: computed when read, and showing the moment that they were made at."""

import copy
import json
import pickle

import numpy as np
import pytest
import torch

import torchkeras
from oracle import rand
from torchkeras.training.logs import LazyLogs, to_number, to_numbers

X, Y = rand(40, 4), rand(40, 2, seed=1)


def model_of():
    model = torchkeras.Sequential([torchkeras.layers.Input((4,)), torchkeras.layers.Dense(2)])
    model.compile(torchkeras.optimizers.SGD(0.3), "mse", metrics=["mae"])
    return model


class Hook(torchkeras.callbacks.Callback):
    def __init__(self, function):
        super().__init__()
        self.function = function

    def on_train_batch_end(self, batch, logs=None):
        self.function(logs)


def fit(model, *functions, **kwargs):
    kwargs = {"batch_size": 8, "shuffle": False, "verbose": 0, **kwargs}
    return model.fit(X, Y, callbacks=[Hook(f) for f in functions], **kwargs).history


def twin(model):
    again = model_of()
    again.set_weights(model.get_weights())
    return again


@pytest.mark.parametrize("keep", [lambda v, logs: v.append(logs), lambda v, logs: v.append([logs])])
def test_kept_logs_show_their_moment(keep):
    model = model_of()
    other = twin(model)
    kept, read = [], []
    fit(model, lambda logs: keep(kept, logs))
    fit(other, lambda logs: read.append(dict(logs)))
    assert len(read) == 5
    assert len({r["loss"] for r in read}) == 5
    kept = [k[0] if isinstance(k, list) else k for k in kept]
    assert [dict(k) for k in kept] == read


def test_kept_by_the_second_of_two_callbacks():
    kept, read = [], []
    fit(model_of(), lambda logs: read.append(logs["loss"]), kept.append)
    assert [k["loss"] for k in kept] == read


def test_kept_by_a_closure():
    kept, read = [], []
    model = model_of()
    other = twin(model)
    fit(model, lambda logs: kept.append(lambda: logs["loss"]))
    fit(other, lambda logs: read.append(logs["loss"]))
    assert [k() for k in kept] == read


def counting(model, monkeypatch):
    count = []
    compute = type(model).get_metrics_result

    def counted(self):
        count.append(1)
        return compute(self)

    monkeypatch.setattr(type(model), "get_metrics_result", counted)
    return count


def test_logs_that_nobody_reads_cost_nothing(monkeypatch):
    model = model_of()
    count = counting(model, monkeypatch)
    fit(model, lambda logs: None, epochs=3)
    assert len(count) == 3  # what an epoch ends with


def test_logs_are_computed_once_for_all_readers(monkeypatch):
    model = model_of()
    count = counting(model, monkeypatch)
    fit(model, lambda logs: logs["loss"], lambda logs: logs["mae"], lambda logs: list(logs))
    assert len(count) == 5  # the end of the epoch reads what the last batch computed


def test_history_equals_what_the_last_batch_showed():
    seen = []
    history = fit(model_of(), lambda logs: seen.append(dict(logs)), epochs=2)
    assert history["loss"] == [seen[4]["loss"], seen[9]["loss"]]


def test_numbers_are_of_python():
    seen = []
    fit(model_of(), lambda logs: seen.append(logs["loss"]))
    assert all(type(v) is float for v in seen)
    json.dumps(seen)


def lazy(**values):
    calls = []

    def compute():
        calls.append(1)
        return {k: torch.tensor(v) for k, v in values.items()}

    return LazyLogs(compute), calls


READS = {
    "getitem": lambda d: d["a"] == 1.0,
    "get": lambda d: d.get("a") == 1.0 and d.get("c", 5) == 5,
    "in": lambda d: "a" in d and "c" not in d,
    "iter": lambda d: list(d) == ["a", "b"],
    "len": lambda d: len(d) == 2,
    "bool": bool,
    "eq": lambda d: d == {"a": 1.0, "b": 2.0} and d != {},
    "equal to a dict": lambda d: d == {"a": 1.0, "b": 2.0},
    "keys": lambda d: list(d.keys()) == ["a", "b"],
    "values": lambda d: list(d.values()) == [1.0, 2.0],
    "items": lambda d: dict(d.items()) == {"a": 1.0, "b": 2.0},
    "dict": lambda d: dict(d) == {"a": 1.0, "b": 2.0},
    "double star": lambda d: (lambda **k: k)(**d) == {"a": 1.0, "b": 2.0},
    "unpacked": lambda d: {**d, "c": 3} == {"a": 1.0, "b": 2.0, "c": 3},
    "or": lambda d: d | {"c": 3} == {"a": 1.0, "b": 2.0, "c": 3},
    "or, right": lambda d: {"c": 3} | d == {"a": 1.0, "b": 2.0, "c": 3},
    "or in place": lambda d: d.__ior__({"c": 3}) == {"a": 1.0, "b": 2.0, "c": 3},
    "updating": lambda d: _updated({}, d) == {"a": 1.0, "b": 2.0},
    "copy": lambda d: d.copy() == {"a": 1.0, "b": 2.0},
    "copy.copy": lambda d: copy.copy(d) == {"a": 1.0, "b": 2.0},
    "deepcopy": lambda d: copy.deepcopy(d) == {"a": 1.0, "b": 2.0},
    "pickle": lambda d: pickle.loads(pickle.dumps(d)) == {"a": 1.0, "b": 2.0},
    "json": lambda d: json.loads(json.dumps(d)) == {"a": 1.0, "b": 2.0},
    "repr": lambda d: repr(d) == "{'a': 1.0, 'b': 2.0}",
    "str": lambda d: f"{d}" == "{'a': 1.0, 'b': 2.0}",
    "sorted": lambda d: sorted(d) == ["a", "b"],
    "reversed": lambda d: list(reversed(d)) == ["b", "a"],
    "pop": lambda d: d.pop("a") == 1.0 and list(d) == ["b"],
    "popitem": lambda d: d.popitem() == ("b", 2.0),
    "clear": lambda d: d.clear() is None and not d,
    "setdefault": lambda d: d.setdefault("a", 7) == 1.0,
    "setitem": lambda d: d.__setitem__("c", 3) is None and list(d) == ["a", "b", "c"],
    "update": lambda d: d.update(a=3.0) is None and d == {"a": 3.0, "b": 2.0},
    "delitem": lambda d: d.__delitem__("a") is None and list(d) == ["b"],
}


def _updated(target, source):
    target.update(source)
    return target


@pytest.mark.parametrize("read", READS)
def test_every_way_to_read_a_dict(read):
    logs, calls = lazy(b=2.0, a=1.0)
    assert isinstance(logs, dict)
    assert not calls
    assert READS[read](logs)
    assert len(calls) == 1


def test_to_number():
    assert to_number(torch.tensor(2.0, requires_grad=True)) == 2.0
    assert to_number(np.float32(0.5)) == 0.5
    assert to_number({"a": torch.tensor(1)}) == {"a": 1}
    assert to_number(torch.ones(2)).tolist() == [1.0, 1.0]
    assert to_number("text") == "text"
    weight = torchkeras.Variable(3.0)
    assert to_number(weight) == 3.0
    assert list(to_numbers({"b": {"d": 1, "c": 2}, "a": 3})) == ["a", "c", "d"]
