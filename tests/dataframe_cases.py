"""What is asked of `flow_from_dataframe`, of real tf_keras and of ours alike."""

import os

import numpy as np
import pandas as pd
from PIL import Image
from preprocessing_cases import plain

NAMES = [f"{i}.png" for i in range(7)]
COLUMNS = {
    "filename": [*NAMES, "none.png", "notes.txt"],
    "class": ["b", "a", "b", "a", "c", "b", "a", "c", "c"],
    "two": ["y", "x", "y", "x", "x", "y", "y", "x", "x"],
    "several": [["b"], ["a", "b"], ["c"], ["a"], ["b", "c"], ["b"], ["a"], ["c"], ["d"]],
    "pairs": [("b",), ("a", "b"), ("c",), ("a",), ("b", "c"), ("b",), ("a",), ("c",), ("d",)],
    "number": [0.5, 1.5, -1.0, 2.0, 3.0, 4.5, 9.0, 8.0, 7.0],
    "count": [1, 5, 2, 3, 4, 9, 8, 7, 6],
    "weight": [1.0, 2.0, 0.5, 1.5, 1.0, 3.0, 0.0, 2.0, 9.0],
    "vector": [[i, 2 * i] for i in range(9)],
}
FLOWS = {
    "plain": {},
    "two": {"y_col": "two", "class_mode": "binary"},
    "two of three": {"class_mode": "binary", "classes": ["c", "a"]},
    "sparse": {"class_mode": "sparse"},
    "classes": {"classes": ["c", "a"]},
    "more classes": {"classes": ["c", "z", "a", "b"], "class_mode": "sparse"},
    "several": {"y_col": "several"},
    "pairs": {"y_col": "pairs"},
    "some of several": {"y_col": "several", "classes": ["c", "b"]},
    "raw": {"y_col": "number", "class_mode": "raw"},
    "raw whole": {"y_col": "count", "class_mode": "raw"},
    "raw two": {"y_col": ["number", "count"], "class_mode": "raw"},
    "multi": {"y_col": ["number", "count"], "class_mode": "multi_output"},
    "multi vector": {"y_col": ["vector", "count"], "class_mode": "multi_output"},
    "input": {"class_mode": "input"},
    "none": {"class_mode": None, "y_col": None},
    "weights": {"weight_col": "weight", "class_mode": "raw", "y_col": "number"},
    "weights of classes": {"weight_col": "weight", "classes": ["a", "b"]},
    "shuffled": {"shuffle": True, "seed": 3},
    "sizes": {"target_size": (3, 5), "interpolation": "bilinear", "color_mode": "grayscale"},
    "rgba": {"color_mode": "rgba"},
    "training": {"subset": "training"},
    "validation": {"subset": "validation", "weight_col": "weight"},
    "validation of classes": {"subset": "validation", "classes": ["a", "b"]},
    "by other name": {"x_col": "words2", "validate_filenames": True},
    "drop": {"drop_duplicates": True},
}
ERRORS = {
    "class_mode": {"class_mode": "none such"},
    "color_mode": {"color_mode": "hsv"},
    "subset": {"subset": "test"},
    "names": {"x_col": "count"},
    "classes": {"y_col": "count"},
    "binary": {"class_mode": "binary"},
    "binary given": {"class_mode": "binary", "classes": ["a", "b", "c"]},
    "binary lists": {"y_col": "several", "class_mode": "binary", "classes": ["a", "b"]},
    "sparse lists": {"y_col": "several", "class_mode": "sparse"},
    "sparse numbers": {"y_col": "number", "class_mode": "sparse"},
    "multi": {"y_col": "count", "class_mode": "multi_output"},
    "weights": {"weight_col": "class"},
    "column": {"y_col": "absent"},
    "x column": {"x_col": "absent"},
    "weight column": {"weight_col": "absent"},
    "twice": {"classes": ["a", "a", "b"]},
    "interpolation": {"interpolation": "none such"},
}


def write(folder):
    """Write the images, and return the table of them."""
    draw = np.random.RandomState(0)
    for name in NAMES:
        pixels = draw.randint(0, 256, (4, 3, 3)).astype("uint8")
        Image.fromarray(pixels).save(os.path.join(folder, name))
    with open(os.path.join(folder, "notes.txt"), "w") as f:
        f.write("no image")
    table = pd.DataFrame(COLUMNS)
    table["words2"] = table["filename"]
    return table


def told(flow):
    """Return what an iterator over a table says and gives."""
    return plain(
        {
            "names": [os.path.basename(f) for f in flow.filenames],
            "paths": [os.path.basename(f) for f in flow.filepaths],
            "counts": [flow.samples, flow.n, len(flow), flow.batch_size],
            "shape": flow.image_shape,
            "classes": getattr(flow, "class_indices", None),
            "labels": _try(lambda: flow.labels),
            "weights": flow.sample_weight,
            "batches": [next(flow) for _ in range(len(flow) + 1)],
            "dtypes": str([getattr(p, "dtype", None) for p in flow[0]]),
        }
    )


def _try(ask):
    try:
        return ask()
    except Exception as e:
        return type(e).__name__


def answers(image, folder):
    """Return name -> what `image.ImageDataGenerator.flow_from_dataframe` answers."""
    table = write(folder)
    change = image.ImageDataGenerator(rescale=1 / 255, validation_split=0.4)
    found = {}
    for name, options in FLOWS.items():
        options = {"directory": folder, "batch_size": 3, "shuffle": False, **options}
        options.setdefault("target_size", (4, 3))
        before = table.copy()
        flow = change.flow_from_dataframe(table, **options)
        pd.testing.assert_frame_equal(table, before)
        found[name] = told(flow)
    full = table.assign(filename=[os.path.join(folder, f) for f in table["filename"]])
    options = {"target_size": (4, 3), "shuffle": False}
    found["full paths"] = told(change.flow_from_dataframe(full, **options))
    turned = image.ImageDataGenerator(
        data_format="channels_first", rotation_range=30, horizontal_flip=True, dtype="float16"
    )
    flow = turned.flow_from_dataframe(table, folder, target_size=(4, 3), batch_size=4, seed=1)
    found["turned"] = told(flow)
    there = table.iloc[:7]
    flow = change.flow_from_dataframe(there, folder, validate_filenames=False, **options)
    found["not looked at"] = told(flow)
    empty = table.iloc[7:]
    found["nothing there"] = change.flow_from_dataframe(empty, folder, class_mode="raw").samples
    for name, options in ERRORS.items():
        found[f"error {name}"] = _try(
            lambda o=options: told(change.flow_from_dataframe(table, folder, **o))["counts"]
        )
    return found
