"""AddLoss, AddMetric: a loss, a metric of a functional model that is made of its own tensors."""

from typing import Any

import torch

from torchkeras._base import scope
from torchkeras.core.registry import LAYERS, METRICS
from torchkeras.layers.layer import Layer


@LAYERS.register()
class AddLoss(Layer):
    """Hand on the first input; the second one is added to the training loss.

    What `model.add_loss(tensor)` of Keras 2 puts before an output of a functional model.

    >>> import torchkeras as keras
    >>> inputs = keras.Input((2,))
    >>> model = keras.Model(inputs, keras.layers.Dense(2)(inputs))
    >>> model.add_loss(keras.ops.mean(model.output**2))
    >>> model.layers[-1].name
    'add_loss'
    """

    def call(self, inputs: Any) -> torch.Tensor:
        """Return the first of the two inputs."""
        output, loss = inputs
        self.add_loss(loss)
        return output

    def compute_output_shape(self, input_shape: Any) -> Any:
        """Return the shape of the first input."""
        return tuple(input_shape[0])


@LAYERS.register()
class AddMetric(Layer):
    """Hand on the first input; the mean of the second one is in the logs.

    What `model.add_metric(tensor, name)` of Keras 2 puts before an output of a functional model.

    Args:
        metric_name: Its name in the logs; default that of the layer.

    >>> import torchkeras as keras
    >>> inputs = keras.Input((2,))
    >>> model = keras.Model(inputs, keras.layers.Dense(2)(inputs))
    >>> model.add_metric(keras.ops.mean(model.output**2), name="energy", aggregation="mean")
    >>> model.layers[-1].name
    'add_metric'
    """

    def __init__(self, metric_name: str | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.metric_name = metric_name
        self.value = METRICS.lookup("Mean")(name=metric_name or self.name)

    def call(self, inputs: Any) -> torch.Tensor:
        """Return the first of the two inputs."""
        output, value = inputs
        if scope.state.probe_size is None:
            self.value.update_state(value.detach())
        return output

    def compute_output_shape(self, input_shape: Any) -> Any:
        """Return the shape of the first input."""
        return tuple(input_shape[0])
