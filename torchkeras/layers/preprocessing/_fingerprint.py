"""FarmHash Fingerprint64 and SipHash-2-4 of many strings at once.

Both are published specifications: FarmHash by Geoff Pike, https://github.com/google/farmhash (MIT;
`Fingerprint64` is promised never to change), SipHash by Aumasson and Bernstein, "SipHash: a fast
short-input PRF", 2012. TensorFlow's string hashing, and so real Keras's, is made of them. Here they
are written anew on numpy arrays of unsigned 64-bit numbers, which wrap around as C's do.
"""

import numpy as np

_U = np.uint64
_K0, _K1, _K2 = _U(0xC3A5C85C97CB3127), _U(0xB492B66FBE98F273), _U(0x9AE16A3B2F90404F)
_MURMUR = _U(0xC6A4A7935BD1E995)


class _Texts:
    """Byte strings end to end in one buffer, read by position at any offset."""

    def __init__(self, texts: list[bytes]) -> None:
        self.lengths = np.fromiter(map(len, texts), np.int64, len(texts))
        self.starts = np.cumsum(self.lengths) - self.lengths
        buffer = np.frombuffer(b"".join([*texts, bytes(8)]), np.uint8)
        self.bytes = buffer
        count = len(buffer) - 7
        self._words = np.ndarray((count,), "<u8", buffer, strides=(1,))
        self._halves = np.ndarray((count,), "<u4", buffer, strides=(1,))

    def word(self, at: np.ndarray) -> np.ndarray:
        """Return the 64 bits that begin at each place."""
        return self._words[at]

    def half(self, at: np.ndarray) -> np.ndarray:
        """Return the 32 bits that begin at each place."""
        return self._halves[at].astype(_U)

    def byte(self, at: np.ndarray) -> np.ndarray:
        """Return the byte at each place."""
        return self.bytes[at].astype(_U)


def fingerprint64(texts: list[bytes]) -> np.ndarray:
    """Return FarmHash's Fingerprint64 of each string.

    >>> fingerprint64([b"", b"torch"])
    array([11160318154034397263,  6068122607672459334], dtype=uint64)
    """
    data = _Texts(texts)
    out = np.full(len(texts), _K2, _U)
    n = data.lengths
    for low, high, function in (
        (1, 3, _to_3), (4, 7, _to_7), (8, 16, _to_16), (17, 32, _to_32), (33, 64, _to_64),
        (65, None, _longer),
    ):  # fmt: skip
        chosen = np.flatnonzero((n >= low) & (n <= high) if high else n >= low)
        if chosen.size:
            out[chosen] = function(data, data.starts[chosen], n[chosen])
    return out


def _rotate(x: np.ndarray, by: int) -> np.ndarray:
    return (x >> _U(by)) | (x << _U(64 - by))


def _shift_mix(x: np.ndarray) -> np.ndarray:
    return x ^ (x >> _U(47))


def _mix(u: np.ndarray, v: np.ndarray, factor: np.ndarray) -> np.ndarray:
    a = _shift_mix((u ^ v) * factor)
    return _shift_mix((v ^ a) * factor) * factor


def _to_3(data: _Texts, at: np.ndarray, n: np.ndarray) -> np.ndarray:
    y = data.byte(at) + (data.byte(at + (n >> 1)) << _U(8))
    z = n.astype(_U) + (data.byte(at + n - 1) << _U(2))
    return _shift_mix(y * _K2 ^ z * _K0) * _K2


def _to_7(data: _Texts, at: np.ndarray, n: np.ndarray) -> np.ndarray:
    size = n.astype(_U)
    return _mix(size + (data.half(at) << _U(3)), data.half(at + n - 4), _K2 + size * _U(2))


def _to_16(data: _Texts, at: np.ndarray, n: np.ndarray) -> np.ndarray:
    factor = _K2 + n.astype(_U) * _U(2)
    a, b = data.word(at) + _K2, data.word(at + n - 8)
    return _mix(_rotate(b, 37) * factor + a, (_rotate(a, 25) + b) * factor, factor)


def _to_32(data: _Texts, at: np.ndarray, n: np.ndarray) -> np.ndarray:
    factor = _K2 + n.astype(_U) * _U(2)
    a, b = data.word(at) * _K1, data.word(at + 8)
    c, d = data.word(at + n - 8) * factor, data.word(at + n - 16) * _K2
    u = _rotate(a + b, 43) + _rotate(c, 30) + d
    return _mix(u, a + _rotate(b + _K2, 18) + c, factor)


def _to_64(data: _Texts, at: np.ndarray, n: np.ndarray) -> np.ndarray:
    factor = _K2 + n.astype(_U) * _U(2)
    a, b = data.word(at) * _K2, data.word(at + 8)
    c, d = data.word(at + n - 8) * factor, data.word(at + n - 16) * _K2
    y = _rotate(a + b, 43) + _rotate(c, 30) + d
    z = _mix(y, a + _rotate(b + _K2, 18) + c, factor)
    e, f = data.word(at + 16) * factor, data.word(at + 24)
    g, h = (y + data.word(at + n - 32)) * factor, (z + data.word(at + n - 24)) * factor
    return _mix(_rotate(e + f, 43) + _rotate(g, 30) + h, e + _rotate(f + a, 18) + g, factor)


