"""What a call of an op costs on top of the torch function behind it, in microseconds.

    python benchmarks/ops.py              # the medians, and the dearest ones
    python benchmarks/ops.py add exp      # these, one a line
    python benchmarks/ops.py --above 1.5  # those above a limit

First the ops of the tables (one torch function each, on tensors of floats), then calls of another
kind: of integers, with numbers, along axes. Tensors of four values, no gradients, one thread; the
best of interleaved rounds, which must be short and many where the machine has other work.
"""

import argparse
import functools
import inspect
import os
import statistics
import timeit
from collections.abc import Callable
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")

import torch

import torchkeras as keras

ROUNDS, CALLS = 60, 300
Call = Callable[[], Any]


def table() -> dict[str, tuple[Call, Call]]:
    """Return name -> (call of the op, call of the torch function of its row)."""
    rows = {}
    for name, op in vars(keras.ops).items():
        inside = inspect.getclosurevars(op).nonlocals if inspect.isfunction(op) else {}
        if "slow" not in inside or not callable(plain := inside.get("function")):
            continue
        args = [torch.rand(4) + 0.1 for _ in inspect.signature(op).parameters]
        try:
            plain(*args)
        except (RuntimeError, TypeError):
            continue  # a function of integers or of matrices
        rows[name] = (functools.partial(op, *args), functools.partial(plain, *args))
    return rows


def others() -> dict[str, tuple[Call, Call]]:
    """Return name -> (call of an op, the same in plain torch)."""
    k = keras.ops
    x, y, m = torch.rand(4), torch.rand(4), torch.rand(2, 2)
    i, j = torch.arange(1, 5, dtype=torch.int32), torch.arange(4, dtype=torch.int32)
    b = x > 0.5
    return {
        "add(int32, 1)": (lambda: k.add(i, 1), lambda: torch.add(i, 1)),
        "multiply(int32, int32)": (lambda: k.multiply(i, j), lambda: torch.mul(i, j)),
        "less(int32, 2)": (lambda: k.less(i, 2), lambda: torch.lt(i, 2)),
        "maximum(x, 0.5)": (lambda: k.maximum(x, 0.5), lambda: torch.clamp_min(x, 0.5)),
        "minimum(0.5, x)": (lambda: k.minimum(0.5, x), lambda: torch.clamp_max(x, 0.5)),
        "bitwise_and": (lambda: k.bitwise_and(i, j), lambda: torch.bitwise_and(i, j)),
        "left_shift": (lambda: k.left_shift(i, j), lambda: torch.bitwise_left_shift(i, j)),
        "gcd": (lambda: k.gcd(i, j), lambda: torch.gcd(i, j)),
        "clip": (lambda: k.clip(x, 0.2, 0.8), lambda: torch.clamp(x, 0.2, 0.8)),
        "where": (lambda: k.where(b, x, y), lambda: torch.where(b, x, y)),
        "where(b, x, 0.0)": (lambda: k.where(b, x, 0.0), lambda: torch.where(b, x, 0.0)),
        "isclose": (lambda: k.isclose(x, y), lambda: torch.isclose(x, y)),
        "allclose": (lambda: k.allclose(x, y), lambda: torch.isclose(x, y).all()),
        "matmul": (lambda: k.matmul(m, m), lambda: torch.matmul(m, m)),
        "einsum": (lambda: k.einsum("ab,bc->ac", m, m), lambda: torch.einsum("ab,bc->ac", m, m)),
        "sum": (lambda: k.sum(m), lambda: torch.sum(m)),
        "mean(axis=-1)": (lambda: k.mean(m, axis=-1), lambda: torch.mean(m, -1)),
        "max(keepdims=True)": (
            lambda: k.max(m, axis=-1, keepdims=True),
            lambda: torch.amax(m, -1, keepdim=True),
        ),
        "argmax": (lambda: k.argmax(m, axis=-1), lambda: torch.argmax(m, -1).to(torch.int32)),
        "all": (lambda: k.all(b), lambda: torch.all(b)),
        "softmax": (lambda: k.softmax(m), lambda: torch.softmax(m, -1)),
        "relu": (lambda: k.relu(x), lambda: torch.relu(x)),
        "reshape": (lambda: k.reshape(m, (4,)), lambda: torch.reshape(m, (4,))),
        "transpose": (lambda: k.transpose(m, (1, 0)), lambda: torch.permute(m, (1, 0))),
        "expand_dims": (lambda: k.expand_dims(x, -1), lambda: torch.unsqueeze(x, -1)),
        "concatenate": (lambda: k.concatenate([x, y]), lambda: torch.cat([x, y])),
        "stack": (lambda: k.stack([x, y]), lambda: torch.stack([x, y])),
        "cast": (lambda: k.cast(x, "float64"), lambda: x.to(torch.float64)),
        "zeros": (lambda: k.zeros((4,)), lambda: torch.zeros((4,))),
        "arange": (lambda: k.arange(4), lambda: torch.arange(4, dtype=torch.int32)),
        "convert_to_tensor(1.0)": (lambda: k.convert_to_tensor(1.0), lambda: torch.tensor(1.0)),
    }


def overhead(ours: Call, theirs: Call) -> float:
    """Return microseconds of one call above the other."""
    timers = timeit.Timer(ours), timeit.Timer(theirs)
    best = [float("inf"), float("inf")]
    for _ in range(ROUNDS):
        best = [min(b, t.timeit(CALLS)) for b, t in zip(best, timers, strict=True)]
    return (best[0] - best[1]) / CALLS * 1e6


def main() -> None:
    """Print the overheads."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", help="ops to time; default: all of the tables")
    parser.add_argument("--above", type=float, help="list ops above this many microseconds")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    for title, rows in ("ops of the tables", table()), ("other calls", others()):
        with torch.no_grad():
            times = {
                name: overhead(*calls)
                for name, calls in rows.items()
                if not arguments.names or name.partition("(")[0] in arguments.names
            }
        ranked = sorted(times, key=times.__getitem__, reverse=True)
        limit = arguments.above
        listed = ranked if arguments.names else ranked[:10]
        for name in listed if limit is None else [n for n in ranked if times[n] > limit]:
            print(f"{name:24} {times[name]:6.2f} us")
        if times:
            print(f"{len(times)} {title}: median {statistics.median(times.values()):.2f} us\n")


if __name__ == "__main__":
    main()
