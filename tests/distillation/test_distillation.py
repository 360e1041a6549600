"""Distillation: losses and training against real Keras."""

import functools

import keras
import numpy as np
import pytest

import torchkeras

close = functools.partial(pytest.approx, rel=1e-5, abs=1e-6)

RNG = np.random.default_rng(0)
A, B = (RNG.normal(size=(6, 3)).astype("float32") for _ in range(2))
X = RNG.normal(size=(48, 5)).astype("float32")
Y = RNG.integers(0, 3, 48)

LOSSES = {
    "kl name": lambda k: "kl_divergence",
    "kl": lambda k: k.losses.KLDivergence(),
    "kl sum": lambda k: k.losses.KLDivergence(reduction="sum"),
    "mse": lambda k: "mse",
    "mae": lambda k: k.losses.MeanAbsoluteError(),
    "cce": lambda k: k.losses.CategoricalCrossentropy(from_logits=True),
    "cosine": lambda k: "cosine_similarity",
    "bce": lambda k: k.losses.BinaryCrossentropy(from_logits=True),
}


@pytest.mark.parametrize("name", LOSSES)
@pytest.mark.parametrize("temperature", [1, 2.0, 3.5])
def test_logits(name, temperature):
    ours, real = (
        k.distillation.LogitsDistillation(temperature, LOSSES[name](k)) for k in (torchkeras, keras)
    )
    assert float(ours.compute_loss(A, B)) == close(float(real.compute_loss(A, B)))


@pytest.mark.parametrize("name", LOSSES)
def test_features(name):
    ours, real = (k.distillation.FeatureDistillation(LOSSES[name](k)) for k in (torchkeras, keras))
    assert float(ours.compute_loss(A, B)) == close(float(real.compute_loss(A, B)))


@pytest.mark.parametrize("kind", ["LogitsDistillation", "FeatureDistillation"])
@pytest.mark.parametrize("loss", [["mse", None], ["mse", "mae"], {"x": "mse", "y": None}])
def test_structures_of_losses(kind, loss):
    a = dict(zip("xy", (A, B), strict=True)) if isinstance(loss, dict) else [A, B]
    b = dict(zip("xy", (B, A + 1), strict=True)) if isinstance(loss, dict) else [B, A + 1]
    ours, real = (getattr(k.distillation, kind)(loss=loss) for k in (torchkeras, keras))
    assert float(ours.compute_loss(a, b)) == close(float(real.compute_loss(a, b)))
    with pytest.raises(ValueError, match="losses and outputs must have the same structure"):
        ours.validate_outputs(A, B)


@pytest.mark.parametrize("name", LOSSES)
def test_configs_are_keras_s(name):
    for kind in ("LogitsDistillation", "FeatureDistillation"):
        ours, real = (
            getattr(k.distillation, kind)(loss=LOSSES[name](k)) for k in (torchkeras, keras)
        )
        config = torchkeras.saving.serialize_keras_object(ours)
        assert config == keras.saving.serialize_keras_object(real)
        again = torchkeras.saving.deserialize_keras_object(config)
        assert float(again.compute_loss(A, B)) == float(ours.compute_loss(A, B))


def models(k, units=(8, 4), classes=3):
    """Teacher and student with the same weights in both libraries."""
    made = []
    for name, n in zip(("t", "s"), units, strict=True):
        inputs = k.Input((5,))
        hidden = k.layers.Dense(n, activation="tanh", name=f"{name}_hidden")(inputs)
        model = k.Model(inputs, k.layers.Dense(classes, name=f"{name}_out")(hidden), name=name)
        rng = np.random.default_rng(n)
        model.set_weights([rng.normal(size=w.shape) for w in model.get_weights()])
        made.append(model)
    return made


def distiller(k, losses, units=(8, 8), **kwargs):
    d = k.distillation
    chosen = {
        "logits": lambda: d.LogitsDistillation(2.0, k.losses.KLDivergence()),
        "name": lambda: d.LogitsDistillation(),
        "outputs": lambda: d.FeatureDistillation("mae"),
        "hidden": lambda: d.FeatureDistillation("mse", "t_hidden", "s_hidden"),
    }
    return d.Distiller(*models(k, units), [chosen[n]() for n in losses], **kwargs)


CASES = [
    (["logits"], {}),
    (["name"], {"student_loss_weight": 0.2}),
    (["logits"], {"student_loss_weight": 0.0}),
    (["logits"], {"student_loss_weight": 1.0}),
    (["hidden"], {"student_loss_weight": 0.4}),
    (["logits", "hidden"], {"distillation_loss_weights": [1.0, 0.5]}),
    (["hidden", "outputs", "logits"], {"distillation_loss_weights": [0.3, 2.0, 0.7]}),
]


