"""Every layer × argument combinations × random shapes against real Keras: outputs and gradients."""

import keras
import pytest
from layer_cases import ROWS, cases, class_of

import oracle
import torchkeras
from oracle import check_layer, compared

pytestmark = pytest.mark.sweep


def refusal(lib, name, case):
    """The error that a library meets with, if any."""
    try:
        oracle.clear_names()
        layer = getattr(lib.layers, class_of(name))(**case.arguments(lib))
        oracle._run(layer, case.inputs, case.call_kwargs or {}, case.mask, case.training, False)
    except Exception as e:
        return e
    return None


@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize("name", ROWS)
def test_sweep(name, seed, record_property):
    row = ROWS[name]
    worst, count, refused = 0.0, 0, 0
    for case in cases(name, seed=seed):
        theirs = refusal(keras, name, case)
        if theirs is not None:  # where Keras crashes instead of refusing, there is no answer
            ours = refusal(torchkeras, name, case)
            assert ours or row.lenient or not isinstance(theirs, (ValueError, TypeError)), (
                f"{name}({case.args}): Keras refuses with {theirs!r}, ours: {ours!r}"
            )
            refused += 1
            continue
        with compared() as seen:
            try:
                check_layer(
                    class_of(name),
                    case.arguments,
                    case.inputs,
                    training=case.training,
                    mask=case.mask,
                    call_kwargs=case.call_kwargs,
                    grads=row.grads,
                    rtol=row.rtol,
                    atol=max(row.rtol / 10, row.noise),
                    values=not (row.random and case.training),
                    symbolic=row.symbolic,
                    shapes=row.shapes,
                    config=row.config,
                    ignore_config=row.ignore_config,
                )
            except Exception as e:
                e.add_note(f"{name}({case.args}), training={case.training}, mask={case.mask}")
                raise
        worst = max(worst, seen.worst)
        count += 1
    assert count >= 8, f"{name}: only {count} combinations were compared, {refused} refused"
    record_property(
        "compared", {"subject": "layers", "name": class_of(name), "cases": count, "worst": worst}
    )
