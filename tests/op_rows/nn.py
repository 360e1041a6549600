"""Calls of the ops of nn, linalg and math: shapes and arguments drawn at random."""

import numpy as np
from op_rows.values import Row, call

from oracle import rand

ACTIVATIONS = """celu elu gelu hard_shrink hard_sigmoid hard_silu hard_tanh leaky_relu log_sigmoid
relu relu6 selu sigmoid silu soft_shrink softplus softsign sparse_plus sparse_sigmoid squareplus
tanh_shrink erf erfc softmax log_softmax""".split()  # noqa: SIM905
PADDINGS, FORMATS = ("valid", "same"), ("channels_last", "channels_first")


def draw(rng, *shape, low=-1.0, high=1.0):
    return rand(*shape, seed=int(rng.integers(1 << 30)), low=low, high=high)


def sizes(rng, rank, low, high):
    return tuple(int(n) for n in rng.integers(low, high, rank))


def image(rng, rank, channels, data_format):
    spatial = sizes(rng, rank, 5, 10)
    shape = (*spatial, channels) if data_format == FORMATS[0] else (channels, *spatial)
    return draw(rng, 2, *shape)


def activation(rng, name):
    x = draw(rng, *sizes(rng, int(rng.integers(1, 5)), 1, 6), low=-5, high=5)
    return (x.astype(rng.choice(["float32", "float64"])),), {}


def window(rng, ranks=(1, 2, 3)):
    rank = int(rng.choice(ranks))
    strides, dilation = int(rng.integers(1, 4)), int(rng.integers(1, 3))
    data_format = str(rng.choice(FORMATS))
    options = {"strides": strides, "padding": str(rng.choice(PADDINGS)), "data_format": data_format}
    return rank, data_format, options, {"dilation_rate": dilation}


def convolution(rng, name):
    rank, data_format, options, more = window(
        rng, (1, 2) if name == "depthwise_conv" else (1, 2, 3)
    )
    x = image(rng, rank, 4, data_format)
    tail = {
        "conv": (int(rng.choice([1, 2, 4])), 4),
        "depthwise_conv": (4, 2),
        "conv_transpose": (3, 4),
    }
    return (x, draw(rng, *sizes(rng, rank, 1, 4), *tail[name])), options | more


def pooling(rng, name):
    rank, data_format, options, _ = window(rng)
    if name == "average_pool":
        options["padding"] = "valid"  # Keras averages copies of the edge in
    return (image(rng, rank, 3, data_format), sizes(rng, rank, 1, 4)), options


def norms(rng, name):
    x = draw(rng, *sizes(rng, 3, 1, 6))
    axis = int(rng.integers(-3, 3))
    if name == "batch_normalization":
        parts = [draw(rng, x.shape[axis], low=0.1) for _ in range(4)]
        return (x, *parts[:2], axis, *parts[2:]), {"epsilon": 0.01}
    if name == "moments":
        return (x, [axis]), {"keepdims": bool(rng.integers(2))}
    if name == "normalize":
        return (x,), {"axis": axis, "order": int(rng.integers(1, 4))}
    weights = [draw(rng, x.shape[-1]) for _ in range(2 if name == "layer_normalization" else 1)]
    return (x, *weights), {"epsilon": float(rng.uniform(1e-6, 0.1))}


def losses(rng, name):
    out = draw(rng, *sizes(rng, 3, 1, 6), low=0.05)
    logits = bool(rng.integers(2))
    if name == "sparse_categorical_crossentropy":
        return (rng.integers(0, out.shape[-1], out.shape[:-1]), out), {"from_logits": logits}
    return (draw(rng, *out.shape, low=0.0), out), {"from_logits": logits}


def ctc(rng, name):
    batch, steps, classes = sizes(rng, 3, 3, 8)
    x, lengths = draw(rng, batch, steps, classes, low=-3, high=3), rng.integers(1, steps + 1, batch)
    if name == "ctc_loss":
        return (rng.integers(1, classes, (batch, 2)), x, rng.integers(0, 3, batch), lengths), {}
    greedy = {"merge_repeated": bool(rng.integers(2)), "mask_index": int(rng.integers(classes))}
    beam = {"strategy": "beam_search", "beam_width": int(rng.integers(3, 40)), "top_paths": 3}
    return (x, lengths), greedy if rng.integers(2) else beam


def attention(rng, name):
    batch, queries, keys, heads, size = sizes(rng, 5, 1, 6)
    q = draw(rng, batch, queries, 2 * heads, size)
    k, v = (draw(rng, batch, keys, int(rng.choice([heads, 2 * heads])), size) for _ in range(2))
    v = v[:, :, :1].repeat(k.shape[2], 2)
    score = (batch, 2 * heads, queries, keys)
    mask = draw(rng, *score) > -0.3
    mask[..., 0] = True  # of a query that sees nothing, torch's kernels give several gradients
    extra = [{}, {"bias": draw(rng, *score)}, {"mask": mask}][rng.integers(3)]
    return (q, k, v, extra.get("bias"), extra.get("mask")), {"is_causal": bool(rng.integers(2))}


