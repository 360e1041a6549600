"""What `keras` itself has and torchkeras has not."""

from types import SimpleNamespace

from torchkeras.compat.refused import refused

__version__ = "3.15.1"  # whose behaviour this is


def version() -> str:
    """Return the version of Keras whose behaviour this is."""
    return __version__


estimator = SimpleNamespace(
    model_to_estimator=refused("model_to_estimator", "Call fit() of the model itself.")
)
