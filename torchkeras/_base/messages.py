"""What is said to the person at the terminal; to Python's `logging` where nobody watches one."""

import logging
import sys

from torchkeras._base import config

_LOGGER = logging.getLogger("torchkeras")


def write(text: str) -> None:
    """Write text to standard output, or log it after `config.disable_interactive_logging()`."""
    if not config.is_interactive_logging_enabled():
        if line := text.strip("\n"):
            _LOGGER.info(line)
    elif sys.stdout is not None:  # pythonw has none
        sys.stdout.write(text)
        sys.stdout.flush()


def say(text: str) -> None:
    """Write a line."""
    write(text + "\n")
