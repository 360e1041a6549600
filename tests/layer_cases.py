"""Every layer of Keras with its arguments: the table behind the contract test and the sweep.

A row of `ROWS` (named by the class, or class/variant; see `layer_rows`) says what a layer is called
on and which values its arguments take; `cases(name)` draws argument combinations from it so that
every value comes up, and random shapes. A value may be illegal beside another one: then both
libraries have to refuse.
"""

import dataclasses
from collections.abc import Iterator
from typing import Any

import numpy as np
from layer_rows import convolution, core, preprocessing, recurrent
from layer_rows.values import OMIT, Of, Row, sizes

CASES = 16  # combinations a layer
ROWS: dict[str, Row] = core.ROWS | convolution.ROWS | recurrent.ROWS | preprocessing.ROWS


@dataclasses.dataclass(frozen=True)
class Case:
    """One comparison."""

    args: dict[str, Any]
    inputs: Any
    mask: Any
    training: bool
    call_kwargs: dict[str, Any] | None

    def arguments(self, lib: Any) -> dict[str, Any]:
        """Return the constructor's arguments, made with a library."""
        return {k: v.make(lib) if isinstance(v, Of) else v for k, v in self.args.items()}


def class_of(row: str) -> str:
    """Return the name of the class that a row is about."""
    return row.partition("/")[0]


def cases(name: str, count: int = CASES, seed: int = 0) -> Iterator[Case]:
    """Draw cases of a layer; the first has the first value of every argument."""
    row = ROWS[name]
    rng = np.random.default_rng([seed, *name.encode()])
    longest = max((len(v) for v in row.options.values()), default=1)
    count = max(count, longest) if count > 1 else 1
    columns = {}
    for option, values in row.options.items():
        rounds = [rng.permutation(len(values)) for _ in range(-(-count // len(values)))]
        order = np.concatenate([[0], *rounds])
        columns[option] = [values[i] for i in order[:count]]
    for i in range(count):
        args = {k: v[i] for k, v in columns.items() if v[i] is not OMIT}
        inputs = row.inputs(rng, args) if row.inputs else _array(rng, row, args)
        mask = None
        if row.mask and i % 3 != 1:
            mask = _mask(rng, inputs, row.mask, right_padded=i % 3 == 0)
        call_kwargs = row.call(rng, inputs) if row.call else None
        yield Case(args, inputs, mask, row.training[i % len(row.training)], call_kwargs)


def _array(rng: np.random.Generator, row: Row, args: dict) -> np.ndarray:
    shape = sizes(rng, row.shape)
    if row.channels and args.get("data_format") == "channels_first":
        shape = (shape[0], shape[-1], *shape[1:-1])
    if row.integers:
        return rng.integers(*row.integers, shape).astype("int32")
    return rng.standard_normal(shape).astype("float32")


def _mask(rng: np.random.Generator, x: Any, axes: int, right_padded: bool) -> Any:
    if isinstance(x, (list, tuple)):
        return [_mask(rng, a, axes, right_padded) for a in x]
    if right_padded and axes == 2:
        lengths = rng.integers(1, x.shape[1] + 1, x.shape[0])
        return np.arange(x.shape[1]) < lengths[:, None]
    return rng.random(x.shape[:axes]) < 0.7


# Names of keras.layers with no row, and where they are tested instead.
ELSEWHERE = {
    "StringLookup": "tests/layers/preprocessing, recorded: Keras needs TensorFlow for it",
    "IntegerLookup": "as StringLookup",
    "TextVectorization": "as StringLookup",
    "Hashing": "as StringLookup",
    "HashedCrossing": "as StringLookup",
    "MaxNumBoundingBoxes": "tests/layers/preprocessing/image: it is called on boxes",
    "JaxLayer": "tests/layers/core: Keras has it on JAX only",
    "FlaxLayer": "as JaxLayer",
    "TFSMLayer": "tests/layers/core: Keras has it with TensorFlow only",
    "Layer": "tests/layers/test_layer*.py",
    "InputSpec": "tests/layers/test_input_spec.py",
    "Input": "tests/models",
    "InputLayer": "tests/models",
    "Wrapper": "tests/layers/core/test_wrapper.py (it cannot be called)",
    "TorchModuleWrapper": "tests/layers/core/test_torch_module.py (real Keras pickles the module)",
    "serialize": "a function",
    "deserialize": "a function",
}
MERGES = ("add", "average", "concatenate", "dot", "maximum", "minimum", "multiply", "subtract")
ELSEWHERE |= dict.fromkeys(MERGES, "tests/layers/merging/test_functional.py")
