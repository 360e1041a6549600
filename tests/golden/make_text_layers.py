"""Record what real Keras's text layers give, which need TensorFlow: `text_layers.json`.

    python tests/golden/make_text_layers.py

It runs where keras 3.15, tensorflow and torch are installed (KERAS_BACKEND=torch: the layers then
return torch tensors). It also writes two models, `text_model.keras` and `lookup_model.keras`.
"""

import json
import os
import pathlib

os.environ["KERAS_BACKEND"] = "torch"
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "")

import keras
import numpy as np

HERE = pathlib.Path(__file__).parent
L = keras.layers

WORDS = ["a", "b", "c", "d"]
WEIGHTS = [0.25, 0.75, 0.6, 0.4]
STRINGS = [
    "a",
    ["a", "zz"],
    [["a"], ["q"]],
    [["a", "c", "d", "d"], ["d", "z", "b", "z"]],
    [["", "a"], ["[UNK]", "é"]],
    [["日本", "b"], ["mask", "c"]],
    [[["a", "b"], ["z", "y"]]],
]
STRING_CASES = [
    {},
    *({"output_mode": m} for m in ("one_hot", "multi_hot", "count")),
    {"output_mode": "tf_idf", "idf_weights": WEIGHTS},
    *({"num_oov_indices": n} for n in (0, 2, 3, 7)),
    *({"num_oov_indices": 3, "salt": s} for s in (5, [1, 2], [2**40, 3])),
    *({"num_oov_indices": n, "output_mode": "multi_hot"} for n in (0, 3)),
    {"mask_token": ""},
    {"mask_token": "mask", "num_oov_indices": 2},
    *({"mask_token": "mask", "output_mode": m} for m in ("one_hot", "multi_hot", "count")),
    {"mask_token": "mask", "output_mode": "tf_idf", "idf_weights": WEIGHTS, "num_oov_indices": 2},
    {"mask_token": "mask", "num_oov_indices": 0},
    {"max_tokens": 5},
    *({"output_mode": m, "max_tokens": 9, "pad_to_max_tokens": True}
      for m in ("one_hot", "multi_hot", "count")),
    {"output_mode": "tf_idf", "idf_weights": WEIGHTS, "max_tokens": 9, "pad_to_max_tokens": True},
    {"vocabulary": ["[UNK]", "a", "d"]},
    {"vocabulary": ["[UNK]", "[UNK]", "a", "d"], "num_oov_indices": 2},
    {"vocabulary": ["", "[UNK]", "d", "a"], "mask_token": ""},
    {"vocabulary": ["<oov>", "é", "日本"], "oov_token": "<oov>"},
    {"vocabulary": ["[UNK]", "a", "b"], "idf_weights": [0.9, 0.5, 0.25], "output_mode": "tf_idf"},
    {"output_mode": "binary"},
    {"dtype": "float16", "output_mode": "count"},
    {"encoding": "latin-1"},
]  # fmt: skip
INVERTED = [[0, 1, 2, 5, 9, -1], [3]]
INVERT_CASES = [
    {},
    {"mask_token": ""},
    {"num_oov_indices": 3, "mask_token": "m"},
    {"num_oov_indices": 0},
    {"oov_token": "?"},
]

NUMBERS = [
    10,
    [10, 99],
    [[10], [11]],
    [[10, 30, 40, 40], [40, -7, 20, -7]],
    [[0, 2**40], [-1, 1]],
    [[[10, 20], [0, 1]]],
]
NUMBER_CASES = [
    {},
    *({"output_mode": m} for m in ("one_hot", "multi_hot", "count")),
    {"output_mode": "tf_idf", "idf_weights": WEIGHTS},
    *({"num_oov_indices": n} for n in (0, 2, 3)),
    *({"num_oov_indices": n, "oov_method": "farmhash"} for n in (2, 3, 11)),
    *({"num_oov_indices": 3, "oov_method": "farmhash", "salt": s} for s in (7, [5, 6])),
    *({"num_oov_indices": n, "output_mode": "count"} for n in (0, 3)),
    {"mask_token": 0},
    {"mask_token": 0, "num_oov_indices": 2},
    *({"mask_token": 0, "output_mode": m} for m in ("one_hot", "multi_hot", "count")),
    *({"output_mode": m, "max_tokens": 9, "pad_to_max_tokens": True}
      for m in ("one_hot", "multi_hot", "count")),
    {"vocabulary": [-1, 10, 40]},
    {"vocabulary": [-5, 10, 40], "oov_token": -5},
    {"vocabulary": [0, -1, 10], "mask_token": 0},
    {"oov_token": 7, "mask_token": -7, "num_oov_indices": 2},
]  # fmt: skip

