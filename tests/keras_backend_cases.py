"""Calls of `keras.backend` functions: recorded with tf_keras, held to by torchkeras.

`results(K)` runs them all on one backend module; `golden/make_keras_backend.py` records them.
"""

import itertools

import numpy as np


def array(*shape, seed=0, low=-1.0, high=1.0):
    """Numbers without a random generator: the same in every version of NumPy."""
    n = int(np.prod(shape))
    values = np.modf((np.arange(n) + 1 + 7.3 * seed) * 0.61803398875)[0]
    return (low + (high - low) * values).reshape(shape).astype("float32")


X = array(3, 4)
Y = array(3, 4, seed=1)
IMAGES = array(2, 5, 6, 3, seed=2)
FIRST = np.moveaxis(IMAGES, -1, 1).copy()
SEQUENCES = array(2, 7, 3, seed=3)
VOLUMES = array(1, 4, 5, 4, 2, seed=4)
PROBABILITIES = array(4, 5, seed=5, low=0.05, high=1.0)
PROBABILITIES /= PROBABILITIES.sum(-1, keepdims=True)
HOT = np.eye(5, dtype="float32")[[0, 3, 2, 4]]


def unary(K):
    for name in ("abs", "cos", "elu", "exp", "hard_sigmoid", "identity", "l2_normalize", "relu",
                 "round", "sigmoid", "sign", "sin", "softmax", "softplus", "softsign", "square",
                 "stop_gradient", "tanh", "transpose", "batch_flatten", "flatten", "zeros_like",
                 "ones_like", "cast_to_floatx"):  # fmt: skip
        if hasattr(K, name):
            yield name, (), lambda f: f(K.constant(X * 3))
    yield "log", (), lambda f: f(K.constant(abs(X)))
    yield "sqrt", (), lambda f: f(K.constant(abs(X)))
    yield "sqrt", ("negative",), lambda f: f(K.constant(X))
    for axis in (0, 1, -1, None):
        yield "l2_normalize", (axis,), lambda f, a=axis: f(K.constant(X), axis=a)
    for axis in (0, -1):
        yield "softmax", (axis,), lambda f, a=axis: f(K.constant(X), axis=a)
    for kw in ({"alpha": 0.2}, {"max_value": 1.0}, {"threshold": 0.5},
               {"alpha": 0.1, "max_value": 1.5, "threshold": 0.3}, {"alpha": 0.1, "threshold": 1.0},
               {"max_value": 2.0, "threshold": 0.5}):  # fmt: skip
        yield "relu", tuple(kw.items()), lambda f, kw=kw: f(K.constant(X * 3), **kw)
    yield "elu", (0.5,), lambda f: f(K.constant(X), 0.5)
    for name in ("round",):
        yield name, ("ties",), lambda f: f(K.constant([0.5, 1.5, -0.5, 2.5]))


def reductions(K):
    for name in ("max", "mean", "min", "prod", "std", "sum", "var", "logsumexp"):
        if not hasattr(K, name):
            continue
        for axis, keep in itertools.product((None, 0, -1, [0, 1]), (False, True)):
            yield (
                name,
                (str(axis), keep),
                lambda f, a=axis, k=keep: f(K.constant(X), axis=a, keepdims=k),
            )
    for name in ("all", "any"):
        for axis, keep in itertools.product((None, 0, -1), (False, True)):
            yield (
                name,
                (axis, keep),
                lambda f, a=axis, k=keep: f(K.constant(X > 0.2, dtype="bool"), axis=a, keepdims=k),
            )
        yield name, ("floats",), lambda f: f(K.constant([[0.0, 1.0], [2.0, 3.0]]), axis=-1)
    yield "mean", ("bool",), lambda f: f(K.constant(X > 0, dtype="bool"))
    yield "mean", ("int",), lambda f: f(K.constant([1, 2], dtype="float32"))
    for name in ("argmax", "argmin"):
        yield name, (), lambda f: f(K.constant(X))
        yield name, (0,), lambda f: f(K.constant(X), axis=0)
    for name in ("cumsum", "cumprod"):
        yield name, (), lambda f: f(K.constant(X))
        yield name, (1,), lambda f: f(K.constant(X), axis=1)


