"""Which of torch's attention kernels runs: by arguments of layers and op, and the global flag."""

import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode

import torchkeras as keras

X = torch.randn(2, 5, 8, generator=torch.Generator().manual_seed(0))
HEADS = torch.randn(2, 5, 2, 4, generator=torch.Generator().manual_seed(1))


@pytest.fixture
def disabled():
    keras.config.disable_flash_attention()
    yield
    keras.config.enable_flash_attention()


class _Calls(TorchDispatchMode):
    def __init__(self):
        super().__init__()
        self.names = set()

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        self.names.add(func.name())
        return func(*args, **(kwargs or {}))


def is_flash(function, *args):
    """Whether a call runs torch's flash kernel."""
    with torch.no_grad(), _Calls() as calls:
        function(*args)
    return any("flash_attention" in name for name in calls.names)


def attend(flash_attention=None):
    return lambda: keras.ops.dot_product_attention(
        HEADS, HEADS, HEADS, flash_attention=flash_attention
    )


def layers(flash_attention=None):
    """Calls of the layers that take the argument, built already."""
    options = {} if flash_attention is None else {"flash_attention": flash_attention}
    multi = keras.layers.MultiHeadAttention(2, 4, **options)
    grouped = keras.layers.GroupQueryAttention(4, 2, 1, **options)
    calls = [lambda: multi(X, X), lambda: grouped(X, X)]
    for call in calls:
        call()
    return calls


def test_torch_chooses_by_default():
    assert keras.config.is_flash_attention_enabled() is None
    plain = keras.layers.Attention()
    assert all(is_flash(call) for call in [attend(), *layers(), lambda: plain([HEADS, HEADS])])


@pytest.mark.usefixtures("disabled")
def test_the_global_flag_excludes_it():
    plain = keras.layers.Attention()
    assert not any(is_flash(call) for call in [attend(), *layers(), lambda: plain([HEADS, HEADS])])


@pytest.mark.usefixtures("disabled")
def test_an_argument_wins_over_the_flag():
    assert all(is_flash(call) for call in [attend(True), *layers(True)])


def test_an_argument_excludes_it():
    assert not any(is_flash(call) for call in [attend(False), *layers(False)])


def test_the_results_are_the_same():
    layer = keras.layers.MultiHeadAttention(2, 4)
    want, given = layer(X, X), attend()()
    keras.config.disable_flash_attention()
    try:
        torch.testing.assert_close(layer(X, X), want)
        torch.testing.assert_close(attend()(), given)
    finally:
        keras.config.enable_flash_attention()


def test_what_flash_attention_cannot_do_is_refused():
    with pytest.raises(ValueError, match="flash_attention=True needs dropout=0"):
        keras.layers.MultiHeadAttention(2, 4, dropout=0.1, flash_attention=True)
    layer = keras.layers.MultiHeadAttention(2, 4, flash_attention=True)
    with pytest.raises(ValueError, match="flash attention has no scores to return"):
        layer(X, X, return_attention_scores=True)
