"""Every layer class through `.h5` files, from and to real Keras, and trained on."""

import keras
import numpy as np
import pytest
from layer_cases import ROWS
from layers.test_contract import SAVED, model_of
from saving.exchange import predictions, same_weights
from saving.test_exchange_layers import steps, targets

import torchkeras
from oracle import assert_close, compared

# Real Keras cannot load its own `.h5` files of these: it takes "dot" for the name of a function.
NOT_READ = {"Attention"}
# Nor can it write these: it copies a module that they hold.
NOT_WRITTEN = {
    "Solarization", "RandomBrightness", "RandomColorDegeneration", "RandomSaturation",
    "RandomSharpness", "RandomPosterization",
}  # fmt: skip


def ready(lib, name):
    """The layer's model, compiled, after two steps where it can be trained."""
    model, data = model_of(lib, name)
    data = data[0] if len(data) == 1 else data
    # A large epsilon: the sign of a gradient that is zero but for rounding must not count.
    model.compile(lib.optimizers.Adam(0.01, epsilon=0.01), lib.losses.MeanSquaredError())
    y = targets(model, data) if ROWS[name].grads and not ROWS[name].random else None
    if y is None or not model.trainable_variables:
        return model, data, None
    steps(model, data, y, 2)
    return model, data, y


@pytest.mark.sweep
@pytest.mark.parametrize("name", SAVED)
def test_every_layer(name, tmp_path, record_property):
    row, cases = ROWS[name], 0
    path = tmp_path / "m.h5"
    tolerance = row.rtol, max(row.rtol / 10, row.noise)
    with compared() as seen:
        for source, target in ((keras, torchkeras), (torchkeras, keras), (torchkeras, torchkeras)):
            if (target is keras and name in NOT_READ) or (source is keras and name in NOT_WRITTEN):
                continue
            model, data, y = ready(source, name)
            model.save(path)
            loaded = target.saving.load_model(path)
            same_weights(loaded, model, 0)
            assert_close(predictions(loaded, data), predictions(model, data), *tolerance)
            cases += 1
            if y is not None and target is torchkeras:  # real Keras restores no optimizer here
                steps(model, data, y, 3)
                steps(loaded, data, y, 3)
                same_weights(loaded, model, max(row.rtol, 1e-5), "after 3 steps")
        weights = np.array([w.size for w in model.get_weights()]).sum()
        if weights:
            model.save_weights(path)
            other, _ = model_of(keras, name)
            other.load_weights(path)
            same_weights(other, model, 0)
            cases += 1
    figure = {"subject": "files", "name": f"{name} (.h5)", "cases": cases, "worst": seen.worst}
    record_property("compared", figure)
