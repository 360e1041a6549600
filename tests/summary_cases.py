"""What is written with `tf.summary`, by real TensorFlow and by ours alike."""

import io
import wave
from pathlib import Path

import numpy as np
from PIL import Image
from tensorboard.backend.event_processing.event_file_loader import RawEventFileLoader
from tensorboard.compat.proto.event_pb2 import Event
from tensorboard.util import tensor_util

DRAW = np.random.RandomState(0)
PICTURES = DRAW.uniform(-0.2, 1.2, (5, 4, 3, 3)).astype("float32")
SOUNDS = DRAW.uniform(-1, 1, (2, 30, 2)).astype("float32")


def write(tf, folder):
    """Write one of everything, and return what the calls said."""
    s = tf.summary
    said = [s.scalar("early", 1.0, step=1), s.should_record_summaries()]
    writer = s.create_file_writer(str(folder))
    with writer.as_default():
        said += [s.scalar("plain", 0.5, step=3, description="of **this**"), s.scalar("int", 2, 4)]
        said.append(s.scalar("tensor", tf.constant(2.5), step=tf.constant(6, tf.int64)))
        with tf.name_scope("outer"), tf.name_scope("inner"):
            s.scalar("named", 1.0, step=1)
        with s.experimental.summary_scope("", "unnamed") as (tag, _):
            said.append(tag)
        for name, dtype in (("float", "float32"), ("byte", "uint8")):
            pixels = PICTURES if dtype == "float32" else (PICTURES * 99 + 99).astype(dtype)
            for channels in (1, 3):
                s.image(f"{name} {channels}", pixels[..., :channels], step=1)
        s.image("listed", [PICTURES[0], PICTURES[1]], step=2, max_outputs=1)
        s.audio("sound", tf.constant(SOUNDS), 8000, step=1)
        s.text("text", "words *of* text", step=1)
        s.text("table", [["a", "b"], ["c", "ä"]], step=1)
        for name, values, buckets in (
            ("many", DRAW.normal(size=(40, 3)), None), ("few", [1.0, 2.0, 4.0], 4),
            ("equal", [3.0, 3.0], 3), ("empty", [], 2), ("none", [1.0], 0), ("whole", [1, 5], None),
        ):  # fmt: skip
            s.histogram(name, tf.constant(values, "float32"), step=1, buckets=buckets)
        s.write("own", tf.constant([[1, 2]]), step=1)
        s.write("late", lambda: tf.constant([1.5]), step=1)
        with s.record_if(False):
            said += [s.scalar("left out", 1.0, step=1), s.should_record_summaries()]
        with s.record_if(lambda: True):
            said += [s.scalar("let in", 1.0, step=1), s.should_record_summaries()]
        s.experimental.set_step(5)
        s.scalar("stepped", 1.0)
        count = tf.Variable(7, dtype=tf.int64)
        s.experimental.set_step(count)
        count.assign_add(1)
        s.scalar("counted", 1.0)
    s.experimental.set_step(None)
    with writer.as_default(step=3):
        s.scalar("in block", 1.0)
        said.append(s.experimental.get_step())
    said.append(s.experimental.get_step())
    s.flush(writer)
    with s.create_file_writer(str(folder), filename_suffix=".end").as_default():
        s.scalar("elsewhere", 1.0, step=1)
    writer.close()
    for attempt in (
        lambda: writer.as_default().__enter__(),
        lambda: s.flush(3),
    ):
        try:
            attempt()
        except Exception as e:
            said.append(type(e).__name__)
    return [said_.numpy().item() if hasattr(said_, "numpy") else said_ for said_ in said]


def read(folder):
    """Return [tag, step, plugin, its content, description, dtype, shape, values] of each event."""
    found = []
    for path in sorted(Path(folder).glob("*tfevents*"), key=lambda p: p.name.endswith(".end")):
        for raw in RawEventFileLoader(str(path)).Load():
            event = Event.FromString(raw)
            for v in event.summary.value:
                about = v.metadata
                values = tensor_util.make_ndarray(v.tensor)
                plugin = about.plugin_data.plugin_name
                found.append(
                    [v.tag, event.step, plugin, about.plugin_data.content.hex(),
                     about.summary_description, about.data_class, v.tensor.dtype,
                     list(values.shape), _plain(values)]
                )  # fmt: skip
    return found


def _plain(values):
    if values.dtype != object:
        return values.ravel().tolist()
    return [_decoded(v) for v in values.ravel().tolist()]


def _decoded(data):
    if data.startswith(b"\x89PNG"):
        image = Image.open(io.BytesIO(data))
        return [image.mode, np.asarray(image).ravel().tolist()]
    if data.startswith(b"RIFF"):
        with wave.open(io.BytesIO(data)) as f:
            samples = np.frombuffer(f.readframes(f.getnframes()), "<i2")
            return [list(f.getparams())[:4], samples.tolist()]
    return data.decode()
