"""What is asked of `keras.preprocessing` of Keras 2, of real tf_keras and of ours alike."""

import math
import random

import numpy as np

IMAGES = np.random.RandomState(0).randint(0, 256, (7, 6, 5, 3)).astype("float32")
LABELS = np.array([0, 1, 0, 1, 1, 0, 1])
TEXTS = ["The cat sat on the mat.", "The dog, the cat & a bird!", "a b\tc\nd", "", "Cat cat CAT"]
LISTS = [["The", "Cat"], ["dog", "cat"]]
SERIES = np.arange(24).reshape(12, 2)

AFFINE = [
    {"theta": 30},
    {"tx": 1.5, "ty": -2.25},
    {"shear": 20},
    {"zx": 0.6, "zy": 1.7},
    {"theta": -75, "tx": 3, "ty": 1, "shear": 10, "zx": 1.4, "zy": 1.2},
    {"tx": -9, "ty": 12.5},
    {"zx": 3.0, "zy": 4.0},
    {},
]
GENERATORS = {
    "plain": {},
    "centers": {"samplewise_center": True, "samplewise_std_normalization": True},
    "features": {"featurewise_center": True, "featurewise_std_normalization": True},
    "zca": {"zca_whitening": True, "zca_epsilon": 1e-2, "rescale": 1 / 255},
    "rotation": {"rotation_range": 40, "fill_mode": "constant", "cval": 3.0},
    "shifts": {"width_shift_range": 0.3, "height_shift_range": 0.2, "fill_mode": "wrap"},
    "pixels": {"width_shift_range": 3, "height_shift_range": 2.0, "fill_mode": "reflect"},
    "lists": {"width_shift_range": [1, 2, 3], "height_shift_range": [0, 2]},
    "zoom": {"zoom_range": 0.4, "shear_range": 25},
    "zooms": {"zoom_range": [0.5, 2.0], "interpolation_order": 0},
    "flips": {"horizontal_flip": True, "vertical_flip": True},
    "channel": {"channel_shift_range": 60.0},
    "brightness": {"brightness_range": (0.4, 1.7)},
    "all": {
        "rotation_range": 20, "width_shift_range": 0.1, "height_shift_range": 0.1,
        "shear_range": 5, "zoom_range": 0.2, "horizontal_flip": True, "rescale": 1 / 255,
        "channel_shift_range": 10.0,
    },
    "first": {"data_format": "channels_first", "rotation_range": 30, "horizontal_flip": True},
    "cubic": {"rotation_range": 35, "zoom_range": 0.3, "interpolation_order": 3},
    "quadratic": {
        "shear_range": 30, "interpolation_order": 2, "fill_mode": "reflect", "dtype": "float64",
        "data_format": "channels_first",
    },
}  # fmt: skip
TOKENIZERS = [
    {},
    {"num_words": 4},
    {"oov_token": "<oov>"},
    {"oov_token": "cat", "num_words": 3},
    {"lower": False, "filters": "."},
    {"char_level": True},
    {"split": "a"},
]
SERIES_OPTIONS = [
    {"length": 3},
    {"length": 4, "sampling_rate": 2, "stride": 2, "batch_size": 2},
    {"length": 2, "start_index": 3, "end_index": 9, "reverse": True, "batch_size": 3},
    {"length": 3, "shuffle": True, "batch_size": 2},
]


def plain(value):
    if isinstance(value, (tuple, list)):
        return [plain(v) for v in value]
    if isinstance(value, dict):
        return {str(k): plain(v) for k, v in value.items()}
    if isinstance(value, np.ndarray):
        return {"shape": list(value.shape), "values": np.round(value, 4).ravel().tolist()}
    return value.item() if isinstance(value, np.generic) else value


