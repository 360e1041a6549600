"""Rows of preprocessing and image augmentation."""

from typing import Any

from layer_rows.values import FORMAT, OMIT, RNG_FACTOR, SEED, B, Of, Row, S, T, as_images


def image(options: dict[str, list], **flags: Any) -> Row:
    """Return the row of an image layer: its calls in training mode draw."""
    options = {"data_format": FORMAT} | options
    flags = {"training": (False, True), "grads": False, "halves": False} | flags
    return Row(options=options, **({"inputs": as_images} | flags))


FILL = {
    "fill_mode": [OMIT, "constant", "nearest", "reflect", "wrap"],
    "interpolation": [OMIT, "nearest", "bilinear"],
    "fill_value": [OMIT, 1.0],
    "seed": [OMIT, 3],
}
RANGE = {"value_range": [(0, 255), (0, 1)], "seed": [OMIT, 3]}

ROWS: dict[str, Row] = {
    # ------------------------------------------------------------------ preprocessing
    "Normalization": Row(
        (B, T, 3),
        {
            "axis": [-1, (1, 2), None, OMIT],
            "mean": [0.5, 2.0],
            "variance": [2.0, 0.3],
            "invert": [OMIT, False, True],
        },
    ),
    "Discretization": Row(
        (B, T),
        {
            "bin_boundaries": [[0.0, 0.5], [-1.0, 0.0, 1.0]],
            "output_mode": ["int", "one_hot", "multi_hot", "count", OMIT],
            "epsilon": [OMIT, 0.1],
            "name": [OMIT, "mine"],
            "dtype": [OMIT, "float32"],
            "sparse": [OMIT, False],
        },
        grads=False,
        halves=False,
    ),
    "CategoryEncoding": Row(
        (B, T),
        {
            "num_tokens": [7, 9],
            "output_mode": [OMIT, "multi_hot", "one_hot", "count"],
            "sparse": [OMIT, False],
        },
        integers=(0, 7),
    ),
    "Rescaling": Row(
        (B, S, S, 3), {"scale": [1 / 255, 2.0, OMIT], "offset": [OMIT, -1.0, 0.5]}, lenient=True
    ),
    "STFTSpectrogram": Row(
        (B, (80, 90), 2),
        {
            "mode": ["log", "magnitude", "psd", "real", "imag", "angle", "stft"],
            "frame_length": [16, 20],
            "frame_step": [OMIT, 8, 5],
            "fft_length": [OMIT, 32],
            "window": [OMIT, "hamming", None],
            "periodic": [OMIT, True],
            "scaling": [OMIT, "spectrum", None],
            "padding": [OMIT, "same"],
            "expand_dims": [OMIT, True],
            "data_format": FORMAT,
        },
        channels=True,
        rtol=1e-4,
        training=(False,),
    ),
    "MelSpectrogram": Row(
        (B, (600, 700)),
        {
            "fft_length": [256, 128],
            "sequence_stride": [64, 100],
            "sequence_length": [OMIT, 100],
            "window": [OMIT, "hamming"],
            "sampling_rate": [8000, 16000],
            "num_mel_bins": [20, 16],
            "min_freq": [OMIT, 50.0],
            "max_freq": [OMIT, 3000],
            "power_to_db": [OMIT, False],
            "top_db": [OMIT, 40.0],
            "mag_exp": [OMIT, 1.0],
            "min_power": [OMIT, 1e-6],
            "ref_power": [OMIT, 2.0],
        },
        rtol=1e-4,
        grads=False,
        halves=False,
    ),
    "Pipeline": Row(
        inputs=as_images,
        options={
            "layers": [
                Of(lambda lib: [lib.layers.Rescaling(1 / 255), lib.layers.CenterCrop(4, 5)]),
                Of(lambda lib: [lib.layers.Resizing(6, 7), lib.layers.Rescaling(2.0)]),
            ],
            "name": [OMIT, "mine"],
        },
        symbolic=False,
        saves=False,
        halves=False,
        config=False,
        shapes=False,
    ),
    # ------------------------------------------------------------------ images
    "Resizing": image(
        {
            "height": [8, 20],
            "width": [7, 12],
            "interpolation": [OMIT, "nearest", "bilinear", "bicubic"],
            "crop_to_aspect_ratio": [OMIT, True, False],
            "pad_to_aspect_ratio": [OMIT, False, OMIT, True],
            "fill_mode": [OMIT, "constant"],
            "fill_value": [OMIT, 3.0],
            "antialias": [OMIT, False, True],
        }
    ),
    "CenterCrop": image({"height": [5, 8], "width": [4, 9]}),
    "RandomCrop": image(
        {"height": [5, 8], "width": [4, 9], "seed": [3, 4], "name": [OMIT, "mine"]}, random=True
    ),
    "AutoContrast": image({"value_range": [(0, 255), (0, 1), OMIT], "data_format": [OMIT]}),
    "Equalization": image(
        {"value_range": [(0, 255), OMIT], "bins": [OMIT, 256, 64]},
        inputs=lambda rng, args: as_images(rng, args)[:1],  # Keras's is right for one image alone
        saves=False,  # real Keras cannot put it into a model
    ),
    "ContrastLimitedAdaptiveHistogramEqualization": image(
        {
            "value_range": [(0, 255), OMIT],
            "clip_limit": [OMIT, 2.0],
            "tile_grid_size": [(2, 2), (3, 2)],
        }
    ),
    "Solarization": image(
        {
            "addition_factor": [0.0, OMIT],
            "threshold_factor": [0.0, OMIT],
            "value_range": [(0, 255), (0, 1)],
            "seed": SEED,
            "data_format": [OMIT],
        },
        random=True,
    ),
    "RandomFlip": image(
        {"mode": [OMIT, "horizontal", "vertical", "horizontal_and_vertical"], "seed": SEED},
        random=True,
    ),
    "RandomRotation": image({"factor": RNG_FACTOR, **FILL}, random=True),
    "RandomZoom": image(
        {"height_factor": RNG_FACTOR, "width_factor": [OMIT, None, 0.2], **FILL}, random=True
    ),
    "RandomTranslation": image(
        {"height_factor": RNG_FACTOR, "width_factor": RNG_FACTOR, **FILL}, random=True
    ),
    "RandomShear": image(
        {"x_factor": RNG_FACTOR, "y_factor": [OMIT, 0.1], **FILL},
        random=True,
        config=False,  # Keras refuses its own
        saves=False,
    ),
    "RandomPerspective": image(
        {
            "factor": [OMIT, 0.5, 1.0],
            "scale": [OMIT, 0.3],
            "interpolation": [OMIT, "nearest"],
            "fill_value": [OMIT, 1.0],
            "seed": SEED,
        },
        random=True,
    ),
    "RandomElasticTransform": image(
        {"factor": [OMIT, 0.5], "scale": [OMIT, 2.0], **FILL, **RANGE}, random=True
    ),
    "RandomErasing": image(
        {"factor": [OMIT, 0.5], "scale": [OMIT, (0.1, 0.2)], "fill_value": [OMIT, 0.0], **RANGE},
        random=True,
    ),
    **{
        f"Random{name}": image(
            {"factor": RNG_FACTOR, **RANGE} | ({} if formats else {"data_format": [OMIT]}),
            random=True,
        )
        for name, formats in (
            ("Brightness", False),
            ("Contrast", False),
            ("ColorDegeneration", True),
            ("Hue", True),
            ("Saturation", True),
            ("Sharpness", True),
        )
    },
    "RandomPosterization": image({"factor": [4, 2], **RANGE}, random=True),
    "RandomInvert": image({"factor": [OMIT, 0.5], **RANGE}, random=True),
    "RandomGrayscale": image(
        {"factor": [OMIT, 0.9], "seed": SEED}, random=True, ignore_config=("seed",)
    ),
    "RandomGaussianBlur": image(
        {"factor": [OMIT, 0.5], "kernel_size": [OMIT, 3, 5], "sigma": [OMIT, 0.5], **RANGE},
        random=True,
    ),
    "RandomColorJitter": image(
        {
            "brightness_factor": [0.2, None],
            "contrast_factor": [0.3, OMIT],
            "saturation_factor": [0.2, OMIT],
            "hue_factor": [0.1, OMIT],
            **RANGE,
        },
        random=True,
    ),
    "RandAugment": image(
        {
            "num_ops": [OMIT, 1],
            "factor": [OMIT, 0.3],
            "interpolation": [OMIT, "nearest"],
            **RANGE,
        },
        random=True,
    ),
    "AugMix": image(
        {
            "num_chains": [OMIT, 2],
            "chain_depth": [OMIT, 2],
            "factor": [OMIT, 0.2],
            "alpha": [OMIT, 0.5],
            "all_ops": [OMIT, False],
            "interpolation": [OMIT, "nearest"],
            **RANGE,
        },
        random=True,
    ),
    "MixUp": image({"alpha": [OMIT, 0.5], "seed": SEED}, random=True),
    "CutMix": image({"factor": [OMIT, 0.5], "seed": SEED}, random=True),
}
