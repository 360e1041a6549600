import keras as reference
import pytest
import torch

import torchkeras as keras


def path(lib):
    return lib.Variable([1.0], name="v").path


@pytest.mark.parametrize("deduplicate", [True, False])
@pytest.mark.parametrize("parent", [None, "", "x/y"])
@pytest.mark.parametrize("name", ["a", "b"])
@pytest.mark.parametrize("callers", [(0, 0), (0, 1), (0, None), (None, 0), (None, None)])
def test_name_scopes(name, callers, parent, deduplicate):
    found = []
    for lib in (keras, reference):
        owners = [object(), object()]
        first, second = (None if c is None else owners[c] for c in callers)
        options = {"deduplicate": deduplicate, "override_parent": parent}
        with lib.name_scope("a", caller=first) as outer:
            with lib.name_scope(name, caller=second, **options):
                inside = path(lib)
            found.append([inside, path(lib), outer.name])
        assert path(lib) == "v"
    assert found[0] == found[1]


@pytest.mark.parametrize("name", [1, "a/b", None])
def test_names_that_are_none(name):
    with pytest.raises(ValueError, match="without '/'"):
        keras.name_scope(name)


def test_device():
    with keras.device("meta"):
        assert keras.ops.ones(2).device.type == keras.Variable([1.0]).device.type == "meta"
        with keras.device("cpu:0"):
            assert keras.ops.convert_to_tensor([1.0]).device.type == "cpu"
    assert torch.ones(1).device.type == keras.ops.ones(1).device.type == "cpu"


def test_settings(monkeypatch):
    config = keras.config
    for what in ("interactive_logging", "traceback_filtering"):
        assert getattr(config, f"is_{what}_enabled")() is True
        getattr(config, f"disable_{what}")()
        assert getattr(config, f"is_{what}_enabled")() is False
        getattr(config, f"enable_{what}")()
        assert getattr(config, f"is_{what}_enabled")() is True
    config.disable_flash_attention()
    assert config.is_flash_attention_enabled() is False
    config.enable_flash_attention()
    assert config.is_flash_attention_enabled() is None
    assert config.is_nnx_enabled() is False
    config.set_backend("torch")
    with pytest.raises(ValueError, match="backend must be one of"):
        config.set_backend("jax")


def test_uids():
    name = "test_uids"
    assert [keras.backend.get_uid(name) for _ in range(3)] == [1, 2, 3]
