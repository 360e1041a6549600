"""Muon against real Keras."""

import keras
import numpy as np
import pytest
import torch

import torchkeras
from oracle import assert_close
from torchkeras import optimizers

FORMS = [
    {},
    {"nesterov": False},
    {"rms_rate": None},
    {"rms_rate": 0.5},
    {"weight_decay": None},
    {"weight_decay": 0.3},
    {"adam_weight_decay": 0.3},
    {"adam_weight_decay": None},
    {"adam_lr_ratio": 0.3},
    {"adam_lr_ratio": 0.3, "adam_weight_decay": 0.5},
    {"momentum": 0.5, "ns_steps": 2},
    {"muon_a": 1.5, "muon_b": -0.5, "muon_c": 0.0},
    {"adam_beta_1": 0.5, "adam_beta_2": 0.9, "epsilon": 0.1},
    {"exclude_layers": ["v[04]"]},
    {"exclude_layers": ["nothing"]},
]


@pytest.mark.parametrize("form", FORMS, ids=str)
def test_plain(compare, form):
    compare("Muon", {"learning_rate": 0.02, **form}, steps=30)


def test_common_options(compare, common):
    compare("Muon", {"learning_rate": 0.02, **common})


def test_excluded_from_decay(compare):
    compare("Muon", {"learning_rate": 0.02, "weight_decay": 0.2}, excluded="v[13]")


@pytest.mark.parametrize("exclude_embeddings", [True, False])
def test_which_variables_go_to_adam(exclude_embeddings):
    found = []
    for lib in (torchkeras, keras):
        layers = [lib.layers.Embedding(5, 4, name="words"), lib.layers.Dense(3, name="hidden")]
        layers.append(lib.layers.Dense(2, name="out"))
        for layer, shape in zip(layers, [(None,), (None, 4), (None, 3)], strict=True):
            layer.build(shape)
        optimizer = lib.optimizers.Muon(
            exclude_layers=["out"], exclude_embeddings=exclude_embeddings
        )
        optimizer.build([v for layer in layers for v in layer.trainable_variables])
        found.append([v.path for v in optimizer.variables])
    assert found[0] == found[1]


def test_steps_of_matrices_are_nearly_orthogonal():
    w = torch.nn.Parameter(torch.zeros(4, 6))
    g = torch.tensor(np.random.default_rng(0).normal(size=(4, 6)), dtype=torch.float32)
    optimizers.Muon(1.0, rms_rate=None).apply([g], [w])
    singular = torch.linalg.svdvals(w.detach())
    assert singular.max() < 1.3
    assert singular.min() > 0.6


def test_parameters_of_torch():
    """Names given with the parameters choose; Adam's part equals Keras's Adam."""
    module = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.Linear(4, 2))
    optimizer = optimizers.Muon(0.1, exclude_layers=[r"^1\."])
    optimizer.build(module.named_parameters())
    assert [v.name.split("_")[-1] for v in optimizer.variables[2:]] == [
        "momentum", "momentum", "velocity", "momentum", "velocity", "momentum", "velocity",
    ]  # fmt: skip
    before = [p.detach().clone() for p in module.parameters()]
    optimizer.apply([torch.ones_like(p) for p in module.parameters()])
    adam = optimizers.AdamW(0.1, weight_decay=0.004)
    last = torch.nn.Parameter(before[2])
    adam.apply([torch.ones_like(last)], [last])
    assert_close(module[1].weight.detach(), last.detach())
