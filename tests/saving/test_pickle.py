"""Pickle, copy, joblib, cloudpickle and spawned processes: a copy predicts and trains the same."""

import copy
import io
import multiprocessing
import pickle

import cloudpickle
import joblib
import numpy as np
import pytest
import torch
from layer_cases import ROWS, cases, class_of
from saving.pickled import Net, leaves, train, work
from saving.zoo import MODELS, rand

import torchkeras as keras

L = keras.layers
LOCAL = {"subclass", "grown_functional"}  # classes in functions: for cloudpickle alone


def joblib_copy(model):
    file = io.BytesIO()
    joblib.dump(model, file)
    file.seek(0)
    return joblib.load(file)


COPIES = {
    "deepcopy": copy.deepcopy,
    "joblib": joblib_copy,
    "cloudpickle": lambda m: pickle.loads(cloudpickle.dumps(m)),
    **{
        f"pickle{p}": lambda m, p=p: pickle.loads(pickle.dumps(m, p))
        for p in range(2, pickle.HIGHEST_PROTOCOL + 1)
    },
}


def net(_):
    model, x = Net(), rand(5, 4)
    model(x)
    return model, x


def make(name):
    model, x = ({"net": net} | MODELS)[name](keras)
    return model, x


def same(a, b):
    for one, other in zip(a, b, strict=True):
        np.testing.assert_array_equal(one, other)


def paths(layer):
    return [getattr(v, "path", None) for v in layer.variables]


def fitted(name):
    model, x = make(name)
    model.compile(
        "adam", "mse", metrics=["mae"] if len(getattr(model, "outputs", [0])) == 1 else None
    )
    y = keras.tree.map_structure(lambda a: np.zeros_like(a), model.predict(x, verbose=0))
    model.fit(x, y, epochs=2, verbose=0)
    return model, x


@pytest.mark.parametrize("way", COPIES)
@pytest.mark.parametrize("name", ["net", *MODELS])
def test_model_after_fit(name, way):
    if name in LOCAL and way.startswith(("pickle", "joblib")):
        way = "cloudpickle"
    model, x = fitted(name)
    twin = COPIES[way](model)
    same(leaves(twin.predict(x, verbose=0)), leaves(model.predict(x, verbose=0)))
    assert twin.history.history == model.history.history and twin.history.model is twin
    assert paths(twin) == paths(model)
    assert list(twin.state_dict()) == list(model.state_dict())
    (losses, state), (twin_losses, twin_state) = train(model, x), train(twin, x)
    assert losses == twin_losses
    same(state, twin_state)
    shared = {v.data_ptr() for v in model.variables} & {v.data_ptr() for v in twin.variables}
    assert not shared


@pytest.mark.parametrize("name", ["net", "dense", "mixed_functional", "nested"])
@pytest.mark.parametrize("way", ["deepcopy", "pickle5"])
def test_model_before_fit(name, way):
    model, x = make(name)
    same(leaves(COPIES[way](model)(x).detach()), leaves(model(x).detach()))
    model.compile("sgd", keras.losses.Huber(), metrics=[keras.metrics.RootMeanSquaredError()])
    twin = COPIES[way](model)
    keras.utils.set_random_seed(1)
    losses = train(model, x)[0]
    keras.utils.set_random_seed(1)
    assert train(twin, x)[0] == losses


def test_unbuilt_and_jit():
    model = keras.Sequential([L.Dense(3), L.Dense(2)])
    twin = pickle.loads(pickle.dumps(model))
    assert not twin.built and twin(rand(2, 4)).shape == (2, 2)
    model.compile("sgd", "mse", jit_compile=True)
    assert pickle.loads(pickle.dumps(model))._compiled_call_impl is not None
    assert copy.deepcopy(model)._compiled_call_impl is not None


def test_spawned_process():
    """Sent as bytes, and as it is (then torch lets both processes share the weights)."""
    context = multiprocessing.get_context("spawn")
    answers = context.Queue()
    processes, expected = [], []
    for name, send in (("net", pickle.dumps), ("mixed_functional", copy.deepcopy)):
        model, x = fitted(name)
        sent = send(model)
        process = context.Process(target=work, args=(name, sent, x, pickle.loads, answers))
        process.start()
        processes.append((process, sent))
        before = leaves(model.predict(x, verbose=0))
        losses, state = train(model, x)
        model.add_weight(shape=(), name="late")
        expected.append((name, before, losses, state, paths(model)))
    for answer in sorted((answers.get(timeout=90) for _ in expected), key=lambda a: a[0] != "net"):
        name, before, losses, state, names = expected.pop(0)
        assert answer[0] == name and answer[2] == losses and answer[4] == names
        same(answer[1], before)
        same(answer[3], state)
    for process, _ in processes:
        process.join()
        assert process.exitcode == 0


