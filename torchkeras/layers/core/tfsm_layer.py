"""TFSMLayer: a SavedModel as a layer, which torch cannot run."""

from typing import Any

from torchkeras.core.registry import LAYERS
from torchkeras.layers.layer import Layer


@LAYERS.register()
class TFSMLayer(Layer):
    """A SavedModel of TensorFlow; making one raises an error that names the ways around it.

    Its content is a graph for TensorFlow's runtime; Keras too reads it only on that backend.

    Args:
        filepath: Folder of the SavedModel.
        call_endpoint: Its endpoint to call.
        call_training_endpoint: Its endpoint to call in training.
        trainable: Whether its variables are trained.
        name: Name of the layer.
        dtype: Dtype of the layer.

    Raises:
        RuntimeError: always.

    >>> import torchkeras as keras
    >>> keras.layers.TFSMLayer("a_folder")
    Traceback (most recent call last):
    RuntimeError: TFSMLayer: a SavedModel runs only on TensorFlow. ...
    """

    def __init__(
        self,
        filepath: Any,
        call_endpoint: str = "serve",
        call_training_endpoint: str | None = None,
        trainable: bool = True,
        name: str | None = None,
        dtype: Any = None,
    ) -> None:
        raise RuntimeError(
            "TFSMLayer: a SavedModel runs only on TensorFlow. Save the original model with "
            "model.save('model.keras') and load that file, or export it to ONNX. "
            f"Received: filepath={str(filepath)!r}."
        )
