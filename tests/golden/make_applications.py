"""Write tests/applications/digests.json with real Keras: all on torch, NASNetMobile elsewhere.

    KERAS_BACKEND=torch python tests/golden/make_applications.py
    KERAS_BACKEND=tensorflow python tests/golden/make_applications.py NASNetMobile

(Real Keras has no NASNetMobile on torch: what it computes with drawn weights is recorded too.)
The weights' addresses are recorded; nothing is fetched.
"""

import contextlib
import json
import sys
import unittest.mock
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

import keras
from application_cases import NAMES, digest, drawn, forms, images
from keras.src.utils import file_utils

PATH = Path(__file__).parents[1] / "applications" / "digests.json"


def without_memory():
    """Return the context in which torch's tensors have shapes only."""
    on_torch = keras.backend.backend() == "torch"
    return keras.device("meta") if on_torch else contextlib.nullcontext()


def addresses(make):
    """Return (name in the cache, address, hash) of the weights with the top and without."""
    found = []

    def get_file(fname, origin, cache_subdir, file_hash=None):
        assert cache_subdir == "models"
        found.append([fname, origin, file_hash])
        return fname

    with (
        unittest.mock.patch.object(file_utils, "get_file", get_file),
        unittest.mock.patch.object(keras.Model, "load_weights"),
        without_memory(),
    ):
        make(weights="imagenet")
        make(weights="imagenet", include_top=False)
    return found


def main():
    """Record the architectures named on the command line, or all."""
    known = json.loads(PATH.read_text()) if PATH.exists() else {}
    for name in sys.argv[1:] or NAMES:
        if name == "NASNetMobile" and keras.backend.backend() == "torch":
            continue
        make = getattr(keras.applications, name)
        known[name] = {"weights": addresses(make)}
        for form, options in forms(name).items():
            keras.backend.clear_session()
            with without_memory():
                known[name][form] = digest(make(weights=None, **options))
        if name == "NASNetMobile":
            model = make(weights=None, include_top=False, pooling="avg", input_shape=(224, 224, 3))
            model.set_weights(drawn(model.weights))
            found = model.predict(images(224, 2), verbose=0)
            known[name]["predicts"] = [round(float(v), 7) for v in found[:, ::33].ravel()]
        PATH.write_text(json.dumps(known, indent=0, sort_keys=True) + "\n")
        print(name, flush=True)


if __name__ == "__main__":
    main()