def pairs(K):
    for name in ("equal", "greater", "greater_equal", "less", "less_equal", "maximum", "minimum",
                 "not_equal"):  # fmt: skip
        yield name, (), lambda f: f(K.constant(np.round(X)), K.constant(np.round(Y)))
    yield "pow", (2,), lambda f: f(K.constant(X), 2)
    yield "pow", (0.5,), lambda f: f(K.constant(abs(X)), 0.5)
    for low, high in ((-0.5, 0.5), (0.0, 0.0), (0.5, 0.2), (None, 0.3), (0.1, None)):
        if low is None or high is None:
            continue
        yield "clip", (low, high), lambda f, a=low, b=high: f(K.constant(X), a, b)
    yield "update", (), lambda f: f(K.variable(X), Y)
    yield "update_add", (), lambda f: f(K.variable(X), Y)
    yield "update_sub", (), lambda f: f(K.variable(X), Y)
    yield "moving_average_update", (), lambda f: f(K.variable(X), K.constant(Y), 0.9)
    for shape_x, shape_y in (((3, 4), (4, 2)), ((2, 3, 4), (4, 5)), ((2, 3, 4), (2, 4, 3)),
                             ((2, 3, 4), (5, 4, 2))):  # fmt: skip
        yield (
            "dot",
            (shape_x, shape_y),
            lambda f, a=shape_x, b=shape_y: f(K.constant(array(*a)), K.constant(array(*b, seed=1))),
        )
    for shape_x, shape_y, axes in (
        ((3, 4), (3, 4), 1), ((3, 4), (3, 4), None), ((2, 3, 4), (2, 4, 5), None),
        ((2, 3, 4), (2, 4, 5), (2, 1)), ((2, 3, 4), (2, 5, 4), (2, 2)), ((2, 3, 4), (2, 3), (1, 1)),
        ((2, 3), (2, 3, 4), (1, 1)), ((2, 3), (2, 3, 4), None), ((2, 3, 4, 5), (2, 5, 4), (3, 1)),
        ((2, 3, 4, 5), (2, 6, 5), (3, 2)), ((2, 3, 4), (2, 3, 5), 1), ((2, 3, 4), (2, 4), None),
        ((2, 3, 4, 5), (2, 5, 6, 3), (1, 3)), ((2, 3, 4, 5), (2, 3, 5, 6), None),
        ((2, 3, 4), (2, 4, 5), [-1, -2]),
    ):  # fmt: skip
        yield (
            "batch_dot",
            (shape_x, shape_y, str(axes)),
            (
                lambda f, a=shape_x, b=shape_y, c=axes: f(
                    K.constant(array(*a)), K.constant(array(*b, seed=1)), axes=c
                )
            ),
        )


