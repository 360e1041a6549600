"""Tools around models: data in files, labels and arrays, seeds, pictures of models."""

from torchkeras._base.config import disable_interactive_logging as disable_interactive_logging
from torchkeras._base.config import enable_interactive_logging as enable_interactive_logging
from torchkeras._base.config import is_interactive_logging_enabled as is_interactive_logging_enabled
from torchkeras.callbacks.progress import Progbar as Progbar
from torchkeras.core.dtypes import standardize_dtype as standardize_dtype
from torchkeras.core.serialize import CustomObjectScope as CustomObjectScope
from torchkeras.core.serialize import custom_object_scope as custom_object_scope
from torchkeras.core.serialize import deserialize_keras_object as deserialize_keras_object
from torchkeras.core.serialize import get_custom_objects as get_custom_objects
from torchkeras.core.serialize import get_registered_name as get_registered_name
from torchkeras.core.serialize import get_registered_object as get_registered_object
from torchkeras.core.serialize import register_keras_serializable as register_keras_serializable
from torchkeras.core.serialize import serialize_keras_object as serialize_keras_object
from torchkeras.core.symbolic import is_keras_tensor as is_keras_tensor
from torchkeras.training.data import PyDataset as PyDataset
from torchkeras.training.data import PyDataset as Sequence
from torchkeras.training.data import pack_x_y_sample_weight as pack_x_y_sample_weight
from torchkeras.training.data import unpack_x_y_sample_weight as unpack_x_y_sample_weight
from torchkeras.utils import bounding_boxes as bounding_boxes
from torchkeras.utils import legacy as legacy
from torchkeras.utils.arrays import normalize as normalize
from torchkeras.utils.arrays import to_categorical as to_categorical
from torchkeras.utils.config_container import Config as Config
from torchkeras.utils.directory_dataset import (
    audio_dataset_from_directory as audio_dataset_from_directory,
)
from torchkeras.utils.directory_dataset import (
    image_dataset_from_directory as image_dataset_from_directory,
)
from torchkeras.utils.directory_dataset import (
    text_dataset_from_directory as text_dataset_from_directory,
)
from torchkeras.utils.feature_space import FeatureSpace as FeatureSpace
from torchkeras.utils.get_file import get_file as get_file
from torchkeras.utils.image_files import array_to_img as array_to_img
from torchkeras.utils.image_files import img_to_array as img_to_array
from torchkeras.utils.image_files import load_img as load_img
from torchkeras.utils.image_files import save_img as save_img
from torchkeras.utils.plot import model_to_dot as model_to_dot
from torchkeras.utils.plot import plot_model as plot_model
from torchkeras.utils.random_seed import set_random_seed as set_random_seed
from torchkeras.utils.sequences import pad_sequences as pad_sequences
from torchkeras.utils.sequences import (
    timeseries_dataset_from_array as timeseries_dataset_from_array,
)
from torchkeras.utils.session import clear_session as clear_session
from torchkeras.utils.sources import get_source_inputs as get_source_inputs
from torchkeras.utils.split import split_dataset as split_dataset
from torchkeras.utils.summary import summary as summary
