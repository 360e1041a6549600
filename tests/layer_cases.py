"""Every layer of Keras with its arguments: the table behind the contract test and the sweep.

A row of `ROWS` (named by the class, or class/variant) says what a layer is called on and which
values its arguments take; `cases(name)` draws argument combinations from it so that every value
comes up, and random shapes. A value may be illegal beside another one: then both libraries have
to refuse.
"""

import dataclasses
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

OMIT = object()  # an argument that is left out, so that its default counts
CASES = 16  # combinations a layer
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


@dataclasses.dataclass(frozen=True)
class Case:
    """One comparison."""

    args: dict[str, Any]
    inputs: Any
    mask: Any
    training: bool
    call_kwargs: dict[str, Any] | None

    def arguments(self, lib: Any) -> dict[str, Any]:
        """Return the constructor's arguments, made with a library."""
        return {k: v.make(lib) if isinstance(v, Of) else v for k, v in self.args.items()}


def class_of(row: str) -> str:
    """Return the name of the class that a row is about."""
    return row.partition("/")[0]


def cases(name: str, count: int = CASES, seed: int = 0) -> Iterator[Case]:
    """Draw cases of a layer; the first has the first value of every argument."""
    row = ROWS[name]
    rng = np.random.default_rng([seed, *name.encode()])
    longest = max((len(v) for v in row.options.values()), default=1)
    count = max(count, longest) if count > 1 else 1
    columns = {}
    for option, values in row.options.items():
        rounds = [rng.permutation(len(values)) for _ in range(-(-count // len(values)))]
        order = np.concatenate([[0], *rounds])
        columns[option] = [values[i] for i in order[:count]]
    for i in range(count):
        args = {k: v[i] for k, v in columns.items() if v[i] is not OMIT}
        inputs = row.inputs(rng, args) if row.inputs else _array(rng, row, args)
        mask = None
        if row.mask and i % 3 != 1:
            mask = _mask(rng, inputs, row.mask, right_padded=i % 3 == 0)
        call_kwargs = row.call(rng, inputs) if row.call else None
        yield Case(args, inputs, mask, row.training[i % len(row.training)], call_kwargs)


def _sizes(rng: np.random.Generator, shape: tuple) -> tuple[int, ...]:
    return tuple(int(rng.integers(s[0], s[1] + 1)) if isinstance(s, tuple) else s for s in shape)


def _array(rng: np.random.Generator, row: Row, args: dict) -> np.ndarray:
    shape = _sizes(rng, row.shape)
    if row.channels and args.get("data_format") == "channels_first":
        shape = (shape[0], shape[-1], *shape[1:-1])
    if row.integers:
        return rng.integers(*row.integers, shape).astype("int32")
    return rng.standard_normal(shape).astype("float32")


def _mask(rng: np.random.Generator, x: Any, axes: int, right_padded: bool) -> Any:
    if isinstance(x, (list, tuple)):
        return [_mask(rng, a, axes, right_padded) for a in x]
    if right_padded and axes == 2:
        lengths = rng.integers(1, x.shape[1] + 1, x.shape[0])
        return np.arange(x.shape[1]) < lengths[:, None]
    return rng.random(x.shape[:axes]) < 0.7


def normal(*shape: Any) -> Callable:
    """Inputs: a normal array of these sizes or ranges."""
    return lambda rng, args: rng.standard_normal(_sizes(rng, shape)).astype("float32")


def equal(count: int, *shape: Any) -> Callable:
    """Inputs: a list of normal arrays of one shape."""

    def make(rng: np.random.Generator, args: dict) -> list:
        sizes = _sizes(rng, shape)
        return [rng.standard_normal(sizes).astype("float32") for _ in range(count)]

    return make


def attention(keys: bool) -> Callable:
    """Inputs: query, value and perhaps key of one width."""

    def make(rng: np.random.Generator, args: dict) -> list:
        b, t, s, n = _sizes(rng, (B, T, T, N))
        sizes = [(b, t, n), (b, s, n), (b, s, n)][: 3 if keys else 2]
        return [rng.standard_normal(size).astype("float32") for size in sizes]

    return make


def as_images(rng: np.random.Generator, args: dict) -> np.ndarray:
    """Inputs: images from 0 to 255."""
    b, h, w = _sizes(rng, (B, (9, 14), (9, 14)))
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


def einsum(equations: list, shapes: list, bias: str) -> Row:
    """Return a row of EinsumDense."""
    return Row(
        (B, 3, 4),
        {
            "equation": equations,
            "output_shape": shapes,
            "activation": ACTIVATION,
            "bias_axes": [OMIT, None, bias],
            **WEIGHTS,
        },
        lenient=True,  # it finds sizes in the input that Keras wants in output_shape
        shapes=False,  # docs/differences.md: Keras's say None where output_shape does
        symbolic=False,
    )


def conv(rank: int) -> Row:
    """Return the row of ConvND."""
    return Row(
        (B, *[S] * rank, 4),
        {
            "filters": [4, 6],
            "kernel_size": [3, 2, 1, tuple(range(1, rank + 1))],
            "strides": [1, 2, OMIT, tuple(range(1, rank + 1))],
            "padding": ["valid", "same", "causal"][: 3 if rank == 1 else 2],
            "data_format": FORMAT,
            "dilation_rate": [OMIT, 1, 2],
            "groups": [OMIT, 2, 1],
            "activation": ACTIVATION,
            "use_bias": BOOL,
            **WEIGHTS,
        },
        channels=True,
    )


def transpose(rank: int) -> Row:
    """Return the row of ConvNDTranspose."""
    return Row(
        (B, *[(3, 6)] * rank, 3),
        {
            "filters": [4, 2],
            "kernel_size": [3, 2, 4, tuple(range(2, rank + 2))],
            "strides": [2, 1, 3, OMIT],
            "padding": ["valid", "same"],
            "output_padding": [OMIT, None, 1],
            "data_format": FORMAT,
            "dilation_rate": [OMIT, 1, OMIT, 2],
            "activation": ACTIVATION,
            "use_bias": BOOL,
            **WEIGHTS,
        },
        channels=True,
    )


def depthwise(rank: int) -> Row:
    """Return the row of DepthwiseConvND."""
    weights = {k.replace("kernel", "depthwise"): v for k, v in WEIGHTS.items()}
    return Row(
        (B, *[S] * rank, N),
        {
            "kernel_size": [3, 2, 1],
            "strides": [1, 2, OMIT],
            "padding": ["valid", "same"],
            "depth_multiplier": [1, 2, 3],
            "data_format": FORMAT,
            "dilation_rate": [OMIT, 1, 2],
            "activation": ACTIVATION,
            "use_bias": BOOL,
            **weights,
        },
        channels=True,
    )


def separable(rank: int) -> Row:
    """Return the row of SeparableConvND."""
    row = depthwise(rank)
    pointwise = {
        "filters": [4, 3],
        "pointwise_initializer": [OMIT, "he_normal"],
        "pointwise_regularizer": REGULARIZER,
        "pointwise_constraint": [OMIT, "non_neg"],
    }
    padding = ["valid", "same", "causal"][: 3 if rank == 1 else 2]
    return dataclasses.replace(row, options={**row.options, **pointwise, "padding": padding})


def pool(rank: int) -> Row:
    """Return the row of a windowed pooling."""
    return Row(
        (B, *[S] * rank, N),
        {
            "pool_size": [2, 3, OMIT, tuple(range(2, rank + 2))],
            "strides": [OMIT, None, 1, 2, 3],
            "padding": ["valid"],  # "same": docs/differences.md, and the family's own tests
            "data_format": FORMAT,
            "name": [OMIT, "mine"],
        },
        channels=True,
    )


def global_pool(rank: int) -> Row:
    """Return the row of a global pooling."""
    return Row(
        (B, *[S] * rank, N), {"data_format": FORMAT, "keepdims": [OMIT, True, False]}, channels=True
    )


def adaptive_pool(rank: int) -> Row:
    """Return the row of an adaptive pooling."""
    return Row(
        (B, *[S] * rank, N),
        {"output_size": [2, 3, 1, tuple(range(2, rank + 2))], "data_format": FORMAT},
        channels=True,
    )


def spatial(rank: int, argument: str, values: list, **options: list) -> Row:
    """Return the row of a layer that crops, pads or repeats."""
    return Row((B, *[S] * rank, N), {argument: values, **options}, channels=True)


def recurrent(**options: list) -> Row:
    """Return the row of SimpleRNN, LSTM or GRU."""
    return Row(
        (B, T, N),
        {
            "units": [3, 5],
            "activation": [OMIT, "tanh", "relu", "sigmoid"],
            "use_bias": [OMIT, True, False],
            "recurrent_initializer": [OMIT, "glorot_uniform"],
            "recurrent_regularizer": [OMIT, "l2"],
            "recurrent_constraint": [OMIT, "non_neg"],
            "return_sequences": [False, True],
            "return_state": [False, True],
            "go_backwards": [OMIT, True, False],
            "unroll": [OMIT, True, False],
            **WEIGHTS,
            **options,
        },
        mask=2,
        rtol=1e-4,
        ignore_config=("use_cudnn",),
    )


def conv_lstm(rank: int) -> Row:
    """Return the row of ConvLSTMND."""
    return Row(
        ((1, 2), (2, 4), *[(5, 6)] * rank, 2),
        {
            "filters": [3, 2],
            "kernel_size": [3, 2, 1],
            "strides": [1, OMIT, 2],
            "padding": ["same", "valid"],
            "data_format": [OMIT, "channels_last"],
            "dilation_rate": [OMIT, 1],
            "activation": [OMIT, "relu"],
            "recurrent_activation": [OMIT, "hard_sigmoid"],
            "use_bias": BOOL,
            "unit_forget_bias": BOOL,
            "return_sequences": [False, True],
            "return_state": [False, True],
            "go_backwards": [False, True],
            "recurrent_initializer": [OMIT, "glorot_uniform"],
            "recurrent_regularizer": [OMIT, "l2"],
            "recurrent_constraint": [OMIT, "non_neg"],
            **{k: v for k, v in WEIGHTS.items() if k != "trainable"},
        },
        rtol=1e-4,
        training=(False,),
    )


def cell(**options: list) -> Row:
    """Return the row of a recurrent cell: it is called on an input and its states."""
    count = options.pop("states")

    def states(rng: np.random.Generator, x: np.ndarray) -> dict:
        made = [rng.standard_normal((x.shape[0], 3)).astype("float32") for _ in range(count)]
        return {"states": made}

    return Row(
        (B, N),
        {
            "units": [3],
            "activation": [OMIT, "relu", None],
            "use_bias": [OMIT, True, False],
            "recurrent_initializer": [OMIT, "glorot_uniform"],
            "recurrent_regularizer": [OMIT, "l2"],
            "recurrent_constraint": [OMIT, "non_neg"],
            **{k: v for k, v in WEIGHTS.items() if k != "activity_regularizer"},
            **options,
        },
        call=states,
        saves=False,  # a cell takes states: it stands in files inside an RNN
        symbolic=False,
        shapes=False,
    )


def merge(**options: list) -> Row:
    """Return the row of an elementwise merge of two or three inputs."""

    def inputs(rng: np.random.Generator, args: dict) -> list:
        return equal(int(rng.integers(2, 4)), B, T, N)(rng, args)

    return Row(inputs=inputs, options=options or {"name": [OMIT, "mine"]}, mask=2)


def image(options: dict[str, list], **flags: Any) -> Row:
    """Return the row of an image layer: its calls in training mode draw."""
    options = {"data_format": FORMAT} | options
    flags = {"training": (False, True), "grads": False, "halves": False} | flags
    return Row(options=options, **({"inputs": as_images} | flags))


RNG_FACTOR = [0.2, (0.1, 0.3), 0.5]
FILL = {
    "fill_mode": [OMIT, "constant", "nearest", "reflect", "wrap"],
    "interpolation": [OMIT, "nearest", "bilinear"],
    "fill_value": [OMIT, 1.0],
    "seed": [OMIT, 3],
}
RANGE = {"value_range": [(0, 255), (0, 1)], "seed": [OMIT, 3]}
SEED = [OMIT, 3]

ROWS: dict[str, Row] = {
    # ------------------------------------------------------------------ core
    "Dense": Row(
        (B, T, N),
        {"units": [4, 1, 7], "activation": ACTIVATION, "use_bias": BOOL, **WEIGHTS},
        mask=2,
    ),
    "EinsumDense": einsum(["abc,cd->abd", "abc,bcd->abd"], [(None, 5), (3, 5)], "d"),
    "EinsumDense/heads": einsum(["abc,cde->abde"], [(None, 5, 2), (3, 5, 2)], "de"),
    "EinsumDense/ellipsis": einsum(["...c,cd->...d"], [5, (7,)], "d"),
    "Embedding": Row(
        (B, T),
        {
            "input_dim": [7, 9],
            "output_dim": [3, 5],
            "embeddings_initializer": [OMIT, "glorot_normal", "ones"],
            "embeddings_regularizer": REGULARIZER,
            "embeddings_constraint": CONSTRAINT,
            "mask_zero": [OMIT, True, False],
            "trainable": [OMIT, True, False],
        },
        integers=(0, 7),
    ),
    "ReversibleEmbedding": Row(
        (B, T),
        {
            "input_dim": [7, 9],
            "output_dim": [3, 5],
            "tie_weights": [OMIT, True, False],
            "embeddings_initializer": [OMIT, "glorot_normal", "ones"],
            "embeddings_regularizer": REGULARIZER,
            "embeddings_constraint": CONSTRAINT,
            "mask_zero": [OMIT, True, False],
            "reverse_dtype": [OMIT, "float32"],
            "logit_soft_cap": [OMIT, 3.0],
        },
        integers=(0, 7),
    ),
    "Identity": Row((B, T, N), {"name": [OMIT, "mine"], "dtype": [OMIT, "float32"]}, mask=2),
    "Lambda": Row(
        (B, T, N),
        {
            "function": [
                Of(lambda lib: lambda x: x * 2.0),
                Of(lambda lib: lib.ops.square),
                Of(lambda lib: lambda x: lib.ops.mean(x, axis=-1)),
            ],
            "mask": [OMIT, None],
            "output_shape": [OMIT, None],
            "arguments": [OMIT, {}],
        },
        saves=False,  # code is not loaded from files
        config=False,
    ),
    "Masking": Row(
        inputs=lambda rng, args: (
            (rng.random(_sizes(rng, (B, T, 1))) < 0.7).astype("float32")
            * np.ones((1, 1, 3), "float32")
        ),
        options={"mask_value": [0.0, 1.0, OMIT]},
    ),
    # ------------------------------------------------------------------ activation
    "Activation": Row(
        (B, T, N),
        {"activation": ["relu", "tanh", "softmax", "gelu", "selu", "elu", "mish", "linear"]},
        mask=2,
    ),
    "ReLU": Row(
        (B, T, N),
        {
            "max_value": [OMIT, None, 0.8, 6.0],
            "negative_slope": [OMIT, 0.2],
            "threshold": [OMIT, 0.3],
        },
        mask=2,
    ),
    "LeakyReLU": Row((B, T, N), {"negative_slope": [OMIT, 0.1, 0.0, 1]}, mask=2),
    "ELU": Row((B, T, N), {"alpha": [OMIT, 0.5, 2.0]}, mask=2),
    "PReLU": Row(
        (B, T, N),
        {
            "alpha_initializer": ["ones", "glorot_normal", OMIT],
            "alpha_regularizer": REGULARIZER,
            "alpha_constraint": CONSTRAINT,
            "shared_axes": [[1], OMIT, [1, 2]],
        },
    ),
    "Softmax": Row((B, T, N), {"axis": [OMIT, -1, 1, (1, 2)]}, mask=3),
    # ------------------------------------------------------------------ attention
    "Attention": Row(
        inputs=lambda rng, args: attention(bool(rng.integers(0, 2)))(rng, args),
        options={
            "use_scale": [OMIT, True, False],
            "score_mode": [OMIT, "dot", "concat"],
            "dropout": [OMIT, 0.0],
            "seed": SEED,
        },
        mask=2,
        call=lambda rng, x: {"use_causal_mask": bool(rng.integers(0, 2))},
        noise=4e-6,
    ),
    "AdditiveAttention": Row(
        inputs=lambda rng, args: attention(bool(rng.integers(0, 2)))(rng, args),
        options={"use_scale": [OMIT, True, False], "dropout": [OMIT, 0.0]},
        mask=2,
        call=lambda rng, x: {"return_attention_scores": bool(rng.integers(0, 2))},
        shapes=False,
        noise=4e-6,
    ),
    "MultiHeadAttention": Row(
        inputs=normal(B, T, N),
        options={
            "num_heads": [2, 1, 3],
            "key_dim": [4, 3],
            "value_dim": [OMIT, None, 5],
            "dropout": [OMIT, 0.0],
            "seed": SEED,
            "sliding_window": [OMIT, None, 2, 3],
            "use_bias": BOOL,
            "use_gate": [OMIT, True],
            "output_shape": [OMIT, None, 6],
            "attention_axes": [OMIT, None, (1,)],
            "flash_attention": [OMIT, None, False],
            **{k: v for k, v in WEIGHTS.items()},
        },
        call=lambda rng, x: {
            "value": rng.standard_normal(x.shape).astype("float32"),
            "use_causal_mask": bool(rng.integers(0, 2)),
        },
        shapes=False,
        noise=4e-6,
    ),
    "GroupQueryAttention": Row(
        inputs=normal(B, T, N),
        options={
            "head_dim": [4, 3],
            "num_query_heads": [4, 6],
            "num_key_value_heads": [2, 1],
            "dropout": [OMIT, 0.0],
            "seed": SEED,
            "sliding_window": [OMIT, None, 2, 3],
            "use_bias": BOOL,
            "use_gate": [OMIT, True],
            "flash_attention": [OMIT, None, False],
            **WEIGHTS,
        },
        call=lambda rng, x: {
            "value": rng.standard_normal(x.shape).astype("float32"),
            "use_causal_mask": bool(rng.integers(0, 2)),
        },
        shapes=False,
        noise=4e-6,
    ),
    # ------------------------------------------------------------------ convolution
    **{f"Conv{r}D": conv(r) for r in (1, 2, 3)},
    **{f"Conv{r}DTranspose": transpose(r) for r in (1, 2, 3)},
    **{f"DepthwiseConv{r}D": depthwise(r) for r in (1, 2)},
    **{f"SeparableConv{r}D": separable(r) for r in (1, 2)},
    # ------------------------------------------------------------------ pooling
    **{f"{k}Pooling{r}D": pool(r) for k in ("Max", "Average") for r in (1, 2, 3)},
    **{f"Global{k}Pooling{r}D": global_pool(r) for k in ("Max", "Average") for r in (1, 2, 3)},
    **{f"Adaptive{k}Pooling{r}D": adaptive_pool(r) for k in ("Max", "Average") for r in (1, 2, 3)},
    # ------------------------------------------------------------------ normalization
    "BatchNormalization": Row(
        ((2, 4), T, N),
        {
            "axis": [OMIT, -1, 1],
            "momentum": [OMIT, 0.9],
            "epsilon": [OMIT, 1e-2],
            "center": BOOL,
            "scale": BOOL,
            "beta_initializer": [OMIT, "ones"],
            "gamma_initializer": [OMIT, "he_normal"],
            "moving_mean_initializer": [OMIT, "ones"],
            "moving_variance_initializer": [OMIT, "ones"],
            "beta_regularizer": REGULARIZER,
            "gamma_regularizer": REGULARIZER,
            "beta_constraint": [OMIT, "non_neg"],
            "gamma_constraint": [OMIT, "non_neg"],
            "synchronized": [OMIT, False],
        },
        mask=2,
    ),
    "LayerNormalization": Row(
        (B, T, N),
        {
            "axis": [OMIT, -1, (1, 2)],  # others: docs/differences.md
            "epsilon": [OMIT, 1e-2],
            "center": BOOL,
            "scale": BOOL,
            "beta_initializer": [OMIT, "ones"],
            "gamma_initializer": ["ones", "uniform"],
            "beta_regularizer": REGULARIZER,
            "gamma_regularizer": REGULARIZER,
            "beta_constraint": [OMIT, "non_neg"],
            "gamma_constraint": [OMIT, "non_neg"],
        },
        mask=2,
    ),
    "RMSNormalization": Row((B, T, N), {"axis": [OMIT, -1, 1], "epsilon": [OMIT, 1e-2]}),
    "GroupNormalization": Row(
        (B, T, T, 4),
        {
            "groups": [2, 4, 1, -1],
            "axis": [OMIT, -1],
            "epsilon": [OMIT, 1e-2],
            "center": BOOL,
            "scale": BOOL,
            "beta_initializer": [OMIT, "ones"],
            "gamma_initializer": ["ones", "uniform"],
            "beta_regularizer": REGULARIZER,
            "gamma_regularizer": REGULARIZER,
            "beta_constraint": [OMIT, "non_neg"],
            "gamma_constraint": [OMIT, "non_neg"],
        },
    ),
    "UnitNormalization": Row((B, T, N), {"axis": [OMIT, -1, 1, (1, 2), [1]]}),
    "SpectralNormalization": Row(
        (B, S, S, 3),
        {
            "layer": [
                Of(lambda lib: lib.layers.Conv2D(4, 2)),
                Of(lambda lib: lib.layers.Dense(3)),
                Of(lambda lib: lib.layers.Conv2D(2, 3, padding="same", use_bias=False)),
            ],
            "power_iterations": [OMIT, 1, 3],
        },
        compiles=False,  # its state changes in training mode alone
    ),
    # ------------------------------------------------------------------ regularization
    "Dropout": Row(
        (B, T, N),
        {"rate": [0.5, 0.0, 0.9], "noise_shape": [OMIT, (None, 1, None)], "seed": SEED},
        mask=2,
        random=True,
    ),
    **{
        f"SpatialDropout{r}D": Row(
            (B, *[S] * r, N),
            {
                "rate": [0.5, 0.0, 0.2],
                "seed": SEED,
                "dtype": [OMIT, "float32"],
                "name": [OMIT, "mine"],
            }
            | ({"data_format": FORMAT} if r > 1 else {}),
            channels=True,
            random=True,
        )
        for r in (1, 2, 3)
    },
    "GaussianDropout": Row((B, T, N), {"rate": [0.5, 0.0, 0.2], "seed": SEED}, mask=2, random=True),
    "GaussianNoise": Row((B, T, N), {"stddev": [0.5, 0.0, 0.2], "seed": SEED}, mask=2, random=True),
    "AlphaDropout": Row(
        (B, T, N),
        {"rate": [0.5, 0.0, 0.2], "noise_shape": [OMIT, (None, 1, None)], "seed": SEED},
        random=True,
        mask=2,
    ),
    "ActivityRegularization": Row((B, T, N), {"l1": [OMIT, 0.1, 0.0], "l2": [OMIT, 0.2]}, mask=2),
    # ------------------------------------------------------------------ merging
    **{k: merge() for k in ("Add", "Multiply", "Average", "Maximum", "Minimum")},
    "Subtract": Row(inputs=equal(2, B, T, N), options={"name": [OMIT, "mine"]}, mask=2),
    "Concatenate": merge(axis=[OMIT, -1, 1, 2]),
    "Dot": Row(
        inputs=equal(2, B, T, N), options={"axes": [1, 2, (1, 1), (2, 2)], "normalize": BOOL}
    ),
    # ------------------------------------------------------------------ reshaping
    "Flatten": Row((B, S, S, N), {"data_format": FORMAT}),
    "Permute": Row((B, T, T, N), {"dims": [(2, 1, 3), (3, 1, 2), (1, 2, 3), (3, 2, 1)]}),
    "RepeatVector": Row((B, N), {"n": [3, 1, 5]}),
    "Reshape": Row((B, 4, 6), {"target_shape": [(24,), (-1,), (3, 8), (2, -1, 3), (6, 4, 1)]}),
    "Cropping1D": Row((B, S, N), {"cropping": [1, (1, 2), (0, 1), OMIT]}),
    "Cropping2D": spatial(2, "cropping", [1, (1, 2), ((0, 1), (2, 0)), OMIT], data_format=FORMAT),
    "Cropping3D": spatial(
        3, "cropping", [1, (1, 2, 0), ((0, 1), (2, 0), (1, 1)), OMIT], data_format=FORMAT
    ),
    "ZeroPadding1D": spatial(1, "padding", [1, (1, 2), (0, 1), OMIT], data_format=FORMAT),
    "ZeroPadding2D": spatial(2, "padding", [1, (1, 2), ((0, 1), (2, 0)), OMIT], data_format=FORMAT),
    "ZeroPadding3D": spatial(
        3, "padding", [1, (1, 2, 0), ((0, 1), (2, 0), (1, 1)), OMIT], data_format=FORMAT
    ),
    "UpSampling1D": Row((B, S, N), {"size": [2, 3, 1, OMIT]}),
    "UpSampling2D": spatial(
        2,
        "size",
        [2, (2, 3), 1, OMIT],
        data_format=FORMAT,
        interpolation=[OMIT, "nearest", "bilinear", "bicubic"],  # lanczos: not in Keras on torch
    ),
    "UpSampling3D": spatial(3, "size", [2, (2, 3, 1), OMIT], data_format=FORMAT),
    # ------------------------------------------------------------------ recurrent
    "SimpleRNN": recurrent(),
    "LSTM": recurrent(
        recurrent_activation=[OMIT, "hard_sigmoid"],
        unit_forget_bias=[OMIT, True, False],
        use_cudnn=[OMIT, "auto", False],
    ),
    "GRU": recurrent(
        recurrent_activation=[OMIT, "hard_sigmoid"],
        reset_after=[OMIT, True, False],
        use_cudnn=[OMIT, "auto", False],
    ),
    "SimpleRNNCell": cell(states=1),
    "LSTMCell": cell(states=2, recurrent_activation=[OMIT, "tanh"], unit_forget_bias=BOOL),
    "GRUCell": cell(states=1, recurrent_activation=[OMIT, "tanh"], reset_after=BOOL),
    "StackedRNNCells": Row(
        (B, N),
        {
            "cells": [
                Of(lambda lib: [lib.layers.SimpleRNNCell(3), lib.layers.SimpleRNNCell(2)]),
                Of(lambda lib: [lib.layers.GRUCell(3), lib.layers.GRUCell(2)]),
            ]
        },
        call=lambda rng, x: {
            "states": [rng.standard_normal((x.shape[0], n)).astype("float32") for n in (3, 2)]
        },
        saves=False,
        symbolic=False,
        shapes=False,
    ),
    "RNN": Row(
        (B, T, N),
        {
            "cell": [
                Of(lambda lib: lib.layers.LSTMCell(3)),
                Of(lambda lib: lib.layers.GRUCell(3, reset_after=False)),
                Of(lambda lib: [lib.layers.LSTMCell(3), lib.layers.SimpleRNNCell(2)]),
            ],
            "return_sequences": [False, True],
            "return_state": [False, True],
            "go_backwards": [False, True],
            "unroll": [False, True],
            "zero_output_for_mask": [False, True],
        },
        mask=2,
        rtol=1e-4,
    ),
    **{f"ConvLSTM{r}D": conv_lstm(r) for r in (1, 2, 3)},
    "Bidirectional": Row(
        (B, T, N),
        {
            "layer": [
                Of(lambda lib: lib.layers.LSTM(3)),
                Of(lambda lib: lib.layers.GRU(3, return_sequences=True)),
                Of(lambda lib: lib.layers.SimpleRNN(2, return_sequences=True)),
                Of(lambda lib: lib.layers.LSTM(3, return_state=True)),
            ],
            "merge_mode": [OMIT, "concat", "sum", "mul", "ave", None],
        },
        mask=2,
        rtol=1e-4,
    ),
    "TimeDistributed": Row(
        (B, T, 5, N),
        {
            "layer": [
                Of(lambda lib: lib.layers.Dense(3)),
                Of(lambda lib: lib.layers.Conv1D(2, 3)),
                Of(lambda lib: lib.layers.LSTM(2)),
            ]
        },
        mask=2,
        rtol=1e-4,
    ),
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


# Names of keras.layers with no row, and where they are tested instead.
ELSEWHERE = {
    "StringLookup": "tests/layers/preprocessing, recorded: Keras needs TensorFlow for it",
    "IntegerLookup": "as StringLookup",
    "TextVectorization": "as StringLookup",
    "Hashing": "as StringLookup",
    "HashedCrossing": "as StringLookup",
    "MaxNumBoundingBoxes": "tests/layers/preprocessing/image: it is called on boxes",
    "JaxLayer": "tests/layers/core: Keras has it on JAX only",
    "FlaxLayer": "as JaxLayer",
    "TFSMLayer": "tests/layers/core: Keras has it with TensorFlow only",
    "Layer": "tests/layers/test_layer*.py",
    "InputSpec": "tests/layers/test_input_spec.py",
    "Input": "tests/models",
    "InputLayer": "tests/models",
    "Wrapper": "tests/layers/core/test_wrapper.py (it cannot be called)",
    "TorchModuleWrapper": "tests/layers/core/test_torch_module.py (real Keras pickles the module)",
    "serialize": "a function",
    "deserialize": "a function",
}
MERGES = ("add", "average", "concatenate", "dot", "maximum", "minimum", "multiply", "subtract")
ELSEWHERE |= dict.fromkeys(MERGES, "tests/layers/merging/test_functional.py")