def shapes(K):
    c = K.constant
    yield "arange", (5,), lambda f: f(5)
    yield "arange", (2, 9, 3), lambda f: f(2, 9, 3)
    yield "arange", ("down",), lambda f: f(5, 0, -2)
    yield "arange", ("float",), lambda f: f(0.0, 1.0, 0.25, dtype="float32")
    yield "concatenate", (), lambda f: f([c(X), c(Y)])
    yield "concatenate", (0,), lambda f: f([c(X), c(Y)], axis=0)
    yield "constant", ("shape",), lambda f: f(2, shape=(2, 3))
    yield "constant", ("dtype",), lambda f: f([1, 2], dtype="int32")
    yield "constant", ("reshape",), lambda f: f([1, 2, 3, 4], shape=(2, 2))
    yield "count_params", (), lambda f: f(K.zeros((2, 3)))
    yield "dtype", (), lambda f: f(K.ones((2,), dtype="float64"))
    yield "eye", (), lambda f: f(3)
    yield "expand_dims", (), lambda f: f(c(X))
    yield "expand_dims", (1,), lambda f: f(c(X), 1)
    yield "gather", (), lambda f: f(c(X), c([[2, 0]], dtype="int32"))
    yield "get_value", (), lambda f: f(K.variable(X))
    yield "batch_get_value", (), lambda f: f([K.variable(X), K.variable(Y)])
    yield "int_shape", (), lambda f: f(c(X))
    yield "ndim", (), lambda f: f(c(X))
    yield "shape", (), lambda f: f(c(X))
    yield "one_hot", (), lambda f: f(c([0, 2, 1], dtype="int32"), 4)
    yield "one_hot", ("matrix",), lambda f: f(c([[0, 2], [1, 3]], dtype="int32"), 3)
    yield "ones", (), lambda f: f((2, 3))
    yield "zeros", (), lambda f: f((2, 3), dtype="int32")
    yield "permute_dimensions", (), lambda f: f(c(IMAGES[:1, :2, :2]), (0, 3, 1, 2))
    yield "repeat", (), lambda f: f(c(X), 2)
    yield "repeat_elements", (0,), lambda f: f(c(X), 2, 0)
    yield "repeat_elements", (-1,), lambda f: f(c(X), 2, 1)
    yield "reshape", (), lambda f: f(c(X), (2, -1))
    yield "reverse", (0,), lambda f: f(c(X), 0)
    yield "reverse", ("both",), lambda f: f(c(X), [0, 1])
    yield "squeeze", (), lambda f: f(c(X[:, None]), 1)
    yield "stack", (), lambda f: f([c(X), c(Y)])
    yield "stack", (-1,), lambda f: f([c(X), c(Y)], axis=-1)
    yield "tile", (2,), lambda f: f(c(X), (1, 2))
    yield "tile", ("scalar",), lambda f: f(c([1.0, 2.0]), 2)
    yield "cast", ("int",), lambda f: f(c(X * 5), "int32")
    yield "cast", ("bool",), lambda f: f(c([0.0, 2.0]), "bool")
    yield "temporal_padding", (), lambda f: f(c(SEQUENCES[:1, :2]))
    yield "temporal_padding", ((0, 2),), lambda f: f(c(SEQUENCES[:1, :2]), (0, 2))
    yield "spatial_2d_padding", (), lambda f: f(c(IMAGES[:1, :2, :2]))
    yield (
        "spatial_2d_padding",
        ("first",),
        lambda f: f(c(IMAGES[:1, :2, :2]), ((0, 1), (2, 0)), data_format="channels_first"),
    )
    yield "spatial_3d_padding", (), lambda f: f(c(VOLUMES[:, :1, :1, :1]), ((1, 0), (0, 1), (0, 0)))
    yield "is_sparse", (), lambda f: f(c(X))
    yield "is_keras_tensor", (), lambda f: f(K.placeholder((None, 2)))
    yield "int_shape", ("placeholder",), lambda f: f(K.placeholder((None, 2)))
    yield "image_data_format", (), lambda f: f()
    yield "floatx", (), lambda f: f()
    yield "epsilon", (), lambda f: f()
    yield "bias_add", (), lambda f: f(c(X), c([1.0, 2.0, 3.0, 4.0]))
    yield (
        "bias_add",
        ("images first",),
        lambda f: f(c(FIRST[:, :, :2, :2]), c([1.0, 2.0, 3.0]), data_format="channels_first"),
    )
    yield "bias_add", ("full",), lambda f: f(c(SEQUENCES), c(array(7, 3, seed=8)))
    yield "switch", (True,), lambda f: f(c(True, dtype="bool"), c(X), c(Y))
    yield "switch", ("lambda",), lambda f: f(c(1 > 2, dtype="bool"), lambda: c(X), lambda: c(Y))
    yield "switch", ("elements",), lambda f: f(c(X > 0, dtype="bool"), c(X), c(Y))
    yield "map_fn", (), lambda f: f(lambda x: x * 2.0, c(X))
    yield "foldl", (), lambda f: f(lambda a, x: a * 2.0 + x, c(X))
    yield "foldr", (), lambda f: f(lambda a, x: a * 2.0 + x, c(X), initializer=c(Y[0]))
    yield "in_train_phase", (1,), lambda f: f(c(X), c(Y), training=1)
    yield "in_test_phase", (1,), lambda f: f(c(X), lambda: c(Y), training=1)
    yield "dropout", (0.0,), lambda f: f(c(X), 0.0)


