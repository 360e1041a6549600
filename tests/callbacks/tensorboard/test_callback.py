"""The TensorBoard callback next to Keras's own, in the same training."""

import itertools
import warnings

import keras
import numpy as np
import pytest
from callbacks.scripted import Model, inside
from callbacks.tensorboard.recorded import reader, recording, scalars

from torchkeras import callbacks
from torchkeras.callbacks import TensorBoard
from torchkeras.callbacks.tensorboard.writer import RunWriters

RNG = np.random.default_rng(0)
X, Y = RNG.integers(0, 5, (12, 4)).astype("float32"), RNG.uniform(size=(12, 1)).astype("float32")


@pytest.fixture(autouse=True)
def tensorboard_without_tensorflow(tmp_path):
    """TensorBoard decides once which file system it uses: before the stand-in is there."""
    writers = RunWriters(str(tmp_path / "first"))
    writers.scalars("run", {"a": 1.0}, 0)
    writers.close()


def keras_model():
    model = keras.Sequential(
        [keras.Input((4,)), keras.layers.Embedding(5, 3, name="emb"),
         keras.layers.Reshape((4, 3, 1)), keras.layers.Conv2D(2, 2, name="conv"),
         keras.layers.BatchNormalization(name="norm"), keras.layers.Flatten(),
         keras.layers.Dense(1, name="out")]
    )  # fmt: skip
    model.compile(keras.optimizers.SGD(0.01), "mse", metrics=["mae"])
    return model


def train_both(tmp_path, fits=1, evaluate=False, epochs=3, **kwargs):
    """Run one Keras training with both callbacks; returns Keras's events and our folder."""
    model = keras_model()
    path = tmp_path / "ours"
    ours = TensorBoard(path, **kwargs)
    kwargs["write_graph"] = False  # needs more of TensorFlow than the stand-in has
    theirs = keras.callbacks.TensorBoard(str(tmp_path / "theirs"), **kwargs)
    with recording() as events, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # numpy's about keras's tensors
        options = {"verbose": 0, "batch_size": 4, "callbacks": [ours, theirs]}
        for _ in range(fits):
            model.fit(X, Y, epochs=epochs, validation_data=(X, Y), **options)
        if evaluate:
            model.evaluate(X, Y, **options)
    return events, path


def keras_scalars(events, run):
    found = {}
    for kind, tag, step, value in events[run]:
        if kind == "scalar":
            found.setdefault(tag, []).append((step, float(value)))
    return found


@pytest.mark.parametrize("fits", [1, 2])
@pytest.mark.parametrize("evaluate", [False, True])
@pytest.mark.parametrize("update_freq", ["epoch", "batch", 1, 3])
def test_scalars(update_freq, evaluate, fits, tmp_path):
    events, path = train_both(tmp_path, fits, evaluate, update_freq=update_freq)
    for run in ("train", "validation"):
        ours, theirs = scalars(path / run), keras_scalars(events, run)
        assert set(ours) == set(theirs)
        for tag, values in theirs.items():
            assert [s for s, _ in ours[tag]] == [s for s, _ in values], tag
            np.testing.assert_allclose([v for _, v in ours[tag]], [v for _, v in values], 1e-6)


def test_epoch_scalars_do_not_depend_on_the_batch_frequency(tmp_path):
    """Keras loses epochs that do not end on a multiple of `update_freq`."""
    events, path = train_both(tmp_path, update_freq=2)
    assert [s for s, _ in keras_scalars(events, "train")["epoch_loss"]] == [1]
    assert [s for s, _ in scalars(path / "train")["epoch_loss"]] == [0, 1, 2]
    assert [s for s, _ in scalars(path / "train")["batch_loss"]] == [2, 4, 6, 8]


@pytest.mark.parametrize("update_freq", ["epoch", 3])
def test_steps_per_second(update_freq, tmp_path):
    events, path = train_both(tmp_path, write_steps_per_second=True, update_freq=update_freq)
    ours, theirs = scalars(path / "train"), keras_scalars(events, "train")
    assert set(ours) == set(theirs)
    for tag in ("epoch_steps_per_second", "batch_steps_per_second"):
        assert [s for s, _ in ours.get(tag, ())] == [s for s, _ in theirs.get(tag, ())]
        assert all(v > 0 for _, v in ours.get(tag, ()))
    speeds = [[v for _, v in s["epoch_steps_per_second"]] for s in (ours, theirs)]
    np.testing.assert_allclose(*speeds, rtol=0.5)


