"""Every elementwise op, predicate, window and maker of arrays, on every dtype: against Keras."""

import warnings

import numpy as np
import pytest
from op_rows.elementwise import BINARY, BITS, MAKERS, PAIRS, SHAPES, SMOOTH
from ops_oracle import array, check_gradients, check_op, check_symbols

from oracle import compared


@pytest.mark.sweep
@pytest.mark.parametrize("name", MAKERS)
def test_sweep(name, record_property):
    count = symbolic = 0
    with compared() as seen, warnings.catch_warnings(action="ignore"):
        for args, kwargs in MAKERS[name](name):
            try:
                count += check_op(name, *args, **kwargs)
                # Of symbols, Keras's bits have the shape of the first.
                one = name.startswith(BITS) and np.shape(args[0]) != np.shape(args[-1])
                if any(isinstance(a, np.ndarray) for a in args) and not one:
                    symbolic += check_symbols(name, *args, **kwargs)
            except Exception as e:
                e.add_note(f"{name}: {args}, {kwargs}")
                raise
        if name in SMOOTH:
            for shapes in PAIRS if name in BINARY else [(s,) for s in SHAPES]:
                x = [array(s, "float32", i) for i, s in enumerate(shapes)]
                count += check_gradients(name, *x)
    assert count >= 8, f"{name}: only {count} cases were compared"
    record_property(
        "compared",
        {"subject": "ops", "name": name, "cases": count + symbolic, "worst": seen.worst},
    )
