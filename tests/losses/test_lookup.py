import keras
import pytest

import torchkeras.losses

NAMES = [
    n
    for n in dir(keras.losses)
    if n[0] != "_" and n.lower() not in ("get", "serialize", "deserialize", "ctc", "circle")
]
ALIASES = ["mse", "MSE", "mae", "MAE", "mape", "MAPE", "msle", "MSLE", "kld", "KLD", "bce", "BCE"]
OURS = {
    "cce": "categorical_crossentropy", "scce": "sparse_categorical_crossentropy",
    "logcosh": "log_cosh", "kullback_leibler_divergence": "kl_divergence",
    "rmse": "RootMeanSquaredError", "root_mean_squared_error": "RootMeanSquaredError",
    "huber_loss": "Huber", "cosine": "CosineSimilarity", "cosine_proximity": "CosineSimilarity",
}  # fmt: skip


def described(found):
    return getattr(found, "__name__", None) or (type(found).__name__, found.name)


@pytest.mark.parametrize("name", NAMES + ALIASES)
def test_get_equals_real_keras(name):
    if "eneralized" in name:  # exported by Keras, but unknown to its get
        assert torchkeras.losses.get(name) is not None
    else:
        assert described(torchkeras.losses.get(name)) == described(keras.losses.get(name))
    if name not in ALIASES:
        assert hasattr(torchkeras.losses, name)


@pytest.mark.parametrize(("name", "found"), OURS.items())
def test_names_that_scripts_use_beyond_keras(name, found):
    loss = torchkeras.losses.get(name)
    assert getattr(loss, "__name__", type(loss).__name__) == found


def test_get_of_other_things():
    loss = torchkeras.losses.MeanSquaredError()
    assert torchkeras.losses.get(loss) is loss
    assert torchkeras.losses.get(None) is None
    assert type(torchkeras.losses.get(torchkeras.losses.Huber)) is torchkeras.losses.Huber
    made = torchkeras.losses.get({"class_name": "Huber", "config": {"delta": 3.0}})
    assert made.delta == 3.0
    fn = torchkeras.losses.mean_squared_error
    config = torchkeras.losses.serialize(fn)
    assert config == keras.losses.serialize(keras.losses.mean_squared_error)
    assert torchkeras.losses.deserialize(config) is fn


@pytest.mark.parametrize("name", ["mean_square_error", "binary_crossentrop", "MeanSquareError"])
def test_unknown_names_have_near_ones(name):
    with pytest.raises(ValueError, match=r"Did you mean .*(mean_squared|binary_cross|MeanSquared)"):
        torchkeras.losses.get(name)


def test_what_is_no_loss():
    for wrong in (5, [], [1]):
        with pytest.raises(ValueError, match="loss"):
            torchkeras.losses.get(wrong)
