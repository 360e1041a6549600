"""Where in the picture a class comes from: Grad-CAM and saliency.

Selvaraju et al. 2017, https://arxiv.org/abs/1610.02391; Simonyan et al. 2014,
https://arxiv.org/abs/1312.6034
"""

from dataclasses import dataclass

import torch
from torch import nn
from torch.autograd.graph import GradientEdge

from torchkeras.quiver.inputs import ModelInput
from torchkeras.quiver.trace import Key, Trace, trace
from torchkeras.quiver.views import default_channels_first, spatial

METHODS = ("gradcam", "saliency")

# What lies between a model's last computation and its output without changing the numbers.
_TRANSPARENT = ("ToCopyBackward", "CloneBackward", "AliasBackward")


@dataclass(frozen=True)
class Explanation:
    """A picture of what speaks for a class: `heat` is (height, width), nothing below 0."""

    heat: torch.Tensor
    class_index: int
    score: float

    @property
    def nbytes(self) -> int:
        return self.heat.numel() * 4


def explain(
    model: nn.Module,
    inputs: torch.Tensor,
    given: ModelInput,
    seen: Trace,
    key: Key,
    method: str,
    output: int,
    class_index: int | None,
) -> Explanation:
    """Compute a class's Grad-CAM at a call, or its saliency in the input.

    The gradient is that of the class's logit: where the model ends in a softmax or a sigmoid, of
    what went into it. Parameters and their gradients are not touched.

    Args:
        model: The model.
        inputs: One picture as the model takes it.
        given: How pictures lie in it.
        seen: An earlier run, for the call's layout.
        key: The call whose maps are weighed (Grad-CAM only).
        method: `gradcam` or `saliency`.
        output: Which output of the model has the classes.
        class_index: The class; None: the one with the greatest value.

    Raises:
        ValueError: if the output has no classes, or no gradient reaches the call.
    """
    if method not in METHODS:
        raise ValueError(f"method must be one of {', '.join(METHODS)}. Received: {method!r}.")
    if not given.is_image:
        raise ValueError("Only a model of pictures can be explained on a picture.")
    saliency = method == "saliency"
    run = trace(model, inputs, watched=("input", 0) if saliency else key)
    if not 0 <= output < len(run.outputs):
        raise ValueError(f"The model has {len(run.outputs)} outputs, and no output {output}.")
    y = run.outputs[output]
    if y.dim() != 2:
        raise ValueError("This output of the model has no classes.")
    index = int(y[0].argmax()) if class_index is None else class_index
    if not 0 <= index < y.shape[1]:
        raise ValueError(f"The model tells {y.shape[1]} classes apart, and has no class {index}.")
    if run.watched is None or not run.watched.requires_grad or y.grad_fn is None:
        raise ValueError("No gradient leads from this output to there.")
    target = torch.zeros_like(y)
    target[0, index] = 1
    (gradient,) = torch.autograd.grad(_logits(y), run.watched, target, allow_unused=True)
    if gradient is None:
        raise ValueError("No gradient leads from this output to there.")
    if saliency:
        heat = given.picture(gradient).abs().amax(-1)
    else:
        call, first = seen.calls[key], default_channels_first(model)
        maps = spatial(seen, call, run.watched.detach(), first)
        weights = spatial(seen, call, gradient, first).mean((1, 2), keepdim=True)
        heat = (weights * maps).sum(0).relu()
    return Explanation(heat.detach().to("cpu", torch.float32), index, float(y.detach()[0, index]))


def _logits(y: torch.Tensor) -> torch.Tensor | GradientEdge:
    """Return what went into a last softmax or sigmoid, as a place in the graph, or `y`."""
    node = y.grad_fn
    while node is not None and node.name().startswith(_TRANSPARENT):
        node = node.next_functions[0][0]
    if node is not None and node.name().startswith(("SoftmaxBackward", "SigmoidBackward")):
        before, number = node.next_functions[0]
        if before is not None:
            return GradientEdge(before, number)
    return y
