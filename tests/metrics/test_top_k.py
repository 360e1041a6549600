import numpy as np
import torch

import torchkeras.metrics


def test_k_of_all_classes_is_always_right():
    y_true = torch.eye(3)[[0, 1, 2, 0]]
    metric = torchkeras.metrics.TopKCategoricalAccuracy(k=3)
    assert float(metric(y_true, torch.rand(4, 3))) == 1.0


def test_steps_of_sequences():
    rng = np.random.default_rng(0)
    y_true, y_pred = rng.integers(0, 4, (2, 5)), rng.random((2, 5, 4))
    order = np.argsort(-y_pred, -1)
    want = (order[..., :2] == y_true[..., None]).any(-1)
    found = torchkeras.metrics.sparse_top_k_categorical_accuracy(y_true, y_pred, k=2)
    assert found.numpy().astype(bool).tolist() == want.tolist()
    ranked = torchkeras.metrics.SparseTopKCategoricalAccuracy(k=2, from_sorted_ids=True)
    assert float(ranked(y_true, torch.tensor(order))) == np.float32(want.mean())