def answers(image, sequence, text):
    """Return name -> what these three modules answer."""
    found = {}
    one = IMAGES[0]
    axes = {"row_axis": 0, "col_axis": 1, "channel_axis": 2}
    for i, options in enumerate(AFFINE):
        for mode in ("nearest", "constant", "reflect", "wrap"):
            for order in (0, 1):
                found[f"affine {i} {mode} {order}"] = image.apply_affine_transform(
                    one, **options, **axes, fill_mode=mode, cval=7.0, order=order
                )
    for i, options in enumerate(AFFINE):
        for mode, order in (("nearest", 3), ("constant", 2), ("reflect", 5), ("wrap", 3)):
            found[f"affine {i} {mode} {order}"] = image.apply_affine_transform(
                one / 255, **options, **axes, fill_mode=mode, cval=7.0, order=order
            )
    np.random.seed(3)
    found["rotation"] = image.random_rotation(one, 50, **axes)
    found["shift"] = image.random_shift(one, 0.4, 0.3, **axes, fill_mode="wrap")
    found["shear"] = image.random_shear(one, 30, **axes)
    found["zoom"] = image.random_zoom(one, (0.5, 1.5), **axes)
    found["channel"] = image.random_channel_shift(one, 50, 2)
    found["brightness"] = image.random_brightness(one, (0.5, 1.5))
    for scale in (True, False):
        for name, x in (("image", one), ("small", one / 255 - 0.5), ("large", one * 3)):
            found[f"bright {name} {scale}"] = image.apply_brightness_shift(x, 1.3, scale)
    for name, options in GENERATORS.items():
        images = IMAGES.transpose(0, 3, 1, 2) if "data_format" in options else IMAGES
        change = image.ImageDataGenerator(**options)
        if any(k in options for k in ("featurewise_center", "zca_whitening")):
            change.fit(images, augment=name == "features", seed=2)
        flow = change.flow(images, LABELS, batch_size=3, seed=5, sample_weight=LABELS + 0.5)
        found[f"flow {name}"] = [next(flow) for _ in range(4)]
        found[f"item {name}"] = change.flow(images, batch_size=4, seed=1)[1]
        found[f"transform {name}"] = change.random_transform(images[1].copy(), seed=9)
        found[f"drawn {name}"] = change.get_random_transform(images[1].shape, seed=4)
    part = image.ImageDataGenerator(validation_split=0.3)
    for subset in ("training", "validation"):
        options = {"subset": subset, "shuffle": False, "ignore_class_split": True}
        found[f"flow {subset}"] = list_of(part.flow(IMAGES, LABELS, batch_size=2, **options))
    found["flow several"] = part.flow((IMAGES, [LABELS, LABELS + 1]), LABELS, shuffle=False)[0]

    found["table"] = sequence.make_sampling_table(20, 1e-3)
    for i, options in enumerate(
        ({}, {"negative_samples": 0}, {"window_size": 1, "categorical": True}, {"shuffle": False},
         {"sampling_table": sequence.make_sampling_table(9), "negative_samples": 2.0},
         {"seed": 4})
    ):  # fmt: skip
        random.seed(1)
        found[f"skipgrams {i}"] = sequence.skipgrams([1, 2, 0, 3, 4, 8], 9, **options)
    for i, options in enumerate(SERIES_OPTIONS):
        np.random.seed(0)
        series = sequence.TimeseriesGenerator(SERIES, SERIES[:, 0], **options)
        found[f"series {i}"] = [len(series), list_of(series), series.to_json()]

    for text_ in TEXTS:
        words = text.text_to_word_sequence
        found[f"words {text_}"] = [words(text_), words(text_, lower=False, filters="a", split="c")]
        found[f"hash {text_}"] = text.hashing_trick(text_, 20, "md5")
    for i, options in enumerate(TOKENIZERS):
        tokenizer = text.Tokenizer(**options)
        tokenizer.fit_on_texts(TEXTS)
        tokenizer.fit_on_texts(LISTS)
        lists = tokenizer.texts_to_sequences([*TEXTS, "zebra cat"])
        again = text.tokenizer_from_json(tokenizer.to_json())
        tables = (tokenizer.word_index, tokenizer.index_word, dict(tokenizer.word_counts))
        found[f"tokenizer {i}"] = [
            lists,
            tokenizer.sequences_to_texts(lists),
            [tokenizer.texts_to_matrix(TEXTS, m) for m in ("binary", "count", "freq", "tfidf")],
            tables,
            dict(sorted(tokenizer.word_docs.items())),
            dict(sorted(tokenizer.index_docs.items())),
            again.texts_to_sequences(TEXTS),
            again.document_count,
        ]
    return {name: plain(value) for name, value in found.items()}


def same(got, want, where):
    """Assert that two answers are equal but for the last digits of numbers."""
    assert type(got) is type(want), where
    if isinstance(want, dict):
        assert list(got) == list(want), where
        for key in want:
            same(got[key], want[key], f"{where}.{key}")
    elif isinstance(want, list) and want and isinstance(want[0], float):
        np.testing.assert_allclose(got, want, rtol=2e-5, atol=2e-3, err_msg=where)
    elif isinstance(want, list):
        assert len(got) == len(want), where
        for i, (a, b) in enumerate(zip(got, want, strict=True)):
            same(a, b, f"{where}[{i}]")
    elif isinstance(want, float):
        assert math.isclose(got, want, rel_tol=1e-5, abs_tol=1e-4), where
    else:
        assert got == want, where


def list_of(batches):
    return [batches[i] for i in range(len(batches))]
