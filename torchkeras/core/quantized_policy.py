"""Dtype policies of layers whose weights are stored in few bits: `"int8_from_float32"`."""

from typing import Any, ClassVar

from torchkeras._base.check import one_of, received
from torchkeras.core import policy, serialize
from torchkeras.core.policy import DTypePolicy

MODES = ("int8", "float8", "int4", "gptq", "awq")
CALIBRATED = ("gptq", "awq")


class QuantizedDTypePolicy(DTypePolicy):
    """A quantization mode on top of the policy that a layer had before.

    Args:
        mode: `"int8"`, `"int4"` or `"float8"`; the classes derived from this one take more.
        source_name: Name of the policy before, for example `"mixed_bfloat16"`. Default: that of
            the global policy.

    Raises:
        ValueError: for an unknown mode, or int8 with float16, whose range is too small for the
            sums.

    >>> import torchkeras as keras
    >>> keras.dtype_policies.get("int8_from_mixed_bfloat16").compute_dtype
    'bfloat16'
    """

    def __init__(self, mode: str, source_name: str | None = None) -> None:
        name = type(self).__name__
        one_of(name, "mode", mode, MODES)
        source_name = policy.dtype_policy().name if source_name is None else source_name
        super().__init__(source_name)
        if self._compute_dtype == "float16" and mode == "int8":
            raise ValueError(
                f"{name}: {mode} needs a compute dtype of a wider range than float16, such as "
                f"'mixed_bfloat16'. {received('source_name', source_name)}"
            )
        self._source_name = source_name
        self._mode = mode
        self.quantization_mode = mode
        self._name = f"{mode}_from_{source_name}"

    def get_config(self) -> dict[str, Any]:
        """Return `{"mode": mode, "source_name": source_name}`."""
        return {"mode": self._mode, "source_name": self._source_name}


class QuantizedFloat8DTypePolicy(QuantizedDTypePolicy):
    """The policy of training with float8 products.

    Args:
        mode: `"float8"`.
        source_name: Name of the policy before.
        amax_history_length: Number of steps whose largest values a scale is derived from.

    >>> import torchkeras as keras
    >>> keras.dtype_policies.QuantizedFloat8DTypePolicy("float8", amax_history_length=8)
    <QuantizedFloat8DTypePolicy "float8_from_float32">
    """

    default_amax_history_length: ClassVar[int] = 1024

    def __init__(
        self, mode: str, source_name: str | None = None, amax_history_length: int = 1024
    ) -> None:
        super().__init__(mode, source_name)
        if not isinstance(amax_history_length, int) or isinstance(amax_history_length, bool):
            raise TypeError(
                "QuantizedFloat8DTypePolicy: amax_history_length must be an integer. "
                f"{received('amax_history_length', amax_history_length)}"
            )
        self._amax_history_length = amax_history_length

    @property
    def amax_history_length(self) -> int:
        """Number of steps in the history of largest values."""
        return self._amax_history_length

    def get_config(self) -> dict[str, Any]:
        """Return the arguments."""
        return {**super().get_config(), "amax_history_length": self._amax_history_length}

    def __eq__(self, other: object) -> bool:
        same = isinstance(other, QuantizedFloat8DTypePolicy) and super().__eq__(other)
        return same and self._amax_history_length == other._amax_history_length  # type: ignore[attr-defined]

    __hash__ = QuantizedDTypePolicy.__hash__


