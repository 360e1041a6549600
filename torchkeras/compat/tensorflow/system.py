"""`tf.config`, `tf.io`, `tf.test`, `tf.distribute`, `tf.debugging` and such."""

import contextlib
import glob
import logging
import os
import shutil
from collections.abc import Iterator
from typing import Any, NamedTuple

import torch

from torchkeras import ops
from torchkeras._base import scope
from torchkeras.compat.tensorflow.arrays import convert_to_tensor
from torchkeras.compat.tensorflow.namespace import Namespace

# ------------------------------------------------------------------------------- devices


class PhysicalDevice(NamedTuple):
    """A device as TensorFlow lists it."""

    name: str
    device_type: str


def list_physical_devices(device_type: str | None = None) -> list[PhysicalDevice]:
    """Return the processors: one CPU, and each GPU that torch sees."""
    found = [PhysicalDevice("/physical_device:CPU:0", "CPU")]
    found += [
        PhysicalDevice(f"/physical_device:GPU:{i}", "GPU") for i in range(torch.cuda.device_count())
    ]
    return [d for d in found if device_type in (None, d.device_type)]


def _nothing(*args: Any, **kwargs: Any) -> None:
    """Do nothing: torch decides this by itself."""


def gpu_device_name() -> str:
    """Return the name of the first GPU, or an empty string."""
    return "/device:GPU:0" if torch.cuda.is_available() else ""


@contextlib.contextmanager
def device(device_name: Any) -> Iterator[None]:
    """Make tensors on a device, given in TensorFlow's words: `"/GPU:0"`."""
    text = str(device_name or "").lower()
    kind = "cuda" if "gpu" in text else "cpu"
    number = text.rpartition(":")[2]
    where = f"cuda:{number}" if kind == "cuda" and number.isdigit() else kind
    with torch.device(where):
        yield


@contextlib.contextmanager
def name_scope(name: str, *args: Any, **kwargs: Any) -> Iterator[str]:
    """Put a path before the names of a block; one that ends in "/" is the whole path."""
    parts = tuple(filter(None, name.split("/")))
    with scope.scoped(names=parts if name.endswith("/") else (*scope.state.names, *parts)):
        yield scope.current_path() + "/"


config = Namespace(
    "tf.config",
    list_physical_devices=list_physical_devices,
    list_logical_devices=list_physical_devices,
    get_visible_devices=list_physical_devices,
    set_visible_devices=_nothing,
    run_functions_eagerly=_nothing,
    functions_run_eagerly=lambda: True,
    set_soft_device_placement=_nothing,
    set_logical_device_configuration=_nothing,
    optimizer=Namespace("tf.config.optimizer", set_jit=_nothing),
    threading=Namespace(
        "tf.config.threading",
        set_intra_op_parallelism_threads=lambda n: torch.set_num_threads(n or os.cpu_count() or 1),
        set_inter_op_parallelism_threads=_nothing,
    ),
    experimental=Namespace(
        "tf.config.experimental",
        list_physical_devices=list_physical_devices,
        list_logical_devices=list_physical_devices,
        set_memory_growth=_nothing,
        set_visible_devices=_nothing,
        enable_op_determinism=lambda: torch.use_deterministic_algorithms(True, warn_only=True),
        enable_tensor_float_32_execution=_nothing,
    ),
)
test = Namespace(
    "tf.test",
    is_gpu_available=lambda *args, **kwargs: torch.cuda.is_available(),
    is_built_with_cuda=lambda: torch.backends.cuda.is_built(),
    gpu_device_name=gpu_device_name,
)


