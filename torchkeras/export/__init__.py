"""Models for inference elsewhere: ONNX files, programs of torch.export, folders of both."""

from torchkeras.export import model as model
from torchkeras.export.archive import ExportArchive as ExportArchive
