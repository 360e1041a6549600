import keras as reference
import numpy as np
import pytest
import torch

import torchkeras as keras

vectorize = keras.ops.vectorize


def rand(*shape):
    return torch.rand(shape, generator=torch.Generator().manual_seed(sum(shape)))


CASES = [
    (lambda a, b: a + b, {}, (rand(3), rand(3))),
    (lambda a, b: a + b, {}, (rand(3), 1.0)),
    (lambda a, b: a * b, {}, (rand(2, 1), rand(3))),
    (lambda a, b, c: a * b - c, {}, (rand(2, 1, 4), rand(3, 1), rand(1))),
    (lambda a: (a, a + 1), {}, (rand(2, 3),)),
    (lambda m, v: m @ v, {"signature": "(n,m),(m)->(n)"}, (rand(4, 2, 3), rand(3))),
    (lambda m, v: m @ v, {"signature": "(n,m),(m)->(n)"}, (rand(4, 1, 2, 3), rand(5, 3))),
    (torch.outer, {"signature": "(n),(m)->(n,m)"}, (rand(5, 2), rand(5, 3))),
    (lambda v: v.sum(), {"signature": "(n)->()"}, (rand(2, 3, 4),)),
    (lambda v: (v.max(), v + 1), {"signature": "(n)->(),(n)"}, (rand(2, 4),)),
]


@pytest.mark.parametrize("case", range(len(CASES)))
def test_against_keras(case):
    function, options, args = CASES[case]
    got, want = (lib.ops.vectorize(function, **options)(*args) for lib in (keras, reference))
    torch.testing.assert_close(got, want)


def test_named_arguments_as_in_numpy():
    def function(a, b=0.0, scale=1.0):
        return (a + b) * scale

    a = np.array([1.0, 2.0], "float32")
    want = np.vectorize(function, excluded={"scale"})(a, b=a, scale=3.0)
    np.testing.assert_allclose(vectorize(function, excluded={"scale"})(a, b=a, scale=3.0), want)


def test_excluded_arguments_are_passed_on():
    got = vectorize(lambda a, b: a + sum(b), excluded={1})(rand(3), [1.0, 2.0, 3.0, 4.0])
    torch.testing.assert_close(got, rand(3) + 10)


def test_gradient_and_model():
    x = rand(3).requires_grad_()
    vectorize(torch.sin)(x).sum().backward()
    torch.testing.assert_close(x.grad, torch.cos(x.detach()))
    a, b = keras.Input((3,)), keras.Input((1,))
    y = vectorize(lambda p, q: torch.where(p > q, p, q))(a, b)
    assert y.shape == (None, 3)
    data = [rand(2, 3), rand(2, 1)]
    torch.testing.assert_close(keras.Model([a, b], y)(data), torch.maximum(*data))


def test_wrong_arguments():
    with pytest.raises(ValueError, match="vectorize: pyfunc must be a function"):
        vectorize(5)
    with pytest.raises(ValueError, match="vectorize: excluded must be a set"):
        vectorize(abs, excluded=1)
    for signature in ("bad", "(n)", "n->n", "(n)->(n", "(n,)->()"):
        with pytest.raises(ValueError, match="vectorize: signature must be of the form"):
            vectorize(abs, signature=signature)
    with pytest.raises(ValueError, match="must have an entry for each argument"):
        vectorize(abs, signature="(n),(n)->()")(rand(3))
    with pytest.raises(ValueError, match="'n' of the signature must have one size"):
        vectorize(torch.add, signature="(n),(n)->(n)")(rand(5, 2), rand(5, 3))
    with pytest.raises(ValueError, match="'m' of the signature must have one size"):
        vectorize(torch.outer, signature="(n),(m)->(m,n)")(rand(2), rand(3))
    with pytest.raises(ValueError, match="are more than those of the tensor"):
        vectorize(torch.sum, signature="(n)->()")(1.0)
