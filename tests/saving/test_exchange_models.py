"""Each example model by each kind of file, from and to real Keras, and trained on."""

import keras
import numpy as np
import pytest
from saving import zoo
from saving.exchange import KINDS, carry, same_weights
from saving.test_exchange import CODE_ONLY, LOOSE, OPTIMIZERS, more, randomise, trained

import torchkeras
from oracle import assert_close, compared, to_numpy, tree_map


@pytest.fixture(params=["to keras", "from keras"])
def pair(request):
    return (torchkeras, keras) if request.param == "to keras" else (keras, torchkeras)


@pytest.fixture
def figure(record_property):
    """Note a comparison for the figures at the end."""

    def note(name, seen):
        row = {"subject": "files", "name": name, "cases": 1, "worst": seen.worst}
        record_property("compared", row)

    return note


def compiled(lib, name):
    model, x = zoo.MODELS[name](lib)
    model.compile(lib.optimizers.Adam(0.01, epsilon=0.01), "mse")
    model.optimizer.build(model.trainable_variables)
    return model, x


def results(model, x):
    return tree_map(to_numpy, model(x, training=False))


QUICK = {".keras", ".weights.json"}  # the others run in the sweep
CASES = [
    pytest.param(name, kind, marks=[] if kind in QUICK else pytest.mark.sweep, id=f"{name}-{kind}")
    for name in zoo.MODELS
    for kind in KINDS
    if name not in CODE_ONLY or kind.startswith(".weights")
]


@pytest.mark.parametrize(("name", "kind"), CASES)
def test_models(name, kind, pair, tmp_path, monkeypatch, figure):
    monkeypatch.setattr(zoo, "RATE", 0.0)
    source, target = pair
    model, x = compiled(source, name)
    randomise(model)
    y = tree_map(np.zeros_like, results(model, x))
    for _ in range(2):
        model.train_on_batch(x, y)
    custom = zoo.custom_objects(target)
    loaded = carry(kind, model, target, tmp_path, lambda: compiled(target, name)[0], custom)
    rtol = LOOSE.get(name, 1e-5)
    with compared() as seen:
        assert_close(results(loaded, x), results(model, x), rtol, rtol, "outputs")
        for _ in range(3 if name not in LOOSE else 0):  # 16-bit steps round differently
            model.train_on_batch(x, y)
            loaded.train_on_batch(x, y)
        assert_close(results(loaded, x), results(model, x), rtol, rtol, "outputs after 3 steps")
        if name != "torch_module":  # the order of a module's weights differs
            same_weights(loaded, model, rtol, "weights after 3 steps")
    if name not in LOOSE:
        figure(f"model {name}", seen)


@pytest.mark.sweep
@pytest.mark.parametrize("kind", KINDS[1:])
@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_optimizers(optimizer, kind, pair, tmp_path, figure):
    """As `test_training_goes_on`, by the other kinds of file."""
    source, target = pair
    model = trained(source, optimizer)
    loaded = carry(kind, model, target, tmp_path, lambda: trained(target, optimizer, steps=1))
    assert int(loaded.optimizer.iterations) == int(model.optimizer.iterations) > 0
    with compared() as seen:
        more(model, 3)
        more(loaded, 3)
        same_weights(loaded, model)
    figure(f"optimizer {optimizer}", seen)
