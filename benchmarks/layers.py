"""Time of each layer: torchkeras, the nearest hand-written torch call, and real Keras on torch.

    python benchmarks/layers.py                      # every layer
    python benchmarks/layers.py Conv LSTM            # those whose names hold one of the words
    python benchmarks/layers.py --no-keras --above 1.3

Forward runs without gradients; backward is forward and backward, to the input and the weights.
Times are the best of interleaved rounds in microseconds, on one thread; ratios are ours to theirs.
Torch's side is what a torch user writes: `nn` modules or functions in torch's own layouts.
"""

import argparse
import dataclasses
import os
import time
from collections.abc import Callable
from typing import Any

os.environ.setdefault("KERAS_BACKEND", "torch")
os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

import torchkeras

torch.set_num_threads(1)


@dataclasses.dataclass(frozen=True)
class Bench:
    """A layer to time.

    Args:
        shape: Shape of the input (or a list of shapes) without the batch.
        args: Arguments of the layer, or a function from the library to them.
        torch: Function (shape without batch) -> module or function of torch.
        torch_shape: Shape of torch's input without the batch; default `shape`.
        batch: Number of samples.
        integers: Upper end of the input, where it is integers.
        training: Mode.
        backward: Whether there is a backward pass.
        calls: How many times the one input is handed over (attention).
        images: Whether the input's values go from 0 to 255.
        states: Whether the inputs after the first are states of a cell.
    """

    shape: Any
    args: dict[str, Any] | Callable = dataclasses.field(default_factory=dict)
    torch: Callable[[Any], Any] | None = None
    torch_shape: Any = None
    batch: int = 32
    integers: int | None = None
    training: bool = False
    backward: bool = True
    calls: int = 1
    images: bool = False
    states: bool = False