@pytest.mark.parametrize("row", [r for r in ROWS if class_of(r) != "Lambda"])
def test_layer(row):
    case = next(cases(row, 1))
    layer = getattr(keras.layers, class_of(row))(**case.arguments(keras))
    kwargs = case.call_kwargs or {}
    layer(case.inputs, **kwargs)
    twin = pickle.loads(pickle.dumps(layer))
    for a, b in zip(
        keras.tree.flatten(layer(case.inputs, **kwargs)),
        keras.tree.flatten(twin(case.inputs, **kwargs)),
        strict=True,
    ):
        np.testing.assert_array_equal(*map(keras.ops.convert_to_numpy, (a, b)))
    assert paths(twin) == paths(layer)


def test_lambda_layer_by_cloudpickle():
    layer = L.Lambda(lambda x: x * 2)
    assert float(pickle.loads(cloudpickle.dumps(layer))(torch.ones(()))) == 2.0


OPTIMIZERS = ["SGD", "Adam", "AdamW", "Adagrad", "Adadelta", "Adamax", "Nadam", "RMSprop",
              "Adafactor", "Ftrl", "Lion", "Lamb", "Muon"]  # fmt: skip


@pytest.mark.parametrize("name", [*OPTIMIZERS, "torch", "scaled", "schedule"])
def test_optimizer(name):
    make_optimizer = {
        "torch": lambda: keras.optimizers.get(torch.optim.Adam),
        "scaled": lambda: keras.optimizers.LossScaleOptimizer(keras.optimizers.Adam()),
        "schedule": lambda: keras.optimizers.SGD(
            keras.optimizers.schedules.CosineDecay(0.1, 10), momentum=0.9, use_ema=True
        ),
    }.get(name, lambda: getattr(keras.optimizers, name)())
    v = keras.Variable(rand(3, 4), name="v")
    optimizer = make_optimizer()
    optimizer.apply([torch.ones(3, 4)], [v])
    twin, w = pickle.loads(pickle.dumps((optimizer, v)))
    for _ in range(2):
        optimizer.apply([torch.ones(3, 4)], [v])
        twin.apply([torch.ones(3, 4)], [w])
    assert torch.equal(v, w) and float(optimizer.learning_rate) == float(twin.learning_rate)
    for a, b in zip(optimizer.variables, twin.variables, strict=True):
        assert torch.equal(a, b) and a.path == b.path


@pytest.mark.parametrize(
    "thing",
    ["losses.Huber", "losses.CTC", "metrics.AUC", "metrics.F1Score", "initializers.HeNormal",
     "regularizers.L1L2", "constraints.MaxNorm", "callbacks.EarlyStopping", "random.SeedGenerator",
     "callbacks.ReduceLROnPlateau", "callbacks.ModelCheckpoint", "callbacks.CSVLogger"],
)  # fmt: skip
def test_parts(thing):
    module, name = thing.split(".")
    arguments = {"ModelCheckpoint": ("x.keras",), "CSVLogger": ("x.csv",)}.get(name, ())
    made = getattr(getattr(keras, module), name)(*arguments)
    twin = pickle.loads(pickle.dumps(made))
    assert type(twin) is type(made) and vars(twin).keys() == vars(made).keys()


def test_metric_keeps_its_state():
    metric = keras.metrics.AUC()
    metric.update_state([0, 1, 1], [0.2, 0.7, 0.1])
    twin = pickle.loads(pickle.dumps(metric))
    metric.update_state([0, 1], [0.3, 0.9])
    twin.update_state([0, 1], [0.3, 0.9])
    assert float(metric.result()) == float(twin.result()) != 0


def test_callback_that_has_run(tmp_path):
    model, x = fitted("dense")
    calls = [
        keras.callbacks.EarlyStopping("loss", restore_best_weights=True),
        keras.callbacks.CSVLogger(str(tmp_path / "log.csv")),
        keras.callbacks.ModelCheckpoint(str(tmp_path / "m.keras"), monitor="loss"),
    ]
    history = model.fit(x, np.zeros((5, 2), "f4"), epochs=2, verbose=0, callbacks=calls)
    twins = pickle.loads(pickle.dumps([history, *calls]))
    assert twins[0].history == history.history and twins[1].best == calls[0].best
    same(leaves(twins[1].model.predict(x, verbose=0)), leaves(model.predict(x, verbose=0)))


def test_list_that_leads_back_to_itself():
    class Owner(L.Layer):
        def __init__(self):
            super().__init__()
            self.parts = [L.Dense(1)]
            self.parts[0].__dict__["siblings"] = self.parts

    parts = pickle.loads(cloudpickle.dumps(Owner().parts))
    assert parts[0].siblings is parts and parts._modules["0"] is parts[0]
