"""Functional models of nn, linalg and math ops: the same names and configs, read by both."""

import keras as reference
import numpy as np
import pytest
import torch

import torchkeras as keras
from oracle import clear_names, normalise_config, rand

S = {
    "i": (2, 8, 8, 3), "m": (2, 4, 4), "v": (2, 4), "s": (2, 3, 16), "q": (2, 3, 4, 8),
    "f": (2, 12, 4),
}  # fmt: skip
ONE = """cholesky cholesky_inverse det inv logdet matrix_rank pinv norm eigh lu_factor qr svd erfc
erfinv celu glu hard_shrink hard_sigmoid hard_silu hard_swish hard_tanh log_sigmoid soft_shrink
sparse_plus sparse_sigmoid squareplus swish tanh_shrink normalize rfft rms_normalization
layer_normalization""".split()  # noqa: SIM905
# Keras cannot run, or read again, what it has written of these.
BROKEN = {"adaptive_max_pool", "adaptive_average_pool", "conv_transpose"}

CASES = [
    *[(n, "m", lambda f, x: f(x)) for n in ONE],
    ("celu", "v", lambda f, x: f(x, 0.5)),
    ("glu", "m", lambda f, x: f(x, axis=1)),
    ("squareplus", "v", lambda f, x: f(x, b=2)),
    ("threshold", "v", lambda f, x: f(x, 0.1, 2.0)),
    ("hard_shrink", "v", lambda f, x: f(x, threshold=0.2)),
    ("multi_hot", "v", lambda f, x: f(x, 3)),
    ("max_pool", "i", lambda f, x: f(x, 2)),
    ("max_pool", "i", lambda f, x: f(x, (2, 3), strides=1, padding="SAME")),
    ("average_pool", "i", lambda f, x: f(x, 2, data_format="channels_first", padding="valid")),
    ("adaptive_max_pool", "i", lambda f, x: f(x, (2, 3))),
    ("adaptive_average_pool", "i", lambda f, x: f(x, (2, 3))),
    ("conv", "i", lambda f, x: f(x, np.ones((3, 3, 3, 4), "float32"), 2, "same")),
    ("conv", "ii", lambda f, x, y: f(x, y[0, :3, :3, :, None])),
    ("conv_transpose", "i", lambda f, x: f(x, np.ones((3, 3, 4, 3), "float32"), 2, "same")),
    ("depthwise_conv", "i", lambda f, x: f(x, np.ones((3, 3, 3, 2), "float32"))),
    ("moments", "m", lambda f, x: f(x, [1], keepdims=True)[0]),
    ("normalize", "m", lambda f, x: f(x, axis=1, order=1, epsilon=1e-3)),
    ("psnr", "mm", lambda f, x, y: f(x, y, 1.0)),
    ("binary_crossentropy", "mm", lambda f, x, y: f(x, y, from_logits=True)),
    ("categorical_crossentropy", "mm", lambda f, x, y: f(x, y)),
    ("layer_normalization", "mm", lambda f, x, y: f(x, y[0, 0], y[0, 1])),
    ("rms_normalization", "mm", lambda f, x, y: f(x, scale=y[0, 0])),
    ("batch_normalization", "mm", lambda f, x, y: f(x, y[0, 0], y[0, 1] ** 2, -1)),
    ("batch_normalization", "mm", lambda f, x, y: f(x, y[0, 0], y[0, 1], -1, None, y[0, 2])),
    ("dot_product_attention", "q", lambda f, x: f(x, x, x)),
    ("dot_product_attention", "qq", lambda f, x, y: f(x, y, y, is_causal=True, scale=0.2)),
    ("dot_product_attention", "qm", lambda f, x, y: f(x, x, x, bias=y[:, None, :3, :3])),
    ("ctc_decode", "s", lambda f, x: f(x, np.array([3, 2]), top_paths=1)[0]),
    ("unfold", "i", lambda f, x: f(x, 2, padding=1)),
    ("fold", "f", lambda f, x: f(x, (4, 4), 2, stride=2)),
    ("depth_to_space", "i", lambda f, x: f(x, 2, data_format="channels_first")),
    ("space_to_depth", "i", lambda f, x: f(x, 2)),
    ("polar", "mm", lambda f, x, y: f(x, y)),
    ("view_as_complex", "m", lambda f, x: f(x[..., :2])),
    ("svd", "m", lambda f, x: f(x, compute_uv=False)),
    ("norm", "m", lambda f, x: f(x, ord="fro", axis=(1, 2))),
    ("solve", "mm", lambda f, x, y: f(x, y)),
    ("solve_triangular", "mm", lambda f, x, y: f(x, y, lower=True)),
    ("lstsq", "mm", lambda f, x, y: f(x[0], y[0])),
    ("cdist", "mm", lambda f, x, y: f(x, y)),
    ("fft", "mm", lambda f, x, y: f((x, y))[0]),
    ("fft2", "mm", lambda f, x, y: f((x, y))[1]),
    ("ifft2", "mm", lambda f, x, y: f((x, y))[0]),
    ("irfft", "mm", lambda f, x, y: f((x, y), fft_length=5)),
    ("stft", "s", lambda f, x: f(x, 4, 2, 4)[0]),
    ("istft", "mm", lambda f, x, y: f((x[..., :3], y[..., :3]), 4, 2, 4, length=7)),
    ("extract_sequences", "s", lambda f, x: f(x, 4, 2)),
    ("segment_sum", "v", lambda f, x: f(x, np.array([0, 1]), 3)),
    ("segment_max", "v", lambda f, x: f(x, np.array([1, 1]), num_segments=2)),
    ("top_k", "v", lambda f, x: f(x, 2)[0]),
    ("in_top_k", "v", lambda f, x: f(np.array([0, 1]), x, 2)),
]


@pytest.mark.parametrize(
    ("name", "shapes", "use"), CASES, ids=[f"{n}{i}" for i, (n, *_) in enumerate(CASES)]
)
@pytest.mark.filterwarnings("ignore")
def test_config_and_exchange(name, shapes, use):
    models = []
    for lib in (keras, reference):
        clear_names()
        inputs = [lib.Input(batch_shape=S[s], name=f"x{i}") for i, s in enumerate(shapes)]
        x = [lib.ops.cast(t, "int32") for t in inputs] if name == "multi_hot" else inputs
        y = use(getattr(lib.ops, name), *x)
        models.append(lib.Model(inputs, y[0] if isinstance(y, (tuple, list)) else y, name="m"))
    configs = [normalise_config(m.get_config()) for m in models]
    assert configs[0] == configs[1]
    data = [torch.tensor(rand(*S[s], seed=i)) for i, s in enumerate(shapes)]
    if shapes == "m":  # positive definite, for those that need it
        data = [data[0] @ data[0].mT + torch.eye(4)]
    if name == "polar":
        data[0] = data[0].abs()
    want = models[name not in BROKEN](data)
    for lib in (keras,) if name in BROKEN else (keras, reference):
        got = lib.Model.from_config(configs[0])(data)
        torch.testing.assert_close(
            got, want, rtol=1e-4, atol=1e-5, equal_nan=True, check_dtype=name != "top_k"
        )