class Taken(nn.Module):
    """A torch RNN whose user takes the last step's output."""

    def __init__(self, rnn: nn.Module) -> None:
        super().__init__()
        self.rnn = rnn

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return the output of the last step."""
        return self.rnn(x)[0][:, -1]


class Own(nn.Module):
    """The module that a torch user writes around a function."""

    def __init__(self, f: Callable) -> None:
        super().__init__()
        self.f = f

    def forward(self, *xs: torch.Tensor) -> torch.Tensor:
        """Apply the function."""
        return self.f(*xs)


def both(f: Callable) -> Callable:
    """Make torch's side of a function that needs no module of torch's own."""
    return lambda shape: Own(f)


def conv_rows() -> dict[str, Bench]:
    """Return the rows of the convolutions."""
    rows = {}
    sizes = {1: (128,), 2: (28, 28), 3: (10, 10, 10)}
    for r, size in sizes.items():
        kinds = ("Conv1d", "Conv2d", "Conv3d")[r - 1]
        shape, torch_shape = (*size, 32), (32, *size)
        cls = getattr(nn, kinds)
        rows[f"Conv{r}D"] = Bench(
            shape, {"filters": 64, "kernel_size": 3}, lambda s, c=cls: c(32, 64, 3), torch_shape
        )
        rows[f"Conv{r}DTranspose"] = Bench(
            shape,
            {"filters": 32, "kernel_size": 3, "strides": 2},
            lambda s, n=kinds: getattr(nn, n.replace("Conv", "ConvTranspose"))(32, 32, 3, 2),
            torch_shape,
            batch=8,
        )
        if r < 3:
            rows[f"DepthwiseConv{r}D"] = Bench(
                shape, {"kernel_size": 3}, lambda s, c=cls: c(32, 32, 3, groups=32), torch_shape
            )
            rows[f"SeparableConv{r}D"] = Bench(
                shape,
                {"filters": 64, "kernel_size": 3},
                lambda s, c=cls: nn.Sequential(c(32, 32, 3, groups=32, bias=False), c(32, 64, 1)),
                torch_shape,
            )
        pools = {
            f"MaxPooling{r}D": getattr(nn, f"MaxPool{r}d")(2),
            f"AveragePooling{r}D": getattr(nn, f"AvgPool{r}d")(2),
            f"AdaptiveMaxPooling{r}D": getattr(nn, f"AdaptiveMaxPool{r}d")(4),
            f"AdaptiveAveragePooling{r}D": getattr(nn, f"AdaptiveAvgPool{r}d")(4),
        }
        for name, module in pools.items():
            args = {"output_size": 4} if name.startswith("Ad") else {"pool_size": 2}
            rows[name] = Bench(shape, args, lambda s, m=module: m, torch_shape)
        axes = tuple(range(2, r + 2))
        rows[f"GlobalMaxPooling{r}D"] = Bench(
            shape, {}, both(lambda x, a=axes: x.amax(a)), torch_shape
        )
        rows[f"GlobalAveragePooling{r}D"] = Bench(
            shape, {}, both(lambda x, a=axes: x.mean(a)), torch_shape
        )
        pad = (1,) * 2 * r
        rows[f"ZeroPadding{r}D"] = Bench(shape, {}, both(lambda x, p=pad: F.pad(x, p)), torch_shape)
        crop = (slice(None), slice(None), *[slice(1, -1)] * r)
        rows[f"Cropping{r}D"] = Bench(
            shape,
            {"cropping": 1},
            both(lambda x, c=crop: x[c].contiguous()),
            torch_shape,
        )
        rows[f"UpSampling{r}D"] = Bench(
            shape, {}, lambda s: nn.Upsample(scale_factor=2), torch_shape, batch=8
        )
        rows[f"SpatialDropout{r}D"] = Bench(
            shape,
            {"rate": 0.3},
            lambda s, r=r: getattr(nn, f"Dropout{r}d")(0.3).train(),
            torch_shape,
            training=True,
        )
    return rows


def merge_rows() -> dict[str, Bench]:
    """Return the rows of the layers that merge."""
    two = [(128, 64)] * 2
    return {
        "Add": Bench(two, {}, both(lambda a, b: a + b)),
        "Subtract": Bench(two, {}, both(lambda a, b: a - b)),
        "Multiply": Bench(two, {}, both(lambda a, b: a * b)),
        "Average": Bench(two, {}, both(lambda a, b: (a + b) / 2)),
        "Maximum": Bench(two, {}, both(torch.maximum)),
        "Minimum": Bench(two, {}, both(torch.minimum)),
        "Concatenate": Bench(two, {}, both(lambda a, b: torch.cat((a, b), -1))),
        "Dot": Bench([(64, 32)] * 2, {"axes": 2}, both(lambda a, b: a @ b.mT)),
    }


def cell_rows() -> dict[str, Bench]:
    """Return the rows of the recurrent cells."""
    rows = {}
    for name, cls, states in (
        ("SimpleRNNCell", nn.RNNCell, 1),
        ("LSTMCell", nn.LSTMCell, 2),
        ("GRUCell", nn.GRUCell, 1),
    ):

        def call(shape: Any, cls: type = cls, states: int = states) -> Callable:
            cell = cls(64, 128)
            if states == 2:
                return lambda x, h, c: cell(x, (h, c))
            return lambda x, h: cell(x, h)

        shapes = [(64,), *[(128,)] * states]
        rows[name] = Bench(shapes, {"units": 128}, call, states=True)
    return rows


def preprocessing_rows() -> dict[str, Bench]:
    """Return the rows of the preprocessing layers; images have values from 0 to 255."""
    image, options = (64, 64, 3), {"batch": 16, "images": True, "backward": False}
    first = (3, 64, 64)

    def row(args: dict | None = None, f: Callable | None = None, **more: Any) -> Bench:
        side = None if f is None else both(f)
        return Bench(image, args or {}, side, first, **{"training": True} | options | more)

    factor = {"factor": 0.2}
    two = {"height_factor": 0.2, "width_factor": 0.2}
    size = {"height": 48, "width": 48}
    return {
        "Normalization": Bench(
            (64,),
            {"mean": 0.5, "variance": 2.0},
            both(lambda x: (x - 0.5) / 2.0**0.5),
            backward=False,
        ),
        "Discretization": Bench(
            (64,),
            {"bin_boundaries": [-1.0, 0.0, 1.0]},
            both(lambda x: torch.bucketize(x, BINS, right=True)),
            backward=False,
        ),
        "CategoryEncoding": Bench(
            (8,),
            {"num_tokens": 50},
            both(lambda x: F.one_hot(x, 50).amax(-2).float()),
            integers=50,
            backward=False,
        ),
        "STFTSpectrogram": Bench(
            (4000, 1),
            {"frame_length": 256, "mode": "magnitude"},
            both(
                lambda x: torch.stft(
                    x, 256, 256, window=HANN, center=False, return_complex=True
                ).abs()
            ),
            (4000,),
            backward=False,
        ),
        "MelSpectrogram": Bench(
            (4000,), {"fft_length": 512, "sequence_stride": 128}, backward=False
        ),
        "Rescaling": row({"scale": 1 / 127.5, "offset": -1.0}, lambda x: x * (1 / 127.5) - 1.0),
        "Resizing": row(size, lambda x: F.interpolate(x, (48, 48), mode="bilinear")),
        "CenterCrop": row(size, lambda x: x[..., 8:-8, 8:-8].contiguous()),
        "RandomCrop": row(size),
        "AutoContrast": row(
            {"value_range": (0, 255)},
            lambda x: (
                (x - x.amin((2, 3), True)) * (255 / (x.amax((2, 3), True) - x.amin((2, 3), True)))
            ),
        ),
        "Equalization": row(),
        "ContrastLimitedAdaptiveHistogramEqualization": row(),
        "Solarization": row({}, lambda x: torch.where(x < 128, x, 255 - x)),
        "RandomFlip": row(),
        "RandomRotation": row(factor),
        "RandomZoom": row(two),
        "RandomTranslation": row(two),
        "RandomShear": row({"x_factor": 0.2}),
        "RandomPerspective": row(),
        "RandomElasticTransform": row(),
        "RandomErasing": row(),
        "RandomBrightness": row(factor),
        "RandomContrast": row(factor),
        "RandomColorDegeneration": row(factor),
        "RandomHue": row(factor),
        "RandomSaturation": row(factor),
        "RandomSharpness": row(factor),
        "RandomPosterization": row({"factor": 4}),
        "RandomInvert": row(),
        "RandomGrayscale": row(),
        "RandomGaussianBlur": row(),
        "RandomColorJitter": row({"brightness_factor": 0.2, "contrast_factor": 0.2}),
        "RandAugment": row(),
        "AugMix": row(),
        "MixUp": row(),
        "CutMix": row(),
    }


def attend(head: nn.MultiheadAttention) -> Callable:
    """Make self-attention of torch's module, as a user calls it who needs no scores."""
    return lambda x: head(x, x, x, need_weights=False)[0]


