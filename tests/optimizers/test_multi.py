"""MultiOptimizer against real Keras, and as a torch optimizer."""

import copy

import keras
import numpy as np
import pytest
import torch

import torchkeras
from oracle import assert_close, clear_names
from torchkeras import optimizers
from torchkeras.core.variable import Variable
from torchkeras.optimizers import SGD, Adam, AdamW, MultiOptimizer, OptimizerMap

NAMES = ["encoder_kernel", "encoder_bias", "head_kernel", "head_bias"]
SHAPES = [(3, 4), (4,), (4, 2), ()]


def by_map(lib):
    return lib.OptimizerMap(
        lib.SGD(0.1, momentum=0.9), {"encoder_.*": lib.Adam(0.01), "unused": lib.RMSprop()}
    )


def by_averages(lib):
    return lib.OptimizerMap(
        lib.SGD(0.1, use_ema=True, ema_momentum=0.5),
        {"encoder_.*": lib.Adam(0.01, gradient_accumulation_steps=2, clipnorm=1.0)},
    )


def by_schedule(lib):
    return lib.OptimizerMap(lib.SGD(lib.schedules.ExponentialDecay(0.1, 2, 0.5)))


def by_function(lib):
    made = {}

    def choose(v):
        kind = "AdamW" if "head" in v.path else "RMSprop"
        return made.setdefault(kind, getattr(lib, kind)(0.01))

    return choose


def by_variable(lib):
    return lambda v: lib.Adagrad(0.1) if v.ndim else lib.SGD(0.1)


CHOICES = [by_map, by_averages, by_schedule, by_function, by_variable]


def pair(choose, **options):
    rng = np.random.default_rng(0)
    arrays = [rng.normal(size=s).astype("float32") for s in SHAPES]
    clear_names()
    made = []
    for lib, variable in ((optimizers, Variable), (keras.optimizers, keras.Variable)):
        variables = [variable(a, name=n) for a, n in zip(arrays, NAMES, strict=True)]
        made.append((lib.MultiOptimizer(choose(lib), **options), variables))
    return made


def gradients(step):
    rng = np.random.default_rng(step)
    return [torch.tensor(rng.normal(size=s).astype("float32")) for s in SHAPES]


def step_with(optimizer, variables, grads):
    for v, g in zip(variables, grads, strict=True):
        v.grad = g
    optimizer.step()


@pytest.mark.parametrize("choose", CHOICES)
@pytest.mark.parametrize("options", [{}, {"loss_scale_factor": 4.0}], ids=["plain", "scaled"])
def test_equals_real_keras(choose, options):
    (ours, variables), (theirs, others) = pair(choose, **options)
    assert [v.path for v in ours.variables] == [v.path for v in theirs.variables]
    ours.build(variables)
    theirs.build(others)
    for step in range(12):
        grads = gradients(step)
        theirs.apply(grads, others)
        if step % 2:
            ours.apply(grads, variables)
        else:
            step_with(ours, variables, grads)
        assert_close([v.detach() for v in variables], others, what=f"step {step}")
    assert [v.path for v in ours.variables] == [v.path for v in theirs.variables]
    assert_close(ours.variables, theirs.variables)
    assert [type(o).__name__ for o in ours.optimizers] == [
        type(o).__name__ for o in theirs.optimizers
    ]
    assert int(ours.iterations) == int(theirs.iterations) == 12
    assert ours.loss_scale_factor == theirs.loss_scale_factor
    assert float(ours.scale_loss(2.0)) == float(theirs.scale_loss(2.0))
    ours.finalize_variable_values(variables)
    theirs.finalize_variable_values(others)
    assert_close([v.detach() for v in variables], others, what="averages")
    stores = {}, {}
    ours.save_own_variables(stores[0])
    theirs.save_own_variables(stores[1])
    assert_close(stores[0], {k: np.array(v) for k, v in stores[1].items()})
    again, fresh = pair(choose, **options)[0]
    again.build(fresh)
    again.load_own_variables(stores[1])
    assert_close(again.variables, theirs.variables, 0, 0)


