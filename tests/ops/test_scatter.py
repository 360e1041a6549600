"""scatter, slice and unstack against real Keras: values, symbols, gradients, files."""

import json

import keras as reference
import numpy as np
import pytest
import torch
from ops_oracle import array, check_gradients

import torchkeras as keras
from oracle import assert_close, clear_names, dtype_of, normalise_config

I = np.array  # noqa: E741
F32 = [array((4, 3), "float32"), array((4, 3), "float32", 1)]

CASES = [
    ("scatter", (I([[0, 1], [1, 1]]), I([1.0, 2.0], "float32"), (2, 2)), {}),
    ("scatter", (I([[0], [0]]), I([1.0, 2.0], "float32"), (3,)), {}),
    ("scatter", (I([[0], [2]]), array((2, 2), "int32"), (3, 2)), {}),
    ("scatter", (I([[-1]]), I([1.0], "float32"), (3,)), {}),
    ("scatter", (I([[[0], [1]], [[2], [2]]]), array((2, 2), "float32"), (3,)), {}),
    ("scatter", (np.zeros((0, 1), int), np.zeros(0, "float32"), (3,)), {}),
    *[
        ("scatter_update", (F32[0], I([[0], [2], [3]]), F32[1][:3]), {"reduction": r})
        for r in (None, "add", "max", "min", "mul")
    ],
    *[
        (
            "scatter_update",
            (array((4,), d), I([[1], [1], [2]]), array((3,), d, 1)),
            {"reduction": r},
        )
        for d in ("float32", "int32", "uint8", "float16")
        for r in ("add", "max", "min", "mul")
    ],
    ("scatter_update", (F32[0], I([[1, 0], [2, 2]]), I([5.0, 6.0], "float32")), {}),
    ("scatter_update", (np.zeros(3, "int32"), I([[1]]), I([1.7], "float32")), {}),
    ("scatter_update", (np.zeros(3, bool), I([[1]]), I([True])), {"reduction": "add"}),
    ("scatter_update", (F32[0], [[1, 0], [-1, 2]], I([5.0, 6.0], "float32")), {"reduction": "max"}),
    *[
        ("slice", (F32[0], s, n), {})
        for s, n in [
            ((1, 0), (2, 1)), ((0, 0), (9, 9)), ((1,), (2,)), ((3, 1), (4, 2)), ((0, 0), (0, 2)),
        ]
    ],
    ("slice", (F32[0], I([1, 1]), (2, 2)), {}),
    ("slice", (F32[0], [1, 1], [2, 2]), {}),
    *[
        ("slice_update", (F32[0], s, F32[1][:n, :m]), {})
        for s, n, m in [((1, 0), 1, 3), ((0, 1), 4, 2), ((3, 2), 1, 1), ([0, 0], 2, 2)]
    ],
    ("slice_update", (F32[0], I([1, 1]), F32[1][:2, :2]), {}),
    ("slice_update", (np.zeros((3, 2), "int32"), (0, 0), np.full((1, 1), 1.5, "float32")), {}),
    *[("unstack", (F32[0],), {"axis": a}) for a in (0, 1, -1)],
    ("unstack", (F32[0], 4), {}),
]  # fmt: skip
IDS = [f"{c[0]}{i}" for i, c in enumerate(CASES)]


def tensors(args):
    return [torch.tensor(a) if isinstance(a, np.ndarray) else a for a in args]


def listed(out):
    return list(out) if isinstance(out, (list, tuple)) else [out]


@pytest.mark.parametrize(("name", "args", "kwargs"), CASES, ids=IDS)
def test_eager(name, args, kwargs):
    for given in (args, tensors(args)):
        ours = listed(getattr(keras.ops, name)(*given, **kwargs))
        theirs = listed(getattr(reference.ops, name)(*tensors(args), **kwargs))
        assert [dtype_of(t) for t in ours] == [dtype_of(t) for t in theirs]
        assert_close(ours, theirs)