def _weak(
    data: _Texts, at: np.ndarray, a: np.ndarray, b: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    w, x, y, z = (data.word(at + 8 * i) for i in range(4))
    a = a + w
    b = _rotate(b + a + z, 21)
    c = a
    a = a + x + y
    return a + z, b + _rotate(a, 44) + c


def _longer(data: _Texts, at: np.ndarray, n: np.ndarray) -> np.ndarray:
    rounds = (n - 1) // 64
    out = np.empty(len(n), _U)
    for count in np.unique(rounds):  # strings of as many blocks go through together
        chosen = np.flatnonzero(rounds == count)
        out[chosen] = _blocks(data, at[chosen], n[chosen], int(count))
    return out


def _blocks(data: _Texts, at: np.ndarray, n: np.ndarray, rounds: int) -> np.ndarray:
    one = np.ones(len(n), _U)
    y = one * _U((81 * int(_K1) + 113) % 2**64)
    x = one * _U(81 * int(_K2) % 2**64) + data.word(at)
    z = _shift_mix(y * _K2 + _U(113)) * _K2
    v = w = (one * _U(0), one * _U(0))
    last = at + rounds * 64 + ((n - 1) & 63) - 63

    def step(at, x, y, z, v, w, factor, nine):  # type: ignore[no-untyped-def]
        x = _rotate(x + y + v[0] + data.word(at + 8), 37) * factor
        y = _rotate(y + v[1] + data.word(at + 48), 42) * factor
        x = x ^ w[1] * nine
        y = y + v[0] * nine + data.word(at + 40)
        z = _rotate(z + w[0], 33) * factor
        v = _weak(data, at, v[1] * factor, x + w[0])
        w = _weak(data, at + 32, z + w[1], y + data.word(at + 16))
        return z, y, x, v, w

    for _ in range(rounds):
        x, y, z, v, w = step(at, x, y, z, v, w, _K1, _U(1))
        at = at + 64
    factor = _K1 + ((z & _U(0xFF)) << _U(1))
    first = w[0] + ((n - 1) & 63).astype(_U)
    v = (v[0] + first, v[1])
    w = (first + v[0], w[1])
    x, y, z, v, w = step(last, x, y, z, v, w, factor, _U(9))
    left = _mix(v[0], w[0], factor) + _shift_mix(y) * _K0 + z
    return _mix(left, _mix(v[1], w[1], factor) + x, factor)


def siphash24(texts: list[bytes], key: tuple[int, int]) -> np.ndarray:
    """Return SipHash-2-4 of each string under a key of two 64-bit numbers.

    >>> siphash24([b"torch"], (1, 2))
    array([11488461205025817839], dtype=uint64)
    """
    data = _Texts(texts)
    out = np.empty(len(texts), _U)
    words = data.lengths // 8
    for count in np.unique(words):
        chosen = np.flatnonzero(words == count)
        out[chosen] = _sip(data, data.starts[chosen], data.lengths[chosen], int(count), key)
    return out


def _sip(
    data: _Texts, at: np.ndarray, n: np.ndarray, words: int, key: tuple[int, int]
) -> np.ndarray:
    one = np.ones(len(n), _U)
    constants = (0x736F6D6570736575, 0x646F72616E646F6D, 0x6C7967656E657261, 0x7465646279746573)
    v = [one * (_U(c) ^ _U(key[i % 2] % 2**64)) for i, c in enumerate(constants)]
    for i in range(words):
        v = _absorb(v, data.word(at + 8 * i))
    end = at + 8 * words
    rest = data.word(end)
    kept = (_U(1) << (_U(8) * (n & 7).astype(_U))) - _U(1)
    v = _absorb(v, (rest & kept) | (n.astype(_U) << _U(56)))
    v[2] = v[2] ^ _U(0xFF)
    for _ in range(4):
        v = _round(v)
    return v[0] ^ v[1] ^ v[2] ^ v[3]


def _absorb(v: list[np.ndarray], m: np.ndarray) -> list[np.ndarray]:
    v = _round(_round([v[0], v[1], v[2], v[3] ^ m]))
    return [v[0] ^ m, v[1], v[2], v[3]]


def _round(v: list[np.ndarray]) -> list[np.ndarray]:
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


def concatenated(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Return TensorFlow's FingerprintCat64: the fingerprint of two fingerprints in a row."""
    out = first ^ _MURMUR
    out = (out ^ _shift_mix(second * _MURMUR) * _MURMUR) * _MURMUR
    return _shift_mix(_shift_mix(out) * _MURMUR)


def bins(texts: list[bytes], count: int, salt: tuple[int, int] | None) -> np.ndarray:
    """Return a bin below `count` for each string: FarmHash's, or with a salt SipHash's."""
    hashed = fingerprint64(texts) if salt is None else siphash24(texts, salt)
    return (hashed % _U(count)).astype(np.int64)