def spatial(K):
    c = K.constant
    k1, k2 = array(3, 3, 4, seed=6), array(3, 2, 3, 4, seed=6)
    k3 = array(2, 2, 2, 2, 3, seed=6)
    for kw in ({}, {"strides": 2}, {"padding": "same"}, {"padding": "causal"},
               {"padding": "causal", "dilation_rate": 2}):  # fmt: skip
        yield "conv1d", tuple(kw.items()), lambda f, kw=kw: f(c(SEQUENCES), c(k1), **kw)
    for kw in ({}, {"strides": (2, 1)}, {"padding": "same", "strides": (2, 2)},
               {"dilation_rate": (1, 2)}):  # fmt: skip
        yield "conv2d", tuple(kw.items()), lambda f, kw=kw: f(c(IMAGES), c(k2), **kw)
    yield "conv2d", ("first",), lambda f: f(c(FIRST), c(k2), data_format="channels_first")
    yield "conv3d", (), lambda f: f(c(VOLUMES), c(k3), padding="same", strides=(2, 1, 2))
    kt = array(3, 3, 2, 3, seed=7)
    small = IMAGES[:1, :3, :3]
    for size, kw in (((5, 5), {}), ((7, 7), {"strides": (2, 2)}),
                     ((8, 8), {"strides": (2, 2)}), ((3, 3), {"padding": "same"}),
                     ((6, 6), {"padding": "same", "strides": (2, 2)}),
                     ((5, 5), {"padding": "same", "strides": (2, 2)}),
                     ((7, 7), {"dilation_rate": (2, 2)})):  # fmt: skip
        yield (
            "conv2d_transpose",
            (size, *kw.items()),
            lambda f, s=size, kw=kw: f(c(small), c(kt), (1, *s, 2), **kw),
        )
    yield (
        "depthwise_conv2d",
        (),
        lambda f: f(c(IMAGES), c(array(2, 2, 3, 2, seed=8)), padding="same"),
    )
    yield (
        "separable_conv2d",
        (),
        lambda f: f(
            c(IMAGES), c(array(2, 2, 3, 2, seed=8)), c(array(1, 1, 6, 2, seed=9)), strides=(2, 2)
        ),
    )
    for mode, pad, strides in itertools.product(
        ("max", "avg"), ("valid", "same"), ((1, 1), (2, 2))
    ):
        yield (
            "pool2d",
            (mode, pad, strides),
            lambda f, m=mode, p=pad, s=strides: f(
                c(IMAGES), (2, 3), strides=s, padding=p, pool_mode=m
            ),
        )
    yield "pool3d", (), lambda f: f(c(VOLUMES), (2, 2, 2), strides=(2, 2, 2), pool_mode="avg")
    for how in ("nearest", "bilinear"):
        yield (
            "resize_images",
            (how,),
            lambda f, h=how: f(c(IMAGES[:1, :2, :2]), 2, 3, "channels_last", interpolation=h),
        )
    yield "resize_images", ("first",), lambda f: f(c(FIRST[:1, :, :2, :2]), 2, 1, "channels_first")
    yield "resize_volumes", (), lambda f: f(c(VOLUMES[:, :1, :2, :1]), 2, 1, 2, "channels_last")
    yield "local_conv1d", (), lambda f: f(c(SEQUENCES), c(array(5, 9, 2, seed=8)), (3,), (1,))
    yield (
        "local_conv2d",
        (),
        lambda f: f(c(IMAGES), c(array(20, 12, 2, seed=8)), (2, 2), (1, 1), (4, 5)),
    )
    bn = [c(array(3, seed=s, low=0.5, high=1.5)) for s in (1, 2, 3, 4)]
    yield "batch_normalization", (), lambda f: f(c(IMAGES[:, :2, :2]), *bn)
    yield (
        "batch_normalization",
        ("none",),
        lambda f: f(c(IMAGES[:, :2, :2]), bn[0], bn[1], None, None, epsilon=0.1),
    )
    yield (
        "normalize_batch_in_training",
        (),
        lambda f: f(c(IMAGES[:, :2, :2]), bn[0], bn[1], [0, 1, 2]),
    )


