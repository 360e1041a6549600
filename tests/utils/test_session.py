import keras as reference

import torchkeras as keras


def test_names_and_policy_start_anew():
    for k in (keras, reference):
        k.config.set_dtype_policy("float64")
        assert k.layers.Dense(1).dtype == "float64"
        k.utils.clear_session()
        layer = k.layers.Dense(1)
        assert (layer.name, layer.dtype) == ("dense", "float32")


def test_names_of_the_backend_and_mixed_precision_modules():
    for module in ("backend", "mixed_precision"):
        ours, theirs = getattr(keras, module), getattr(reference, module)
        for name in ours.__all__:
            assert hasattr(ours, name)
            assert hasattr(theirs, name), name
