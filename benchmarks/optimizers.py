"""Time of one optimizer step: torchkeras, torch's variants of the method, and real Keras on torch.

    python benchmarks/optimizers.py                     # 1, 50 and 500 small tensors
    python benchmarks/optimizers.py --size 65536        # elements a tensor
    python benchmarks/optimizers.py --methods adam sgd --keras

Times are the best of several rounds, in microseconds. The ratio is ours to torch's fastest.
"""

import argparse
import os
import timeit

os.environ.setdefault("KERAS_BACKEND", "torch")
os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
import torch

from torchkeras import optimizers
from torchkeras.core.variable import Variable

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
    "adam+clip": ("Adam", {"global_clipnorm": 1.0}, None, {}, ()),
}  # fmt: skip


def best(fn, budget: float) -> float:
    """Return the shortest time of `fn` in microseconds, over rounds that fill the budget."""
    fn()
    once = max(timeit.timeit(fn, number=3) / 3, 1e-7)
    number = max(1, int(budget / 8 / once))
    return min(timeit.repeat(fn, number=number, repeat=8)) / number * 1e6


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
    return cls(params, lr=1e-3, **options, **{variant: True}).step


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
    print(f"{'method':11}{'tensors':>8}{'ours':>10}{'fused':>10}{'foreach':>10}{'ratio':>7}"
          f"{'keras':>10}{'ratio':>7}")  # fmt: skip
    for method in a.methods:
        name, options, cls, torch_options, variants = METHODS[method]
        for n in a.tensors:
            rng = np.random.default_rng(0)
            arrays = [rng.normal(size=(a.size,)).astype("float32") for _ in range(n)]
            grads = [torch.tensor(rng.normal(size=(a.size,)).astype("float32")) for _ in range(n)]
            t = best(ours(name, options, arrays, grads), a.budget)
            times = {
                v: best(torchs(cls, torch_options, v, arrays, grads), a.budget) for v in variants
            }
            row = f"{method:11}{n:8}{t:10.1f}"
            row += "".join(f"{times[v]:10.1f}" if v in times else f"{'':10}"
                           for v in ("fused", "foreach"))  # fmt: skip
            row += f"{t / min(times.values()):7.2f}" if times else f"{'':7}"
            if a.keras:
                k = best(kerass(name, options, arrays, grads), a.budget)
                row += f"{k:10.1f}{t / k:7.2f}"
            print(row, flush=True)


if __name__ == "__main__":
    main()
