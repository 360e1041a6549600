"""`keras.utils` and `keras.preprocessing` of old, by their old paths; and the old helpers."""

import json
from pathlib import Path

import h5py
import numpy as np
import pytest
from alias_child import run
from PIL import Image

import torchkeras as keras
from torchkeras.compat.names import utils

GOLDEN = Path(__file__).parents[1] / "golden" / "old_utils.json"
CONVERTED = json.loads(GOLDEN.read_text())["convert_dense_weights_data_format"]

SCRIPT = """
import sys, warnings
import numpy as np
from keras.utils import np_utils, Sequence, to_categorical, plot_model, get_file
from keras.utils.np_utils import to_categorical as a, probas_to_classes, normalize
from keras.utils.generic_utils import Progbar, has_arg, CustomObjectScope
from keras.utils.data_utils import get_file as b, OrderedEnqueuer, validate_file
from keras.utils.io_utils import HDF5Matrix
from keras.utils.layer_utils import count_params, print_summary
from keras.utils.conv_utils import conv_output_length
from keras.utils.vis_utils import model_to_dot
from keras.utils.visualize_util import plot
from keras.utils import multi_gpu_model
from keras.preprocessing.image import ImageDataGenerator, img_to_array, load_img, array_to_img
from keras.preprocessing.sequence import pad_sequences, skipgrams, TimeseriesGenerator
from keras.preprocessing.text import Tokenizer, one_hot, text_to_word_sequence
from keras.preprocessing import image, sequence, text, image_dataset_from_directory
from keras_preprocessing.image import ImageDataGenerator as c
from tensorflow.keras.preprocessing.text import Tokenizer as d
from keras.datasets import mnist, cifar10, imdb
import tensorflow as tf, keras
assert a is to_categorical is np_utils.to_categorical and b is get_file is keras.utils.get_file
assert c is ImageDataGenerator is image.ImageDataGenerator
assert c is tf.keras.preprocessing.image.ImageDataGenerator
assert d is Tokenizer is text.Tokenizer and sequence.pad_sequences is pad_sequences
assert to_categorical([0, 2], 4).dtype == "float32"
assert to_categorical([1], nb_classes=3).shape == (1, 3)

model = keras.Sequential([keras.layers.Flatten(), keras.layers.Dense(2, activation="softmax")])
model.compile("sgd", "categorical_crossentropy")
x, y = np.random.rand(20, 4, 4, 1), np_utils.to_categorical(np.arange(20) % 2)
flow = ImageDataGenerator(horizontal_flip=True, width_shift_range=0.2).flow(x, y, batch_size=5)
model.fit(flow, epochs=2, verbose=0)
model.fit_generator(flow, steps_per_epoch=4, epochs=1, verbose=0)
class Old(Sequence):
    def __init__(self): self.x = x
    def __len__(self): return 2
    def __getitem__(self, i): return self.x[i * 10:][:10], y[i * 10:][:10]
model.fit(Old(), verbose=0)
flow = ImageDataGenerator().flow(x, batch_size=7, shuffle=False)
assert model.predict(flow, verbose=0).shape == (20, 2)
ds = image_dataset_from_directory(sys.argv[1], image_size=(4, 4), color_mode="grayscale",
                                  label_mode="categorical", batch_size=2, seed=1)
assert ds.class_names == ["a", "b"] and len(ds.file_paths) == 6
ds = ds.map(lambda x, y: (x / 255.0, y)).cache().prefetch(tf.data.AUTOTUNE)
model.fit(ds, epochs=2, verbose=0)
flow = ImageDataGenerator(rescale=1 / 255).flow_from_directory(
    sys.argv[1], target_size=(4, 4), color_mode="grayscale", batch_size=4)
assert flow.nb_sample == flow.samples == 6 and flow.class_indices == {"a": 0, "b": 1}
model.fit(flow, verbose=0)
try:
    keras.utils.H5Dict("x")
except NotImplementedError as error:
    print(error)
print("done")
"""


@pytest.fixture
def pictures(tmp_path):
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        for i in range(3):
            pixels = np.full((5, 6, 3), 40 * i, "uint8")
            Image.fromarray(pixels).save(tmp_path / name / f"{i}.png")
    return tmp_path


