"""What a call of an op costs on top of the torch function behind it, in microseconds.

    python benchmarks/ops.py              # every op of a table: the median, and the dearest ones
    python benchmarks/ops.py add exp      # these, one a line
    python benchmarks/ops.py --above 1.5  # those above a limit

Tensors of four floats, no gradients, one thread; the best of interleaved rounds.
"""

import argparse
import inspect
import os
import statistics
import timeit
from collections.abc import Callable
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")

import torch

import torchkeras as keras

ROUNDS, CALLS = 9, 2000


def table() -> dict[str, tuple[Callable[..., Any], Callable[..., Any], int]]:
    """Return name -> (op, the torch function of its row, number of tensors)."""
    rows = {}
    for name, op in vars(keras.ops).items():
        inside = inspect.getclosurevars(op).nonlocals if inspect.isfunction(op) else {}
        if "slow" in inside and callable(inside.get("function")):
            rows[name] = (op, inside["function"], len(inspect.signature(op).parameters))
    return rows


def overhead(op: Callable[..., Any], plain: Callable[..., Any], count: int) -> float | None:
    """Return microseconds of a call of `op` above one of `plain`; None if floats are refused."""
    args = [torch.rand(4) + 0.1 for _ in range(count)]
    try:
        plain(*args)
    except (RuntimeError, TypeError):
        return None  # a function of integers
    ours = timeit.Timer("f(*a)", globals={"f": op, "a": args})
    theirs = timeit.Timer("f(*a)", globals={"f": plain, "a": args})
    best = [float("inf"), float("inf")]
    for _ in range(ROUNDS):
        best = [min(b, t.timeit(CALLS)) for b, t in zip(best, (ours, theirs), strict=True)]
    return (best[0] - best[1]) / CALLS * 1e6


def main() -> None:
    """Print the overheads."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", help="ops to time; default: all of the tables")
    parser.add_argument("--above", type=float, help="list ops above this many microseconds")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    with torch.no_grad():
        times = {
            name: cost
            for name, row in table().items()
            if not arguments.names or name in arguments.names
            if (cost := overhead(*row)) is not None
        }
    ranked = sorted(times, key=times.__getitem__, reverse=True)
    limit = arguments.above
    listed = ranked if arguments.names else ranked[:10]
    for name in listed if limit is None else [n for n in ranked if times[n] > limit]:
        print(f"{name:24} {times[name]:6.2f} us")
    print(f"{len(times)} ops: median {statistics.median(times.values()):.2f} us")


if __name__ == "__main__":
    main()