@pytest.mark.parametrize(("losses", "kwargs"), CASES)
def test_training_is_keras_s(losses, kwargs):
    histories, outputs, results, names = [], [], [], []
    for k in (torchkeras, keras):
        model = distiller(k, losses, **kwargs)
        loss = k.losses.SparseCategoricalCrossentropy(from_logits=True)
        model.compile(k.optimizers.SGD(0.1), loss=loss, metrics=["accuracy"])
        results.append(model.evaluate(X, Y, batch_size=16, verbose=0, return_dict=True))
        history = model.fit(X, Y, epochs=3, batch_size=16, shuffle=False, verbose=0)
        histories.append(history.history)
        outputs.append(model.predict(X, verbose=0))
        names.append(sorted(m.name for m in model.metrics))
        np.testing.assert_array_equal(outputs[-1], model.student.predict(X, verbose=0))
    assert names[0] == names[1]
    assert set(histories[0]) == set(histories[1])
    for key, values in histories[1].items():
        assert histories[0][key] == close(values)
        assert results[0][key] == close(results[1][key])
    assert outputs[0] == close(outputs[1])


def test_only_the_student_learns():
    model = distiller(torchkeras, ["logits", "hidden"])
    before = model.teacher.get_weights()
    model.compile("sgd", loss="sparse_categorical_crossentropy")
    model.fit(X, Y, verbose=0)
    for a, b in zip(before, model.teacher.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)
    assert [v.path for v in model.trainable_variables] == [
        "s_hidden/kernel", "s_hidden/bias", "s_out/kernel", "s_out/bias",
    ]  # fmt: skip
    assert [layer.name for layer in model.layers] == ["t", "s"]


def test_file(tmp_path):
    model = distiller(torchkeras, ["logits", "hidden"], student_loss_weight=0.3)
    model.compile("sgd", loss="mse")
    model.fit(X, np.eye(3)[Y], verbose=0)
    model.save(tmp_path / "d.keras")
    copy = torchkeras.saving.load_model(tmp_path / "d.keras")
    np.testing.assert_array_equal(copy.predict(X, verbose=0), model.predict(X, verbose=0))
    assert copy.student_loss_weight == 0.3
    assert copy.distillation_loss_weights == [1.0, 1.0]
    assert copy.evaluate(X, np.eye(3)[Y], verbose=0) == model.evaluate(X, np.eye(3)[Y], verbose=0)


BAD = {
    "teacher must be a Model": lambda d, t, s, loss: d.Distiller(1, s, loss),
    "student must be a Model": lambda d, t, s, loss: d.Distiller(t, 1, loss),
    "must be distillation losses": lambda d, t, s, loss: d.Distiller(t, s, "mse"),
    "as many as distillation_losses": lambda d, t, s, loss: d.Distiller(t, s, loss, [1.0, 2.0]),
    "number from 0 to 1": lambda d, t, s, loss: d.Distiller(t, s, loss, student_loss_weight=2),
    "same output shapes": lambda d, t, s, loss: d.Distiller(
        t, models(torchkeras, classes=4)[1], loss
    ),
    "In student model: .*nope": lambda d, t, s, loss: d.Distiller(
        t, s, d.FeatureDistillation("mse", "t_hidden", "nope")
    ),
    "layers can be named of functional models": lambda d, t, s, loss: d.Distiller(
        t, torchkeras.Sequential([torchkeras.layers.Dense(3)]),
        d.FeatureDistillation("mse", "t_hidden", "dense"),
    ),
    "temperature must be positive": lambda d, t, s, loss: d.LogitsDistillation(0),
    "temperature must be a number": lambda d, t, s, loss: d.LogitsDistillation("hot"),
    "at least one non-`None`": lambda d, t, s, loss: d.FeatureDistillation([None]),
    "'loss' cannot be `None`": lambda d, t, s, loss: d.Distiller(t, s, loss).compile("sgd"),
}  # fmt: skip


@pytest.mark.parametrize("message", BAD)
def test_errors(message):
    d = torchkeras.distillation
    with pytest.raises(ValueError, match=message):
        BAD[message](d, *models(torchkeras), d.LogitsDistillation())


def test_features_of_other_sizes_do_not_fit():
    model = distiller(torchkeras, ["hidden"], units=(8, 4))
    model.compile("sgd", loss="mse")
    with pytest.raises((ValueError, RuntimeError), match="8"):
        model.fit(X, np.eye(3)[Y], verbose=0)


def test_outputs_of_another_form():
    for lib in (torchkeras, keras):
        x = lib.ops.ones((2, 3))
        for kind in (lib.distillation.LogitsDistillation, lib.distillation.FeatureDistillation):
            loss = kind(loss="mse")
            loss.validate_outputs(x, x)
            with pytest.raises(ValueError, match="structure"):
                loss.validate_outputs(x, {"a": x})
