"""`keras.utils` of Keras 1, Keras 2 and tf.keras, in whichever of its files."""

from typing import Any

from torchkeras.compat.names.losses import Reduction as Reduction
from torchkeras.compat.old_utils.files import H5Dict as H5Dict
from torchkeras.compat.old_utils.files import HDF5Matrix as HDF5Matrix
from torchkeras.compat.old_utils.files import (
    ask_to_proceed_with_overwrite as ask_to_proceed_with_overwrite,
)
from torchkeras.compat.old_utils.files import func_dump as func_dump
from torchkeras.compat.old_utils.files import func_load as func_load
from torchkeras.compat.old_utils.files import load_array as load_array
from torchkeras.compat.old_utils.files import save_array as save_array
from torchkeras.compat.old_utils.models import (
    convert_all_kernels_in_model as convert_all_kernels_in_model,
)
from torchkeras.compat.old_utils.models import (
    convert_dense_weights_data_format as convert_dense_weights_data_format,
)
from torchkeras.compat.old_utils.models import count_params as count_params
from torchkeras.compat.old_utils.models import get_from_module as get_from_module
from torchkeras.compat.old_utils.models import has_arg as has_arg
from torchkeras.compat.old_utils.models import layer_from_config as layer_from_config
from torchkeras.compat.old_utils.models import multi_gpu_model as multi_gpu_model
from torchkeras.compat.old_utils.models import object_list_uid as object_list_uid
from torchkeras.compat.old_utils.models import plot as plot
from torchkeras.compat.old_utils.models import print_summary as print_summary
from torchkeras.compat.old_utils.numbers import accuracy as accuracy
from torchkeras.compat.old_utils.numbers import binary_logloss as binary_logloss
from torchkeras.compat.old_utils.numbers import (
    categorical_probas_to_classes as categorical_probas_to_classes,
)
from torchkeras.compat.old_utils.numbers import conv_input_length as conv_input_length
from torchkeras.compat.old_utils.numbers import conv_output_length as conv_output_length
from torchkeras.compat.old_utils.numbers import convert_kernel as convert_kernel
from torchkeras.compat.old_utils.numbers import deconv_length as deconv_length
from torchkeras.compat.old_utils.numbers import make_tuple as make_tuple
from torchkeras.compat.old_utils.numbers import multiclass_logloss as multiclass_logloss
from torchkeras.compat.old_utils.numbers import normalize_data_format as normalize_data_format
from torchkeras.compat.old_utils.numbers import normalize_padding as normalize_padding
from torchkeras.compat.old_utils.numbers import normalize_tuple as normalize_tuple
from torchkeras.compat.old_utils.numbers import probas_to_classes as probas_to_classes
from torchkeras.compat.old_utils.numbers import slice_arrays as slice_arrays
from torchkeras.compat.old_utils.numbers import to_categorical as to_categorical
from torchkeras.compat.old_utils.numbers import to_list as to_list
from torchkeras.compat.old_utils.numbers import transpose_shape as transpose_shape
from torchkeras.compat.old_utils.numbers import unpack_singleton as unpack_singleton
from torchkeras.compat.old_utils.tf_utils import to_ordinal as to_ordinal
from torchkeras.compat.old_utils.tf_utils import (
    warmstart_embedding_matrix as warmstart_embedding_matrix,
)
from torchkeras.compat.old_utils.timed_thread import TimedThread as TimedThread
from torchkeras.compat.old_utils.workers import GeneratorEnqueuer as GeneratorEnqueuer
from torchkeras.compat.old_utils.workers import OrderedEnqueuer as OrderedEnqueuer
from torchkeras.compat.old_utils.workers import SequenceEnqueuer as SequenceEnqueuer
from torchkeras.compat.refused import refused
from torchkeras.compat.tensorflow.data import Dataset
from torchkeras.utils import audio_dataset_from_directory as _audio
from torchkeras.utils import image_dataset_from_directory as _image
from torchkeras.utils import text_dataset_from_directory as _text
from torchkeras.utils.get_file import validate_file as validate_file

SidecarEvaluator = refused(
    "SidecarEvaluator", "Call evaluate() on a model that load_model() gives."
)
StepsPerExecutionTuner = refused("StepsPerExecutionTuner", "Give steps_per_execution to compile().")


def _pipelines(found: Any) -> Any:
    """Return directory datasets as pipelines: scripts go on with `.map`, `.take`, `.prefetch`."""
    if isinstance(found, list):
        return [_pipelines(f) for f in found]
    dataset = Dataset(lambda: iter(found), len(found))
    dataset.class_names, dataset.file_paths = found.class_names, found.file_paths
    return dataset


def image_dataset_from_directory(*args: Any, **kwargs: Any) -> Any:
    """Return the images in a folder's subfolders as a `tf.data.Dataset`."""
    return _pipelines(_image(*args, **kwargs))


def text_dataset_from_directory(*args: Any, **kwargs: Any) -> Any:
    """Return the texts in a folder's subfolders as a `tf.data.Dataset`."""
    return _pipelines(_text(*args, **kwargs))


def audio_dataset_from_directory(*args: Any, **kwargs: Any) -> Any:
    """Return the sounds in a folder's subfolders as a `tf.data.Dataset`."""
    return _pipelines(_audio(*args, **kwargs))
