"""What a row of the table of layers is made of, and values of common arguments."""

import dataclasses
from collections.abc import Callable
from typing import Any

import numpy as np

OMIT = object()  # an argument that is left out, so that its default counts
B, T, S, N = (1, 4), (3, 7), (6, 9), (2, 5)  # ranges of batch, steps, spatial sizes, features


@dataclasses.dataclass(frozen=True)
class Of:
    """An argument that is made with either library: `Of(lambda lib: lib.layers.Dense(3))`."""

    make: Callable[[Any], Any]


@dataclasses.dataclass(frozen=True)
class Row:
    """What a layer is called on, and what its arguments may be.

    Args:
        shape: Sizes of the input, or ranges to draw them from; None where `inputs` makes it.
        options: Values of each argument.
        inputs: Function (rng, arguments) -> nested arrays; default: normal numbers of `shape`.
        channels: Whether `data_format="channels_first"` moves the last axis behind the batch.
        integers: Range of the input's values, where they are integers.
        mask: Number of leading axes that a mask of the input has; 0: none is given.
        training: The modes to run in.
        random: Whether a call in training mode draws numbers (then shapes alone are compared).
        call: Function (rng, inputs) -> further arguments of the call.
        rtol: How near the numbers are, relative to the largest of the array.
        saves: Whether real Keras can load the layer from a file without help.
        compiles: Whether `torch.compile(fullgraph=True)` can take it.
        symbolic: Whether it can be called on symbols.
        shapes: Whether compute_output_shape is compared.
        grads: Whether gradients are compared.
        halves: Whether 16-bit dtypes are tried.
        config: Whether configs are compared.
        ignore_config: Keys that Keras's configs lack, and lose by it.
        noise: How far apart sums may be whose terms, of size 1, cancel out.
        lenient: Whether ours takes arguments that Keras refuses.
    """

    shape: tuple | None = None
    options: dict[str, list] = dataclasses.field(default_factory=dict)
    inputs: Callable | None = None
    channels: bool = False
    integers: tuple[int, int] | None = None
    mask: int = 0
    training: tuple = (False, True)
    random: bool = False
    call: Callable | None = None
    rtol: float = 1e-5
    saves: bool = True
    compiles: bool = True
    symbolic: bool = True
    shapes: bool = True
    grads: bool = True
    halves: bool = True
    config: bool = True
    ignore_config: tuple[str, ...] = ()
    noise: float = 1e-6
    lenient: bool = False


def sizes(rng: np.random.Generator, shape: tuple) -> tuple[int, ...]:
    return tuple(int(rng.integers(s[0], s[1] + 1)) if isinstance(s, tuple) else s for s in shape)


def normal(*shape: Any) -> Callable:
    """Inputs: a normal array of these sizes or ranges."""
    return lambda rng, args: rng.standard_normal(sizes(rng, shape)).astype("float32")


def equal(count: int, *shape: Any) -> Callable:
    """Inputs: a list of normal arrays of one shape."""

    def make(rng: np.random.Generator, args: dict) -> list:
        drawn = sizes(rng, shape)
        return [rng.standard_normal(drawn).astype("float32") for _ in range(count)]

    return make


def attention(keys: bool) -> Callable:
    """Inputs: query, value and perhaps key of one width."""

    def make(rng: np.random.Generator, args: dict) -> list:
        b, t, s, n = sizes(rng, (B, T, T, N))
        shapes = [(b, t, n), (b, s, n), (b, s, n)][: 3 if keys else 2]
        return [rng.standard_normal(shape).astype("float32") for shape in shapes]

    return make


def as_images(rng: np.random.Generator, args: dict) -> np.ndarray:
    """Inputs: images from 0 to 255."""
    b, h, w = sizes(rng, (B, (9, 14), (9, 14)))
    shape = (b, 3, h, w) if args.get("data_format") == "channels_first" else (b, h, w, 3)
    high = (args.get("value_range") or (0, 255))[1]
    return (rng.random(shape) * high).astype("float32")


# ---------------------------------------------------------------------- values of common arguments

BOOL = [True, False]
ACTIVATION = [OMIT, "relu", "tanh", "softmax", None, "gelu"]
FORMAT = [OMIT, "channels_last", "channels_first"]
REGULARIZER = [OMIT, "l2", Of(lambda lib: lib.regularizers.L1(0.1))]
CONSTRAINT = [OMIT, "non_neg", Of(lambda lib: lib.constraints.MaxNorm(1.5))]
WEIGHTS = {
    "kernel_initializer": [OMIT, "he_normal", Of(lambda lib: lib.initializers.Constant(0.2))],
    "bias_initializer": [OMIT, "ones"],
    "kernel_regularizer": REGULARIZER,
    "bias_regularizer": [OMIT, "l1"],
    "activity_regularizer": [OMIT, "l2"],
    "kernel_constraint": CONSTRAINT,
    "bias_constraint": [OMIT, "non_neg"],
    "trainable": [OMIT, True, False],
    "name": [OMIT, "mine"],
}

RNG_FACTOR = [0.2, (0.1, 0.3), 0.5]
SEED = [OMIT, 3]
