"""Profiles of some batches, through `torch.profiler`."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Iterable
from typing import Any

import torch

from ..._base import check


def batch_range(profile_batch: int | str | Iterable[int]) -> tuple[int, int]:
    """First and last batch to profile, counted from 1; (0, 0) for none.

    Raises:
        ValueError: if it is neither a batch, a pair of batches, nor text such as "10,20".
    """
    value: Any = profile_batch
    try:
        if isinstance(value, str):
            value = [int(part) for part in value.split(",")]
        if isinstance(value, Iterable):
            first, last = value if len(parts := list(value)) != 1 else parts * 2
        else:
            first = last = value
        first = check.non_negative_int("TensorBoard", "profile_batch", first)
        last = check.non_negative_int("TensorBoard", "profile_batch", last)
        if last < first or (last > 0 and first == 0):
            raise ValueError
    except (TypeError, ValueError) as error:
        raise ValueError(
            "TensorBoard: profile_batch must be a batch number >= 0 or a pair of batch numbers "
            f"(first, last) >= 1. {check.received('profile_batch', profile_batch)}"
        ) from error
    return first, last


class BatchProfiler:
    """Record the batches `first` to `last` and write a trace for TensorBoard and Chrome.

    Args:
        log_dir: The trace goes to `<log_dir>/plugins/profile/<time>/<host>.pt.trace.json`.
    """

    def __init__(self, log_dir: str, first: int, last: int) -> None:
        self.log_dir = log_dir
        self.first = first
        self.last = last
        self.trace: str | None = None
        self._profile: Any = None

    @property
    def pending(self) -> bool:
        """Whether there is still something to record."""
        return self.last > 0 and self.trace is None

    def batch_begin(self, batch: int) -> None:
        if self.pending and self._profile is None and self.first <= batch <= self.last:
            activities = [torch.profiler.ProfilerActivity.CPU]
            if torch.cuda.is_available():
                activities.append(torch.profiler.ProfilerActivity.CUDA)
            self._profile = torch.profiler.profile(activities=activities, record_shapes=True)
            self._profile.start()

    def batch_end(self, batch: int) -> None:
        if self._profile is not None and batch >= self.last:
            self.stop()

    def stop(self) -> None:
        """End the recording, if there is one, and write the trace."""
        if self._profile is None:
            return
        profile, self._profile = self._profile, None
        profile.stop()
        folder = os.path.join(
            self.log_dir, "plugins", "profile", time.strftime("%Y_%m_%d_%H_%M_%S")
        )
        os.makedirs(folder, exist_ok=True)
        self.trace = os.path.join(folder, f"{socket.gethostname()}.pt.trace.json")
        profile.export_chrome_trace(self.trace)
