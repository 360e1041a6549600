"""Metrics and names of metrics of Keras 1 and 2."""

import numpy as np
import pytest
import torch
from sklearn import metrics as sk

import torchkeras
from oracle import rand
from torchkeras import config, metrics
from torchkeras.metrics import legacy

TRUE, PRED = rand(40, low=0, high=2, dtype="int32").astype("float32"), rand(40, low=0.0, high=1.0)


def quietly(call):
    with pytest.warns(DeprecationWarning, match="older Keras"):
        return call()


class TestOfKeras1:
    """Against scikit-learn, which computes the same of a batch."""

    @pytest.mark.parametrize(
        ("function", "reference"),
        [
            ("precision", "precision_score"),
            ("recall", "recall_score"),
            ("fmeasure", "f1_score"),
            ("matthews_correlation", "matthews_corrcoef"),
        ],
    )
    def test_of_a_batch(self, function, reference):
        found = getattr(legacy, function)(TRUE, PRED)
        assert float(found) == pytest.approx(getattr(sk, reference)(TRUE, PRED.round()), abs=1e-5)

    @pytest.mark.parametrize("beta", [0.5, 1, 2])
    def test_fbeta(self, beta):
        wanted = sk.fbeta_score(TRUE, PRED.round(), beta=beta)
        assert float(legacy.fbeta_score(TRUE, PRED, beta=beta)) == pytest.approx(wanted, abs=1e-5)

    def test_no_positive_target(self):
        assert float(legacy.fbeta_score(np.zeros(3), np.ones(3))) == 0.0
        with pytest.raises(ValueError, match="beta must be at least 0"):
            legacy.fbeta_score(TRUE, PRED, beta=-1)

    def test_by_name_in_compile(self):
        L = torchkeras.layers
        model = torchkeras.Sequential([L.Input((3,)), L.Dense(1, activation="sigmoid")])
        names = ["precision", "recall", "fmeasure", "fbeta_score", "fscore", "matthews_correlation"]
        model.compile("sgd", "binary_crossentropy", metrics=names)
        found = model.fit(rand(40, 3), TRUE, verbose=0).history
        assert set(names) <= set(found)


class TestOfKeras2:
    """Figures recorded with tf_keras 2.21."""

    def test_mean_relative_error(self):
        metric = legacy.MeanRelativeError(normalizer=[1, 3, 2, 0])
        metric.update_state([1, 3, 2, 3], [2, 4, 6, 8])
        assert float(metric.result()) == pytest.approx(0.8333334)
        again = legacy.MeanRelativeError.from_config(metric.get_config())
        torch.testing.assert_close(again.normalizer, metric.normalizer)

    def test_mean_tensor(self):
        metric = legacy.MeanTensor()
        metric.update_state([0, 1, 2, 3])
        metric.update_state([4, 5, 6, 7], sample_weight=[0, 0.2, 0.4, 1])
        np.testing.assert_allclose(metric.result(), [0.0, 1.6666666, 3.1428573, 5.0], rtol=1e-6)
        with pytest.raises(ValueError, match="must have the shape"):
            metric.update_state([1.0])
        metric.reset_state()
        assert metric.result().tolist() == [0.0] * 4
        with pytest.raises(ValueError, match="no result before"):
            legacy.MeanTensor().result()


class TestOwnMetrics:
    class Count(metrics.Metric):
        def __init__(self, name="count"):
            super().__init__(name=name)
            self.n = self.add_weight("n", initializer="zeros")

        def update_state(self, y_true, y_pred, sample_weight=None):
            self.n.assign_add(len(y_true))

        def result(self):
            return self.n

    def test_weight_by_its_name_first(self):
        metric = quietly(self.Count)
        assert metric.n.name == "n" and metric.n.shape == ()
        config.set_legacy_mode("strict")
        with pytest.raises(TypeError, match="name='n'"):
            self.Count()

    def test_reset_states_is_called(self):
        class Mine(self.Count):
            resets = 0

            def reset_states(self):
                self.resets += 1
                super().reset_states()

        metric = quietly(Mine)
        metric.update_state([1, 2], [1, 2])
        quietly(metric.reset_state)
        assert metric.resets == 1 and float(metric.n) == 0.0
        metric.update_state([1, 2], [1, 2])
        quietly(metric.reset_states)
        assert metric.resets == 2 and float(metric.n) == 0.0

    def test_reset_states_of_today(self):
        metric = metrics.AUC(num_thresholds=5)
        metric.update_state([0, 1], [0.2, 0.8])
        quietly(metric.reset_states)
        assert all(float(v.sum()) == 0 for v in metric.variables)
        config.set_legacy_mode("off")
        with pytest.raises(AttributeError, match="reset_states"):
            metric.reset_states