class Strategy:
    """A distribution strategy of one replica: the model runs as it is."""

    num_replicas_in_sync = 1

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Arguments are accepted and have no effect."""

    @contextlib.contextmanager
    def scope(self) -> Iterator["Strategy"]:
        """Do nothing around a block."""
        yield self

    def run(self, fn: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None) -> Any:
        """Call a function."""
        return fn(*args, **(kwargs or {}))

    def reduce(self, reduce_op: Any, value: Any, axis: Any = None) -> Any:
        """Return the value of the one replica."""
        return value

    def experimental_distribute_dataset(self, dataset: Any, options: Any = None) -> Any:
        """Return the dataset."""
        return dataset


distribute = Namespace(
    "tf.distribute",
    Strategy=Strategy,
    MirroredStrategy=Strategy,
    OneDeviceStrategy=Strategy,
    get_strategy=Strategy,
    has_strategy=lambda: False,
    ReduceOp=Namespace("tf.distribute.ReduceOp", SUM="SUM", MEAN="MEAN"),
)

# ------------------------------------------------------------------------------- files


def read_file(filename: str, name: str | None = None) -> bytes:
    """Return the bytes of a file."""
    with open(filename, "rb") as f:
        return f.read()


def write_file(filename: str, contents: Any, name: str | None = None) -> None:
    """Write bytes to a file."""
    with open(filename, "wb") as f:
        f.write(contents.encode() if isinstance(contents, str) else contents)


gfile = Namespace(
    "tf.io.gfile",
    GFile=open,
    Open=open,
    exists=os.path.exists,
    isdir=os.path.isdir,
    listdir=os.listdir,
    makedirs=lambda path: os.makedirs(path, exist_ok=True),
    mkdir=os.mkdir,
    glob=glob.glob,
    remove=os.remove,
    rename=os.replace,
    rmtree=shutil.rmtree,
    walk=os.walk,
    join=os.path.join,
    copy=lambda src, dst, overwrite=False: shutil.copy(src, dst),
)

# ------------------------------------------------------------------------------- checks and logs


def _assertion(word: str, holds: Any) -> Any:
    def check(*values: Any, message: str | None = None, summarize: Any = None, name: Any = None):
        if not bool(holds(*[convert_to_tensor(v) for v in values]).all()):
            raise ValueError(message or f"{word} does not hold for {values}.")

    return check


debugging = Namespace(
    "tf.debugging",
    assert_equal=_assertion("==", lambda x, y: x == y),
    assert_greater=_assertion(">", lambda x, y: x > y),
    assert_greater_equal=_assertion(">=", lambda x, y: x >= y),
    assert_less=_assertion("<", lambda x, y: x < y),
    assert_less_equal=_assertion("<=", lambda x, y: x <= y),
    assert_near=_assertion("nearly ==", lambda x, y: ops.isclose(x, y, rtol=1e-6, atol=1e-6)),
    assert_positive=_assertion("> 0", lambda x: x > 0),
    assert_non_negative=_assertion(">= 0", lambda x: x >= 0),
    assert_all_finite=_assertion("finite", lambda x: torch.isfinite(x)),
    enable_check_numerics=lambda *args: torch.autograd.set_detect_anomaly(True),
    set_log_device_placement=_nothing,
)


def get_logger() -> logging.Logger:
    """Return the logger of this library."""
    return logging.getLogger("torchkeras")


_LEVELS = {name: getattr(logging, name) for name in ("DEBUG", "INFO", "WARN", "ERROR", "FATAL")}


def _verbosity(level: Any) -> None:
    get_logger().setLevel(_LEVELS.get(str(level), level))


tf_logging = Namespace(
    "tf.logging",
    set_verbosity=_verbosity,
    get_verbosity=lambda: get_logger().level,
    info=get_logger().info,
    warning=get_logger().warning,
    warn=get_logger().warning,
    error=get_logger().error,
    **_LEVELS,
)


class OpError(Exception):
    """Base of TensorFlow's errors."""


class InvalidArgumentError(OpError, ValueError):
    """A value that an op cannot take."""


class NotFoundError(OpError, FileNotFoundError):
    """A file that is not there."""


class ResourceExhaustedError(OpError, MemoryError):
    """No memory left."""


class OutOfRangeError(OpError):
    """The end of a source."""


errors = Namespace(
    "tf.errors",
    OpError=OpError,
    InvalidArgumentError=InvalidArgumentError,
    NotFoundError=NotFoundError,
    ResourceExhaustedError=ResourceExhaustedError,
    OutOfRangeError=OutOfRangeError,
)
