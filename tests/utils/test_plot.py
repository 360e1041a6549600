"""Pictures of models, compared with those of real Keras as text."""

import re

import keras
import pydot
import pytest

import torchkeras


def chain(lib):
    return lib.Sequential(
        [
            lib.Input((4,)),
            lib.layers.Dense(3, activation="relu", name="d1"),
            lib.layers.Dense(2, name="d2", trainable=False),
        ],
        name="seq",
    )


def graph(lib):
    a = lib.Input((4,), name="a")
    b = lib.Input((4,), name="b")
    c = lib.layers.Add(name="add")([a, lib.layers.ReLU(name="relu")(b)])
    e = lib.layers.Dense(2, name="e")(c)
    return lib.Model([a, b], [chain(lib)(c), lib.layers.Add(name="o")([c, c]), e], name="fn")


def nested(lib):
    a = lib.Input((4,), name="a")
    inner = graph(lib)
    first, _, last = inner([a, a])
    return lib.Model(a, lib.layers.Multiply(name="m")([first, last]), name="outer")


def shape_of(dot, names=None):
    """Boxes by their text, and arrows between these."""
    boxes, arrows = {}, set()

    def read(part, path):
        for node in part.get_nodes():
            if node.get_name() != "node":
                boxes[node.get_name()] = (path, node.get_label())
        for inner in part.get_subgraphs():
            read(inner, (*path, inner.get_name()))

    def edges(part):
        arrows.update((boxes[e.get_source()], boxes[e.get_destination()]) for e in part.get_edges())
        for inner in part.get_subgraphs():
            edges(inner)

    read(dot, ())
    edges(dot)
    head = re.sub(r"\d{6,}.*|subgraph.*", "", dot.to_string().split("node [")[0])
    return head, sorted(boxes.values()), sorted(arrows)


OPTIONS = [
    {},
    {"show_shapes": True},
    {"show_shapes": True, "show_dtype": True, "show_layer_activations": True},
    {"show_trainable": True, "show_dtype": True},
    {"show_layer_names": False, "rankdir": "LR", "dpi": 50, "splines": "line"},
    {"expand_nested": True},
    {"expand_nested": True, "show_shapes": True, "show_layer_activations": True},
    {"subgraph": True},
]


@pytest.mark.parametrize("options", OPTIONS, ids=lambda o: "-".join(o) or "plain")
@pytest.mark.parametrize("make", [chain, graph, nested])
def test_as_real_keras(make, options):
    got, want = (
        shape_of(lib.utils.model_to_dot(make(lib), **options)) for lib in (torchkeras, keras)
    )
    assert got == want


def test_dot_file_needs_no_program(tmp_path):
    path = tmp_path / "model.dot"
    torchkeras.utils.plot_model(chain(torchkeras), path, show_shapes=True)
    (read,) = pydot.graph_from_dot_data(path.read_text())
    assert len(read.get_edges()) == 1


def test_without_graphviz(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ImportError, match="install Graphviz"):
        torchkeras.utils.plot_model(chain(torchkeras), tmp_path / "model.png")


def test_draws_by_the_program(tmp_path, monkeypatch):
    """A stand-in for Graphviz: what it is asked, and that its answer becomes the file."""
    program = tmp_path / "dot"
    program.write_text('#!/bin/sh\necho "$@"\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    torchkeras.utils.plot_model(chain(torchkeras), tmp_path / "model.svg")
    assert "-Tsvg" in (tmp_path / "model.svg").read_text()


def test_bad_input():
    layer = torchkeras.layers.Dense(2)
    with pytest.raises(ValueError, match="must be built before"):
        torchkeras.utils.model_to_dot(torchkeras.Sequential([layer]))
    with pytest.raises(ValueError, match=r"unknown arguments. Received: \['foo'\]"):
        torchkeras.utils.model_to_dot(chain(torchkeras), foo=1)


def test_subclassed_model_is_one_box():
    class Own(torchkeras.Model):
        def call(self, x):
            return x

    model = Own(name="own")
    model.build((None, 2))
    assert "own" in torchkeras.utils.model_to_dot(model).to_string()
