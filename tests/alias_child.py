"""Running code under the alias: always in a child, for real Keras is the oracle here."""

import subprocess
import sys


def run(*arguments: str, expect: int = 0, **options):
    """Run `python -m torchkeras …` and return the finished process."""
    command = [sys.executable, "-m", "torchkeras", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, **options)
    assert done.returncode == expect, done.stdout + done.stderr
    return done


def run_code(code: str, **options):
    """Run a string under the alias."""
    return run("-c", code, **options)