TEXTS = [
    "foo bar! Baz",
    "A b c",
    "",
    "  Foo\tbar\nq ",
    "It's Straße — ÀÉ «x» don’t",
    "foo\u00a0bar\u2003baz a\x0bb\x0cc\x1cd\x85e",
    "日本 foo-bar foo_baz e.g. 3.14 FOO",
    "😀 e\u0301 İ",
]
VOCABULARY = ["foo", "bar", "a", "baz", "b", "foo bar", "a b c", "日本", "é", "e"]
TEXT_INPUTS = ["foo bar", "", TEXTS, [[t] for t in TEXTS]]
TEXT_CASES = [
    {},
    *({"output_mode": m} for m in ("multi_hot", "count")),
    {"output_mode": "tf_idf", "idf_weights": [0.1 * i for i in range(1, 11)]},
    *({"output_sequence_length": n} for n in (0, 1, 3, 12)),
    *({"standardize": s} for s in (None, "lower", "strip_punctuation")),
    *({"standardize": s, "output_mode": "count"} for s in (None, "lower", "strip_punctuation")),
    {"split": "character"},
    {"split": "character", "standardize": None, "output_mode": "count"},
    {"split": None},
    {"split": None, "output_sequence_length": 3},
    {"split": None, "standardize": None, "output_mode": "multi_hot"},
    *({"ngrams": n} for n in (1, 2, 3, (2,), (2, 3), (3, 1))),
    *({"ngrams": n, "output_mode": "count"} for n in (2, (1, 3))),
    {"ngrams": 2, "output_sequence_length": 4},
    {"ngrams": 2, "split": "character"},
    *({"output_mode": m, "max_tokens": 20, "pad_to_max_tokens": True}
      for m in ("multi_hot", "count")),
    {"max_tokens": 20},
    {"vocabulary": ["", "[UNK]", "foo", "bar"]},
    {"vocabulary": ["[UNK]", "foo", "bar"], "output_mode": "count"},
    {"output_mode": "binary"},
    {"dtype": "float16"},
]  # fmt: skip

BAGS = [["b", "a"], ["a", "b"], ["c", ""], ["[UNK]", "é"], ["a", "日本"], ["B", "~"], ["10", "2"]]
COUNTS = [[1, 5], [5, 1], [-3, 0], [-1, 100], [7, 7], [2**40, -9]]
ADAPT_CASES = [
    *(("StringLookup", k, BAGS) for k in (
        {}, {"mask_token": ""}, {"max_tokens": 4}, {"mask_token": "", "max_tokens": 4},
        {"num_oov_indices": 0}, {"num_oov_indices": 2, "max_tokens": 6},
        {"output_mode": "count"}, {"output_mode": "tf_idf"},
        {"output_mode": "tf_idf", "max_tokens": 4}, {"output_mode": "tf_idf", "mask_token": ""},
        {"output_mode": "tf_idf", "max_tokens": 12, "pad_to_max_tokens": True},
        {"oov_token": "a"},
    )),
    ("StringLookup", {"output_mode": "tf_idf"}, ["a", "b", "a"]),
    ("StringLookup", {}, ["a", "b", "a"]),
    *(("IntegerLookup", k, COUNTS) for k in (
        {}, {"mask_token": 0}, {"max_tokens": 4}, {"num_oov_indices": 2}, {"output_mode": "tf_idf"},
        {"output_mode": "tf_idf", "max_tokens": 5}, {"output_mode": "count", "mask_token": 0},
    )),
    ("IntegerLookup", {"output_mode": "tf_idf"}, [3, 4, 3]),
    *(("TextVectorization", k, TEXTS) for k in (
        {}, {"max_tokens": 6}, {"output_mode": "count", "max_tokens": 6}, {"output_mode": "tf_idf"},
        {"ngrams": 2}, {"ngrams": (2, 3)}, {"split": "character"}, {"split": None},
        {"standardize": None}, {"standardize": "lower", "output_mode": "tf_idf", "ngrams": 2},
        {"output_sequence_length": 2}, {"split": None, "output_mode": "tf_idf"},
    )),
    ("TextVectorization", {}, [[t] for t in TEXTS]),
]  # fmt: skip

