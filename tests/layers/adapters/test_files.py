"""Adapted models in files: `.keras` and `.weights.h5`, between both libraries."""

import keras
import pytest
from adapter_samples import fill

import torchkeras
from oracle import assert_close, clear_names, rand

pytestmark = pytest.mark.usefixtures("no_collection")

IDS = rand(2, 5, low=0, high=9, dtype="int32")
FORMS = {
    "float": None,
    "int8": lambda q: q.Int8QuantizationConfig(),
    "int4": lambda q: q.Int4QuantizationConfig(),
    "int4_blocks": lambda q: q.Int4QuantizationConfig(block_size=3),
    "int4_plain": lambda q: q.Int4QuantizationConfig(block_size=-1),
    "float8": lambda q: q.Float8QuantizationConfig(),
}
CASES = [(f, lora) for f in FORMS for lora in (False, True) if f != "float8" or not lora]


def build(lib, form, lora, attention=False):
    clear_names()
    L = lib.layers
    i = lib.Input((5,), dtype="int32")
    x = L.Embedding(9, 8, name="emb")(i)
    if attention:
        x = L.MultiHeadAttention(2, 4, name="mha")(x, x)
    x = L.EinsumDense("abc,cd->abd", (None, 7), bias_axes="d", name="ein", activation="relu")(x)
    x = L.Conv1D(4, 3, name="conv")(x)
    model = lib.Model(i, L.Dense(3, name="d")(x))
    fill(model)
    names = [n for n in ("emb", "ein", "conv", "d") if lora]
    for n in names:
        model.get_layer(n).enable_lora(2, 3.0)
    if FORMS[form] is not None:
        model.quantize(config=FORMS[form](lib.quantizers), filters=lambda x: x.name != "conv")
    for n in names:
        for v in model.get_layer(n).trainable_variables:
            if "lora" in v.name:
                v.assign(rand(*v.shape, seed=len(n)))
    return model


# What a merged and newly rounded weight may be off; files of both libraries agree much closer.
ROUNDING = {"float": 1e-5, "int8": 0.1}


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(("form", "lora"), CASES)
def test_between_libraries(form, lora, tmp_path):
    models = {lib: build(lib, form, lora) for lib in (torchkeras, keras)}
    outputs = {lib: m(IDS) for lib, m in models.items()}
    assert_close(outputs[torchkeras], outputs[keras], 1e-5, 2e-6)
    loaded = []
    for writer, model in models.items():
        path, weights = tmp_path / f"{writer.__name__}.keras", tmp_path / "x.weights.h5"
        model.save(path)
        model.save_weights(weights)
        for reader in (torchkeras, keras):
            again = reader.models.load_model(path)
            assert [x.dtype_policy.name for x in again.layers] == [
                x.dtype_policy.name for x in model.layers
            ]
            assert [getattr(x, "lora_rank", None) for x in again.layers] == [
                getattr(x, "lora_rank", None) for x in model.layers
            ]
            loaded.append(again(IDS))
            other = build(reader, form, lora)
            other.load_weights(weights)
            loaded.append(other(IDS))
    if not lora or form == "float":
        for y in loaded:
            assert_close(y, outputs[keras], 1e-5, 2e-6)
    for y in loaded[1:]:  # with LoRA the merged weight has been rounded once more
        assert_close(y, loaded[0], 1e-4, 1e-4)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("form", ["int8", "int4", "float8"])
def test_attention_is_quantized_again(form, tmp_path):
    model = build(torchkeras, form, False, attention=True)
    model.save(tmp_path / "x.keras")
    for lib in (torchkeras, keras):
        again = lib.models.load_model(tmp_path / "x.keras")
        assert_close(again(IDS), model(IDS), 1e-5, 2e-6)
        assert again.get_layer("mha")._query_dense.quantization_mode == form.split("_")[0]
