"""Which module of torchkeras stands behind each module name of Keras, old or new.

A name is a package that scripts import Keras by (`tensorflow.python.keras`) and a path in it
(`layers.core`). Whatever the package, the path leads to one of the homes listed here.
"""

import difflib
import importlib
from functools import cache

# What scripts import Keras by; the longest that a name begins with counts.
KERAS = (
    "keras",
    "keras._tf_keras",
    "keras._tf_keras.keras",
    "keras.api",
    "keras.api._v1.keras",
    "keras.api._v2.keras",
    "keras.src",
    "keras_core",
    "keras_core.src",
    "tensorflow.compat.v1.keras",
    "tensorflow.compat.v2.keras",
    "tensorflow.contrib.keras",
    "tensorflow.contrib.keras.api.keras",
    "tensorflow.contrib.keras.python.keras",
    "tensorflow.keras",
    "tensorflow.keras.api",
    "tensorflow.python.keras",
    "tensorflow.python.keras.api.keras",
    "tf_keras",
    "tf_keras.api._v1.keras",
    "tf_keras.api._v2.keras",
    "tf_keras.src",
)
# Packages that hold one part of Keras, or stand beside it.
PARTS = {
    "keras_applications": "applications",
    "keras_preprocessing": "preprocessing",
    "quiver_engine": "quiver",
    "tensorflow": "tensorflow",
}
ROOTS = ("keras", "keras_core", "tf_keras", *PARTS)

# Paths with a module of their own, `torchkeras.<path>`: family -> paths below it.
_PUBLIC = {
    "": """activations applications backend callbacks config constraints datasets distillation
        distribution dtype_policies export initializers layers legacy losses metrics
        mixed_precision models ops optimizers preprocessing quantizers quiver random regularizers
        saving tree utils visualization wrappers""",
    "applications": """convnext densenet efficientnet efficientnet_v2 imagenet_utils
        inception_resnet_v2 inception_v3 mobilenet mobilenet_v2 mobilenet_v3 nasnet resnet resnet50
        resnet_v2 vgg16 vgg19 xception""",
    "datasets": """boston_housing california_housing cifar10 cifar100 fashion_mnist imdb mnist
        reuters""",
    "legacy": "saving",
    "ops": "image linalg nn numpy",
    "optimizers": "legacy schedules",
    "preprocessing": "image sequence",
    "quiver": "server",
    "utils": "bounding_boxes legacy",
}
# Paths whose old names, in `torchkeras.compat.names.<path, dots as underscores>`, come first.
NAMES = frozenset(
    {"", "backend", "callbacks", "constraints", "engine", "experimental", "initializations",
     "initializers", "layers", "losses", "metrics", "mixed_precision", "models", "optimizers",
     "preprocessing", "preprocessing.image", "preprocessing.sequence", "preprocessing.text",
     "regularizers", "saving.saving_lib", "utils", "wrappers"}
)  # fmt: skip
# Modules of `torchkeras.compat.tensorflow`.
TENSORFLOW = frozenset(
    {"tensorflow", "tensorflow.internals"}
    | {f"tensorflow.{n}" for n in ("data", "image", "linalg", "math", "nn", "random", "summary")}
)

# Modules inside TensorFlow that packages made for Keras (scikeras) look into.
_INSIDE = ("eager", "eager.context", "framework", "framework.config", "framework.ops")
# Its own modules of operations: optimizers of users take `math_ops.sqrt` and the like from there.
_OPS = ("", *(f".{n}_ops" for n in ("array", "control_flow", "math", "nn", "random", "state")))

# Where the families' names lay in older versions: family -> paths below it that show the family.
_SPREAD = {
    "activations": "activations",
    "backend": "tensorflow_backend theano_backend cntk_backend common load_backend experimental",
    "callbacks": "callbacks tensorboard_v1 tensorboard_v2 experimental",
    "constraints": "constraints",
    "datasets": "cifar data_utils",
    "engine": """base_layer base_layer_utils base_layer_v1 base_preprocessing_layer compile_utils
        data_adapter functional input_layer input_spec keras_tensor network node saving sequential
        topology training training_arrays training_generator training_utils training_v1""",
    "initializers": "initializers initializers_v1 initializers_v2 random_initializers",
    "layers": """activation advanced_activations attention containers convolutional
        convolutional_recurrent core cudnn_recurrent dense_attention einsum_dense embeddings
        experimental experimental.preprocessing input_spec kernelized layer legacy_rnn local
        locally_connected merge merging multi_head_attention noise normalization pooling
        preprocessing recurrent recurrent_v2 regularization reshaping rnn rnn_cell_wrapper_v2
        serialization wrappers""",
    "losses": "losses",
    "metrics": "base_metric experimental metrics",
    "mixed_precision": "experimental loss_scale_optimizer policy",
    "models": "cloning experimental",
    "optimizers": "experimental optimizer_experimental",
    "preprocessing": "timeseries image_dataset text_dataset",
    "preprocessing.image": """affine_transformations dataframe_iterator directory_iterator
        image_data_generator iterator numpy_array_iterator utils""",
    "regularizers": "regularizers",
    "saving": """hdf5_format legacy legacy.hdf5_format legacy.model_config legacy.save
        legacy.saved_model legacy.serialization model_config object_registration save saved_model
        saving_api saving_lib serialization_lib""",
    "utils": """all_utils audio_dataset_utils control_flow_util conv_utils data_utils dataset_utils
        dot_utils experimental generic_utils image_dataset_utils image_utils io_utils layer_utils
        losses_utils metrics_utils multi_gpu_utils np_utils numerical_utils summary_utils test_utils
        text_dataset_utils tf_utils timeseries_dataset_utils training_utils version_utils vis_utils
        visualize_util""",
}
# Modules that moved as a whole.
_MOVED = {
    "backend_config": "backend",
    "callbacks_v1": "callbacks",
    "legacy.interfaces": "layers",
    "legacy.layers": "layers",
    "legacy.models": "models",
    "objectives": "losses",
    "optimizer_v1": "optimizers",
    "optimizer_v2": "optimizers",
    "optimizer_v2.learning_rate_schedule": "optimizers.schedules",
    "optimizers.schedules.learning_rate_schedule": "optimizers.schedules",
    "preprocessing.dataset_utils": "utils",
    "wrappers.scikit_learn": "wrappers",
}
# Families of which some version gave each class a file: `layers.core.dense`, `optimizers.adam`.
_FILE_PER_CLASS = ("callbacks", "layers", "losses", "metrics", "models", "optimizers")


