import copy
import operator
import pickle

import keras as reference
import numpy as np
import pytest
import torch

import torchkeras as keras
from torchkeras import Variable


def test_is_a_parameter_with_a_keras_name():
    with keras.name_scope("outer"), keras.name_scope("inner"):
        v = Variable([[1.0, 2.0]], name="w")
    assert isinstance(v, torch.nn.Parameter)
    assert (v.name, v.path) == ("w", "outer/inner/w")
    assert v.trainable
    assert v.requires_grad
    assert type(v * 2) is torch.Tensor
    (v * 3).sum().backward()
    assert v.grad.tolist() == [[3.0, 3.0]]


def test_assignments_are_in_place_and_checked():
    v = Variable(np.zeros(2, "float32"))
    pointer = v.data_ptr()
    v.assign([1.0, 2.0])
    v.assign_add([1.0, 1.0])
    v.assign_sub(0.5)
    assert v.numpy().tolist() == [1.5, 2.5]
    assert v.data_ptr() == pointer
    with pytest.raises(ValueError, match=r"shape must be \(2,\)"):
        v.assign([1.0, 2.0, 3.0])
    assert v.numpy().tolist() == [1.5, 2.5]


def test_owns_its_memory():
    array = np.ones(3, "float32")
    v = Variable(array)
    array[:] = 7
    assert v.numpy().tolist() == [1.0, 1.0, 1.0]


@pytest.mark.parametrize("how", ["deepcopy", "pickle"])
def test_copies_keep_all_and_share_nothing(how):
    start = keras.initializers.GlorotUniform()
    v = Variable(start, shape=(2, 3, 4), order=(2, 0, 1), name="k")
    v.regularizer = keras.regularizers.L2(0.1)
    other = copy.deepcopy(v) if how == "deepcopy" else pickle.loads(pickle.dumps(v))
    assert type(other) is Variable
    assert (other.name, other.path, other.trainable) == ("k", v.path, True)
    assert other.regularizer.l2 == pytest.approx(0.1)
    torch.testing.assert_close(other.data, v.data)
    assert other.data_ptr() != v.data_ptr()
    if how == "deepcopy":
        assert other.stride() == v.stride()


def test_memory_order():
    kernel = Variable(lambda s, dtype: torch.rand(s), shape=(3, 3, 4, 8), order=(3, 0, 1, 2))
    assert tuple(kernel.shape) == (3, 3, 4, 8)
    assert kernel.permute(3, 2, 0, 1).is_contiguous(memory_format=torch.channels_last)


def test_trainable_is_requires_grad_for_floats_only():
    v = Variable([1.0])
    v.trainable = False
    assert not v.requires_grad
    v.requires_grad_(True)  # as torch users do it
    assert v.trainable
    v.requires_grad = False
    assert not v.trainable and not copy.deepcopy(v).trainable
    counter = Variable(0, dtype="int32")
    assert counter.trainable
    assert not counter.requires_grad


@pytest.mark.parametrize("name", ["a/b", 3])
def test_bad_name(name):
    with pytest.raises(ValueError, match="without '/'"):
        Variable([1.0], name=name)


def test_a_callable_needs_a_shape():
    with pytest.raises(ValueError, match="needs a shape"):
        Variable(keras.initializers.Zeros())


def test_survives_state_dict_and_weights_only(tmp_path):
    layer = keras.layers.Dense(2)
    layer.build((None, 3))
    torch.save(layer.state_dict(), tmp_path / "w.pt")
    other = keras.layers.Dense(2)
    other.build((None, 3))
    other.load_state_dict(torch.load(tmp_path / "w.pt", weights_only=True))
    torch.testing.assert_close(other.kernel.data, layer.kernel.data)
    assert type(other.kernel) is Variable


def test_a_layout_is_kept_and_changes_nothing():
    for lib in (keras, reference):
        v = lib.Variable([1.0, 2.0], layout=("model", None))
        assert v._layout == copy.deepcopy(v)._layout == ("model", None)
        v.assign_add([1.0, 1.0])
        assert v._layout == ("model", None)
        assert lib.ops.convert_to_numpy(v).tolist() == [2, 3]
        assert lib.Variable([1.0])._layout is None


def test_arrays_of_a_variable_are_snapshots():
    for lib in (keras, reference):
        v = lib.Variable([1.0, 2.0])
        arrays = [v.numpy(), np.array(v), np.asarray(v), lib.ops.convert_to_numpy(v)]
        v.assign([5.0, 6.0])
        assert [a.tolist() for a in arrays] == [[1, 2]] * 4
        x = lib.ops.ones(2)
        lib.ops.convert_to_numpy(x)[:] = 7
        assert x.tolist() == [1, 1]
    shared = np.array(keras.Variable([1.0]), copy=False)
    assert shared.tolist() == [1]


def test_numpy_functions_take_variables():
    rng = np.random.default_rng(0)
    value = rng.normal(size=(2, 2)).astype("float32")
    row = np.array([1.0, 2.0])
    for lib in (keras, reference):
        v = lib.Variable(value)
        for f in (np.min, np.mean, np.std, np.argmax, np.abs, np.exp, np.transpose, np.size):
            np.testing.assert_array_equal(f(v), f(value))
            assert not isinstance(f(v), torch.Tensor)
        assert type(row * v) is type(row @ v) is type(np.concatenate([v, v])) is np.ndarray
        np.testing.assert_array_equal(row @ v, row @ value)
        for f in (operator.add, operator.sub, operator.mul, operator.truediv, operator.matmul):
            result = f(v, row)
            assert isinstance(result, torch.Tensor)
            assert result.requires_grad
            np.testing.assert_allclose(result.detach(), f(value, row), rtol=1e-6)
        assert (v < row).tolist() == (value < row).tolist()


@pytest.mark.parametrize("lib", [keras, reference])
def test_names_of_initializers(lib):
    v = lib.Variable("ones", (2,), name="v")
    assert v.numpy().tolist() == [1, 1]
    v.assign([1.4, 0.6])
    assert round(v).tolist() == [1, 1]
    with pytest.raises(ValueError, match="shape"):
        lib.Variable("ones")
    with pytest.raises(ValueError, match="none of these"):
        lib.Variable("none of these", (2,))


@pytest.mark.parametrize("lib", [keras, reference])
def test_what_a_variable_is_given_is_checked(lib):
    v = lib.Variable([1.0])
    assert v.constraint is v.regularizer is None
    for name, error in [
        ("constraint", ValueError),
        ("regularizer", ValueError),
        ("overwrite_with_gradient", TypeError),
    ]:
        with pytest.raises(error, match=name):
            setattr(v, name, "true")
    v.constraint = v.regularizer = abs
    v.overwrite_with_gradient = True
    v.constraint = None
    assert (v.constraint, v.regularizer, v.overwrite_with_gradient) == (None, abs, True)


@pytest.mark.parametrize("lib", [keras, reference])
def test_sizes_must_be_known(lib):
    with pytest.raises(ValueError):  # noqa: PT011
        lib.Variable("zeros", shape=(None, 2))
    with pytest.raises(ValueError):  # noqa: PT011
        lib.layers.PReLU()(lib.Input((None, 4)))
