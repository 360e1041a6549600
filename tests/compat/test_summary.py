"""`tf.summary` writes what TensorFlow writes; TensorBoard's readers and `hparams` take it."""

import json
from pathlib import Path

import numpy as np
import pytest
from alias_child import run_code
from summary_cases import read, write
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.plugins.hparams import metadata
from tensorboard.util import tensor_util

from torchkeras.compat import tensorflow as tf

SAID, *WANT = json.loads(
    (Path(__file__).parents[1] / "golden" / "summaries.json").read_text(encoding="utf-8")
)


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    folder = tmp_path_factory.mktemp("log")
    return write(tf, folder), {row[0]: row for row in json.loads(json.dumps(read(folder)))}


def test_calls_say_what_tensorflow_says(written):
    assert written[0] == SAID


def test_tags_stand_in_tensorflow_order(written):
    assert list(written[1]) == [row[0] for row in WANT]


@pytest.mark.parametrize("want", WANT, ids=[row[0] for row in WANT])
def test_writes_what_tensorflow_writes(written, want):
    got = written[1][want[0]]
    assert got[:8] == want[:8]
    if want[2] in ("histograms", "scalars", ""):
        np.testing.assert_allclose(got[8], want[8], rtol=1e-6, atol=1e-12)
    elif want[2] == "audio":
        for ours, theirs in zip(got[8][::2], want[8][::2], strict=True):
            assert ours[0] == theirs[0]
            np.testing.assert_allclose(ours[1], theirs[1], atol=1)
    else:
        assert got[8] == want[8]


def test_refuses_what_tensorflow_refuses(tmp_path):
    s = tf.summary
    with s.create_file_writer(tmp_path).as_default():
        for error, match, attempt in (
            (ValueError, "No step set", lambda: s.scalar("x", 1.0)),
            (ValueError, "must be a number", lambda: s.scalar("x", [1.0, 2.0], step=0)),
            (ValueError, "4 dimensions", lambda: s.image("x", np.zeros((4, 4, 3)), step=0)),
            (ValueError, "3 dimensions", lambda: s.audio("x", np.zeros((4, 3)), 8000, step=0)),
            (ValueError, "1 to 4 channels", lambda: s.image("x", np.zeros((1, 4, 4, 5)), step=0)),
            (TypeError, "must be text", lambda: s.text("x", 3, step=0)),
            (TypeError, "whole number", lambda: s.scalar("x", 1.0, step=1.5)),
            (AttributeError, "write_graph", lambda: s.trace_on),
        ):
            with pytest.raises(error, match=match):
                attempt()
    assert s.create_noop_writer().flush() is None
    with s.create_noop_writer().as_default():
        s.scalar("x", 1.0, step=0)


def test_values_that_are_not_finite_are_left_out_of_histograms(tmp_path):
    with tf.summary.create_file_writer(tmp_path).as_default(step=0):
        tf.summary.histogram("h", [1.0, np.nan, 2.0, np.inf], buckets=2)
    assert read(tmp_path)[0][8] == [1.0, 1.5, 1.0, 1.5, 2.0, 1.0]


LOOP = """
import sys
import tensorflow as tf

model = tf.keras.Sequential([tf.keras.layers.Dense(4, "relu"), tf.keras.layers.Dense(1)])
optimizer, mean = tf.keras.optimizers.Adam(), tf.keras.metrics.Mean()
x, y = tf.random.normal((32, 3)), tf.random.normal((32, 1))
writers = {n: tf.summary.create_file_writer(f"{sys.argv[1]}/{n}") for n in ("train", "test")}

@tf.function
def step(x, y):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean((model(x, training=True) - y) ** 2)
    optimizer.apply_gradients(
        zip(tape.gradient(loss, model.trainable_variables), model.trainable_variables))
    mean(loss)

for epoch in range(3):
    step(x, y)
    with writers["train"].as_default():
        tf.summary.scalar("loss", mean.result(), step=epoch)
        tf.summary.histogram("kernel", model.layers[0].kernel, step=optimizer.iterations)
    with writers["test"].as_default(step=epoch):
        tf.summary.scalar("loss", mean.result())
    mean.reset_states()

old = tf.compat.v1.summary.FileWriter(f"{sys.argv[1]}/old")
value = tf.compat.v1.Summary.Value(tag="loss", simple_value=0.25)
old.add_summary(tf.compat.v1.Summary(value=[value]), 7)
old.close()
"""


def accumulated(folder):
    found = EventAccumulator(str(folder))
    found.Reload()
    return found


