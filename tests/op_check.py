"""One call of an op held to real Keras in every way: values, symbols, gradients."""

from typing import Any

from ops_oracle import check_gradients, check_op, check_symbols


def check(name: str, *args: Any, grads: bool = True, symbols: bool = True, **kwargs: Any) -> None:
    """Compare values, dtypes, known and unknown shapes and gradients; Keras must not refuse."""
    assert check_op(name, *args, **kwargs), f"{name}: real Keras does not take this"
    if symbols:
        assert check_symbols(name, *args, **kwargs), f"{name}: no symbols in real Keras"
    if grads:
        assert check_gradients(name, *args, **kwargs), f"{name}: no gradients in real Keras"
