"""Methods, arguments and attributes that models of Keras 1 and 2 had."""

import numpy as np
import pytest

import torchkeras
from oracle import rand
from torchkeras import config

L = torchkeras.layers
X = rand(64, 3)
Y = np.eye(2, dtype="float32")[rand(64, low=0, high=2, dtype="int32", seed=1)]


@pytest.fixture
def model():
    torchkeras.utils.set_random_seed(0)
    model = torchkeras.Sequential([L.Input((3,)), L.Dense(2, activation="softmax")])
    model.compile("sgd", "categorical_crossentropy", metrics=["accuracy"])
    return model


def batches(size=16):
    while True:
        for i in range(0, 64, size):
            yield X[i : i + size], Y[i : i + size]


class Batches(torchkeras.training.data.pydataset.PyDataset):
    batch_size = 16

    def __init__(self):
        """Call nothing of the base, as scripts of Keras 2 do."""

    def __len__(self):
        return 4

    def __getitem__(self, i):
        return X[i * 16 : i * 16 + 16], Y[i * 16 : i * 16 + 16]


def quietly(call):
    with pytest.warns(DeprecationWarning, match="older Keras") as said:
        found = call()
    assert said[0].filename == __file__
    return found


class TestFit:
    def test_nb_epoch(self, model):
        with pytest.warns(DeprecationWarning, match=r"Sequential.fit\(nb_epoch\).*epochs=3"):
            assert model.fit(X, Y, nb_epoch=3, verbose=0).epoch == [0, 1, 2]

    def test_how_data_are_read_goes_to_the_dataset(self, model):
        data = Batches()
        quietly(lambda: model.fit(data, verbose=0, workers=2, max_q_size=3, pickle_safe=False))
        assert (data.workers, data.max_queue_size, data.use_multiprocessing) == (2, 3, False)
        quietly(lambda: model.evaluate(X, Y, verbose=0, workers=2))
        assert quietly(lambda: model.predict(X, verbose=0, use_multiprocessing=True)).shape == (
            64,
            2,
        )

    def test_modes(self, model):
        config.set_legacy_mode("strict")
        with pytest.raises(TypeError, match="Write epochs=3"):
            model.fit(X, Y, nb_epoch=3, verbose=0)
        config.set_legacy_mode("off")
        with pytest.raises(TypeError, match="unexpected keyword argument 'nb_epoch'"):
            model.fit(X, Y, nb_epoch=3, verbose=0)


class TestGenerators:
    """Against `fit` and its kin on the same batches."""

    def fitted(self, model, **arguments):
        weights = model.get_weights()
        history = model.fit(batches(), verbose=0, **arguments).history
        after = model.get_weights()
        model.set_weights(weights)
        return history, after

    @pytest.mark.parametrize(
        ("args", "kwargs"),
        [
            ((4, 2), {}),
            ((), {"steps_per_epoch": 4, "epochs": 2, "max_queue_size": 2}),
            ((), {"samples_per_epoch": 4, "nb_epoch": 2, "nb_worker": 1}),
        ],
    )
    def test_fit(self, model, args, kwargs):
        history, after = self.fitted(model, steps_per_epoch=4, epochs=2)
        found = quietly(lambda: model.fit_generator(batches(), *args, verbose=0, **kwargs))
        assert found.history == history
        for a, b in zip(model.get_weights(), after, strict=True):
            np.testing.assert_array_equal(a, b)

    def test_samples_are_divided_by_the_batch_size_where_it_is_known(self, model):
        found = quietly(
            lambda: model.fit_generator(
                Batches(), samples_per_epoch=32, nb_epoch=1, verbose=0,
                validation_data=Batches(), nb_val_samples=16,
            )
        )  # fmt: skip
        assert found.params["steps"] == 2 and "val_loss" in found.history

    def test_samples_are_steps_where_it_is_not(self, model):
        with pytest.warns(UserWarning, match="samples_per_epoch=3 counts samples"):
            found = model.fit_generator(batches(), samples_per_epoch=3, nb_epoch=1, verbose=0)
        assert found.params["steps"] == 3

    def test_evaluate_and_predict(self, model):
        wanted = model.evaluate(X, Y, verbose=0, batch_size=16)
        assert quietly(lambda: model.evaluate_generator(batches(), 4)) == wanted
        with pytest.warns(UserWarning, match="val_samples=4 counts samples"):
            assert model.evaluate_generator(batches(), val_samples=4) == wanted
        found = quietly(lambda: model.predict_generator(Batches(), val_samples=64))
        np.testing.assert_array_equal(found, model.predict(X, verbose=0, batch_size=16))
        with (
            pytest.raises(TypeError, match="unknown arguments"),
            pytest.warns(DeprecationWarning, match="older Keras"),
        ):
            model.predict_generator(batches(), stepz=3)


def test_classes_and_probabilities(model):
    probabilities = model.predict(X, verbose=0)
    np.testing.assert_array_equal(quietly(lambda: model.predict_proba(X)), probabilities)
    found = quietly(lambda: model.predict_classes(X, batch_size=8, verbose=0))
    np.testing.assert_array_equal(found, probabilities.argmax(-1))
    single = torchkeras.Sequential([L.Input((3,)), L.Dense(1)])
    classes = quietly(lambda: single.predict_classes(X))
    np.testing.assert_array_equal(classes, (single.predict(X, verbose=0) > 0.5).astype("int32"))
    with pytest.warns(UserWarning, match="not all between 0 and 1"):
        single.predict_proba(X)