def square(rng, name):
    n = int(rng.integers(1, 6))
    x = draw(rng, int(rng.integers(1, 4)), n, n)
    if name in ("cholesky", "eigh", "cholesky_inverse"):
        x = x @ x.swapaxes(-1, -2) + np.eye(n, dtype="float32")
        x = np.linalg.cholesky(x) if name == "cholesky_inverse" else x
    elif name not in ("norm", "matrix_rank"):
        x = x + 2 * n * np.eye(n, dtype="float32")
    rest = (draw(rng, x.shape[0], n, 2),) if name.startswith("solve") else ()
    options = {"axis": (1, 2), "ord": str(rng.choice(["fro", "nuc"]))} if name == "norm" else {}
    return (x, *rest), options


def rectangle(rng, name):
    return (draw(rng, *sizes(rng, 3, 1, 6)),), {}


def pair(rng, name):
    shape = sizes(rng, 3, 2, 8)
    return ((draw(rng, *shape), draw(rng, *shape)),), {}


def signal(rng, name):
    length = int(rng.integers(4, 9)) // 2 * 2
    stride, fft = int(rng.integers(1, length)), length + 2 * int(rng.integers(0, 3))
    options = {"window": rng.choice(["hann", "hamming", None]), "center": bool(rng.integers(2))}
    if name == "stft":
        return (draw(rng, 2, int(rng.integers(20, 40))), length, stride, fft), options
    parts = tuple(draw(rng, 2, int(rng.integers(3, 4)), fft // 2 + 1) for _ in range(2))
    return (parts, length, stride, fft), options


def segments(rng, name):
    rows, count = sizes(rng, 2, 1, 8)
    return (draw(rng, rows, 3), rng.integers(0, count, rows), count), {}


def two(rng, name):
    n, m, d = sizes(rng, 3, 1, 6)
    if name == "psnr":
        return (draw(rng, n, d), draw(rng, n, d), 1.0), {}
    return (draw(rng, 2, n, d), draw(rng, 2, m, d)), {}


def ranked(rng, name):
    n, m = sizes(rng, 2, 1, 8)
    k = int(rng.integers(1, m + 1))
    x = draw(rng, n, m)
    return ((x, k) if name == "top_k" else (rng.integers(0, m, n), x, k)), {}


def blocks(rng, name):
    block = int(rng.integers(2, 4))
    data_format = str(rng.choice(FORMATS))
    h, w, c = sizes(rng, 3, 1, 4)
    deep, wide = (h, w, c * block**2), (h * block, w * block, c)
    shape = deep if name == "depth_to_space" else wide
    shape = shape if data_format == FORMATS[0] else (shape[2], *shape[:2])
    return (draw(rng, 2, *shape), block, data_format), {}


def patches(rng, name):
    return (draw(rng, 2, *sizes(rng, 3, 4, 8)), int(rng.integers(1, 4))), {
        "stride": int(rng.integers(1, 3)),
        "padding": int(rng.integers(2)),
    }


DRAWERS = {
    **dict.fromkeys(ACTIVATIONS, activation),
    **dict.fromkeys(["conv", "depthwise_conv", "conv_transpose"], convolution),
    **dict.fromkeys(["max_pool", "average_pool"], pooling),
    **dict.fromkeys(["batch_normalization", "layer_normalization", "rms_normalization"], norms),
    **dict.fromkeys(["normalize", "moments"], norms),
    **dict.fromkeys(["binary_crossentropy", "categorical_crossentropy"], losses),
    "sparse_categorical_crossentropy": losses,
    **dict.fromkeys(["ctc_loss", "ctc_decode"], ctc),
    "dot_product_attention": attention,
    **dict.fromkeys("cholesky cholesky_inverse det eigh inv logdet solve".split(), square),  # noqa: SIM905
    **dict.fromkeys(["solve_triangular", "norm", "matrix_rank"], square),
    **dict.fromkeys(["pinv", "qr", "svd", "lu_factor", "rfft"], rectangle),
    **dict.fromkeys(["fft", "fft2", "ifft2", "irfft"], pair),
    **dict.fromkeys(["stft", "istft"], signal),
    **dict.fromkeys([f"segment_{n}" for n in ("sum", "max", "min", "prod")], segments),
    **dict.fromkeys(["cdist", "psnr"], two),
    **dict.fromkeys(["top_k", "in_top_k"], ranked),
    **dict.fromkeys(["depth_to_space", "space_to_depth"], blocks),
    "unfold": patches,
}
# Signs of vectors, ties and rounding leave the gradient open there.
NO_GRADIENTS = {"eigh", "qr", "svd", "lu_factor", "matrix_rank", "in_top_k", "ctc_decode", "pinv"}
# All their arguments have the batch's size; others get weights.
BATCHES = {"ctc_loss", "ctc_decode", "dot_product_attention", "solve", "solve_triangular",
           "in_top_k", "categorical_crossentropy", "binary_crossentropy", "cdist", "psnr",
           "sparse_categorical_crossentropy", "fft", "fft2", "ifft2", "irfft", "istft"}  # fmt: skip


def _row(name):
    def calls(dtype):
        rng = np.random.default_rng(11)
        for _ in range(40):
            args, options = DRAWERS[name](rng, name)
            yield call(*args, **options)

    unknown = ("batch",) if name in BATCHES else ("input",)
    return Row(calls, ("float32",), gradients=name not in NO_GRADIENTS, symbols=unknown)


ROWS = {name: _row(name) for name in DRAWERS}
