"""What `keras` itself has and torchkeras has not."""

__version__ = "3.15.1"  # whose behaviour this is