@pytest.mark.parametrize("frequency", [1, 2])
@pytest.mark.parametrize("images", [False, True])
def test_histograms_and_images(frequency, images, tmp_path):
    events, path = train_both(tmp_path, histogram_freq=frequency, write_images=images)
    ours = reader(path / "train")
    theirs = {}
    for kind, tag, step, value in events["train"]:
        theirs.setdefault(kind, {}).setdefault(tag, []).append((step, value))
    assert set(ours.Tags()["histograms"]) == set(theirs["histogram"])
    for tag, values in theirs["histogram"].items():
        written = ours.Histograms(tag)
        assert [e.step for e in written] == [s for s, _ in values]
        for event, (_, value) in zip(written, values, strict=True):
            assert event.histogram_value.num == value.size
            np.testing.assert_allclose(event.histogram_value.sum, value.sum(), 1e-4, 1e-5)
    assert set(ours.Tags()["images"]) == set(theirs.get("image", ()))
    for tag, values in theirs.get("image", {}).items():
        assert [e.step for e in ours.Images(tag)] == [s for s, _ in values]


def test_graph_is_written_once(tmp_path):
    _, path = train_both(tmp_path)
    graph = reader(path / "train").Graph()
    assert {"Embedding", "Conv2D", "Dense"} <= {node.op for node in graph.node}
    _, path = train_both(tmp_path / "without", write_graph=False)
    assert not reader(path / "train").Tags()["graph"]


def test_a_model_without_a_saved_form_is_trained_all_the_same(tmp_path):
    model = Model()
    model.inputs = [0]
    board = TensorBoard(tmp_path)
    board.set_model(model)
    with pytest.warns(UserWarning, match="TensorBoard: the graph was not written: .*to_json"):
        board.on_train_begin()


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # numpy's about keras's tensors
def test_embeddings(tmp_path):
    (tmp_path / "ours").mkdir(parents=True)
    train_both(tmp_path, embeddings_freq=0)
    model = keras_model()
    board = TensorBoard(tmp_path / "ours", embeddings_freq=2, embeddings_metadata="labels.tsv")
    board.set_model(model)
    with pytest.warns(UserWarning, match=r"do not exist \(yet\): .*labels.tsv"):
        board.on_train_begin()
    (tmp_path / "ours" / "labels.tsv").write_text("a\nb\nc\nd\ne\n")
    board.on_epoch_end(0, {"loss": 1.0})
    table = np.loadtxt(tmp_path / "ours" / "train" / "embedding_emb.tsv")
    np.testing.assert_allclose(table, model.get_layer("emb").get_weights()[0], 1e-5)
    assert (tmp_path / "ours" / "train" / "metadata_emb.tsv").read_text().startswith("a\nb")
    model.get_layer("emb").set_weights([table * 2])
    board.on_epoch_end(1, {"loss": 1.0})
    np.testing.assert_array_equal(np.loadtxt(tmp_path / "ours/train/embedding_emb.tsv"), table)
    board.on_train_end()


def test_metadata_of_an_unknown_layer_is_refused_before_training(tmp_path):
    board = TensorBoard(tmp_path, embeddings_freq=1, embeddings_metadata={"conv": "x"})
    board.set_model(keras_model())
    with pytest.raises(ValueError, match=r"there are emb. Received: conv\."):
        board.on_train_begin()


@pytest.mark.parametrize(("batches", "files"), [((2, 3), 1), ("2,3", 1), (2, 1), (0, 0)])
def test_profile(batches, files, tmp_path):
    board = TensorBoard(tmp_path, profile_batch=batches)
    every = callbacks.CallbackList([board], model=Model(), epochs=2)
    every.on_train_begin()
    wanted = []
    for epoch in range(2):
        every.on_epoch_begin(epoch)
        wanted.append(every.wants_train_batch)
        for batch in range(4):
            every.on_train_batch_begin(batch)
            every.on_train_batch_end(batch, {"loss": 1.0})
        every.on_epoch_end(epoch, {"loss": 1.0})
    every.on_train_end()
    assert len(list(tmp_path.glob("plugins/profile/*/*.pt.trace.json"))) == files
    assert wanted == [bool(files), False]  # batches cost something only until it is done


@pytest.mark.parametrize(("update_freq", "wants"), [("epoch", False), ("batch", True), (7, True)])
def test_nothing_happens_in_batches_with_epoch_frequency(update_freq, wants):
    every = callbacks.CallbackList([TensorBoard(update_freq=update_freq)])
    assert every.wants_train_batch_begin == every.wants_train_batch_end == wants
    assert not every.wants_test_batch
    assert not every.wants_predict_batch


