import itertools

import keras as reference
import numpy as np
import pytest
import torch

from torchkeras.core import dtypes, policy, tensor

# Keras's result_type never answers with 64 bits (its ops do keep them): ours keeps them.
NAMES = [n for n in dtypes.TORCH_DTYPES if not any(w in n for w in ("float8", "complex", "64"))]


@pytest.mark.parametrize(("a", "b"), list(itertools.combinations_with_replacement(NAMES, 2)))
def test_promotion_is_keras_own(a, b):
    ours, theirs = dtypes.result_type(a, b), reference.backend.result_type(a, b)
    # uint32 with a signed type needs 64 bits, where Keras stops at 32.
    assert theirs == ours.replace("64", "32")


@pytest.mark.parametrize("a", NAMES)
@pytest.mark.parametrize("weak", [int, float])
def test_python_numbers_are_weak(a, weak):
    assert dtypes.result_type(a, weak) == reference.backend.result_type(a, weak)


@pytest.mark.parametrize("value", [1, 1.5, True, [1, 2], [1.0, 2], np.zeros(2), np.float64(2),
                                   np.arange(2), np.zeros(2, "float16"), np.zeros(2, ">f4"),
                                   [[1.0]], np.zeros((2, 0)), np.arange(4)[::-1]])  # fmt: skip
def test_convert_to_tensor_like_keras(value):
    ours, theirs = tensor.convert_to_tensor(value), None
    try:
        theirs = reference.ops.convert_to_tensor(value)
    except (ValueError, TypeError):  # Keras on torch refuses big-endian and reversed arrays
        theirs = reference.ops.convert_to_tensor(
            np.array(value, dtype=np.asarray(value).dtype.newbyteorder("=")).copy()
        )
    assert ours.dtype == theirs.dtype
    np.testing.assert_array_equal(ours.numpy(), theirs.numpy())


@pytest.mark.parametrize("value", [None, "text", ["a"], np.array([None, 1]), [[1], [1, 2]]])
def test_what_holds_no_numbers_is_refused(value):
    with pytest.raises(ValueError, match="convert_to_tensor"):
        tensor.convert_to_tensor(value)


def test_read_only_arrays_are_copied_without_a_warning():
    array = np.ones(3)
    array.flags.writeable = False
    out = tensor.convert_to_tensor(array)
    out += 1
    assert array.tolist() == [1.0, 1.0, 1.0]


@pytest.mark.parametrize("name", ["float32", "bfloat16", "mixed_float16", "mixed_bfloat16"])
def test_policies(name):
    ours, theirs = policy.DTypePolicy(name), reference.DTypePolicy(name)
    assert ours.compute_dtype == theirs.compute_dtype
    assert ours.variable_dtype == theirs.variable_dtype
    assert ours.get_config() == theirs.get_config()


@pytest.mark.parametrize("name", ["mixed_int8", "float31", "mixed_float64"])
def test_unknown_policy(name):
    with pytest.raises(ValueError, match="DTypePolicy: name"):
        policy.DTypePolicy(name)


def test_bfloat16_travels_through_numpy():
    x = torch.tensor([1.5, -2.0], dtype=torch.bfloat16)
    array = tensor.convert_to_numpy(x)
    assert array.dtype.name == "bfloat16"
    assert torch.equal(tensor.convert_to_tensor(array), x)
