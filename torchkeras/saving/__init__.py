"""Models and weights to files and back."""

from torchkeras.core.serialize import CustomObjectScope as CustomObjectScope
from torchkeras.core.serialize import custom_object_scope as custom_object_scope
from torchkeras.core.serialize import deserialize_keras_object as deserialize_keras_object
from torchkeras.core.serialize import get_custom_objects as get_custom_objects
from torchkeras.core.serialize import get_registered_name as get_registered_name
from torchkeras.core.serialize import get_registered_object as get_registered_object
from torchkeras.core.serialize import register_keras_serializable as register_keras_serializable
from torchkeras.core.serialize import serialize_keras_object as serialize_keras_object
from torchkeras.saving.api import load_model as load_model
from torchkeras.saving.api import load_weights as load_weights
from torchkeras.saving.api import save_model as save_model
from torchkeras.saving.api import save_weights as save_weights
from torchkeras.saving.file_editor import KerasFileEditor as KerasFileEditor
from torchkeras.saving.safety import LoadLimits as LoadLimits
from torchkeras.saving.safety import ModelFileError as ModelFileError
from torchkeras.saving.safety import UnsafeModelError as UnsafeModelError
from torchkeras.saving.text import model_from_json as model_from_json
from torchkeras.saving.torch.weights import from_torch as from_torch
from torchkeras.saving.torch.weights import to_torch as to_torch
from torchkeras.saving.yaml_text import model_from_yaml as model_from_yaml