def numbers(log):
    return [tensor_util.make_ndarray(e.tensor_proto).item() for e in log.Tensors("loss")]


def test_custom_loop(tmp_path):
    (tmp_path / "loop.py").write_text(LOOP)
    run_code(f"import sys; sys.argv[1:] = [{str(tmp_path)!r}]\n{LOOP}")
    train, test = accumulated(tmp_path / "train"), accumulated(tmp_path / "test")
    steps = [
        (e.step, float(tensor_util.make_ndarray(e.tensor_proto))) for e in train.Tensors("loss")
    ]
    assert [s for s, _ in steps] == [0, 1, 2]
    assert [v for _, v in steps] == [
        float(tensor_util.make_ndarray(e.tensor_proto)) for e in test.Tensors("loss")
    ]
    assert [e.step for e in train.Tensors("kernel")] == [1, 2, 3]
    assert [(e.step, e.value) for e in accumulated(tmp_path / "old").Scalars("loss")] == [(7, 0.25)]


HPARAMS = """
import sys
import numpy as np
import tensorflow as tf
from tensorboard.plugins.hparams import api as hp

UNITS = hp.HParam("units", hp.Discrete([2, 4]))
DROPOUT = hp.HParam("dropout", hp.RealInterval(0.1, 0.2))
OPTIMIZER = hp.HParam("optimizer", hp.Discrete(["adam", "sgd"]))
logs = sys.argv[1]
with tf.summary.create_file_writer(logs).as_default():
    hp.hparams_config(hparams=[UNITS, DROPOUT, OPTIMIZER],
                      metrics=[hp.Metric("accuracy", display_name="Accuracy")])
x, y = np.random.rand(32, 4), np.random.randint(0, 2, 32)
for i, units in enumerate(UNITS.domain.values):
    chosen = {UNITS: units, DROPOUT: DROPOUT.domain.min_value, OPTIMIZER: "adam"}
    model = tf.keras.Sequential([
        tf.keras.layers.Dense(chosen[UNITS], "relu"), tf.keras.layers.Dropout(chosen[DROPOUT]),
        tf.keras.layers.Dense(1, "sigmoid")])
    model.compile(chosen[OPTIMIZER], "binary_crossentropy", metrics=["accuracy"])
    run = f"{logs}/run-{i}"
    if i:
        model.fit(x, y, verbose=0, callbacks=[tf.keras.callbacks.TensorBoard(run),
                                              hp.KerasCallback(run, chosen)])
    with tf.summary.create_file_writer(run).as_default():
        if not i:
            print(hp.hparams(chosen, trial_id="first"))
        tf.summary.scalar("accuracy", model.evaluate(x, y, verbose=0)[1], step=1)
"""


def test_hparams_plugin(tmp_path):
    done = run_code(f"import sys; sys.argv[1:] = [{str(tmp_path)!r}]\n{HPARAMS}")
    assert done.stdout == "True\n"

    def content(folder, tag):
        about = accumulated(folder).SummaryMetadata(tag)
        return about.plugin_data.content

    experiment = metadata.parse_experiment_plugin_data(content(tmp_path, metadata.EXPERIMENT_TAG))
    assert [h.name for h in experiment.hparam_infos] == ["units", "dropout", "optimizer"]
    assert experiment.metric_infos[0].display_name == "Accuracy"
    for i, units in ((0, 2), (1, 4)):
        folder = tmp_path / f"run-{i}"
        start = metadata.parse_session_start_info_plugin_data(
            content(folder, metadata.SESSION_START_INFO_TAG)
        )
        assert start.hparams["units"].number_value == units
        assert start.hparams["optimizer"].string_value == "adam"
        assert len(accumulated(folder).Tensors("accuracy")) == 1
    assert start.group_name != "first"
    end = metadata.parse_session_end_info_plugin_data(
        content(tmp_path / "run-1", metadata.SESSION_END_INFO_TAG)
    )
    assert end.status == 1  # success


def test_tensorboard_keeps_to_its_own_tensorflow(tmp_path):
    code = """
import torchkeras
torchkeras.compat.install()
from tensorboard.compat import tf, tf2
assert tf.__version__ == "stub" and tf.io.gfile.exists("/")
import tensorflow
assert tf2.summary.scalar is tensorflow.summary.scalar is tensorflow.compat.v2.summary.scalar
torchkeras.compat.uninstall()
assert not hasattr(tf.compat, "v2")
torchkeras.compat.install()
assert tf.compat.v2.summary
print("done")
"""
    assert run_code(code).stdout == "done\n"
