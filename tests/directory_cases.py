"""Folders of small files, and what directory datasets of real Keras and ours tell of them."""

import wave

import numpy as np
from PIL import Image

FILES = ["b/2.png", "b/10.png", "b/1.png", "a/1.png", "a/x/2.png", "c/1.png", "c/note.md",
         ".hidden/1.png"]  # fmt: skip
OPTIONS = {
    "plain": {"shuffle": False},
    "seed": {"seed": 7},
    "both": {"seed": 3, "validation_split": 0.4, "subset": "both"},
    "training": {"seed": 3, "validation_split": 0.4, "subset": "training"},
    "validation": {"shuffle": False, "validation_split": 0.3, "subset": "validation"},
    "some": {"class_names": ["c", "a"], "shuffle": False, "label_mode": "binary"},
    "rows": {"shuffle": False, "label_mode": "categorical", "batch_size": 4},
    "given": {"labels": [5, 5, 7, 7, 5, 5, 7], "shuffle": False},
    "none": {"labels": None, "shuffle": False, "batch_size": None},
}
RESIZES = ("bilinear", "nearest", "bicubic", "area", "lanczos3", "lanczos5", "gaussian",
           "mitchellcubic")  # fmt: skip


def make(root):
    draw = np.random.RandomState(0)
    for name in FILES:
        path = root / "images" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        pixels = draw.randint(0, 256, (7, 5, 3)).astype("uint8")
        if path.suffix == ".png":
            Image.fromarray(pixels).save(path)
    for i, text in enumerate(["héllo\nworld", "", "abc"]):
        path = root / "texts" / "ab"[i % 2] / f"{i}.txt"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    for i, length in enumerate((10, 7, 12)):
        path = root / "sounds" / "ab"[i % 2] / f"{i}.wav"
        path.parent.mkdir(parents=True, exist_ok=True)
        with wave.open(str(path), "wb") as file:
            file.setnchannels(1)
            file.setsampwidth(2)
            file.setframerate(8000)
            file.writeframes(draw.randint(-30000, 30000, length).astype("<i2").tobytes())


def told(dataset, root):
    """Files, classes, and all batches of a dataset, or of two."""
    if isinstance(dataset, list):
        return [told(d, root) for d in dataset]

    def values(x):
        x = x.numpy() if hasattr(x, "numpy") else x
        x = np.asarray(x)
        if x.dtype == object:
            return [t.decode("utf-8", "replace") if isinstance(t, bytes) else t for t in x]
        return [list(x.shape), str(x.dtype), np.round(x.astype(float), 3).ravel().tolist()]

    batches = [[values(x) for x in b] if isinstance(b, tuple) else values(b) for b in dataset]
    names = [p.replace(str(root), "") for p in getattr(dataset, "file_paths", [])]
    return [names, getattr(dataset, "class_names", None), batches]


def answers(utils, root):
    make(root)
    found = {}
    image = utils.image_dataset_from_directory
    for name, options in OPTIONS.items():
        dataset = image(str(root / "images"), image_size=(3, 2), verbose=False, **options)
        found[name] = told(dataset, root)
        if "seed" in options:  # batches come in an order of their own
            parts = found[name] if isinstance(dataset, list) else [found[name]]
            for part in parts:
                part[2] = len(part[2])
    for method in RESIZES:
        for crop in (False, True)[: 1 if method in RESIZES[6:] else 2]:
            options = {"interpolation": method, "crop_to_aspect_ratio": crop, "labels": None}
            dataset = image(str(root / "images" / "c"), image_size=(6, 8), verbose=False, **options)
            found[f"{method} {crop}"] = told(dataset, root)
    for options in ({}, {"max_length": 2}, {"label_mode": None}):
        dataset = utils.text_dataset_from_directory(
            str(root / "texts"), shuffle=False, verbose=False, **options
        )
        found[f"text {sorted(options)}"] = told(dataset, root)[1:]
    for options in ({}, {"output_sequence_length": 8}, {"batch_size": 2}):
        dataset = utils.audio_dataset_from_directory(
            str(root / "sounds"), shuffle=False, verbose=False, **options
        )
        found[f"audio {sorted(options)}"] = told(dataset, root)[1:]
    return found
