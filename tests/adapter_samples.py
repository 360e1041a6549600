"""The layers that adapters can be attached to, in both libraries, with equal weights."""

from oracle import clear_names, rand

INTS = rand(2, 3, low=0, high=9, dtype="int32")

# name -> (constructor of a library's `layers`, inputs)
LAYERS = {
    "dense": (lambda L, **k: L.Dense(10, activation="tanh", name="l", **k), rand(3, 7)),
    "dense_3d": (lambda L, **k: L.Dense(5, use_bias=False, name="l", **k), rand(2, 3, 7)),
    "einsum": (
        lambda L, **k: L.EinsumDense("abc,cde->abde", (None, 4, 5), bias_axes="de", name="l", **k),
        rand(2, 3, 7),
    ),
    "einsum_last": (
        lambda L, **k: L.EinsumDense("abc,dc->abd", (None, 6), bias_axes="d", name="l", **k),
        rand(2, 3, 7),
    ),
    "einsum_back": (
        lambda L, **k: L.EinsumDense("abcd,cde->abe", (None, 6), name="l", **k),
        rand(2, 3, 4, 5),
    ),
    "einsum_mixed": (
        lambda L, **k: L.EinsumDense("abc,cde->aebd", (6, 3, 4), activation="relu", name="l", **k),
        rand(2, 3, 7),
    ),
    "einsum_shared": (
        lambda L, **k: L.EinsumDense("abc,bcd->abd", (3, 6), name="l", **k),
        rand(2, 3, 7),
    ),
    "embedding": (lambda L, **k: L.Embedding(9, 7, name="l", **k), INTS),
    "reversible": (lambda L, **k: L.ReversibleEmbedding(9, 7, name="l", **k), INTS),
    "untied": (
        lambda L, **k: L.ReversibleEmbedding(9, 7, tie_weights=False, name="l", **k),
        INTS,
    ),
    "conv1d": (lambda L, **k: L.Conv1D(4, 3, padding="causal", name="l", **k), rand(2, 6, 3)),
    "conv2d": (
        lambda L, **k: L.Conv2D(4, 3, strides=2, activation="relu", name="l", **k),
        rand(2, 7, 7, 3),
    ),
    "conv2d_groups": (
        lambda L, **k: L.Conv2D(4, 3, groups=2, use_bias=False, name="l", **k),
        rand(2, 5, 5, 4),
    ),
    "conv3d": (lambda L, **k: L.Conv3D(2, 2, name="l", **k), rand(1, 4, 4, 4, 2)),
}
QUANTIZED = [name for name in LAYERS if not name.startswith("conv")]
PRODUCTS = [name for name in QUANTIZED if name.startswith(("dense", "einsum"))]


def make(lib, name, **kwargs):
    """A built layer of a library, with weights that do not depend on it."""
    clear_names()
    constructor, x = LAYERS[name]
    layer = constructor(lib.layers, **kwargs)
    layer(x)
    if not kwargs:
        fill(layer)
    return layer


def fill(layer, seed=0):
    """Set all weights to numbers that do not depend on the library."""
    layer.set_weights([rand(*w.shape, seed=seed + i) for i, w in enumerate(layer.get_weights())])