class TestCompile:
    def test_what_said_how_is_left_out(self, model):
        with pytest.warns(DeprecationWarning, match="Leave it out"):
            model.compile("sgd", "mse", sample_weight_mode=None, class_mode="binary")
        quietly(lambda: model.compile("sgd", "mse", experimental_steps_per_execution=2))
        assert model.steps_per_execution == 2

    def test_metrics_by_position(self, model):
        with pytest.warns(DeprecationWarning, match=r"metrics=\['accuracy', 'mse'\]"):
            model.compile("sgd", "categorical_crossentropy", ["accuracy", "mse"])
        assert model.metrics_names == ["loss", "accuracy", "mse"]
        config.set_legacy_mode("off")
        with pytest.raises(ValueError, match="loss_weights"):
            model.compile("sgd", "mse", ["accuracy"])

    def test_loss_weights_stay(self):
        x = L.Input((3,))
        model = torchkeras.Model(x, [L.Dense(1)(x), L.Dense(1)(x)])
        model.compile("sgd", "mse", [1.0, 2.0])
        assert model._compile.given["loss_weights"] == [1.0, 2.0]

    def test_reset_metrics(self, model):
        assert len(quietly(lambda: model.train_on_batch(X, Y, reset_metrics=True))) == 2


class TestMetricsNames:
    @pytest.mark.parametrize("trained", [False, True])
    def test_one_output(self, model, trained):
        if trained:
            model.fit(X, Y, verbose=0)
        assert model.metrics_names == ["loss", "accuracy"]

    def test_several_outputs(self):
        x = L.Input((3,))
        model = torchkeras.Model(x, [L.Dense(1, name="a")(x), L.Dense(1, name="b")(x)])
        model.compile("sgd", ["mse", "mae"], metrics=[["mae", "mse"], ["mae"]])
        y = [rand(64, 1), rand(64, 1)]
        scores = model.evaluate(X, y, verbose=0)
        named = dict(zip(model.metrics_names, scores, strict=True))
        assert named == model.evaluate(X, y, verbose=0, return_dict=True)

    def test_groups_as_in_keras_3(self, model):
        config.set_legacy_mode("off")
        assert model.metrics_names == ["loss", "compile_metrics"]


OLD_METHODS = (
    "fit_generator", "evaluate_generator", "predict_generator", "predict_classes",
    "predict_proba", "get_output_shape_for", "add_variable", "get_updates_for",
)  # fmt: skip
OLD_ATTRIBUTES = (
    "flattened_layers", "state_updates", "updates", "validation_data", "uses_learning_phase",
    "stateful", "dynamic",
)  # fmt: skip


@pytest.mark.parametrize("name", [*OLD_METHODS, *OLD_ATTRIBUTES])
def test_old_names_are_there_as_the_mode_says(model, name):
    if name in OLD_METHODS:
        assert callable(getattr(model, name))
    else:
        quietly(lambda: getattr(model, name))
    config.set_legacy_mode("strict")
    with pytest.raises(AttributeError, match="is the form of an older Keras"):
        getattr(model, name)
    config.set_legacy_mode("off")
    with pytest.raises(AttributeError, match=f"'Sequential' object has no attribute '{name}'$"):
        getattr(model, name)


def test_flattened_layers(model):
    outer = torchkeras.Sequential([model, L.Dense(3)])
    found = quietly(lambda: outer.flattened_layers)
    assert found == [*model.layers, outer.layers[1]]


def test_save_of_keras_2(model, tmp_path):
    quietly(lambda: model.save(tmp_path / "m.h5", save_format="h5"))
    assert torchkeras.models.load_model(tmp_path / "m.h5").output_shape == (None, 2)
    quietly(lambda: model.save_weights(tmp_path / "m.weights.h5", save_format="h5", options=None))


class TestGone:
    """Attributes that nothing stands for: they are not there, and the error says what is."""

    @pytest.mark.parametrize("of", ["model", "functional", "layer", "optimizer"])
    def test_every_name(self, model, of):
        obj = {
            "model": model,
            "functional": torchkeras.Model(model.inputs, model.outputs),
            "layer": model.layers[0],
            "optimizer": model.optimizer,
        }[of]
        for name, advice in type(obj)._gone_names.items():
            assert not hasattr(obj, name)
            with pytest.raises(AttributeError) as error:
                getattr(obj, name)
            said = f"{type(obj).__name__!r} object has no attribute {name!r}"
            assert str(error.value) == f"{said}. {advice}"
        with pytest.raises(AttributeError, match=r"has no attribute 'unlike'$"):
            obj.unlike

    def test_in_the_other_modes(self, model):
        try:
            for mode, more in (("strict", r"\. Call compute_loss"), ("off", "$")):
                config.set_legacy_mode(mode)
                with pytest.raises(AttributeError, match=f"attribute 'total_loss'{more}"):
                    model.total_loss
                with pytest.raises(AttributeError, match=r"attribute 'unlike'$"):
                    model.optimizer.unlike
        finally:
            config.set_legacy_mode("auto")

    def test_attributes_of_the_program_win(self, model):
        model.targets = 3
        model.layers[0].constraints = {}
        model.optimizer.updates = [1]
        assert (model.targets, model.layers[0].constraints, model.optimizer.updates) == (
            3,
            {},
            [1],
        )

    def test_graphs_need_not_be_made(self, model):
        for name in ("train", "test", "predict"):
            quietly(getattr(model, f"_make_{name}_function"))

    def test_a_function_that_nothing_calls(self):
        with pytest.warns(UserWarning, match=r"Mine.make_test_function\(\).*test_step"):

            class Mine(torchkeras.Model):
                def make_test_function(self):
                    return None