def test_batch_logs_are_read_only_when_written(tmp_path):
    class Logs(dict):
        reads = 0

        def __iter__(self):
            Logs.reads += 1
            return super().__iter__()

    board = TensorBoard(tmp_path, update_freq=5)
    board.set_model(Model())
    board.on_train_begin()
    for batch in range(12):
        board.on_train_batch_begin(batch)
        board.on_train_batch_end(batch, Logs(loss=1.0))
    board.on_train_end()
    assert Logs.reads == 2


def test_own_scalars(tmp_path):
    board = TensorBoard(tmp_path, write_graph=False)
    board.set_model(Model())
    board.on_train_begin()
    board.writer.add_scalar("mine", 1.0, 0)
    board.validation_writer.add_scalar("mine", 2.0, 0)
    board.on_train_end()
    assert scalars(tmp_path / "train")["mine"] == [(0, 1.0)]
    assert scalars(tmp_path / "validation")["mine"] == [(0, 2.0)]


def test_each_epoch_is_in_the_file_when_it_is_over(tmp_path):
    board = TensorBoard(tmp_path)
    board.set_model(Model())
    board.on_train_begin()
    board.on_epoch_end(0, {"loss": 1.0, "val_loss": 2.0})
    assert scalars(tmp_path / "train")["epoch_loss"] == [(0, 1.0)]
    assert scalars(tmp_path / "validation")["epoch_loss"] == [(0, 2.0)]
    board.on_exception(RuntimeError())
    assert board._writers._writers == {}


def test_state_goes_on(tmp_path):
    boards = [TensorBoard(tmp_path, update_freq=2) for _ in range(2)]
    for board in boards:
        board.set_model(Model())
    boards[0].on_train_begin()
    for _ in range(3):
        boards[0].on_train_batch_begin(0)
    boards[1].load_state_dict(boards[0].state_dict())
    boards[1].on_train_begin()
    boards[1].on_train_batch_begin(0)
    boards[1].on_train_batch_end(0, {"loss": 1.0})
    boards[1].on_train_end()
    assert scalars(tmp_path / "train")["batch_loss"] == [(4, 1.0)]


@pytest.mark.parametrize("target", ["file", "file/below", "/proc/logs"])
@pytest.mark.parametrize("hook", ["on_train_begin", "on_test_begin"])
def test_cannot_be_written(target, hook, tmp_path):
    with inside(tmp_path):
        (tmp_path / "file").write_text("kept")
        board = TensorBoard(target)
        board.set_model(Model())
        with pytest.raises(OSError, match=f"TensorBoard: cannot write to the folder '{target}'"):
            getattr(board, hook)()
        assert (tmp_path / "file").read_text() == "kept"


@pytest.mark.parametrize(
    ("kwargs", "error", "message"),
    [
        ({"log_dir": 3}, TypeError, "log_dir must be a path"),
        ({"update_freq": "often"}, ValueError, "update_freq must be 'epoch', 'batch' or a pos"),
        ({"update_freq": 0}, ValueError, "Received: update_freq=0"),
        ({"histogram_freq": -1}, ValueError, "histogram_freq must be an integer >= 0"),
        ({"embeddings_freq": -1}, ValueError, "embeddings_freq must be an integer >= 0"),
        ({"profile_batch": "x"}, ValueError, "profile_batch must be"),
    ],
)
def test_arguments(kwargs, error, message):
    with pytest.raises(error, match=f"TensorBoard: .*{message}|TensorBoard: {message}"):
        TensorBoard(**kwargs)


def test_every_argument_alone(tmp_path):
    """Nothing depends on another argument being given."""
    options = {"histogram_freq": [1], "write_graph": [False], "write_images": [True],
               "write_steps_per_second": [True], "update_freq": ["batch", 2], "profile_batch": [1],
               "embeddings_freq": [1]}  # fmt: skip
    for number, (name, value) in enumerate(
        itertools.chain(*([(n, v) for v in values] for n, values in options.items()))
    ):
        board = TensorBoard(tmp_path / str(number), **{name: value})
        every = callbacks.CallbackList([board], model=keras_model(), epochs=1)
        every.on_train_begin()
        every.on_epoch_begin(0)
        every.on_train_batch_begin(0)
        every.on_train_batch_end(0, {"loss": 1.0})
        every.on_epoch_end(0, {"loss": 1.0})
        every.on_train_end()
        assert scalars(tmp_path / str(number) / "train")["epoch_loss"] == [(0, 1.0)]
