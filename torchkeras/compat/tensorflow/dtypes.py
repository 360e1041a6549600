"""`tf.float32` and its kin: names of dtypes that carry what scripts ask of them."""

import numpy as np

from torchkeras.core import dtypes


class DType(str):
    """A dtype by its name, which every function here and in Keras takes.

    >>> float32.name, float32.is_floating, float32 == "float32"
    ('float32', True, True)
    """

    __slots__ = ()

    @property
    def name(self) -> str:
        """The name."""
        return str(self)

    @property
    def as_numpy_dtype(self) -> type:
        """NumPy's type."""
        return np.dtype({"bool": "bool_", "string": "object"}.get(self, self)).type

    @property
    def is_floating(self) -> bool:
        """Whether it is a float type."""
        return dtypes.is_float(str(self))

    @property
    def is_integer(self) -> bool:
        """Whether it is an integer type."""
        return dtypes.is_int(str(self))

    @property
    def is_bool(self) -> bool:
        """Whether it is the truth type."""
        return self == "bool"

    @property
    def is_complex(self) -> bool:
        """Whether it is a complex type."""
        return self.startswith("complex")

    @property
    def base_dtype(self) -> "DType":
        """Itself."""
        return self

    @property
    def min(self) -> float:
        """Smallest value."""
        return self._limits().min

    @property
    def max(self) -> float:
        """Largest value."""
        return self._limits().max

    @property
    def size(self) -> int:
        """Bytes of a value."""
        return np.dtype(str(self)).itemsize

    def _limits(self):
        return (np.finfo if self.is_floating else np.iinfo)(str(self))

    def __repr__(self) -> str:
        return f"tf.{self}"

    __str__ = str.__str__


float16, float32, float64 = DType("float16"), DType("float32"), DType("float64")
bfloat16, half, double = DType("bfloat16"), float16, float64
int8, int16, int32, int64 = DType("int8"), DType("int16"), DType("int32"), DType("int64")
uint8, uint16, uint32, uint64 = DType("uint8"), DType("uint16"), DType("uint32"), DType("uint64")
complex64, complex128 = DType("complex64"), DType("complex128")
bool, string = DType("bool"), DType("string")


def as_dtype(value: object) -> DType:
    """Return the dtype of a name, a NumPy or a torch dtype."""
    return value if isinstance(value, DType) else DType(dtypes.standardize_dtype(value))
