"""The `tensorflow` module against recordings of the real one (`golden/make_tensorflow.py`)."""

import json
from pathlib import Path

import numpy as np
import pytest
from alias_child import run_code
from tf_expressions import EXPRESSIONS, GRADIENTS

GOLDEN = json.loads((Path(__file__).parents[1] / "golden" / "tensorflow.json").read_text())

EVALUATE = """
import json, sys
import numpy as np
import tensorflow as tf
sys.path.insert(0, "tests")
from tf_expressions import EXPRESSIONS, GRADIENTS, SETUP

def plain(value):
    if isinstance(value, (tf.Tensor, np.ndarray)):
        array = np.asarray(value.numpy() if isinstance(value, tf.Tensor) else value)
        return {"dtype": str(array.dtype), "shape": list(array.shape),
                "values": [v.item() for v in array.ravel()]}
    return {"plain": [plain(v) if isinstance(v, tf.Tensor) else v for v in value]
            if isinstance(value, list) else value}

names = {"tf": tf}
exec(SETUP, names)
found = {}
for e in EXPRESSIONS:
    try:
        found[e] = plain(eval(e, names))
    except Exception as error:
        found[e] = {"error": f"{type(error).__name__}: {error}"[:300]}
for label, code in GRADIENTS.items():
    exec(code, names)
    found[label] = plain(names["result"])
print(json.dumps(found))
"""


@pytest.fixture(scope="module")
def found():
    root = Path(__file__).parents[2]
    return json.loads(run_code(EVALUATE, cwd=root).stdout)


def same(have, want, tolerance=2e-5):
    if "plain" in want:
        if isinstance(want["plain"], list):
            assert len(have["plain"]) == len(want["plain"])
            for a, b in zip(have["plain"], want["plain"], strict=True):
                same(a, b) if isinstance(b, dict) else _equal(a, b)
            return
        if "values" in have:  # a number there, a tensor of one here
            have = {"plain": have["values"][0]}
        _equal(have["plain"], want["plain"])
        return
    if "plain" in have:  # sizes are numbers here
        assert have["plain"] == want["values"][0]
        return
    assert have["shape"] == want["shape"]
    assert have["dtype"] == want["dtype"]
    np.testing.assert_allclose(have["values"], want["values"], rtol=tolerance, atol=tolerance)


def _equal(a, b):
    assert a == b or (isinstance(b, list) and list(map(list, a)) == list(map(list, b)))


@pytest.mark.parametrize("name", [*EXPRESSIONS, *GRADIENTS])
def test_as_tensorflow(found, name):
    assert "error" not in found[name], found[name]
    # TensorFlow takes its cubic weights from a table of 1024 places.
    same(found[name], GOLDEN[name], 2e-3 if "bicubic" in name else 2e-5)


def test_missing_names_tell_what_to_use():
    done = run_code(
        "import tensorflow as tf\n"
        "for name in ('Session', 'searchsorted', 'nn.fractional_max_pool', 'RaggedTensor',"
        " 'image.non_max_suppression', 'data.TFRecordDataset'):\n"
        "    try:\n"
        "        eval(f'tf.{name}')\n"
        "    except AttributeError as e:\n"
        "        print(e)\n"
    )
    lines = done.stdout.splitlines()
    assert len(lines) == 6
    assert lines[0] == (
        "tf.Session is not in torchkeras's tensorflow module. Use plain Python: torch runs what "
        "it is told, at once instead."
    )
    assert "Use keras.ops.searchsorted instead" in lines[1]
    assert all("is not in torchkeras's tensorflow module" in line for line in lines)


def test_custom_loop_and_dataset():
    done = run_code(
        """
import numpy as np
import tensorflow as tf
tf.random.set_seed(1)
r = np.random.RandomState(0)
x = r.randn(64, 4).astype("float32")
y = (x.sum(1) > 0).astype("int32")
ds = tf.data.Dataset.from_tensor_slices((x, y)).shuffle(64, seed=1).batch(16)
ds = ds.prefetch(tf.data.AUTOTUNE)
model = tf.keras.Sequential([tf.keras.Input((4,)), tf.keras.layers.Dense(2)])
loss_fn = tf.keras.losses.SparseCategoricalCrossentropy(from_logits=True)
optimizer = tf.keras.optimizers.Adam(0.05)
metric = tf.keras.metrics.SparseCategoricalAccuracy()

@tf.function(jit_compile=False)
def step(x, y):
    with tf.GradientTape() as tape:
        logits = model(x, training=True)
        loss = loss_fn(y, logits)
    grads = tape.gradient(loss, model.trainable_variables)
    optimizer.apply_gradients(zip(grads, model.trainable_variables))
    metric.update_state(y, logits)
    return loss

for epoch in range(20):
    metric.reset_state()
    for a, b in ds:
        loss = step(a, b)
print(float(metric.result()) > 0.9, loss.numpy() < 0.5, len(ds))

class Own(tf.keras.Model):
    def __init__(self):
        super().__init__()
        self.dense = tf.keras.layers.Dense(2)

    def call(self, inputs, training=None):
        return self.dense(inputs)

    def train_step(self, data):
        x, y = data
        with tf.GradientTape() as tape:
            y_pred = self(x, training=True)
            loss = self.compute_loss(y=y, y_pred=y_pred)
        grads = tape.gradient(loss, self.trainable_variables)
        self.optimizer.apply_gradients(zip(grads, self.trainable_variables))
        return {"loss": loss}

own = Own()
own.compile(optimizer=tf.keras.optimizers.Adam(0.05), loss=loss_fn)
history = own.fit(ds, epochs=15, verbose=0).history["loss"]
print(history[-1] < history[0] / 1.5)
print(tf.config.list_physical_devices("CPU")[0].device_type)
with tf.distribute.MirroredStrategy().scope(), tf.device("/CPU:0"):
    print(tf.keras.layers.Dense(1).units)
"""
    )
    assert done.stdout.splitlines() == ["True True 4", "True", "CPU", "1"]
