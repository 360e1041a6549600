import itertools

import keras as reference
import numpy as np
import pytest
import torch
from op_check import check
from ops_oracle import check_op, check_symbols

import torchkeras as keras
from oracle import rand

LENGTHS = np.array([6, 4, 5], "int32")


@pytest.mark.parametrize("mask_index", [0, 3])
def test_loss(mask_index):
    output = rand(3, 6, 4, low=-2, high=2)
    target = np.array([[1, 2], [2, 2], [1, 0]], "int32")
    for lengths in ([2, 2, 1], [1, 1, 1], [2, 0, 1]):
        args = (target, output, np.array(lengths, "int32"), LENGTHS, mask_index)
        check("ctc_loss", *args)
    check_op("ctc_loss", target, output, np.array([2, 2, 2], "int32"), np.array([1, 6, 6]))


@pytest.mark.parametrize("mask_index", [0, 2, None])
@pytest.mark.parametrize("merge_repeated", [True, False])
@pytest.mark.parametrize("seed", range(3))
def test_greedy(seed, merge_repeated, mask_index):
    x = rand(3, 6, 4, seed=seed, low=-2, high=2)
    options = {"merge_repeated": merge_repeated, "mask_index": mask_index}
    check("ctc_decode", x, LENGTHS, **options, grads=False, symbols=False)
    check_op("ctc_decode", x, np.array([0, 1, 6], "int32"), **options)


@pytest.mark.parametrize("mask_index", [0, 2, None])
@pytest.mark.parametrize("beam_width", [4, 10, 100])
@pytest.mark.parametrize("seed", range(3))
def test_beam_search(seed, beam_width, mask_index):
    x = rand(3, 6, 4, seed=seed, low=-2, high=2)
    for top_paths in (1, 4):
        check(
            "ctc_decode", x, LENGTHS, strategy="beam_search", beam_width=beam_width,
            top_paths=top_paths, mask_index=mask_index, grads=False, symbols=False,
        )  # fmt: skip


def brute_force(log_p: np.ndarray, blank: int) -> list[tuple[list[int], float]]:
    """Sum up the probabilities of all alignments."""
    steps, classes = log_p.shape
    total: dict[tuple[int, ...], float] = {}
    for path in itertools.product(range(classes), repeat=steps):
        merged = [c for i, c in enumerate(path) if i == 0 or path[i - 1] != c]
        labels = tuple(c for c in merged if c != blank)
        p = sum(log_p[t, c] for t, c in enumerate(path))
        total[labels] = np.logaddexp(total.get(labels, -np.inf), p)
    return sorted(((list(k), v) for k, v in total.items()), key=lambda e: -e[1])


@pytest.mark.parametrize("blank", [0, 2])
def test_a_beam_of_everything_is_exact(blank):
    x = torch.tensor(rand(2, 5, 3, seed=5, low=-2, high=2))
    log_p = torch.log_softmax(x, -1).double().numpy()
    labels, scores = keras.ops.ctc_decode(
        x, [5, 5], "beam_search", beam_width=300, top_paths=5, mask_index=blank
    )
    for sample in range(2):
        for path, (want, score) in enumerate(brute_force(log_p[sample], blank)[:5]):
            assert [c for c in labels[path, sample].tolist() if c >= 0] == want
            assert scores[sample, path].item() == pytest.approx(score, abs=1e-5)


def test_symbols():
    x, lengths = rand(3, 6, 4), LENGTHS
    for strategy, paths in (("greedy", 1), ("beam_search", 3)):
        options = {"strategy": strategy, "top_paths": paths}
        assert check_symbols("ctc_decode", x, lengths, **options)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda x: keras.ops.ctc_decode(x, [2], "best"), "strategy must be one of"),
        (lambda x: keras.ops.ctc_decode(x[0], [2]), "batch, steps, classes"),
        (lambda x: keras.ops.ctc_decode(x, [2], "beam_search", 2, 3), "must not be greater"),
        (lambda x: keras.ops.ctc_decode(x, [2], "beam_search", 0), "beam_width must be"),
        (lambda x: keras.ops.ctc_loss([1], x, [1], [2]), "must have the shape"),
    ],
)
def test_bad_arguments(call, message):
    with pytest.raises(ValueError, match=message):
        call(torch.zeros(1, 2, 3))


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_half_precision_is_computed_in_single(dtype):
    x = rand(2, 5, 4)
    for lib in (reference, keras):
        y = lib.ops.cast(x, dtype)
        lengths = np.array([5, 4])
        loss = lib.ops.ctc_loss(np.array([[1, 2], [3, 1]]), y, np.array([2, 2]), lengths)
        assert loss.dtype is torch.float32
        assert lib.ops.ctc_decode(y, lengths)[1].dtype is torch.float32
        assert lib.losses.CTC(dtype=dtype)(np.array([[1, 2], [3, 1]]), y).isfinite()
