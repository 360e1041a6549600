"""SeedGenerator: the seed and the counter that a stream of random numbers stands at."""

import random
from collections.abc import Callable
from numbers import Integral
from typing import Any

import numpy as np
import torch

from torchkeras._base import naming, scope
from torchkeras._base.check import received
from torchkeras.core import serialize, tracking
from torchkeras.core.configurable import Configurable
from torchkeras.core.variable import Variable

# Distance of the seeds of two draws. torch's CPU generator reads 32 bits of a seed; with steps of
# one, a generator's second draw would be the first draw of the next seed's generator.
_STRIDE = 0x9E3779B9
_WORD = 0xFFFFFFFF


def draw_seed() -> int:
    """Return a new seed from Python's `random`, the same that Keras would draw."""
    return random.randint(1, 10**9)


def as_seed(owner: str, seed: Any) -> int:
    """Return `seed` as a Python int."""
    if not isinstance(seed, Integral):
        raise ValueError(
            f"{owner}: seed must be an integer, a SeedGenerator or None. {received('seed', seed)}"
        )
    return int(seed)


def probing() -> bool:
    """Tell whether shapes are being inferred: nothing is drawn then, no counter moves."""
    # Inside a nested build torch's modes are off, and what is drawn there is for real.
    return scope.state.probe_size is not None and torch._C._is_torch_function_mode_enabled()


class SeedGenerator(Configurable, torch.nn.Module):
    """A seed with a counter of the draws made from it; its state is saved with the model.

    Every draw starts a fresh torch generator at a place that `(seed, counter)` determine, so a
    stream goes on after loading exactly where it stood.

    Args:
        seed: Integer; default: drawn from Python's `random`, which `set_random_seed` seeds.
        name: Default `seed_generator`, `seed_generator_1`, ….

    Raises:
        ValueError: if the seed is no integer, and for unknown arguments.

    >>> import torchkeras as keras
    >>> stream = keras.random.SeedGenerator(42)
    >>> keras.random.uniform((2,), seed=stream)
    tensor([0.8823, 0.9150])
    >>> stream.state
    <Variable path=seed_generator/seed_generator_state, shape=(2,), dtype=int32, value=[42  1]>
    """

    def __init__(self, seed: int | None = None, name: str | None = None, **kwargs: Any) -> None:
        if kwargs:
            raise ValueError(f"SeedGenerator: unknown arguments. Received: {sorted(kwargs)}.")
        torch.nn.Module.__init__(self)
        self.seed = None if seed is None else as_seed("SeedGenerator", seed)
        self.name = name or naming.auto_name("SeedGenerator")
        start = draw_seed() if seed is None else self.seed
        cells = np.array([start & _WORD, 0], np.uint32).view(np.int32)
        with scope.name_scope(self.name):
            state = Variable(cells, trainable=False, autocast=False, name="seed_generator_state")
        self._buffers["state"] = state
        self._forget()

    def _forget(self) -> None:
        self._cells: np.ndarray | None = None
        self._where = -1
        self._version = -1

    def _is_local(self, state: torch.Tensor) -> bool:
        return state.is_cpu

    def _attach(self, state: torch.Tensor) -> None:
        self._where = state.data_ptr()
        if self._is_local(state):  # the state's own memory: counting costs no torch call
            self._cells = state.detach().numpy()
        else:
            self._cells = state.detach().cpu().numpy().copy()
            self._version = state._version

    def _advance(self) -> tuple[int, int]:
        """Return `(seed, counter)` and move the counter by one."""
        if probing():
            return 0, 0
        state = self._buffers["state"]
        tape, stateless = scope.state.draws, scope.state.stateless
        if tape is not None or stateless is not None:
            return self._advance_in(tape, stateless, state)
        return self._count(state)

    def _advance_in(self, tape: Any, stateless: Any, state: Variable) -> tuple[int, int]:
        """Advance where a second run is to draw the same, or where variables are not to change."""
        drawn = None if tape is None else tape.next()
        if drawn is not None:
            return drawn
        if stateless is None:
            drawn = self._count(state)
        else:
            seed, count = stateless.read(state).tolist()
            drawn = seed, count
            stateless.write(
                state, torch.tensor([seed, (count + 1) & 0x7FFFFFFF], dtype=state.dtype)
            )
        if tape is not None:
            tape.seeds.append(drawn)
        return drawn

    def _count(self, state: Variable) -> tuple[int, int]:
        remote = not self._is_local(state)
        if self._where != state.data_ptr() or (remote and self._version != state._version):
            self._attach(state)
        seed, count = self._cells.tolist()
        self._cells[1] = (count + 1) & 0x7FFFFFFF
        if remote:  # a launch that does not wait for the device
            with torch.no_grad():
                state[1:].fill_((count + 1) & 0x7FFFFFFF)
            self._version = state._version
        return seed, count

    def next(self, ordered: bool = True) -> torch.Tensor:
        """Return `[seed, counter]` as an int32 tensor, and move the counter by one.

        Args:
            ordered: Accepted as in Keras; the counter is always exact here.
        """
        state = self._buffers["state"]
        return torch.tensor(self._advance(), dtype=torch.int32, device=state.device)

    def generator(self, device: torch.device | str = "cpu") -> torch.Generator:
        """Return a new torch generator for the next draw, and move the counter by one.

        Args:
            device: Device of the tensors that it fills.
        """
        seed, count = self._advance()
        return torch.Generator(device).manual_seed((seed + count * _STRIDE) & _WORD)

    def _apply(self, fn: Callable[..., Any], recurse: bool = True) -> "SeedGenerator":
        tracking.apply_to_variables(fn, (self._buffers["state"],))
        return self

    def __getstate__(self) -> dict[str, Any]:
        # A copy has memory of its own, and an address means nothing in another process.
        return {**self.__dict__, "_cells": None, "_where": -1, "_version": -1}

    def save_own_variables(self, store: dict[str, Any]) -> None:
        """Put seed and counter into a dict of arrays."""
        store["0"] = self._buffers["state"]

    def load_own_variables(self, store: dict[str, Any]) -> None:
        """Set seed and counter from a dict of arrays."""
        if "0" in store and np.shape(store["0"]) == (2,):
            cells = np.asarray(store["0"]).astype(np.uint32).view(np.int32)
            self._buffers["state"].assign(cells)

    def extra_repr(self) -> str:
        """Return what stands between the parentheses of the repr."""
        return f"seed={self.seed}, name={self.name!r}"


serialize.add_builtin(SeedGenerator, "keras.random", "SeedGenerator", "seed generator")


def resolve(owner: str, seed: Any, device: torch.device | str = "cpu") -> torch.Generator | None:
    """Return the generator that a draw function's `seed` argument asks for; None is torch's own.

    Raises:
        ValueError: if it is no integer, SeedGenerator, torch.Generator or None.
    """
    if seed is None or str(device) == "meta":
        return None
    if isinstance(seed, SeedGenerator):
        # A compiled graph has one stream, torch's own.
        return None if torch.compiler.is_compiling() else seed.generator(device)
    if isinstance(seed, torch.Generator):
        return seed
    return torch.Generator(device).manual_seed(as_seed(owner, seed) & _WORD)
