"""What `keras.utils` of tf.keras had alone; the figures are those of tf_keras 2.21."""

import threading
import time

import numpy as np
import pytest
import torch
from alias_child import run_code

import torchkeras
from torchkeras.compat.names.utils import (
    SidecarEvaluator,
    StepsPerExecutionTuner,
    TimedThread,
    to_ordinal,
    warmstart_embedding_matrix,
)

BASE = np.arange(6, dtype="float32").reshape(3, 2)
MINUS = torchkeras.initializers.Constant(-1)


class TestToOrdinal:
    @pytest.mark.parametrize(
        ("y", "options", "expected"),
        [
            ([0, 1, 2, 3], (4,), [[0, 0, 0], [1, 0, 0], [1, 1, 0], [1, 1, 1]]),
            ([0, 2], (), [[0, 0], [1, 1]]),
            ([[0], [2]], (), [[0, 0], [1, 1]]),
            ([[0, 1], [2, 1]], (), [[[0, 0], [1, 0]], [[1, 1], [1, 0]]]),
            (2, (), [1, 1]),
            ([[[1], [0]]], (3,), [[[1, 0], [0, 0]]]),
            ([0, 0], (), [[], []]),
            ([0, 1], (2, "bool"), [[False], [True]]),
            (np.array([1.0, 0.0]), (None, "int8"), [[1], [0]]),
            (torch.tensor([0, 2]), (), [[0, 0], [1, 1]]),
        ],
    )
    def test_values(self, y, options, expected):
        found = to_ordinal(y, *options)
        assert type(found) is np.ndarray
        assert found.dtype == (options[1] if len(options) > 1 else "float32")
        np.testing.assert_array_equal(found, np.array(expected))

    def test_no_labels(self):
        assert to_ordinal(np.zeros(0, int), 3).shape == (0, 2)

    @pytest.mark.parametrize("y", [[5], [-1], [0.5], [np.nan], ["a"]])
    def test_no_class(self, y):
        with pytest.raises(ValueError, match="to_ordinal: y must hold whole numbers"):
            to_ordinal(y, 3)

    def test_no_number_of_classes(self):
        with pytest.raises(ValueError, match="num_classes is needed"):
            to_ordinal([])


class TestWarmstart:
    @pytest.mark.parametrize(
        ("base", "new", "expected"),
        [
            (["u", "a", "b"], ["u", "b", "z", "a"], [[0, 1], [4, 5], [-1, -1], [2, 3]]),
            (("u", "a", "b"), ("u", "u", "b", "u"), [[0, 1], [0, 1], [4, 5], [0, 1]]),
            (["u", "a", "a"], ["a"], [[4, 5]]),
            (["u", "a"], ["a"], [[2, 3]]),
            ([1, 2, 3], [3, 1], [[4, 5], [0, 1]]),
            (np.array(["u", "a", "b"]), [b"b", "u"], [[4, 5], [0, 1]]),
        ],
    )
    def test_values(self, base, new, expected):
        found = warmstart_embedding_matrix(base, new, BASE, MINUS)
        np.testing.assert_array_equal(found.numpy(), expected)

    def test_files(self, tmp_path):
        (tmp_path / "base.txt").write_text("u\na\nb\n")
        (tmp_path / "new.txt").write_text("b\n\n a\nq")
        found = warmstart_embedding_matrix(
            str(tmp_path / "base.txt"), tmp_path / "new.txt", BASE, MINUS
        )
        np.testing.assert_array_equal(found.numpy(), [[4, 5], [-1, -1], [-1, -1], [-1, -1]])

    @pytest.mark.parametrize("dtype", ["float16", "float32", "float64", "int32"])
    def test_dtypes(self, dtype):
        found = warmstart_embedding_matrix(["u", "a", "b"], ["b", "z"], BASE.astype(dtype), MINUS)
        assert str(found.dtype) == f"torch.{dtype}"
        np.testing.assert_array_equal(found.numpy(), [[4, 5], [-1, -1]])

    @pytest.mark.parametrize("initializer", ["uniform", None, "ones", MINUS])
    def test_weights_of_a_layer(self, initializer):
        layer = torchkeras.layers.Embedding(3, 2)
        layer.build()
        before = layer.embeddings.numpy().copy()
        found = warmstart_embedding_matrix(list("uab"), ["b", "z"], layer.embeddings, initializer)
        assert not found.requires_grad
        np.testing.assert_array_equal(found[0].numpy(), before[2])
        found.zero_()
        np.testing.assert_array_equal(layer.embeddings.numpy(), before)

    @pytest.mark.parametrize(
        ("base", "new", "embeddings"),
        [(["u"], [], BASE), (list("uabc"), ["u"], BASE), (["u"], ["u"], BASE.ravel())],
    )
    def test_bad_input(self, base, new, embeddings):
        with pytest.raises(ValueError, match="warmstart_embedding_matrix: "):
            warmstart_embedding_matrix(base, new, embeddings)

    def test_no_such_file(self):
        with pytest.raises(FileNotFoundError):
            warmstart_embedding_matrix("no such file", ["u"], BASE)


