"""The hashes of `_fingerprint` for whole numbers written in decimals, by operations on tensors.

`torch.export` and `torch.compile` record these, where they could not record strings. The 64-bit
numbers are signed here and wrap around alike.
"""

import torch

from torchkeras.layers.preprocessing import _fingerprint

_DIGITS = 19  # of an int64
_WIDTH = _DIGITS + 1 + 8  # with a sign, and what a read at the end may touch


def _signed(x: int) -> int:
    x %= 2**64
    return x - 2**64 if x >= 2**63 else x


_K0, _K1, _K2 = (_signed(int(k)) for k in (_fingerprint._K0, _fingerprint._K1, _fingerprint._K2))


def _right(x: torch.Tensor, by: int) -> torch.Tensor:
    return (x >> by) & (2 ** (64 - by) - 1)


def _rotate(x: torch.Tensor, by: int) -> torch.Tensor:
    return _right(x, by) | (x << (64 - by))


def _shift_mix(x: torch.Tensor) -> torch.Tensor:
    return x ^ _right(x, 47)


class _Decimals:
    """The numbers of a flat tensor as texts: a row of bytes each, read like `_fingerprint`'s."""

    def __init__(self, x: torch.Tensor) -> None:
        x = x.to(torch.int64)
        powers = torch.tensor([10**i for i in range(_DIGITS)], device=x.device)
        # Rounding towards 0 by hand: what exporters make of torch's own goes through floats.
        wide = x.unsqueeze(1)
        left = wide // powers + ((wide < 0) & (wide % powers != 0)).to(torch.int64)
        digits = (left - 10 * torch.cat((left[:, 1:], torch.zeros_like(left[:, :1])), 1)).abs()
        count = (left != 0).sum(1).clamp(min=1)
        minus = (x < 0).to(torch.int64)
        self.lengths = count + minus
        at = torch.arange(_WIDTH, device=x.device)
        place = (self.lengths.unsqueeze(1) - 1 - at).clamp(0, _DIGITS - 1)
        text = digits.gather(1, place) + ord("0")
        text = torch.where((at == 0) & (minus.unsqueeze(1) == 1), ord("-"), text)
        self.bytes = torch.where(at < self.lengths.unsqueeze(1), text, 0)

    def byte(self, at: torch.Tensor) -> torch.Tensor:
        """Return the byte at each place."""
        return self.bytes.gather(1, at.unsqueeze(1)).squeeze(1)

    def word(self, at: torch.Tensor, size: int = 8) -> torch.Tensor:
        """Return the 64 (or fewer) bits that begin at each place."""
        steps = torch.arange(size, device=at.device)
        part = self.bytes.gather(1, at.clamp(min=0).unsqueeze(1) + steps)
        out = part[:, 0]
        for i in range(1, size):  # not a sum, which onnxruntime computes in floats
            out = out | (part[:, i] << (8 * i))
        return out


def _mix(u: torch.Tensor, v: torch.Tensor, factor: torch.Tensor) -> torch.Tensor:
    a = _shift_mix((u ^ v) * factor)
    return _shift_mix((v ^ a) * factor) * factor


def _fingerprint64(data: _Decimals) -> torch.Tensor:
    n = data.lengths
    start, factor = torch.zeros_like(n), _K2 + n * 2
    y = data.byte(start) + (data.byte(n >> 1) << 8)
    to_3 = _shift_mix(y * _K2 ^ (n + (data.byte(n - 1) << 2)) * _K0) * _K2
    to_7 = _mix(n + (data.word(start, 4) << 3), data.word(n - 4, 4), factor)
    a, b = data.word(start) + _K2, data.word(n - 8)
    to_16 = _mix(_rotate(b, 37) * factor + a, (_rotate(a, 25) + b) * factor, factor)
    a, b = data.word(start) * _K1, data.word(start + 8)
    c, d = data.word(n - 8) * factor, data.word(n - 16) * _K2
    u = _rotate(a + b, 43) + _rotate(c, 30) + d
    to_32 = _mix(u, a + _rotate(b + _K2, 18) + c, factor)
    long = torch.where(n <= 16, to_16, to_32)
    return torch.where(n <= 3, to_3, torch.where(n <= 7, to_7, long))


def _siphash24(data: _Decimals, key: tuple[int, int]) -> torch.Tensor:
    n = data.lengths
    zero = torch.zeros_like(n)
    constants = (0x736F6D6570736575, 0x646F72616E646F6D, 0x6C7967656E657261, 0x7465646279746573)
    v = [zero + _signed(c ^ (key[i % 2] % 2**64)) for i, c in enumerate(constants)]
    for i in range(_DIGITS // 8):
        new = _absorb(v, data.word(zero + 8 * i))
        v = [torch.where(n >= 8 * (i + 1), a, b) for a, b in zip(new, v, strict=True)]
    v = _absorb(v, data.word(n - (n & 7)) | (n << 56))  # bytes behind the end are 0
    v[2] = v[2] ^ 0xFF
    for _ in range(4):
        v = _round(v)
    return v[0] ^ v[1] ^ v[2] ^ v[3]


def _absorb(v: list[torch.Tensor], m: torch.Tensor) -> list[torch.Tensor]:
    v = _round(_round([v[0], v[1], v[2], v[3] ^ m]))
    return [v[0] ^ m, v[1], v[2], v[3]]


def _round(v: list[torch.Tensor]) -> list[torch.Tensor]:
    a, b, c, d = v
    a = a + b
    b = _rotate(b, 64 - 13) ^ a
    a = _rotate(a, 32)
    c = c + d
    d = _rotate(d, 64 - 16) ^ c
    a = a + d
    d = _rotate(d, 64 - 21) ^ a
    c = c + b
    b = _rotate(b, 64 - 17) ^ c
    return [a, b, _rotate(c, 32), d]


def bins(x: torch.Tensor, count: int, salt: tuple[int, int] | None) -> torch.Tensor:
    """Return a bin below `count` for each number of a flat tensor of integers or bools.

    >>> bins(torch.tensor([0, -7, 123456789]), 100, None).tolist() == _fingerprint.bins(
    ...     [b"0", b"-7", b"123456789"], 100, None).tolist()
    True
    """
    if x.dtype == torch.bool:
        no, yes = _fingerprint.bins([b"false", b"true"], count, salt).tolist()
        return torch.where(x, yes, no)
    data = _Decimals(x)
    hashed = _fingerprint64(data) if salt is None else _siphash24(data, salt)
    # The remainder of an unsigned number, from its half.
    return (_right(hashed, 1) % count * 2 + (hashed & 1)) % count