def test_there_is_no_common_learning_rate():
    (ours, _), (theirs, _) = pair(by_map)
    for optimizer in (ours, theirs):
        assert not hasattr(optimizer, "learning_rate")
        with pytest.raises(AttributeError):
            optimizer.learning_rate = 0.1
    with pytest.raises(AttributeError, match="Read that of each optimizer in `optimizers`"):
        _ = ours.learning_rate
    assert [float(o.learning_rate) for o in ours.optimizers] == pytest.approx([0.01, 0.001, 0.1])


def test_gradients_for_some_variables():
    (ours, variables), _ = pair(by_map)
    ours.build(variables)
    before = [v.detach().clone() for v in variables]
    grads = gradients(0)
    with pytest.warns(UserWarning, match="Gradients do not exist for variables .'head_kernel'"):
        ours.apply([*grads[:2], None, None], variables)
    changed = [not torch.equal(b, v) for b, v in zip(before, variables, strict=True)]
    assert changed == [True, True, False, False]
    assert [int(o.iterations) for o in ours.optimizers] == [1, 0, 0]
    ours.apply(grads[2:3], variables[2:3])
    assert [int(o.iterations) for o in ours.optimizers] == [1, 0, 1]
    assert int(ours.iterations) == 2


def test_errors_change_nothing():
    (ours, variables), _ = pair(by_map)
    with pytest.raises(ValueError, match=r"MultiOptimizer: step\(\) needs a built optimizer"):
        ours.step()
    with pytest.raises(ValueError, match=r"apply\(grads\) without variables needs a built"):
        ours.apply(gradients(0))
    ours.build(variables)
    before = [v.detach().clone() for v in variables]
    grads = gradients(0)
    for bad, message in (
        ([None] * 4, "no gradients provided for any variable"),
        (grads[:3], "one entry for each of the 4 variables"),
        ([*grads[:3], torch.ones(2)], "gradient's shape must be that of its variable"),
    ):
        with pytest.raises(ValueError, match=message):
            ours.apply(bad, variables)
    with pytest.raises(ValueError, match="unknown variable"):
        ours.apply([torch.ones(2)], [Variable(np.ones(2))])
    assert_close(variables, before, 0, 0)
    assert int(ours.iterations) == 0


@pytest.mark.parametrize("given", [3, {"a": SGD()}, SGD(), None])
def test_what_is_no_map(given):
    with pytest.raises(TypeError, match="must be an OptimizerMap or a function"):
        MultiOptimizer(given)


@pytest.mark.parametrize("chosen", [None, "adam"])
def test_function_that_returns_no_optimizer(chosen):
    optimizer = MultiOptimizer(lambda v: chosen)
    with pytest.raises(ValueError, match=f"Received: {chosen!r} for w"):
        optimizer.build([Variable(np.ones(2), name="w")])
    assert not optimizer.built


def test_decay_is_left_out_before_and_after_build():
    v, w, x = (Variable(np.ones(2, "f4"), name=n) for n in ("v", "w", "x"))
    ours = MultiOptimizer(OptimizerMap(AdamW(0.5, weight_decay=0.5), {"w": SGD(0.5)}))
    ours.optimizers[0].weight_decay = 0.5
    ours.exclude_from_weight_decay(var_names=["v"])
    ours.build([v, w, x])
    zeros = [torch.zeros(2)] * 3
    ours.apply(zeros)
    assert [p[0].item() for p in (v, w, x)] == [1.0, 0.75, 0.75]
    ours.exclude_from_weight_decay([w])
    ours.apply(zeros)
    assert [p[0].item() for p in (v, w, x)] == [1.0, 0.75, 0.5625]


# ------------------------------------------------------------------------------- as torch's