HASHED = [
    ["A", "B", "", "é", "日本", "x" * 20, "y" * 40, "z" * 70, "w" * 128, "v" * 200],
    [["A"], ["B"]],
    [["A", "B"], ["A", "A"]],
    [0, 1, 2, -5, 2**40],
    [[0], [7]],
]
HASH_CASES = [
    *({"num_bins": n} for n in (1, 3, 1000)),
    *({"num_bins": 3, "salt": s} for s in (133, [133, 137], [2**40, 5])),
    *({"num_bins": 4, "output_mode": m} for m in ("one_hot", "multi_hot", "count")),
    {"num_bins": 4, "output_mode": "count", "salt": 9},
    {"num_bins": 3, "dtype": "int32"},
    {"num_bins": 50, "mask_value": ""},
    {"num_bins": 3, "mask_value": "A", "output_mode": "count"},
    {"num_bins": 3, "mask_value": "A", "salt": 1},
    {"num_bins": 1, "mask_value": ""},
    {"num_bins": 5, "mask_value": 0},
    {"num_bins": 5, "mask_value": 7, "output_mode": "one_hot"},
]
CROSSED = [
    [["A", "B", "A", "B", "A"], [101, 101, 101, 102, 102]],
    [[["A"], ["日本"], [""]], [[1], [-2], [2**40]]],
    [["A", "B"], ["C" * 30, "D" * 100]],
    [[1, 2, 3], [4, 5, 6]],
    [["A", "B"], [1, 2], ["C", "D"]],
]
CROSS_CASES = [
    *({"num_bins": n} for n in (1, 5, 1000, 2**40)),
    {"num_bins": 5, "output_mode": "one_hot"},
    {"num_bins": 5, "dtype": "int32"},
    {"num_bins": 5, "output_mode": "one_hot", "dtype": "float16"},
]


def _hashes():
    """FarmHash and SipHash of strings of all lengths that the algorithms treat differently."""
    import tensorflow as tf

    texts = [bytes((7 * i + n) % 256 for i in range(n)) for n in (*range(140), 191, 192, 193, 513)]
    key = [5, 2**40 + 7]
    return {
        "bins": 2**61 - 1,
        "key": key,
        "texts": [t.hex() for t in texts],
        "farm": tf.strings.to_hash_bucket_fast(texts, 2**61 - 1).numpy().tolist(),
        "sip": tf.strings.to_hash_bucket_strong(texts, 2**61 - 1, key).numpy().tolist(),
    }


def _value(x):
    if isinstance(x, list):
        return {"dtype": "string", "value": x}
    return {"dtype": str(x.dtype).removeprefix("torch."), "value": x.tolist()}


def _config(layer):
    config = json.loads(json.dumps(layer.get_config()))
    del config["name"]
    return config


def _run(name, case, inputs, default=None):
    keras.utils.clear_session()
    layer = getattr(L, name)(**{**(default or {}), **case})
    out = []
    for x in inputs:
        try:
            out.append(_value(layer(np.array(x) if isinstance(x, list) else x)))
        except Exception as e:
            out.append({"error": type(e).__name__})
    record = {"layer": name, "arguments": {**(default or {}), **case}, "config": _config(layer)}
    if hasattr(layer, "get_vocabulary"):
        record["vocabulary"] = [np.asarray(t).item() for t in layer.get_vocabulary()]
        record["size"] = layer.vocabulary_size()
    return {**record, "inputs": inputs, "outputs": out}


