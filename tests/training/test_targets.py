import numpy as np
import pytest
import torch

import torchkeras
from torchkeras.training import targets
from torchkeras.training.compile_loss import CompileLoss

NAMES = ["a", "b"]


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
    logits = torchkeras.losses.BinaryCrossentropy(from_logits=True)
    with pytest.raises(ValueError, match="label 2 at position"):
        CompileLoss(logits).check_targets(torch.tensor([[1], [2]]), (None, 1))
    with pytest.raises(ValueError, match=r"targets of the output 'b' .*y_true.shape=\(4, 1\)"):
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


def test_lists_of_numbers_are_left_to_the_data_adapter():
    CompileLoss("sparse_categorical_crossentropy").check_targets([0, 1, 7], (None, 3))


def test_shapes_with_unknown_sizes():
    mse = torchkeras.losses.MeanSquaredError()
    for a, b in (
        ((None, 3), (None, 3)),
        ((None,), (None, 1)),
        ((None, 1), (None,)),
        ((None, 5, 3), (None, None, 3)),
        ((None, 5), (None, None, 1)),
    ):
        targets.check_shapes(mse, a, b, "")
    for a, b in (((None, 1), (None, 3)), ((None,), (None, 3)), ((None, 4, 1), (None, None, 3))):
        with pytest.raises(ValueError, match="targets must have the same shape as the outputs"):
            targets.check_shapes(mse, a, b, "")


def test_losses_of_ones_own_are_not_judged():
    targets.check_shapes(lambda t, p: 0, (None, 1), (None, 2), "")
    targets.check_labels(lambda t, p: 0, np.array([7]), (None, 3))


def test_memory_stays_flat_over_large_targets():
    import tracemalloc

    loss = torchkeras.losses.SparseCategoricalCrossentropy()
    labels = np.zeros(8_000_000, "float32")
    tracemalloc.start()
    targets.check_labels(loss, labels, (None, 3))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 1 << 20


@pytest.mark.parametrize("batch", [1, 4])
def test_a_stateful_model_trains_on_batches_of_its_size(batch):
    """Its outputs' shape has a batch axis, which the targets' number has nothing to do with.

    Compared with a loop that hands the states on: real Keras on torch cannot train such a model.
    """
    rng = np.random.default_rng(0)
    x, y = rng.random((12, 3, 2), "f4"), rng.random((12, 1), "f4")
    L = torchkeras.layers
    model = torchkeras.Sequential(
        [torchkeras.Input(batch_shape=(batch, 3, 2)), L.LSTM(4, stateful=True), L.Dense(1)]
    )
    model.compile(torchkeras.optimizers.SGD(0.1), "mse")
    lstm, dense = L.LSTM(4, return_state=True), L.Dense(1)
    inputs = torchkeras.Input(batch_shape=(batch, 3, 2))
    loop = torchkeras.Model(inputs, dense(lstm(inputs)[0]))
    loop.set_weights(model.get_weights())
    states = None

    def steps(count, train):
        nonlocal states
        losses = []
        for i in range(0, count, batch):
            out, *states = lstm(torch.tensor(x[i : i + batch]), initial_state=states)
            states = [s.detach() for s in states]
            loss = (dense(out) - torch.tensor(y[i : i + batch])).square().mean()
            losses.append(loss.item())
            if train:
                grads = torch.autograd.grad(loss, list(loop.parameters()))
                with torch.no_grad():
                    for p, g in zip(loop.parameters(), grads, strict=True):
                        p -= 0.1 * g
        return np.mean(losses)

    for _ in range(3):
        logs = model.fit(
            x, y, batch_size=batch, shuffle=False, verbose=0, validation_data=(x[:8], y[:8])
        ).history
        assert logs["loss"] == [pytest.approx(steps(12, train=True), rel=1e-5)]
        assert logs["val_loss"] == [pytest.approx(steps(8, train=False), rel=1e-5)]
