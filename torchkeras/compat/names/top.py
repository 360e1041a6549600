"""What `keras` itself has and torchkeras has not."""

__version__ = "3.15.1"  # whose behaviour this is


def version() -> str:
    """Return the version of Keras whose behaviour this is."""
    return __version__
