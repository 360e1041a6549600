"""Records what real Keras's FeatureSpace makes of real data; it runs on TensorFlow only.

    KERAS_BACKEND=tensorflow python tests/golden/make_feature_space.py

Reads `grunfeld.json` (columns of statsmodels' Grunfeld data: firms, years, investments), writes
`feature_space.json` and `feature_space.keras`.
"""

import json
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

HERE = Path(__file__).parent
FeatureSpace = keras.utils.FeatureSpace
KINDS = [
    "float", "float_rescaled", "float_normalized", "float_discretized", "integer_categorical",
    "string_categorical", "integer_hashed", "string_hashed",
]  # fmt: skip
COLUMN = {"float": "invest", "integer": "year", "string": "firm"}

# name -> (kind, or [kind, arguments]); arguments of FeatureSpace; crosses as [names, dim, mode]
CASES = [
    *({"features": {COLUMN[kind.partition("_")[0]]: kind}, "arguments": {}} for kind in KINDS),
    {"features": {"value": "float_normalized", "firm": "string_categorical",
                  "year": "integer_categorical", "invest": "float_discretized",
                  "capital": "float_rescaled"},
     "arguments": {"crossing_dim": 7, "num_discretization_bins": 6},
     "crosses": [["firm", "year"], ["firm", "invest"]]},
    {"features": {"firm": ["string_categorical", {"max_tokens": 5, "num_oov_indices": 2}],
                  "year": ["integer_categorical", {"max_tokens": 9, "name": "y"}],
                  "value": ["float_discretized", {"num_bins": 5}]},
     "arguments": {}, "crosses": [[["firm", "year"], 11, "one_hot"]]},
    {"features": {"firm": ["string_categorical", {"output_mode": "int"}],
                  "year": ["integer_categorical", {"output_mode": "int"}],
                  "capital": ["float_discretized", {"num_bins": 4, "output_mode": "int"}],
                  "invest": ["float", {}]},
     "arguments": {"output_mode": "dict"},
     "crosses": [[["year", "firm"], 100, "int"], [["capital", "firm"], 8, "one_hot"]]},
    {"features": {"firm": ["string_hashed", {"num_bins": 6}],
                  "year": ["integer_hashed", {"num_bins": 5, "output_mode": "int"}],
                  "value": ["float_rescaled", {"scale": 0.001, "offset": -1.0}]},
     "arguments": {"output_mode": "dict", "hashing_dim": 3}},
    {"features": {"firm": "string_hashed", "year": "integer_hashed"},
     "arguments": {"hashing_dim": 13, "crossing_dim": 17}, "crosses": [["firm", "year"]]},
]  # fmt: skip


def make(space, case):
    """Make the FeatureSpace of a case; `space` is the class, of either library."""

    def feature(spec):
        return spec if isinstance(spec, str) else getattr(space, spec[0])(**spec[1])

    crosses = [
        tuple(c) if isinstance(c[0], str) else space.cross(tuple(c[0]), *c[1:])
        for c in case.get("crosses", [])
    ]
    features = {name: feature(spec) for name, spec in case["features"].items()}
    return space(features=features, crosses=crosses, **case["arguments"])


def plain(x):
    if isinstance(x, dict):
        return {k: plain(v) for k, v in x.items()}
    return {"dtype": str(np.asarray(x).dtype), "value": np.asarray(x).tolist()}


def shapes(x):
    if isinstance(x, dict):
        return {k: shapes(v) for k, v in x.items()}
    return [list(x.shape), x.dtype]


def main():
    table = json.loads((HERE / "grunfeld.json").read_text())
    records = []
    for case in CASES:
        keras.utils.clear_session()
        columns = {name: table[name] for name in case["features"]}
        space = make(FeatureSpace, case)
        record = {**case, "fresh_config": space.get_config()}
        space.adapt(columns)
        few = {name: values[::23] for name, values in columns.items()}
        record["batch"] = plain(space(few))
        record["single"] = plain(space({name: values[7] for name, values in columns.items()}))
        record["shapes"] = shapes(space.get_encoded_features())
        record["config"] = space.get_config()
        record["build_config"] = space.get_build_config()
        records.append(record)
        if len(case["features"]) == 5:
            space.save(HERE / "feature_space.keras")
            inputs = space.get_inputs()
            outputs = keras.layers.Dense(1, kernel_initializer="ones")(space.get_encoded_features())
            model = keras.Model(inputs, outputs)
            model.save(HERE / "feature_space_model.keras")
            few = {name: tf.constant([[v] for v in values]) for name, values in few.items()}
            record["model"] = model(few).numpy().tolist()
    (HERE / "feature_space.json").write_text(json.dumps(records, default=str))


if __name__ == "__main__":
    main()
