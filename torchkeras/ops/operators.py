"""Python operators on symbolic tensors: each records the op of its row."""

from typing import Any

from torchkeras.core.symbolic import KerasTensor
from torchkeras.ops import arrays, bitwise, elementwise, indexing

_BINARY = {
    "add": elementwise.add,
    "sub": elementwise.subtract,
    "mul": elementwise.multiply,
    "truediv": elementwise.true_divide,
    "floordiv": elementwise.floor_divide,
    "mod": elementwise.mod,
    "pow": elementwise.power,
    "matmul": arrays.matmul,
    "and": elementwise.logical_and,
    "or": elementwise.logical_or,
    "xor": elementwise.logical_xor,
    "lshift": bitwise.left_shift,
    "rshift": bitwise.right_shift,
}
_COMPARISONS = {
    "lt": elementwise.less,
    "le": elementwise.less_equal,
    "gt": elementwise.greater,
    "ge": elementwise.greater_equal,
    "ne": elementwise.not_equal,
}
_UNARY = {
    "neg": elementwise.negative,
    "abs": elementwise.absolute,
    "invert": elementwise.logical_not,
}


def _install() -> None:
    def forward(function: Any) -> Any:
        return lambda self, other: function(self, other)

    def reflected(function: Any) -> Any:
        return lambda self, other: function(other, self)

    for name, function in _BINARY.items():
        setattr(KerasTensor, f"__{name}__", forward(function))
        setattr(KerasTensor, f"__r{name}__", reflected(function))
    for name, function in _COMPARISONS.items():
        setattr(KerasTensor, f"__{name}__", forward(function))
    for name, function in _UNARY.items():
        setattr(KerasTensor, f"__{name}__", lambda self, _function=function: _function(self))
    KerasTensor.__pos__ = lambda self: self  # type: ignore[attr-defined]
    KerasTensor.__getitem__ = lambda self, key: indexing.get_item(self, key)  # type: ignore[attr-defined]
    KerasTensor.T = property(lambda self: arrays.transpose(self))  # type: ignore[attr-defined]
    KerasTensor.__hash__ = object.__hash__  # type: ignore[assignment]


_install()
