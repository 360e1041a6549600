"""Time of one optimizer step: torchkeras, torch's variants of the method, and real Keras on torch.

    python benchmarks/optimizers.py                     # 1, 50 and 500 small tensors
    python benchmarks/optimizers.py --size 65536        # elements a tensor
    python benchmarks/optimizers.py --methods adam sgd --keras

Times are the best of several rounds that take turns, in microseconds. The
ratio is ours to torch's fastest.
"""

import argparse
import math
import os
import timeit

os.environ.setdefault("KERAS_BACKEND", "torch")
os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
import torch

from torchkeras import optimizers
from torchkeras.core.variable import Variable

# Name: our class and options, torch's class, options and variants, and the shape of a variable.
METHODS = {
    "sgd": ("SGD", {}, torch.optim.SGD, {}, ("fused", "foreach")),
    "momentum": (
        "SGD", {"momentum": 0.9}, torch.optim.SGD, {"momentum": 0.9}, ("fused", "foreach"),
    ),
    "nesterov": (
        "SGD", {"momentum": 0.9, "nesterov": True},
        torch.optim.SGD, {"momentum": 0.9, "nesterov": True}, ("fused", "foreach"),
    ),
    "adam": ("Adam", {}, torch.optim.Adam, {}, ("fused", "foreach")),
    "amsgrad": ("Adam", {"amsgrad": True}, torch.optim.Adam, {"amsgrad": True}, ("fused",)),
    "adamw": ("AdamW", {}, torch.optim.AdamW, {"weight_decay": 0.004}, ("fused", "foreach")),
    "rmsprop": ("RMSprop", {}, torch.optim.RMSprop, {}, ("foreach",)),
    "adagrad": ("Adagrad", {}, torch.optim.Adagrad, {}, ("fused", "foreach")),
    "adadelta": ("Adadelta", {}, torch.optim.Adadelta, {}, ("foreach",)),
    "adamax": ("Adamax", {}, torch.optim.Adamax, {}, ("foreach",)),
    "nadam": ("Nadam", {}, torch.optim.NAdam, {}, ("foreach",)),
    "adafactor": ("Adafactor", {}, torch.optim.Adafactor, {}, ("foreach", "plain")),
    "muon": ("Muon", {}, torch.optim.Muon, {}, ("plain",)),
    "lion": ("Lion", {}, None, {}, ()),
    "lamb": ("Lamb", {}, None, {}, ()),
    "ftrl": ("Ftrl", {}, None, {}, ()),
    "schedfree": ("ScheduleFreeAdamW", {}, None, {}, ()),
    "adam+clip": ("Adam", {"global_clipnorm": 1.0}, None, {}, ()),
    "adam+ema": ("Adam", {"use_ema": True}, None, {}, ()),
}  # fmt: skip
MATRICES = {"adafactor", "muon"}  # what their methods are for


def race(steps: dict, budget: float) -> dict[str, float]:
    """Return the shortest time of each function in microseconds, over rounds that take turns."""
    numbers, times = {}, dict.fromkeys(steps, math.inf)
    for name, fn in steps.items():
        fn()
        once = max(timeit.timeit(fn, number=3) / 3, 1e-7)
        numbers[name] = max(1, int(budget / 12 / once))
    for _ in range(12):
        for name, fn in steps.items():
            spent = timeit.timeit(fn, number=numbers[name]) / numbers[name] * 1e6
            times[name] = min(times[name], spent)
    return times


def ours(name, options, arrays, grads):
    """One step of torchkeras."""
    variables = [Variable(a, name=f"v{i}") for i, a in enumerate(arrays)]
    optimizer = getattr(optimizers, name)(learning_rate=1e-3, **options)
    optimizer.build(variables)
    for v, g in zip(variables, grads, strict=True):
        v.grad = g.clone()
    return optimizer.step


def torchs(cls, options, variant, arrays, grads):
    """One step of torch, in one of its variants."""
    params = [torch.nn.Parameter(torch.tensor(a)) for a in arrays]
    for p, g in zip(params, grads, strict=True):
        p.grad = g.clone()
    return cls(params, lr=1e-3, **options, **({} if variant == "plain" else {variant: True})).step


def kerass(name, options, arrays, grads):
    """One step of real Keras."""
    import keras

    variables = [keras.Variable(a, name=f"v{i}") for i, a in enumerate(arrays)]
    optimizer = getattr(keras.optimizers, name)(learning_rate=1e-3, **options)
    optimizer.build(variables)

    def step():
        optimizer.apply(grads, variables)

    return step


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--methods", nargs="+", default=list(METHODS), choices=list(METHODS))
    parser.add_argument("--tensors", nargs="+", type=int, default=[1, 50, 500])
    parser.add_argument("--size", type=int, default=256, help="elements of each tensor")
    parser.add_argument("--keras", action="store_true", help="time real Keras too")
    parser.add_argument("--budget", type=float, default=0.6, help="seconds for each time")
    a = parser.parse_args()
    torch.set_num_threads(1)
    print(f"{'method':11}{'tensors':>8}{'ours':>10}{'fused':>10}{'foreach':>10}{'plain':>10}{'ratio':>7}"
          f"{'keras':>10}{'ratio':>7}")  # fmt: skip
    for method in a.methods:
        name, options, cls, torch_options, variants = METHODS[method]
        for n in a.tensors:
            rng = np.random.default_rng(0)
            side = math.isqrt(a.size)
            shape = (side, side) if method in MATRICES else (a.size,)
            arrays = [rng.normal(size=shape).astype("float32") for _ in range(n)]
            grads = [torch.tensor(rng.normal(size=shape).astype("float32")) for _ in range(n)]
            steps = {"ours": ours(name, options, arrays, grads)}
            steps |= {v: torchs(cls, torch_options, v, arrays, grads) for v in variants}
            if a.keras:
                steps["keras"] = kerass(name, options, arrays, grads)
            times = race(steps, a.budget)
            t, k = times.pop("ours"), times.pop("keras", None)
            row = f"{method:11}{n:8}{t:10.1f}"
            row += "".join(f"{times[v]:10.1f}" if v in times else f"{'':10}"
                           for v in ("fused", "foreach", "plain"))  # fmt: skip
            row += f"{t / min(times.values()):7.2f}" if times else f"{'':7}"
            if k is not None:
                row += f"{k:10.1f}{t / k:7.2f}"
            print(row, flush=True)


if __name__ == "__main__":
    main()
