"""Model, Sequential and functional models."""

from torchkeras.layers.core.input import Input as Input
from torchkeras.models.cloning import clone_model as clone_model
from torchkeras.models.from_module import ModuleModel as ModuleModel
from torchkeras.models.model import Functional as Functional
from torchkeras.models.model import Model as Model
from torchkeras.models.sequential import Sequential as Sequential
from torchkeras.saving import load_model as load_model
from torchkeras.saving import model_from_json as model_from_json
from torchkeras.saving import model_from_yaml as model_from_yaml
from torchkeras.saving import save_model as save_model