def losses(K):
    c = K.constant
    target, output = c(HOT), c(PROBABILITIES)
    integers = c([0, 3, 2, 4], dtype="int32")
    for logits in (False, True):
        yield "categorical_crossentropy", (logits,), lambda f, n=logits: f(target, output, n)
        yield (
            "sparse_categorical_crossentropy",
            (logits,),
            lambda f, n=logits: f(integers, output, n),
        )
        yield "binary_crossentropy", (logits,), lambda f, n=logits: f(target, output, n)
        yield (
            "binary_focal_crossentropy",
            (logits,),
            lambda f, n=logits: f(target, output, True, 0.3, 1.5, n),
        )
        yield (
            "categorical_focal_crossentropy",
            (logits,),
            lambda f, n=logits: f(target, output, 0.3, 1.5, n),
        )
    yield "categorical_crossentropy", ("unscaled",), lambda f: f(target, c(PROBABILITIES * 3))
    yield "categorical_crossentropy", ("zeros",), lambda f: f(target, c(1 - HOT))
    yield "binary_crossentropy", ("zeros",), lambda f: f(target, c(1 - HOT))
    yield (
        "sparse_categorical_crossentropy",
        ("axis",),
        lambda f: f(integers, c(PROBABILITIES.T), axis=0),
    )
    yield (
        "sparse_categorical_crossentropy",
        ("ignored",),
        lambda f: f(integers, output, ignore_class=3),
    )
    yield "in_top_k", (), lambda f: f(output, integers, 2)
    probabilities = array(2, 6, 4, seed=9, low=0.05)
    probabilities = abs(probabilities) / abs(probabilities).sum(-1, keepdims=True)
    labels = c([[0, 1, 2], [1, 1, 0]], dtype="int32")
    lengths = c([[6], [5]], dtype="int32"), c([[3], [2]], dtype="int32")
    yield "ctc_batch_cost", (), lambda f: f(labels, c(probabilities), *lengths)
    flat = c([6, 5], dtype="int32")
    yield "ctc_decode", ("greedy",), lambda f: f(c(probabilities), flat)
    yield (
        "ctc_decode",
        ("beam",),
        lambda f: f(c(probabilities), flat, greedy=False, beam_width=5, top_paths=2),
    )


def loops(K):
    c = K.constant
    weights = array(3, 4, seed=7), array(4, 4, seed=8)

    def step(x, states):
        new = K.tanh(K.dot(x, c(weights[0])) + K.dot(states[0], c(weights[1])))
        return new, [new]

    def with_constant(x, states):
        return x + states[0] * states[1], [states[0] + 1.0]

    start = c(array(2, 4, seed=9))
    mask = np.array([[1, 1, 0, 1, 0, 0, 1], [0, 1, 1, 1, 1, 0, 0]], bool)
    for kw in ({}, {"go_backwards": True}, {"unroll": True}, {"return_all_outputs": False},
               {"unroll": True, "go_backwards": True}):  # fmt: skip
        yield "rnn", tuple(kw.items()), lambda f, kw=kw: f(step, c(SEQUENCES), [start], **kw)
    for kw in ({}, {"unroll": True}, {"go_backwards": True}, {"zero_output_for_mask": True},
               {"unroll": True, "zero_output_for_mask": True}):  # fmt: skip
        yield (
            "rnn",
            ("mask", *kw.items()),
            lambda f, kw=kw: f(step, c(SEQUENCES), [start], mask=c(mask, dtype="bool"), **kw),
        )
    yield (
        "rnn",
        ("constants",),
        lambda f: f(
            with_constant, c(SEQUENCES), [c(SEQUENCES[:, 0])], constants=[c(SEQUENCES[:, 1])]
        ),
    )
    yield (
        "rnn",
        ("time first",),
        lambda f: f(step, c(np.swapaxes(SEQUENCES, 0, 1).copy()), [start], time_major=True),
    )


def plain(value):
    """Nested lists of rounded numbers, whatever the result was."""
    if isinstance(value, (list, tuple)):
        return [plain(v) for v in value]
    if value is None or isinstance(value, (str, bool)):
        return value
    if hasattr(value, "detach"):
        value = value.detach()
    if type(value).__name__ == "SparseTensor":
        return [plain(value.indices), plain(value.values)]
    value = np.asarray(value)
    if value.dtype.kind == "f":
        return np.vectorize(lambda v: float(f"{v:.6g}"), otypes=[object])(value).tolist()
    return value.tolist()


def results(K, wanted=None):
    """Return `name(case)` -> result of all cases whose function is in `wanted` (None: all)."""
    found = {}
    for cases in (unary, reductions, pairs, shapes, spatial, losses, loops):
        for name, case, run in cases(K):
            if hasattr(K, name) and (wanted is None or name in wanted):
                key = f"{name}({', '.join(map(str, case))})"
                assert key not in found, key
                found[key] = plain(run(getattr(K, name)))
    return found