def test_old_scripts(pictures, tmp_path):
    path = tmp_path / "script.py"
    path.write_text(SCRIPT)
    out = run(str(path), str(pictures)).stdout
    assert "H5Dict is not part of torchkeras" in out and out.endswith("done\n")


def test_losses_of_np_utils():
    p, y = [0.1, 0.9, 0.6], [0, 1, 1]
    want = -np.log([0.9, 0.9, 0.6]).mean()
    assert utils.binary_logloss(p, y) == pytest.approx(want)
    rows = np.array([[0.2, 0.8], [0.5, 0.5]])
    assert utils.multiclass_logloss(rows, [1, 0]) == pytest.approx(-np.log([0.8, 0.5]).mean())
    assert utils.accuracy([1, 0, 1], [1, 1, 1]) == pytest.approx(2 / 3)
    assert utils.probas_to_classes(rows).tolist() == [1, 0]
    assert utils.probas_to_classes([[0.2], [0.7]]).tolist() == [0, 1]


@pytest.mark.parametrize(
    ("arguments", "want"),
    [((10, 3, "valid", 1), 8), ((10, 3, "same", 2), 5), ((10, 3, "full", 1), 12),
     ((10, 3, "causal", 1), 10), ((10, 3, "valid", 2, 2), 3), ((None, 3, "valid", 1), None)],
)  # fmt: skip
def test_lengths(arguments, want):
    assert utils.conv_output_length(*arguments) == want


def test_kernels_turn_round():
    kernel = np.arange(12).reshape(2, 3, 2, 1)
    turned = utils.convert_kernel(kernel)
    assert turned[0, 0].ravel().tolist() == kernel[1, 2].ravel().tolist()
    np.testing.assert_array_equal(utils.convert_kernel(turned), kernel)


@pytest.mark.parametrize(("shape", "target", "kernel", "bias"), CONVERTED)
def test_dense_kernels_after_flatten_turn_as_in_tf_keras(shape, target, kernel, bias):
    dense = keras.layers.Dense(2)
    dense.build((None, int(np.prod(shape))))
    before = np.arange(len(kernel), dtype="float32").reshape(-1, 2)
    dense.set_weights([before, np.array(bias)])
    utils.convert_dense_weights_data_format(dense, shape, target)
    np.testing.assert_array_equal(dense.get_weights()[0].ravel(), kernel)
    np.testing.assert_array_equal(dense.get_weights()[1], bias)


def test_a_network_of_the_other_data_format_computes_the_same():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(2, 4, 5, 3)).astype("float32")
    last = keras.Sequential([keras.layers.Flatten(), keras.layers.Dense(2)])
    want = last(x)
    first = keras.Sequential([keras.layers.Flatten(), keras.layers.Dense(2)])
    first(x.transpose(0, 3, 1, 2))
    first.set_weights(last.get_weights())
    utils.convert_dense_weights_data_format(first.layers[-1], (3, 4, 5), "channels_first")
    np.testing.assert_allclose(first(x.transpose(0, 3, 1, 2)).detach(), want.detach(), rtol=1e-5)


def test_hdf5_matrix(tmp_path):
    path = tmp_path / "a.h5"
    with h5py.File(path, "w") as f:
        f["group/x"] = np.arange(20.0).reshape(10, 2)
    x = utils.HDF5Matrix(path, "group/x", 2, 8, normalizer=lambda v: v / 2)
    assert (len(x), x.shape, x.ndim, x.size) == (6, (6, 2), 2, 12)
    np.testing.assert_array_equal(x[1:3], np.arange(20.0).reshape(10, 2)[3:5] / 2)
    np.testing.assert_array_equal(np.asarray(x)[:, 0], np.arange(2, 8.0))
    with pytest.raises(KeyError, match="no dataset 'y'"):
        utils.HDF5Matrix(path, "y")


def test_arrays_in_files(tmp_path):
    utils.save_array([1, 2], str(tmp_path / "a"))
    assert utils.load_array(str(tmp_path / "a")).tolist() == [1, 2]


def test_errors_of_a_feed_are_raised():
    def broken():
        yield 1
        raise RuntimeError("no more")

    feed = utils.GeneratorEnqueuer(broken())
    feed.start(max_queue_size=1)
    got = feed.get()
    assert next(got) == 1
    with pytest.raises(RuntimeError, match="no more"):
        next(got)
    assert not feed.is_running()
