"""Sequences under `fit_generator` begin anew, as in Keras 2, whatever the number of steps is."""

import numpy as np
import pytest

import torchkeras


class Ones(torchkeras.utils.PyDataset):
    def __init__(self):
        super().__init__()
        self.read = 0

    def __len__(self):
        return 3

    def __getitem__(self, index):
        self.read += 1
        return np.ones((2, 3)), np.ones((2, 1))


@pytest.mark.parametrize("steps", [1, 2, 3, 5])
@pytest.mark.filterwarnings("error::UserWarning")
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_every_epoch_has_its_steps(steps):
    model = torchkeras.Sequential([torchkeras.Input((3,)), torchkeras.layers.Dense(1)])
    model.compile("sgd", "mse")
    counts = []
    count = torchkeras.callbacks.LambdaCallback(on_train_batch_end=lambda b, logs: counts.append(b))
    data, validation = Ones(), Ones()
    history = model.fit_generator(
        data, steps_per_epoch=steps, epochs=4, verbose=0, callbacks=[count],
        validation_data=validation, validation_steps=4,
    )  # fmt: skip
    assert len(history.history["val_loss"]) == 4
    assert counts == list(range(steps)) * 4
    assert data.read == 4 * steps
    assert validation.read == 16
    assert model.predict_generator(Ones(), steps=5).shape == (10, 1)