def torch_model():
    return torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.Tanh(), torch.nn.Linear(4, 1))


def for_torch():
    return MultiOptimizer(OptimizerMap(SGD(0.1, momentum=0.9), {"0\\..*": Adam(0.05)}))


def train(model, optimizer, steps, first=0, scheduler=None):
    for i in range(first, first + steps):
        x = torch.randn(8, 3, generator=torch.Generator().manual_seed(i))
        optimizer.zero_grad()
        assert all(p.grad is None for p in model.parameters())
        (model(x) ** 2).mean().backward()
        optimizer.step()
        if scheduler is not None:
            scheduler.step()


def test_groups_state_and_schedulers_of_torch():
    model = torch_model()
    other = copy.deepcopy(model)
    optimizer = for_torch()
    early = torch.optim.lr_scheduler.StepLR(optimizer, 2, 0.5)
    optimizer.build(model.named_parameters())
    assert isinstance(optimizer, torch.optim.Optimizer)
    assert [len(g["params"]) for g in optimizer.param_groups] == [2, 2]
    train(model, optimizer, 6, scheduler=early)
    assert early.get_last_lr() == pytest.approx([0.05 / 8, 0.1 / 8])
    assert set(optimizer.state) == set(model.parameters())
    assert set(optimizer.state[model[0].weight]) == {"momentum", "velocity"}
    parts = Adam(0.05), SGD(0.1, momentum=0.9)
    parts[0].build(other[0].parameters())
    parts[1].build(other[2].parameters())
    for i in range(6):
        x = torch.randn(8, 3, generator=torch.Generator().manual_seed(i))
        (other(x) ** 2).mean().backward()
        for part, rate in zip(parts, (0.05, 0.1), strict=True):
            part.learning_rate = rate * 0.5 ** (i // 2)
            part.step()
        other.zero_grad()
    assert_close(list(model.parameters()), list(other.parameters()))


def test_state_dict_goes_on_exactly():
    model, optimizer = torch_model(), for_torch()
    optimizer.build(model.named_parameters())
    train(model, optimizer, 3)
    saved = copy.deepcopy(optimizer.state_dict())
    again = copy.deepcopy(model)
    other = for_torch()
    with pytest.raises(ValueError, match=r"load_state_dict\(\) needs a built optimizer"):
        other.load_state_dict(saved)
    other.build(again.named_parameters())
    other.load_state_dict(saved)
    assert sorted(i for g in saved["param_groups"] for i in g["params"]) == [0, 1, 2, 3]
    assert set(saved["state"]) == {0, 1, 2, 3}
    for o, m in ((optimizer, model), (other, again)):
        train(m, o, 3, first=3)
        assert [int(inner.iterations) for inner in o.optimizers] == [6, 6]
        assert int(o.iterations) == 6
    assert_close(list(again.parameters()), list(model.parameters()), 0, 0)
    with pytest.raises(ValueError, match="must be that of 2 optimizers with 2 param groups"):
        other.load_state_dict(SGD().state_dict())


def test_copy_goes_on_alone():
    model, optimizer = torch_model(), for_torch()
    optimizer.build(model.named_parameters())
    train(model, optimizer, 2)
    twin_model, twin = copy.deepcopy((model, optimizer))
    for m, o in ((model, optimizer), (twin_model, twin)):
        train(m, o, 2, first=2)
    assert_close(list(twin_model.parameters()), list(model.parameters()), 0, 0)
    assert twin.optimizers[0] is not optimizer.optimizers[0]


def test_param_groups_are_split_between_the_optimizers():
    model = torch_model()
    optimizer = for_torch()
    optimizer.build(
        [
            {"params": list(model[0].named_parameters(prefix="0")), "lr": 0.5},
            {"params": list(model[2].named_parameters(prefix="2")), "lr": 0.25},
        ]
    )
    assert [(g["lr"], len(g["params"])) for g in optimizer.param_groups] == [(0.5, 2), (0.25, 2)]
    late = torch.nn.Linear(1, 1)
    optimizer.add_param_group({"params": late.parameters(), "lr": 0.125})
    assert [g["lr"] for g in optimizer.param_groups] == [0.5, 0.25, 0.125]
    model(torch.ones(1, 3)).sum().backward()
    late(torch.ones(1, 1)).sum().backward()
    before = late.bias.item()
    optimizer.step()
    assert late.bias.item() == pytest.approx(before - 0.125)


def test_group_for_an_optimizer_that_had_none():
    optimizer = MultiOptimizer(OptimizerMap(SGD(1.0), {"late.*": Adam(0.5)}))
    optimizer.build([torch.nn.Parameter(torch.ones(1))])
    late = torch.nn.Parameter(torch.ones(1))
    optimizer.add_param_group({"params": [("late", late)]})
    late.grad = torch.ones(1)
    optimizer.step()
    assert late.item() == pytest.approx(0.5, abs=1e-4)


def test_grad_scaler_closure_and_hooks():
    w = torch.nn.Parameter(torch.ones(2))
    optimizer = MultiOptimizer(OptimizerMap(SGD(0.5)))
    optimizer.build([w])
    scaler = torch.amp.GradScaler("cpu", init_scale=8.0)
    scaler.scale(w.sum()).backward()
    scaler.step(optimizer)
    assert w[0].item() == 0.5
    optimizer.zero_grad()

    def closure():
        loss = w.sum()
        loss.backward()
        return loss

    calls = []
    optimizer.register_step_post_hook(lambda *_: calls.append(w[0].item()))
    assert optimizer.step(closure).item() == 1.0
    assert calls == [0.0]


def test_stateless():
    (ours, variables), (theirs, others) = pair(by_map)
    ours.build(variables)
    theirs.build(others)
    grads = gradients(0)
    before = [v.detach().clone() for v in variables]
    got = ours.stateless_apply(ours.variables, grads, variables)
    want = theirs.stateless_apply(
        [v.value for v in theirs.variables], grads, [v.value for v in others]
    )
    assert_close(list(got[0]), list(want[0]))
    assert_close(variables, before, 0, 0)


# --------------------------------------------------------------------------------- in models


def model_of(lib, optimizer):
    model = lib.Sequential(
        [
            lib.Input((3,)),
            lib.layers.Dense(4, activation="tanh", name="encoder"),
            lib.layers.Dense(1, name="head"),
        ]
    )
    rng = np.random.default_rng(0)
    model.set_weights([rng.normal(size=w.shape).astype("f4") for w in model.get_weights()])
    model.compile(optimizer, "mse")
    return model


def in_model(lib):
    return lib.optimizers.MultiOptimizer(
        lib.optimizers.OptimizerMap(
            lib.optimizers.SGD(0.05, momentum=0.9), {".*encoder/.*": lib.optimizers.Adam(0.01)}
        )
    )


def fit(model, epochs=3, **options):
    rng = np.random.default_rng(1)
    x, y = rng.normal(size=(32, 3)).astype("f4"), rng.normal(size=(32, 1)).astype("f4")
    return model.fit(x, y, batch_size=8, epochs=epochs, verbose=0, shuffle=False, **options).history


def fit_both(**options):
    clear_names()
    made = [model_of(lib, in_model(lib)) for lib in (torchkeras, keras)]
    histories = []
    for lib, model in zip((torchkeras, keras), made, strict=True):
        made_options = {k: v(lib) for k, v in options.items()}
        histories.append(fit(model, **made_options))
    return made, histories


def test_fit_equals_real_keras():
    (ours, theirs), (a, b) = fit_both()
    assert_close(a, b)
    assert_close(ours.get_weights(), theirs.get_weights())
    assert [v.path for v in ours.optimizer.variables] == [
        v.path for v in theirs.optimizer.variables
    ]


@pytest.mark.parametrize("name", ["LearningRateScheduler", "ReduceLROnPlateau"])
def test_callbacks_that_change_rates(name):
    def make(lib):
        if name == "LearningRateScheduler":
            return [lib.callbacks.LearningRateScheduler(lambda epoch, rate: rate * 0.5)]
        return [lib.callbacks.ReduceLROnPlateau("loss", patience=1, min_delta=100, min_lr=0.002)]

    _, (a, b) = fit_both(callbacks=make)
    assert_close(a, b)
    assert {"learning_rate_adam", "learning_rate_sgd"} < set(a)


def test_swap_of_averages():
    optimizer = MultiOptimizer(OptimizerMap(SGD(0.1), {".*encoder.*": SGD(0.1, use_ema=True)}))
    model = model_of(torchkeras, optimizer)
    swap = torchkeras.callbacks.SwapEMAWeights()
    swap.set_model(model)
    for _ in range(3):
        model.train_on_batch(np.ones((2, 3)), np.ones((2, 1)))
    before = model.get_weights()
    swap.on_test_begin()
    swapped = [not np.array_equal(a, b) for a, b in zip(before, model.get_weights(), strict=True)]
    assert swapped == [True, True, False, False]
    swap.on_test_end()
    assert_close(model.get_weights(), before, 0, 0)
    plain = model_of(torchkeras, in_model(torchkeras))
    with pytest.raises(ValueError, match="SwapEMAWeights: the optimizer must be made with use_ema"):
        fit(plain, callbacks=[torchkeras.callbacks.SwapEMAWeights()])


def test_in_a_loss_scale_optimizer():
    inner = in_model(torchkeras)
    model = model_of(torchkeras, optimizers.LossScaleOptimizer(inner, initial_scale=8.0))
    plain = model_of(torchkeras, in_model(torchkeras))
    assert_close(fit(model), fit(plain))
    assert_close(model.get_weights(), plain.get_weights())
    assert not hasattr(model.optimizer, "learning_rate")


@pytest.mark.parametrize("suffix", [".keras", ".weights.h5"])
def test_files_go_on_exactly(tmp_path, suffix):
    model = model_of(torchkeras, in_model(torchkeras))
    fit(model)
    path = tmp_path / f"m{suffix}"
    if suffix == ".keras":
        model.save(path)
        again = torchkeras.models.load_model(path)
    else:
        model.save_weights(path)
        again = model_of(torchkeras, in_model(torchkeras))
        again.optimizer.build(again.trainable_variables)
        again.load_weights(path)
    assert_close(again.optimizer.variables, model.optimizer.variables, 0, 0)
    assert_close(fit(again), fit(model), 0, 0)
    assert_close(again.get_weights(), model.get_weights(), 0, 0)


def test_files_of_real_keras_both_ways(tmp_path):
    (ours, theirs), _ = fit_both()
    theirs.save(tmp_path / "theirs.keras")
    mine = torchkeras.models.load_model(tmp_path / "theirs.keras")
    ours.save(tmp_path / "ours.keras")
    other = keras.models.load_model(tmp_path / "ours.keras")
    assert_close(mine.optimizer.variables, theirs.optimizer.variables, 0, 0)
    assert_close(other.optimizer.variables, ours.optimizer.variables, 0, 0)
    assert_close(fit(mine), fit(other))


def test_function_in_files(tmp_path):
    @torchkeras.saving.register_keras_serializable("tests")
    def halves(variable):
        return Adam(0.01) if "kernel" in variable.path else SGD(0.1, momentum=0.5)

    model = model_of(torchkeras, MultiOptimizer(halves))
    fit(model)
    model.save(tmp_path / "m.keras")
    again = torchkeras.models.load_model(tmp_path / "m.keras")
    assert len(again.optimizer.optimizers) == 4
    assert_close(fit(again), fit(model), 0, 0)
