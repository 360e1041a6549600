"""What can be looked at: a model, a model with the weights of an epoch, a record of a run."""

from collections.abc import Collection, Mapping
from typing import Any

import torch
from torch import nn

from torchkeras.quiver.trace import Trace, trace


class Checkpoint:
    """A model under a name.

    Args:
        label: What the page calls it.
        model: The model. Nothing of it is changed.
    """

    can_explain = True
    nbytes = 0  # of memory that this holds beside the model

    def __init__(self, label: str, model: nn.Module) -> None:
        self.label = label
        self.model = model

    def ready(self) -> nn.Module:
        """Return the model with the weights that belong here."""
        return self.model

    def trace(self, item_id: str | None, inputs: Any) -> Trace:
        """Run the model on an image and return what happened."""
        return trace(self.ready(), inputs)


class WeightsCheckpoint(Checkpoint):
    """The weights that a model has now; they are put into `twin` when somebody looks.

    Args:
        label: What the page calls it.
        model: The model whose weights to keep.
        twin: A copy of the model that belongs to the viewer.
    """

    def __init__(self, label: str, model: nn.Module, twin: nn.Module) -> None:
        super().__init__(label, twin)
        self._values = [x.detach().to("cpu", copy=True) for x in _state(model)]
        self.nbytes = sum(x.numel() * x.element_size() for x in self._values)

    def ready(self) -> nn.Module:
        with torch.no_grad():
            for own, value in zip(_state(self.model), self._values, strict=True):
                own.copy_(value)
        return self.model


class RecordedCheckpoint(Checkpoint):
    """What chosen layers give now for chosen images.

    Args:
        label: What the page calls it.
        model: The model; it is run at once and not again.
        inputs: The model's inputs by the images' ids; None is the id of a blank one.
        layers: Names of the layers whose values to keep.
    """

    can_explain = False

    def __init__(
        self,
        label: str,
        model: nn.Module,
        inputs: Mapping[str | None, Any],
        layers: Collection[str],
    ) -> None:
        super().__init__(label, model)
        self._traces = {name: trace(model, x) for name, x in inputs.items()}
        for made in self._traces.values():
            for call in made.calls.values():
                if call.name not in layers and call.kind != "input":
                    call.value = call.rich = None
                elif call.value is not None:
                    call.value = call.value.clone()  # a view would hold more than itself
        self.nbytes = sum(t.nbytes for t in self._traces.values())

    def trace(self, item_id: str | None, inputs: Any) -> Trace:
        found = self._traces.get(item_id)
        if found is None:
            raise ValueError("This image was not there when the epoch was recorded.")
        return found


def _state(model: nn.Module) -> list[torch.Tensor]:
    return [*model.parameters(), *model.buffers()]
