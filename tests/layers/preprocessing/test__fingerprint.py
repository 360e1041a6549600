"""FarmHash and SipHash against TensorFlow's recorded ones, and SipHash's published test vector."""

import numpy as np
import text_golden

from torchkeras.layers.preprocessing import _fingerprint

HASHES = text_golden.RECORD["hashes"]
TEXTS = [bytes.fromhex(t) for t in HASHES["texts"]]


def test_bins_of_all_lengths():
    assert _fingerprint.bins(TEXTS, HASHES["bins"], None).tolist() == HASHES["farm"]
    assert _fingerprint.bins(TEXTS, HASHES["bins"], HASHES["key"]).tolist() == HASHES["sip"]


def test_one_at_a_time_gives_the_same():
    for text, bin_ in zip(TEXTS, HASHES["farm"], strict=True):
        assert _fingerprint.bins([text], HASHES["bins"], None).tolist() == [bin_]


def test_vector_of_the_siphash_paper():
    """Appendix A: the bytes 0 to 14 under the key 0 to 15."""
    key = tuple(int.from_bytes(bytes(range(i, i + 8)), "little") for i in (0, 8))
    found = _fingerprint.siphash24([bytes(range(15))], key)
    assert found.tolist() == [0xA129CA6149BE45E5]


def test_nothing_to_hash():
    assert _fingerprint.bins([], 5, None).tolist() == []
    assert _fingerprint.bins([], 5, (1, 2)).tolist() == []
    assert _fingerprint.concatenated(np.empty(0, np.uint64), np.empty(0, np.uint64)).size == 0
