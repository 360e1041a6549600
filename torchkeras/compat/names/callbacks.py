"""What `keras.callbacks` had."""

from typing import Any

from torchkeras.callbacks import Callback
from torchkeras.compat.refused import refused


class BaseLogger(Callback):
    """Nothing to do: the logs of an epoch hold the averages over its batches already.

    Args:
        stateful_metrics: Accepted.
    """

    def __init__(self, stateful_metrics: Any = None) -> None:
        super().__init__()
        self.stateful_metrics = set(stateful_metrics or ())


SidecarEvaluatorModelExport = refused(
    "SidecarEvaluatorModelExport", "Call evaluate() on a model that load_model() gives."
)
