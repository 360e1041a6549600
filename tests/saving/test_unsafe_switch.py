"""`config.enable_unsafe_deserialization`: taken as in Keras, out of files' reach, and harmless."""

import base64
import json
import marshal

import pytest

import torchkeras as keras
from torchkeras._base import scope
from torchkeras._base.errors import UnsafeModelError


@pytest.fixture
def switched(monkeypatch):
    for holder in (scope._State, scope.state):  # for all threads, and for this one
        monkeypatch.setattr(holder, "safe_mode", True)
    keras.config.enable_unsafe_deserialization()


def bytecode(path):
    raw = marshal.dumps(compile(f"open({str(path)!r}, 'w')", "x", "exec"))
    inner = {"code": base64.b64encode(raw).decode(), "defaults": None, "closure": None}
    return {"class_name": "__lambda__", "config": inner}


def dense(activation):
    config = keras.layers.Dense(1).get_config() | {"activation": activation}
    return {"module": "keras.layers", "class_name": "Dense", "config": config}


@pytest.mark.usefixtures("switched")
@pytest.mark.parametrize("safe_mode", [None, True, False])
def test_bytecode_is_refused_with_it(safe_mode, tmp_path):
    config = dense(bytecode(tmp_path / "canary"))
    with pytest.raises(UnsafeModelError, match="a Python lambda as bytecode, which is never run"):
        keras.saving.deserialize_keras_object(config, safe_mode=safe_mode)
    assert not (tmp_path / "canary").exists()


@pytest.mark.usefixtures("switched")
def test_it_allows_no_other_class_or_function():
    for entry in ("os.system", "system"):
        function = {"module": "os", "class_name": "function", "config": entry}
        with pytest.raises(UnsafeModelError, match="could not locate function"):
            keras.saving.deserialize_keras_object(dense(function))
    with pytest.raises(UnsafeModelError, match="could not locate class"):
        keras.saving.deserialize_keras_object(
            {"module": "subprocess", "class_name": "Popen", "config": {"args": "true"}}
        )


@pytest.mark.parametrize("module", ["keras.config", "torchkeras.config", "keras.src.saving", None])
@pytest.mark.parametrize("kind", ["function", "class"])
def test_no_config_reaches_it(module, kind):
    name = "enable_unsafe_deserialization"
    entry = {"module": module, "registered_name": name}
    entry |= (
        {"class_name": "function", "config": name}
        if kind == "function"
        else {"class_name": name, "config": {}}
    )
    for config in (entry, dense(entry)):
        with pytest.raises(UnsafeModelError, match="could not locate"):
            keras.saving.deserialize_keras_object(config)
        with pytest.raises((ValueError, TypeError)):
            keras.models.model_from_json(json.dumps(config))
    assert scope.state.safe_mode is True and scope._State.safe_mode is True