def _below(family: str, table: dict[str, str]) -> list[str]:
    return [f"{family}.{word}".removeprefix(".") for word in table[family].split()]


@cache
def _public() -> frozenset[str]:
    return frozenset(path for family in _PUBLIC for path in _below(family, _PUBLIC))


@cache
def _table() -> dict[str, str]:
    spread = {path: family for family in _SPREAD for path in _below(family, _SPREAD)}
    inside = {f"tensorflow.python.{path}": "tensorflow.internals" for path in _INSIDE}
    inside |= {f"tensorflow.python.ops{name}": "tensorflow" for name in _OPS}
    own = {path: path for path in _public() | NAMES | TENSORFLOW}
    return spread | _MOVED | inside | own


@cache
def _packages() -> frozenset[str]:
    """Return `KERAS` with the folders inside it that lead to others: `keras.api._v2`."""
    found = set()
    for name in KERAS:
        parts = name.split(".")
        paths = [".".join(parts[:n]) for n in range(1, len(parts) + 1)]
        found.update(p for p in paths if "keras" in p)
    return frozenset(found)


def split(name: str) -> tuple[str, str] | None:
    """Return the package and the path in it of a module's name; None if it is none of ours.

    >>> split("tensorflow.python.keras.layers.core")
    ('tensorflow.python.keras', 'layers.core')
    >>> split("keras_preprocessing.text")
    ('keras_preprocessing', 'preprocessing.text')
    """
    packages = [p for p in _packages() if name == p or name.startswith(f"{p}.")]
    if packages:
        package = max(packages, key=len)
        return package, name[len(package) + 1 :]
    if any(p.startswith(f"{name}.") for p in KERAS):
        return name, "tensorflow"  # a folder on the way to Keras: `tensorflow.python`
    root, _, rest = name.partition(".")
    for folder in ("compat.v1", "compat.v2"):  # the whole of TensorFlow once more
        rest = rest.removeprefix(f"{folder}.")
    if root in PARTS:
        return root, ".".join(filter(None, (PARTS[root], rest)))
    return None


def is_package(name: str) -> bool:
    """Tell whether a full name is one that scripts import Keras by, or leads to such a one."""
    return any(p == name or p.startswith(f"{name}.") for p in KERAS)


@cache
def home(path: str) -> str | None:
    """Return the path of the family that an old or new path leads to, or None.

    >>> home("layers.convolutional"), home("layers.core.dense"), home("layers.nonsense")
    ('layers', 'layers', None)
    """
    found = _table().get(path)
    if found is None:
        family, _, rest = path.partition(".")
        if family in _FILE_PER_CLASS and _is_class_file(family, rest):
            return family
    return found


def is_listed(path: str) -> bool:
    """Tell whether a path is in the table itself, not only a file named as a class."""
    return path in _table()


@cache
def sources(path: str) -> tuple[str, ...]:
    """Return the full names of the modules whose names a home shows, the first wins.

    >>> sources("activations")
    ('torchkeras.activations',)
    """
    if path in TENSORFLOW:
        return (f"torchkeras.compat.{path}",)
    found = [f"torchkeras.compat.names.{path.replace('.', '_') or 'top'}"] if path in NAMES else []
    if path in _public() or not path:
        found.append(f"torchkeras.{path}" if path else "torchkeras")
    return tuple(found)


def nearest(path: str) -> str:
    """Say which known paths a path resembles."""
    known = [p for p in _table() if p]
    near = difflib.get_close_matches(path, known, n=2, cutoff=0.6)
    return " Did you mean " + " or ".join(repr(p) for p in near) + "?" if near else ""


def _is_class_file(family: str, rest: str) -> bool:
    """Tell whether a file's name is that of a public class in lower case: `rnn.simple_rnn`."""
    folder, _, file = rest.rpartition(".")
    if folder and f"{family}.{folder}" not in _table():
        return False
    name = file.replace("_", "").removeprefix("base")
    return any(n.lower() == name for n in dir(importlib.import_module(f"torchkeras.{family}")))
