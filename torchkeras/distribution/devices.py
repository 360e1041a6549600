"""The devices there are, and the processes that share the work."""

import os

import torch
from torch import distributed

from torchkeras._base.check import one_of, received


def world_size() -> int:
    """Return the number of processes."""
    return distributed.get_world_size() if _is_joined() else 1


def rank() -> int:
    """Return which of the processes this one is."""
    return distributed.get_rank() if _is_joined() else 0


def _is_joined() -> bool:
    return distributed.is_available() and distributed.is_initialized()


def _local_count(kind: str) -> int:
    if kind == "cpu":
        return 1
    return torch.cuda.device_count() if kind == "gpu" else 0


def get_device_count(device_type: str | None = None) -> int:
    """Return the number of devices, those of all processes together.

    Args:
        device_type: `"cpu"`, `"gpu"` or `"tpu"`; default: `"gpu"` if there is one, else `"cpu"`.

    Raises:
        ValueError: for another type.
    """
    if device_type is None:
        device_type = "gpu" if _local_count("gpu") else "cpu"
    one_of("get_device_count", "device_type", device_type.lower(), ("cpu", "gpu", "tpu"))
    return _local_count(device_type.lower()) * world_size()


def list_devices(device_type: str | None = None) -> list[str]:
    """Return the devices, as `"cpu:0"`; those of all processes together.

    Args:
        device_type: As in `get_device_count`.

    >>> import torchkeras as keras
    >>> keras.distribution.list_devices("cpu")
    ['cpu:0']
    """
    count = get_device_count(device_type)
    kind = device_type.lower() if device_type else "gpu" if _local_count("gpu") else "cpu"
    return [f"{kind}:{i}" for i in range(count)]


def initialize(
    job_addresses: str | None = None,
    num_processes: int | None = None,
    process_id: int | None = None,
) -> None:
    """Join the processes of a job: `torch.distributed`, by gloo on CPUs and nccl on GPUs.

    What is None is read from `KERAS_DISTRIBUTION_JOB_ADDRESSES`, `…_NUM_PROCESSES` and
    `…_PROCESS_ID`. One process alone has nothing to join.

    Args:
        job_addresses: `"host:port"` of the first process; further ones after commas are not used.
        num_processes: Number of processes.
        process_id: Which of them this one is, from 0.

    Raises:
        ValueError: for missing or impossible values.
    """
    environment = os.environ.get
    addresses = job_addresses or environment("KERAS_DISTRIBUTION_JOB_ADDRESSES")
    count = _whole("num_processes", num_processes, "KERAS_DISTRIBUTION_NUM_PROCESSES")
    process = _whole("process_id", process_id, "KERAS_DISTRIBUTION_PROCESS_ID")
    if (count is None or count == 1) and not process:
        return
    if count is None or process is None or not 0 <= process < count:
        raise ValueError(
            "initialize: process_id must be from 0 to num_processes - 1. "
            f"Received: num_processes={count}, process_id={process}."
        )
    first = (addresses or "").split(",")[0].strip()
    if not first.rpartition(":")[0] or not first.rpartition(":")[2].isdigit():
        raise ValueError(
            "initialize: job_addresses must begin with the first process's 'host:port'. "
            f"{received('job_addresses', addresses)}"
        )
    distributed.init_process_group(
        "nccl" if torch.cuda.is_available() else "gloo",
        init_method=f"tcp://{first}",
        world_size=count,
        rank=process,
    )


def _whole(name: str, value: int | None, variable: str) -> int | None:
    given = os.environ.get(variable) if value is None else value
    if given is None:
        return None
    try:
        return int(given)
    except ValueError:
        raise ValueError(
            f"initialize: {name} must be an integer. {received(name, given)}"
        ) from None