def spectral(shape: Any) -> nn.Module:
    """Make torch's spectral normalization."""
    return nn.utils.parametrizations.spectral_norm(nn.Linear(shape[-1], 256)).train()


RNN = (100, 64)
WIDTH = 46
HANN, BINS = torch.hann_window(256), torch.tensor([-1.0, 0.0, 1.0])
ROWS: dict[str, Bench] = {
    "Dense": Bench((256,), {"units": 256}, lambda s: nn.Linear(256, 256)),
    "EinsumDense": Bench(
        (64, 128),
        {"equation": "abc,cd->abd", "output_shape": (None, 256), "bias_axes": "d"},
        lambda s: nn.Linear(128, 256),
    ),
    "Embedding": Bench(
        (64,),
        {"input_dim": 5000, "output_dim": 64},
        lambda s: nn.Embedding(5000, 64),
        integers=5000,
    ),
    "ReversibleEmbedding": Bench(
        (64,),
        {"input_dim": 5000, "output_dim": 64},
        lambda s: nn.Embedding(5000, 64),
        integers=5000,
    ),
    "Identity": Bench((64, 64), {}, lambda s: nn.Identity()),
    "Masking": Bench((64, 64), {}, both(lambda x: x * (x != 0).any(-1, keepdim=True).to(x.dtype))),
    "Lambda": Bench((64, 64), {"function": lambda x: x * 2.0}, both(lambda x: x * 2.0)),
    "Activation": Bench((64, 64), {"activation": "relu"}, lambda s: nn.ReLU()),
    "ReLU": Bench((64, 64), {}, lambda s: nn.ReLU()),
    "LeakyReLU": Bench((64, 64), {}, lambda s: nn.LeakyReLU(0.3)),
    "ELU": Bench((64, 64), {}, lambda s: nn.ELU()),
    "PReLU": Bench((64, 64), {"shared_axes": [1]}, lambda s: nn.PReLU(64), (64, 64)),
    "Softmax": Bench((64, 64), {}, lambda s: nn.Softmax(-1)),
    "Dropout": Bench((64, 64), {"rate": 0.3}, lambda s: nn.Dropout(0.3).train(), training=True),
    "AlphaDropout": Bench(
        (64, 64), {"rate": 0.3}, lambda s: nn.AlphaDropout(0.3).train(), training=True
    ),
    "GaussianDropout": Bench(
        (64, 64),
        {"rate": 0.3},
        both(lambda x: x * (1 + 0.65 * torch.randn_like(x))),
        training=True,
    ),
    "GaussianNoise": Bench(
        (64, 64), {"stddev": 0.3}, both(lambda x: x + 0.3 * torch.randn_like(x)), training=True
    ),
    "ActivityRegularization": Bench(
        (64, 64), {"l2": 0.1}, both(lambda x: (x, x.square().sum() * 0.1)[0])
    ),
    "Flatten": Bench((16, 16, 32), {}, lambda s: nn.Flatten()),
    "Reshape": Bench((64, 64), {"target_shape": (32, 128)}, both(lambda x: x.view(-1, 32, 128))),
    "Permute": Bench((64, 64), {"dims": (2, 1)}, both(lambda x: x.permute(0, 2, 1))),
    "RepeatVector": Bench((256,), {"n": 8}, both(lambda x: x[:, None].repeat(1, 8, 1))),
    "BatchNormalization": Bench(
        (28, 28, 32), {}, lambda s: nn.BatchNorm2d(32).train(), (32, 28, 28), training=True
    ),
    "LayerNormalization": Bench((64, 256), {}, lambda s: nn.LayerNorm(256)),
    "RMSNormalization": Bench((64, 256), {}, lambda s: nn.RMSNorm(256)),
    "GroupNormalization": Bench(
        (28, 28, 32), {"groups": 8}, lambda s: nn.GroupNorm(8, 32), (32, 28, 28)
    ),
    "UnitNormalization": Bench((64, 256), {}, both(lambda x: F.normalize(x, dim=-1))),
    "SpectralNormalization": Bench(
        (256,), lambda lib: {"layer": lib.layers.Dense(256)}, spectral, training=True
    ),
    "SimpleRNN": Bench(RNN, {"units": 128}, lambda s: Taken(nn.RNN(64, 128, batch_first=True))),
    "LSTM": Bench(RNN, {"units": 128}, lambda s: Taken(nn.LSTM(64, 128, batch_first=True))),
    "GRU": Bench(RNN, {"units": 128}, lambda s: Taken(nn.GRU(64, 128, batch_first=True))),
    "Bidirectional": Bench(
        RNN,
        lambda lib: {"layer": lib.layers.LSTM(64, return_sequences=True)},
        lambda s: (lambda m: lambda x: m(x)[0])(
            nn.LSTM(64, 64, batch_first=True, bidirectional=True)
        ),
    ),
    "RNN": Bench(
        (20, 32),
        lambda lib: {"cell": lib.layers.LSTMCell(64)},
        lambda s: stepwise(nn.LSTMCell(32, 64)),
    ),
    "TimeDistributed": Bench(
        (20, 128), lambda lib: {"layer": lib.layers.Dense(128)}, lambda s: nn.Linear(128, 128)
    ),
    "ConvLSTM1D": Bench((8, 32, 8), {"filters": 16, "kernel_size": 3}, batch=8),
    "ConvLSTM2D": Bench((6, 16, 16, 8), {"filters": 16, "kernel_size": 3}, batch=8),
    "ConvLSTM3D": Bench((4, 8, 8, 8, 4), {"filters": 8, "kernel_size": 3}, batch=4),
    "MultiHeadAttention": Bench(
        (64, 128),
        {"num_heads": 4, "key_dim": 32},
        lambda s: attend(nn.MultiheadAttention(128, 4, batch_first=True)),
        calls=2,
    ),
    "GroupQueryAttention": Bench(
        (64, 128), {"head_dim": 32, "num_query_heads": 4, "num_key_value_heads": 2}, calls=2
    ),
    "Attention": Bench(
        [(64, 64)] * 2, {}, both(lambda q, v: F.scaled_dot_product_attention(q, v, v, scale=1.0))
    ),
    "AdditiveAttention": Bench(
        [(32, 64)] * 2,
        {},
        both(lambda q, v: torch.tanh(q[:, :, None] + v[:, None]).sum(-1).softmax(-1) @ v),
    ),
    **conv_rows(),
    **merge_rows(),
    **cell_rows(),
    **preprocessing_rows(),
}


