"""Running scripts that import Keras: `python -m torchkeras script.py`."""

import argparse
import io
import os
import runpy
import sys
import traceback
import types
from collections.abc import Sequence

from torchkeras.compat.install import install

_HERE = os.path.dirname(os.path.abspath(__file__))


def main(argv: Sequence[str] | None = None) -> None:
    """Run a script, a module or a string, in which `import keras` gives torchkeras.

    Args:
        argv: `[script.py | -m module | -c string] args…`; None: those of the process.
    """
    arguments = list(sys.argv[1:] if argv is None else argv)
    if arguments[:1] == ["run"]:
        del arguments[0]
    options = _parser().parse_args(arguments)
    if not options.rest:
        _parser().error("a script, -m module or -c string is needed")
    install()
    kind, target, rest = _task(options)
    try:
        if kind == "module":
            sys.argv = [target, *rest]
            sys.path.insert(0, os.getcwd())
            runpy.run_module(target, run_name="__main__", alter_sys=True)
        else:
            _run_code(kind, target, rest)
    except Exception as e:
        _show(e)
        sys.exit(1)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="torchkeras",
        description="Run a Keras script on torchkeras: `import keras`, `tensorflow.keras` and "
        "their kin, old and new, resolve to it.",
    )
    parser.add_argument("-m", dest="module", action="store_true", help="run a module")
    parser.add_argument("-c", dest="command", action="store_true", help="run a string")
    parser.add_argument("rest", nargs=argparse.REMAINDER, metavar="script.py args…")
    return parser


def _task(options: argparse.Namespace) -> tuple[str, str, list[str]]:
    kind = "module" if options.module else "string" if options.command else "script"
    return kind, options.rest[0], options.rest[1:]


def _run_code(kind: str, target: str, rest: list[str]) -> None:
    """Run a script or a string as the main module, as Python itself would."""
    main_module = types.ModuleType("__main__")
    main_module.__dict__["__builtins__"] = __builtins__
    if kind == "string":
        sys.argv = ["-c", *rest]
        sys.path.insert(0, "")
        name, source = "<string>", target.encode()
    else:
        path = os.path.join(target, "__main__.py") if os.path.isdir(target) else target
        sys.argv = [target, *rest]
        sys.path.insert(0, os.path.dirname(os.path.realpath(path)))
        try:
            with io.open_code(os.path.abspath(path)) as f:
                source = f.read()
        except OSError as e:
            sys.exit(f"torchkeras: cannot open {target!r}: {e.strerror}")
        name = main_module.__file__ = path
    sys.modules["__main__"] = main_module
    exec(compile(source, name, "exec"), main_module.__dict__)


def _show(error: Exception) -> None:
    """Print a traceback that begins at the user's first line, as if Python had run it."""
    trace = error.__traceback__
    while trace is not None and _is_ours(trace.tb_frame.f_code.co_filename):
        trace = trace.tb_next
    error.__traceback__ = trace
    if sys.excepthook is not sys.__excepthook__:
        sys.excepthook(type(error), error, trace)
    else:
        traceback.print_exception(error)


def _is_ours(file: str) -> bool:
    return file.startswith((_HERE, "<frozen runpy>")) or file == runpy.__file__
