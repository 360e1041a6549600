"""Every layer class through every kind of file, from and to real Keras, and trained on."""

import keras
import numpy as np
import pytest
import torch
from layer_cases import ROWS
from layers.test_contract import SAVED, model_of
from saving.exchange import KINDS, carry, predictions, same_weights

import torchkeras
from oracle import assert_close, compared


def compiled(lib, name):
    """The layer's model, ready to be trained where that can be compared."""
    model, data = model_of(lib, name)
    # A large epsilon: the sign of a gradient that is zero but for rounding must not count.
    model.compile(lib.optimizers.Adam(0.01, epsilon=0.01), "mse")
    model.optimizer.build(model.trainable_variables)
    return model, data[0] if len(data) == 1 else data


def targets(model, data):
    """Zeros of the outputs' shapes; None if they are no floats."""
    found = predictions(model, data)
    if any(y.dtype.kind != "f" for y in found):
        return None
    zeros = [np.zeros_like(y) for y in found]
    return zeros[0] if len(zeros) == 1 else zeros


@pytest.mark.sweep
@pytest.mark.parametrize("name", SAVED)
def test_every_layer_by_every_file(name, tmp_path, record_property):
    row = ROWS[name]
    cases = 0
    with compared() as seen:
        for source, target in ((torchkeras, keras), (keras, torchkeras)):
            model, data = compiled(source, name)
            y = targets(model, data) if row.grads and not row.random else None
            if y is not None and model.trainable_variables:
                steps(model, data, y, 2)
            for kind in KINDS:
                loaded = carry(
                    kind, model, target, tmp_path, lambda lib=target: compiled(lib, name)[0]
                )
                same_weights(loaded, model, 0, f"{kind}: weights")
                a, b = predictions(loaded, data), predictions(model, data)
                assert_close(a, b, row.rtol, max(row.rtol / 10, row.noise), f"{kind}: outputs")
                if y is not None and model.trainable_variables:
                    steps(model, data, y, 3)
                    steps(loaded, data, y, 3)
                    same_weights(loaded, model, max(row.rtol, 1e-5), f"{kind}: after 3 steps")
                cases += 1
    figure = {"subject": "files", "name": name, "cases": cases, "worst": seen.worst}
    record_property("compared", figure)


def steps(model, data, y, count):
    torch.manual_seed(0)
    for _ in range(count):
        model.train_on_batch(data, y)