def stepwise(cell: nn.LSTMCell) -> Callable:
    """Make the loop that a torch user writes around a cell."""

    def run(x: torch.Tensor) -> torch.Tensor:
        h = c = x.new_zeros(x.shape[0], cell.hidden_size)
        for step in x.unbind(1):
            h, c = cell(step, (h, c))
        return h

    run.cell = cell
    return run


def layer_of(lib: Any, name: str, bench: Bench) -> Any:
    """Make a library's layer."""
    args = bench.args(lib) if callable(bench.args) else bench.args
    return getattr(lib.layers, name)(**args)


def data(shape: Any, bench: Bench, grad: bool) -> list[torch.Tensor]:
    """Make the inputs."""
    rng = np.random.default_rng(0)
    shapes = shape if isinstance(shape, list) else [shape]
    found = []
    for s in shapes:
        if bench.images:
            found.append(torch.tensor(rng.random((bench.batch, *s)) * 255, dtype=torch.float32))
        elif bench.integers:
            found.append(torch.tensor(rng.integers(0, bench.integers, (bench.batch, *s))))
        else:
            x = torch.tensor(rng.standard_normal((bench.batch, *s)), dtype=torch.float32)
            found.append(x.requires_grad_(grad))
    return found


def runner(call: Callable, xs: list[torch.Tensor], weights: list, backward: bool) -> Callable:
    """Return a function of no arguments that runs the layer once."""
    if not backward:

        def run() -> None:
            with torch.no_grad():
                call(*xs)

        return run
    wanted = [t for t in (*xs, *weights) if t.requires_grad]
    with torch.enable_grad():
        y = call(*xs)
    y = y[0] if isinstance(y, (list, tuple)) else y
    ones = torch.ones_like(y)

    def both_ways() -> None:
        y = call(*xs)
        y = y[0] if isinstance(y, (list, tuple)) else y
        torch.autograd.grad(y, wanted, ones, allow_unused=True)

    return both_ways if wanted and y.requires_grad else run


