"""What TensorBoard is told of TensorFlow under the alias.

TensorBoard takes a TensorFlow that it finds for a whole one, so it is made to keep to its own. Its
plugins that write summaries (`hparams`) ask for the API of TensorFlow 2 on top: they get the
alias's. Both is done when TensorBoard first asks, not before: it is slow to import.
"""

import importlib
import importlib.machinery
import sys
import types
from collections.abc import Sequence
from typing import Any

_NO_TF = "tensorboard.compat.notf"  # TensorBoard's own sign that there is no TensorFlow
_STUB = "tensorboard.compat.tensorflow_stub"


class _Finder:
    """Gives the module that TensorBoard looks for first, and is there when it does."""

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: Any = None
    ) -> importlib.machinery.ModuleSpec | None:
        """Return the spec of the sign."""
        return importlib.machinery.ModuleSpec(name, self) if name == _NO_TF else None

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> types.ModuleType:
        """Make the sign."""
        return types.ModuleType(spec.name)

    def exec_module(self, module: types.ModuleType) -> None:
        """Let TensorBoard's own TensorFlow have the part that writes."""
        _stub().v2 = importlib.import_module("torchkeras.compat.tensorflow")


_FINDER = _Finder()


def _stub() -> types.ModuleType:
    return importlib.import_module(f"{_STUB}.compat")


def tell() -> None:
    """Have TensorBoard keep to its own TensorFlow, and write through torchkeras."""
    if _FINDER not in sys.meta_path:
        sys.meta_path.insert(0, _FINDER)
    if f"{_STUB}.compat" in sys.modules:  # it has asked already
        importlib.import_module(_NO_TF)


def forget() -> None:
    """Undo `tell`."""
    if _FINDER in sys.meta_path:
        sys.meta_path.remove(_FINDER)
    if sys.modules.pop(_NO_TF, None) is not None:
        del _stub().v2