class _ParametrizedPolicy(QuantizedDTypePolicy):
    """A policy whose mode holds numbers, `"<algorithm>/<number>/<number>"`."""

    _algorithm: ClassVar[str]
    _numbers: ClassVar[tuple[str, ...]]

    def __init__(self, mode: str, source_name: str | None = None) -> None:
        owner, form = type(self).__name__, "/".join((self._algorithm, *self._numbers))
        parts = mode.split("/") if isinstance(mode, str) else []
        if len(parts) != 1 + len(self._numbers) or parts[0] != self._algorithm:
            raise ValueError(f"{owner}: mode must look like '{form}'. {received('mode', mode)}")
        try:
            numbers = [int(part) for part in parts[1:]]
        except ValueError:
            raise ValueError(
                f"{owner}: {' and '.join(self._numbers)} in mode must be integers. "
                f"{received('mode', mode)}"
            ) from None
        for name, number in zip(self._numbers, numbers, strict=True):
            self._check(name, number, mode)
        super().__init__(self._algorithm, source_name)
        self.mode = self._algorithm
        self._mode = mode
        self._name = f"{mode}_from_{self._source_name}"
        for name, number in zip(self._numbers, numbers, strict=True):
            setattr(self, name, number)

    def _check(self, name: str, number: int, mode: str) -> None:
        if name != "weight_bits" and number != -1 and number <= 0:
            raise ValueError(
                f"{type(self).__name__}: {name} in mode must be -1 or a positive integer. "
                f"{received('mode', mode)}"
            )


class Int4DTypePolicy(_ParametrizedPolicy):
    """The policy of int4 weights that have a scale for each block of inputs.

    Args:
        mode: `"int4/<block_size>"`; a block size of -1 gives one scale for each output.
        source_name: Name of the policy before.

    >>> import torchkeras as keras
    >>> keras.dtype_policies.Int4DTypePolicy("int4/64", "float32").block_size
    64
    """

    _algorithm, _numbers = "int4", ("block_size",)
    block_size: int


class GPTQDTypePolicy(_ParametrizedPolicy):
    """The policy of weights quantized by GPTQ.

    Args:
        mode: `"gptq/<weight_bits>/<group_size>"`, with 2, 3, 4 or 8 bits.
        source_name: Name of the policy before.

    >>> import torchkeras as keras
    >>> keras.dtype_policies.GPTQDTypePolicy("gptq/4/128", "float32").weight_bits
    4
    """

    _algorithm, _numbers = "gptq", ("weight_bits", "group_size")
    weight_bits: int
    group_size: int

    def _check(self, name: str, number: int, mode: str) -> None:
        super()._check(name, number, mode)
        if name == "weight_bits" and number not in (2, 3, 4, 8):
            raise ValueError(
                "GPTQDTypePolicy: weight_bits in mode must be 2, 3, 4 or 8. "
                f"{received('mode', mode)}"
            )


class AWQDTypePolicy(_ParametrizedPolicy):
    """The policy of weights quantized by AWQ.

    Args:
        mode: `"awq/4/<group_size>"`.
        source_name: Name of the policy before.

    >>> import torchkeras as keras
    >>> keras.dtype_policies.AWQDTypePolicy("awq/4/128", "float32").group_size
    128
    """

    _algorithm, _numbers = "awq", ("weight_bits", "group_size")
    weight_bits: int
    group_size: int

    def _check(self, name: str, number: int, mode: str) -> None:
        super()._check(name, number, mode)
        if name == "weight_bits" and number != 4:
            raise ValueError(
                f"AWQDTypePolicy: weight_bits in mode must be 4. {received('mode', mode)}"
            )


def _read(mode: str, source: str) -> DTypePolicy:
    algorithm, slash, _ = mode.partition("/")
    if algorithm not in MODES:
        return DTypePolicy(f"{mode}_from_{source}")  # says what names there are
    kinds = {"float8": QuantizedFloat8DTypePolicy, "gptq": GPTQDTypePolicy, "awq": AWQDTypePolicy}
    if algorithm == "int4" and slash:
        return Int4DTypePolicy(mode, source)
    return kinds.get(algorithm, QuantizedDTypePolicy)(mode, source)


policy.read_quantized = _read
for _cls in (
    QuantizedDTypePolicy,
    QuantizedFloat8DTypePolicy,
    Int4DTypePolicy,
    GPTQDTypePolicy,
    AWQDTypePolicy,
):
    serialize.add_builtin(_cls, "keras.dtype_policies", _cls.__name__, "policy")
