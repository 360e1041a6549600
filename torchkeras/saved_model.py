"""Saved models for serving: folders of ONNX files and programs of `torch.export`."""

from torchkeras.export.folder import SaveOptions as SaveOptions
from torchkeras.export.loaded import DEFAULT as DEFAULT_SERVING_SIGNATURE_DEF_KEY
from torchkeras.export.loaded import load as load
from torchkeras.export.saving import contains_saved_model as contains_saved_model
from torchkeras.export.saving import function as function
from torchkeras.export.saving import save as save
from torchkeras.export.signature import TensorSpec as TensorSpec

__all__ = [
    "DEFAULT_SERVING_SIGNATURE_DEF_KEY", "SaveOptions", "TensorSpec", "contains_saved_model",
    "function", "load", "save",
]  # fmt: skip