def _adapt(name, case, data):
    layer = getattr(L, name)(**case)
    layer.adapt(np.array(data))
    x = data if name != "TextVectorization" else data[:3]
    vocabulary = [np.asarray(t).item() for t in layer.get_vocabulary()]
    record = {"layer": name, "arguments": case, "data": data, "vocabulary": vocabulary}
    try:
        record["output"] = _value(layer(np.array(x)))
    except Exception as e:
        record["output"] = {"error": type(e).__name__}
    return record


def _crossed(case):
    layer = L.HashedCrossing(**case)
    out = [_value(layer(tuple(np.array(f) for f in x))) for x in CROSSED]
    config = _config(layer)
    return {"layer": "HashedCrossing", "arguments": case, "config": config, "outputs": out}


def _models():
    """Two models as real Keras writes them, and what they give."""
    keras.utils.set_random_seed(1)
    # Keras cannot read its own files of tokens with what str.splitlines() takes for a line break.
    texts = [t for t in TEXTS if "\x1c" not in t]
    text = L.TextVectorization(output_sequence_length=6)
    text.adapt(texts)
    model = keras.Sequential(
        [
            keras.Input((1,), dtype="string"),
            text,
            L.Embedding(text.vocabulary_size(), 3),
            L.GlobalAveragePooling1D(),
            L.Dense(2),
        ]
    )
    model.save(HERE / "text_model.keras")
    tail = keras.Sequential(model.layers[1:])
    first = tail(text([[t] for t in texts])).detach().cpu().numpy()

    bags = [b for b in BAGS if "" not in b]  # nor an empty token at the end of a vocabulary
    word = keras.Input((2,), dtype="string", name="word")
    number = keras.Input((1,), dtype="int64", name="number")
    lookup = L.StringLookup(output_mode="tf_idf")
    lookup.adapt(np.array(bags))
    integers = L.IntegerLookup(vocabulary=[3, 5, 9], output_mode="one_hot", num_oov_indices=2)
    joined = L.Concatenate()([lookup(word), integers(number)])
    both = keras.Model({"word": word, "number": number}, L.Dense(2)(joined))
    both.save(HERE / "lookup_model.keras")
    numbers = np.arange(len(bags))[:, None]
    encoded = integers(numbers).to(dtype=lookup(np.array(bags)).dtype)
    second = (
        both.layers[-1](keras.ops.concatenate([lookup(np.array(bags)), encoded], -1))
        .detach()
        .cpu()
        .numpy()
    )
    return {
        "text": {"inputs": [[t] for t in texts], "outputs": first.tolist()},
        "lookup": {"word": bags, "number": numbers.tolist(), "outputs": second.tolist()},
    }


def main():
    text = {"vocabulary": VOCABULARY}
    four, numbers = {"vocabulary": WORDS}, {"vocabulary": [10, 20, 30, 40]}
    record = {
        "keras": keras.__version__,
        "calls": [
            *(_run("StringLookup", c, STRINGS, four) for c in STRING_CASES),
            *(_run("StringLookup", {**c, "invert": True}, INVERTED, four) for c in INVERT_CASES),
            *(_run("IntegerLookup", c, NUMBERS, numbers) for c in NUMBER_CASES),
            *(_run("IntegerLookup", {**c, "invert": True}, INVERTED, numbers)
              for c in ({}, {"mask_token": 0}, {"num_oov_indices": 3, "oov_token": -9})),
            *(_run("TextVectorization", c, TEXT_INPUTS, text) for c in TEXT_CASES),
            *(_run("Hashing", c, HASHED) for c in HASH_CASES),
        ],
        "adapt": [_adapt(*c) for c in ADAPT_CASES],
        "crossed": {"inputs": CROSSED, "cases": [_crossed(c) for c in CROSS_CASES]},
        "models": _models(),
        "hashes": _hashes(),
    }  # fmt: skip
    with open(HERE / "text_layers.json", "w") as file:
        json.dump(record, file, ensure_ascii=True, indent=None, separators=(",", ":"))
    outputs = sum(len(c["outputs"]) for c in record["calls"])
    print(f"{len(record['calls'])} layers, {outputs} outputs, {len(record['adapt'])} adapted")


if __name__ == "__main__":
    main()
