"""TerminateOnNaN against real Keras."""

import keras
import pytest
from callbacks.scripted import assert_same, run

from torchkeras import callbacks

NAN, INF = float("nan"), float("inf")


@pytest.mark.parametrize(
    "logs", [{"loss": NAN}, {"loss": INF}, {"loss": -INF}, {"loss": 1.0}, {"acc": NAN}, {}]
)
def test_stops(logs):
    ours = run(callbacks.TerminateOnNaN(), [logs] * 2, batches=2)
    assert_same(ours, run(keras.callbacks.TerminateOnNaN(), [logs] * 2, batches=2))


def test_raises_at_once():
    with pytest.raises(RuntimeError, match=r"TerminateOnNaN: the loss of batch 0 is nan\."):
        run(callbacks.TerminateOnNaN(raise_error=True), [{"loss": NAN}], batches=1)
