import json

import numpy as np
import pytest

import torchkeras
from oracle import assert_close
from torchkeras.saving import ModelFileError, UnsafeModelError
from torchkeras.saving.legacy.config import modernize

MERGE = {"name": "merge_1", "mode": "sum", "mode_type": "raw", "concat_axis": -1, "dot_axes": -1,
         "output_shape": None, "output_shape_type": "raw", "output_mask": None,
         "output_mask_type": "raw", "arguments": {}}  # fmt: skip
RNG = np.random.default_rng(0)


def dense(name, units, **more):
    config = {"name": name, "trainable": True, "output_dim": units, "init": "glorot_uniform",
              "activation": "tanh", "W_regularizer": None, "b_regularizer": None, "bias": True,
              "activity_regularizer": None, "W_constraint": None, "b_constraint": None}  # fmt: skip
    return {"class_name": "Dense", "config": {**config, **more}}


def branch(name, *shape):
    layer = dense(name, 3, input_dim=shape[-1], batch_input_shape=[None, *shape])
    layer["config"]["input_dtype"] = "float32"
    return {"class_name": "Sequential", "config": [layer]}


def merge(branches=None, **more):
    config = {**MERGE, **more}
    return {"class_name": "Merge", "config": config if branches is None else {
        **config, "layers": branches}}  # fmt: skip


def loaded(config, **more):
    return torchkeras.models.model_from_json(json.dumps(config), **more)


def cosine(a, b):
    return (a * b).sum(-1, keepdims=True) / np.sqrt((a * a).sum(-1) * (b * b).sum(-1))[:, None]


@pytest.mark.parametrize(
    ("more", "fn"),
    [
        ({"mode": "sum"}, lambda a, b: a + b),
        ({"mode": "mul"}, lambda a, b: a * b),
        ({"mode": "ave"}, lambda a, b: (a + b) / 2),
        ({"mode": "max"}, np.maximum),
        ({"mode": "concat"}, lambda a, b: np.concatenate([a, b], -1)),
        ({"mode": "concat", "concat_axis": 1}, lambda a, b: np.concatenate([a, b], 1)),
        ({"mode": "dot", "dot_axes": [1, 1]}, lambda a, b: (a * b).sum(-1, keepdims=True)),
        ({"mode": "dot", "dot_axes": [[1], [1]]}, lambda a, b: (a * b).sum(-1, keepdims=True)),
        ({"mode": "cos", "dot_axes": 1}, cosine),
    ],
)
def test_branches_at_the_head(more, fn):
    config = [merge([branch("a", 4), branch("b", 5)], **more), dense("c", 2)]
    model = loaded({"class_name": "Sequential", "config": config, "keras_version": "1.2.2"})
    assert [tuple(t.shape) for t in model.inputs] == [(None, 4), (None, 5)]
    x, y = (RNG.normal(size=(3, n)).astype("float32") for n in (4, 5))
    a, b, c = (model.get_layer(n) for n in "abc")
    merged = fn(a(x).detach().numpy(), b(y).detach().numpy())
    assert_close(model([x, y]), c(merged.astype("float32")), rtol=1e-5)


def test_branches_of_branches_and_shared_ones():
    deep = {"class_name": "Sequential", "config": [merge([branch("a", 4), branch("b", 4)],
                                                         name="first"), dense("c", 3)]}  # fmt: skip
    config = [merge([deep, branch("a", 4)], name="last", mode="concat"), dense("d", 2)]
    model = loaded({"class_name": "Sequential", "config": config})
    assert len(model.inputs) == 2  # `a` is one layer, on one input
    x, y = RNG.normal(size=(2, 3, 4)).astype("float32")
    a, b, c, d = (model.get_layer(n) for n in "abcd")
    last = np.concatenate([c(a(x) + b(y)).detach().numpy(), a(x).detach().numpy()], -1)
    assert_close(model([x, y]), d(last))
    assert modernize(modernize(config, "1.2.2"), "1.2.2") == modernize(config, "1.2.2")


def test_a_functional_model_as_a_branch():
    inner = {"class_name": "Model", "config": {
        "name": "fun", "input_layers": [["i", 0, 0]], "output_layers": [["d", 0, 0]],
        "layers": [
            {"class_name": "InputLayer", "name": "i", "inbound_nodes": [], "config": {
                "name": "i", "batch_input_shape": [None, 4], "input_dtype": "float32"}},
            {**dense("d", 3), "name": "d", "inbound_nodes": [[["i", 0, 0]]]},
        ]}}  # fmt: skip
    config = [merge([inner, branch("b", 4)])]
    model = loaded({"class_name": "Sequential", "config": config})
    x, y = RNG.normal(size=(2, 3, 4)).astype("float32")
    assert_close(model([x, y]), model.get_layer("fun")(x) + model.get_layer("b")(y))


def test_a_function_of_the_program():
    config = [merge([branch("a", 4), branch("b", 4)], mode="join", mode_type="function")]
    model = loaded(
        {"class_name": "Sequential", "config": config},
        custom_objects={"join": lambda xs: xs[0] - xs[1]},
    )
    x, y = RNG.normal(size=(2, 3, 4)).astype("float32")
    assert_close(model([x, y]), model.get_layer("a")(x) - model.get_layer("b")(y))


@pytest.mark.parametrize(
    ("more", "error", "message"),
    [
        ({"mode": ["4wEA", None, None], "mode_type": "lambda"}, UnsafeModelError, "bytecode"),
        ({"mode": "4wEA", "mode_type": "lambda"}, UnsafeModelError, "bytecode"),
        ({"mode": "glue"}, ModelFileError, "mode must be one of 'sum', 'mul'"),
        ({"mode": "dot", "dot_axes": [1, 2, 3]}, ModelFileError, "dot_axes must be one number"),
    ],
)
def test_refused(more, error, message):
    config = [merge([branch("a", 4), branch("b", 4)], **more)]
    with pytest.raises(error, match=message):
        loaded({"class_name": "Sequential", "config": config, "keras_version": "1.2.2"})


def test_a_branch_without_a_shape():
    config = [merge([branch("a", 4), {"class_name": "Sequential", "config": [dense("b", 3)]}])]
    with pytest.raises(ModelFileError, match="first layer of a branch must have an input shape"):
        loaded({"class_name": "Sequential", "config": config})