def sides(name: str, bench: Bench, keras: Any, backward: bool) -> dict[str, Callable]:
    """Return the runners of torchkeras, torch and Keras."""
    found = {}
    for label, lib in (("ours", torchkeras), ("keras", keras)):
        if lib is None:
            continue
        layer = layer_of(lib, name, bench)
        xs = data(bench.shape, bench, backward)
        kwargs = {"training": True} if bench.training else {}

        def call(*xs: Any, layer: Any = layer, kwargs: dict = kwargs) -> Any:
            if bench.states:
                return layer(xs[0], list(xs[1:]))[0]
            x = list(xs) if len(xs) > 1 else xs[0]
            return layer(x, *[x] * (bench.calls - 1), **kwargs)

        call(*xs)
        weights = [getattr(v, "value", v) for v in layer.trainable_weights]
        found[label] = runner(call, xs, weights, backward)
    if bench.torch is not None:
        shape = bench.torch_shape or bench.shape
        module = bench.torch(shape)
        if isinstance(module, nn.Module) and not bench.training:
            module.eval()
        held = module if isinstance(module, nn.Module) else getattr(module, "cell", None)
        for value in (c.cell_contents for c in getattr(module, "__closure__", None) or ()):
            held = value if isinstance(value, nn.Module) else held
        weights = list(held.parameters()) if held is not None else []
        found["torch"] = runner(module, data(shape, bench, backward), weights, backward)
    return found


def best(runs: dict[str, Callable], budget: float) -> dict[str, float]:
    """Return the shortest time of each, in microseconds; the rounds take turns."""
    number, times = {}, dict.fromkeys(runs, float("inf"))
    for label, run in runs.items():
        run()
        start = time.perf_counter()
        run()
        once = max(time.perf_counter() - start, 1e-6)
        number[label] = max(1, min(1000, int(budget / 10 / once)))
    for _ in range(10):
        for label, run in runs.items():
            start = time.perf_counter()
            for _ in range(number[label]):
                run()
            times[label] = min(times[label], (time.perf_counter() - start) / number[label])
    return {label: t * 1e6 for label, t in times.items()}


def ratio(times: dict[str, float], label: str) -> float | None:
    """Return ours to theirs."""
    return times["ours"] / times[label] if label in times else None


def main() -> None:
    """Print a line for each layer."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("words", nargs="*")
    parser.add_argument("--no-keras", action="store_true")
    parser.add_argument("--above", type=float, default=0.0, help="show ratios to torch from here")
    parser.add_argument("--budget", type=float, default=0.1, help="seconds for each time")
    options = parser.parse_args()
    keras = None
    if not options.no_keras:
        import keras
    print(
        f"{'layer':{WIDTH}}{'forward':>9}{'/torch':>8}{'/keras':>8}"
        f"{'backward':>11}{'/torch':>8}{'/keras':>8}"
    )
    for name, bench in ROWS.items():
        if options.words and not any(w.lower() in name.lower() for w in options.words):
            continue
        line, seen = f"{name:{WIDTH}}", []
        for backward in (False, True):
            if backward and not bench.backward:
                continue
            times = best(sides(name, bench, keras, backward), options.budget)
            against = [ratio(times, label) for label in ("torch", "keras")]
            seen += [r for r in against if r is not None]
            width = 11 if backward else 9
            line += f"{times['ours']:{width}.1f}" + "".join(
                f"{r:8.2f}" if r is not None else f"{'-':>8}" for r in against
            )
        if not options.above or max(seen, default=0) >= options.above:
            print(line, flush=True)


if __name__ == "__main__":
    main()
