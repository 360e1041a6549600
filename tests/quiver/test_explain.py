import numpy as np
import pytest
import torch
from torch import nn

import torchkeras as keras
from torchkeras import layers
from torchkeras.quiver.explain import explain
from torchkeras.quiver.inputs import ModelInput
from torchkeras.quiver.trace import trace


def convnet(ending):
    inputs = keras.Input((10, 12, 3))
    x = layers.Rescaling(1 / 255)(inputs)
    x = layers.Conv2D(4, 3, activation="relu", name="low")(x)
    x = layers.Conv2D(6, 3, strides=2, name="high")(x)
    x = layers.GlobalAveragePooling2D()(keras.ops.relu(x))
    logits = layers.Dense(1 if ending == "sigmoid" else 5, name="logits")(x)
    return keras.Model(inputs, layers.Activation(ending)(logits) if ending else logits)


def parts(model):
    """A model that also gives the maps and the logits."""
    low, high = (model.get_layer(name).output for name in ("low", "high"))
    return keras.Model(model.inputs, [low, high, model.get_layer("logits").output])


def node(run, name):
    return next(k for k, c in run.calls.items() if c.name == name)


@pytest.mark.parametrize("ending", [None, "softmax", "sigmoid"])
@pytest.mark.parametrize("layer", ["low", "high"])
def test_gradcam_is_that_of_the_logit(ending, layer):
    keras.utils.set_random_seed(3)
    model = convnet(ending)
    model.trainable = False  # frozen weights are no end of the gradient
    x = torch.rand(1, 10, 12, 3) * 255
    index = 0 if ending == "sigmoid" else 3
    low, high, logits = parts(model)(x.clone().requires_grad_())
    maps = low if layer == "low" else high
    (gradient,) = torch.autograd.grad(logits[0, index], maps)
    expected = (gradient.mean((1, 2), keepdim=True) * maps).sum(-1)[0].relu()
    run = trace(model, x)
    made = explain(model, x, ModelInput(model), run, node(run, layer), "gradcam", 0, index)
    torch.testing.assert_close(made.heat, expected.detach(), rtol=1e-5, atol=1e-9)
    assert made.class_index == index
    assert made.score == pytest.approx(float(model(x).detach()[0, index]), rel=1e-6)
    assert all(p.grad is None for p in model.parameters())


@pytest.mark.parametrize("ending", [None, "softmax"])
def test_saliency(ending):
    keras.utils.set_random_seed(4)
    model = convnet(ending)
    x = (torch.rand(1, 10, 12, 3) * 255).requires_grad_()
    logits = parts(model)(x)[2]
    top = int(logits[0].argmax())
    (gradient,) = torch.autograd.grad(logits[0, top], x)
    plain = x.detach()
    run = trace(model, plain)
    made = explain(model, plain, ModelInput(model), run, node(run, "low"), "saliency", 0, None)
    torch.testing.assert_close(made.heat, gradient.abs().amax(-1)[0], rtol=1e-5, atol=1e-12)
    assert made.class_index == top


def test_torch_model_with_writing_in_place():
    torch.manual_seed(0)
    model = nn.Sequential(
        nn.Conv2d(3, 4, 3), nn.ReLU(inplace=True), nn.Conv2d(4, 5, 3), nn.ReLU(inplace=True),
        nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(5, 3),
    )  # fmt: skip
    x = torch.rand(1, 3, 9, 9)
    given = ModelInput(model, (3, 9, 9))
    maps = model[2](model[1](model[0](x))).detach().requires_grad_()
    score = model[6](model[5](model[4](maps.clone().relu())))[0, 1]
    (gradient,) = torch.autograd.grad(score, maps)
    expected = (gradient.mean((2, 3), keepdim=True) * maps).sum(1)[0].relu()
    run = trace(model, x)
    made = explain(model, x, given, run, ("call", "2", 0), "gradcam", 0, 1)
    torch.testing.assert_close(made.heat, expected.detach())
    saliency = explain(model, x, given, run, ("call", "2", 0), "saliency", 0, 1)
    assert saliency.heat.shape == (9, 9)


def test_inputs_of_integers():
    inputs = keras.Input((10, 12, 3), dtype="uint8")
    x = layers.Rescaling(1 / 255, name="scaled")(inputs)
    maps = layers.Conv2D(4, 3, name="low")(x)
    model = keras.Model(inputs, layers.Dense(2)(layers.Flatten()(maps)))
    model.trainable = False
    picture = torch.randint(0, 256, (1, 10, 12, 3), dtype=torch.uint8)
    given = ModelInput(model)
    run = trace(model, picture)
    scaled = (picture / 255).requires_grad_()
    (gradient,) = torch.autograd.grad(keras.Model(x, model.output)(scaled)[0, 1], scaled)
    expected = (gradient.mean((1, 2), keepdim=True) * scaled).sum(-1)[0].relu()
    made = explain(model, picture, given, run, node(run, "scaled"), "gradcam", 0, 1)
    torch.testing.assert_close(made.heat, expected.detach(), rtol=1e-4, atol=1e-8)
    with pytest.raises(ValueError, match="No gradient"):
        explain(model, picture, given, run, node(run, "scaled"), "saliency", 0, 1)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"method": "guess"}, "method must be one of gradcam, saliency"),
        ({"output": 1}, "no output 1"),
        ({"class_index": 9}, "no class 9"),
        ({"class_index": -1}, "no class -1"),
    ],
)
def test_refusals(change, message):
    model = convnet("softmax")
    x = torch.rand(1, 10, 12, 3)
    run = trace(model, x)
    arguments = {"method": "gradcam", "output": 0, "class_index": 1, **change}
    with pytest.raises(ValueError, match=message):
        explain(model, x, ModelInput(model), run, node(run, "low"), **arguments)


def test_no_gradient_and_no_classes():
    inputs = keras.Input((6, 6, 1))
    maps = layers.Conv2D(2, 3, name="maps")(inputs)
    side = layers.Conv2D(2, 3, name="side")(inputs)
    model = keras.Model(inputs, [layers.Flatten()(maps), side])
    x = torch.rand(1, 6, 6, 1)
    run = trace(model, x)
    given = ModelInput(model)
    with pytest.raises(ValueError, match="No gradient"):
        explain(model, x, given, run, node(run, "side"), "gradcam", 0, 0)
    with pytest.raises(ValueError, match="no classes"):
        explain(model, x, given, run, node(run, "maps"), "gradcam", 1, 0)
    tokens = keras.Sequential([keras.Input((4,), dtype="int32"), layers.Embedding(5, 2)])
    with pytest.raises(ValueError, match="model of pictures"):
        explain(tokens, np.zeros((1, 4)), ModelInput(tokens, sample=torch.zeros(1, 3, dtype=int)),
                run, node(run, "maps"), "gradcam", 0, 0)  # fmt: skip