# A block that goes beyond the end is cut: of that Keras's symbols know nothing.
TELLS = [i for i, (n, a, _) in enumerate(CASES) if n != "slice" or a[2] in ((2, 1), (2, 2), [2, 2])]


@pytest.mark.parametrize("unknown", [False, True])
@pytest.mark.parametrize("case", TELLS, ids=[IDS[i] for i in TELLS])
def test_symbolic(case, unknown):
    name, args, kwargs = CASES[case]
    found = []
    for lib in (keras, reference):
        first, *rest = args
        if isinstance(first, np.ndarray):
            shape = (None, *first.shape[1:]) if unknown and name != "unstack" else first.shape
            first = lib.KerasTensor(shape, str(first.dtype))
        out = listed(getattr(lib.ops, name)(first, *rest, **kwargs))
        found.append([(tuple(t.shape), t.dtype) for t in out])
    assert found[0] == found[1]


@pytest.mark.parametrize(("name", "args", "kwargs"), CASES, ids=IDS)
def test_gradients(name, args, kwargs):
    if all(not isinstance(a, np.ndarray) or a.dtype != np.float16 for a in args):
        check_gradients(name, *args, **kwargs)


MODELS = [
    lambda o, x: o.scatter(o.cast(x[:, :1], "int32"), x[:, 0], (9,)),
    lambda o, x: o.scatter_update(x, [[0]], o.ones((1, 3)), reduction="add"),
    lambda o, x: o.scatter_update(x, [[0]], o.ones((1, 3))),
    lambda o, x: o.slice(x, (0, 0), (1, 2)),
    lambda o, x: o.slice_update(x, (0, 0), o.slice(x, (0, 0), (1, 2))),
    lambda o, x: o.unstack(x, axis=1)[1],
    lambda o, x: o.saturate_cast(x * 300, "uint8"),
    lambda o, x: o.stop_gradient(x),
    lambda o, x: o.rearrange(o.reshape(x, (2, 3)), "b (h w) -> b w h", h=3),
]


@pytest.mark.parametrize("use", MODELS, ids=range(len(MODELS)))
def test_files(use):
    models = []
    for lib in (keras, reference):
        clear_names()
        x = lib.Input((3,), name="x")
        models.append(lib.Model(x, use(lib.ops, x), name="m"))
    configs = [json.loads(json.dumps(normalise_config(m.get_config()))) for m in models]
    assert configs[0] == configs[1]
    data = torch.rand(2, 3)
    want = models[1](data)
    for lib in (keras, reference):
        assert_close(lib.Model.from_config(configs[0])(data), want)


def test_starts_that_only_the_data_tell():
    start = keras.Input(batch_shape=(2,), dtype="int32")
    x = keras.Input(batch_shape=(5, 4))
    part = keras.ops.slice(x, start, (2, 2))
    model = keras.Model([x, start], [part, keras.ops.slice_update(x, start, part * 0)])
    data = torch.rand(5, 4)
    got, blanked = model([data, torch.tensor([1, 2])])
    assert_close(got, data[1:3, 2:4])
    assert blanked[1:3, 2:4].abs().sum() == 0 and (blanked != data).sum() == 4


def test_size_of_what_follows():
    x = torch.rand(5, 4)
    assert_close(keras.ops.slice(x, (1, 2), (-1, 1)), x[1:, 2:3])
    assert_close(keras.ops.slice(x, torch.tensor([1, 2]), (-1, 1)), x[1:, 2:3])


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda o: o.scatter([[0, 1]], [1.0], (3,)), "at most 1 entries"),
        (lambda o: o.scatter_update(torch.zeros(3), [[0]], [1.0], "bad"), "reduction must be one"),
        (lambda o: o.slice(torch.zeros(3), (0, 0), (1, 1)), "one start and size"),
        (lambda o: o.slice_update(torch.zeros(3), (0, 0), torch.ones(1, 1)), "at most 1 starts"),
        (lambda o: o.unstack(keras.KerasTensor((None, 3))), "num must be given"),
    ],
)
def test_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call(keras.ops)