class Count(TimedThread):
    def __init__(self, *args, **kwargs):
        self.times, self.thread_of_call, self.enough = 0, None, threading.Event()
        super().__init__(*args, **kwargs)

    def on_interval(self):
        self.times += 1
        self.thread_of_call = threading.current_thread()
        if self.times == 3:
            self.enough.set()


class TestTimedThread:
    def test_start_and_stop(self):
        thread = Count(0.01, name="counter")
        assert not thread.is_alive()
        thread.stop()  # nothing to stop yet
        thread.start()
        first = thread.thread
        thread.start()  # it runs already
        assert thread.thread is first and thread.is_alive()
        assert thread.enough.wait(10)
        thread.stop()
        first.join(10)
        assert not thread.is_alive()
        assert thread.thread_of_call is first and first.daemon and first.name == "counter"
        times = thread.times
        thread.start()  # again
        thread.stop()
        thread.thread.join(10)
        assert thread.times >= times

    def test_the_first_call_comes_at_once_and_stop_does_not_wait(self):
        before = time.monotonic()
        with Count(1000, daemon=False) as thread:
            while not thread.times:
                time.sleep(0.001)
        thread.thread.join(10)
        assert time.monotonic() - before < 10 and thread.times == 1
        assert not thread.thread.daemon

    def test_with_a_callback(self):
        class Both(Count, torchkeras.callbacks.Callback):
            def __init__(self, interval):
                torchkeras.callbacks.Callback.__init__(self)
                Count.__init__(self, interval)

            def on_epoch_begin(self, epoch, logs=None):
                self.epoch = epoch

        model = torchkeras.Sequential([torchkeras.layers.Dense(1)])
        model.compile("sgd", "mse")
        with Both(0.01) as both:
            model.fit(np.ones((4, 2)), np.ones((4, 1)), epochs=2, verbose=0, callbacks=[both])
            assert both.enough.wait(10)
        assert both.epoch == 1 and both.model is model

    @pytest.mark.parametrize("interval", [0, -1, "a", None, float("nan")])
    def test_bad_interval(self, interval):
        with pytest.raises(ValueError, match="TimedThread: interval must be"):
            TimedThread(interval)

    def test_without_anything_to_do(self):
        with pytest.raises(NotImplementedError, match=r"write on_interval\(\)"):
            TimedThread(1).on_interval()


@pytest.mark.parametrize("cls", [SidecarEvaluator, StepsPerExecutionTuner])
def test_what_is_not_there(cls):
    with pytest.raises(NotImplementedError, match=f"{cls.__name__} is not part of torchkeras"):
        cls(1)


def test_by_their_names():
    said = run_code(
        """
import tensorflow as tf
from keras.utils import to_ordinal, TimedThread, warmstart_embedding_matrix
from tensorflow.keras.utils import to_ordinal as other
assert other is to_ordinal is tf.keras.utils.to_ordinal
print(to_ordinal([0, 1], 2).tolist())
"""
    )
    assert "[[0.0], [1.0]]" in said.stdout
