"""Image augmentation held to real Keras: each library applies what the other has drawn.

    from pixel_oracle import check_augmentation, images

    def test_contrast():
        check_augmentation("RandomContrast", {"factor": 0.3}, images(2, 8, 8, 3))

Both libraries draw at random, from different streams. So a transformation that real Keras drew is
applied by both layers, and one that ours drew as well; pixels and gradients are compared.
"""

import copy
from typing import Any

import keras
import numpy as np
import torch

import torchkeras
from oracle import assert_close, check_config, clear_names, rand, to_numpy, tree_map


def images(*shape: int, seed: int = 0, low: float = 0.0, high: float = 255.0, dtype="float32"):
    """Images of random pixels, the same in every run."""
    return rand(*shape, seed=seed, low=low, high=high, dtype=dtype)


def pair(name: str, args: dict, **kwargs: Any) -> tuple[Any, Any]:
    """The layer of both libraries."""
    made = []
    for lib in (torchkeras, keras):
        clear_names()
        made.append(getattr(lib.layers, name)(**copy.deepcopy(args), **kwargs))
    return made[0], made[1]


def to_channels_first(x: np.ndarray) -> np.ndarray:
    return np.ascontiguousarray(np.moveaxis(x, -1, -3))


def _apply(layer: Any, t: torch.Tensor, transformation: Any, grads: bool) -> dict[str, Any]:
    t = t.detach().clone()
    grads = grads and t.is_floating_point()
    t.requires_grad_(grads)
    out = layer.transform_images(t * 1, transformation, training=True)
    result = {"images": out, "dtype": str(out.dtype)}
    if grads:
        cotangent = torch.tensor(rand(*out.shape, seed=9))
        result["gradient"] = torch.autograd.grad((out * cotangent).sum(), t)[0]
    return result


def draw(layer: Any, x: Any) -> Any:
    """Draw a transformation; Keras's RandomGrayscale wants the images themselves."""
    bare = type(layer).__name__ == "RandomGrayscale"
    return layer.get_random_transformation(x if bare else {"images": x}, training=True)


def check_augmentation(
    name: str,
    args: dict,
    x: np.ndarray,
    *,
    formats: tuple[str, ...] = ("channels_last", "channels_first"),
    dtype: str | None = None,
    grads: bool = True,
    exchange: bool = True,
    atol: float = 1e-6,
) -> None:
    """Hold our layer to real Keras's, on images `(batch, height, width, channels)`.

    Args:
        name: Name below `keras.layers`.
        args: Constructor arguments.
        x: Images, which are compared as a batch, and one by one.
        formats: Data formats.
        dtype: Dtype of the layer.
        grads: Compare gradients to the images, too.
        exchange: Let real Keras apply what our layer has drawn.
        atol: Absolute tolerance, relative to the largest value.
    """
    kwargs = {"dtype": dtype} if dtype else {}
    rtol = {None: 1e-5, "float32": 1e-5, "float16": 4e-3, "bfloat16": 3e-2}[dtype]
    atol = rtol if dtype else atol
    compute = getattr(torch, dtype or "float32")
    for data_format in formats:
        ours, theirs = pair(name, args, data_format=data_format, **kwargs)
        check_config(ours, theirs)
        check_config(type(ours).from_config(theirs.get_config()), theirs)
        check_config(ours, type(theirs).from_config(ours.get_config()))
        y = torch.tensor(to_channels_first(x) if data_format == "channels_first" else x)
        if y.is_floating_point():
            y = y.to(compute)  # as a call does, before the hooks
        for source in (theirs, ours)[: 2 if exchange else 1]:
            drawn = draw(source, y)
            want, got = (_apply(layer, y, copy.deepcopy(drawn), grads) for layer in (theirs, ours))
            assert_close(got["images"], want["images"], rtol, atol, f"{name} {data_format}")
            assert got["dtype"] == want["dtype"]
            if "gradient" in want:
                assert_close(got["gradient"], want["gradient"], rtol, atol, f"{name} gradient")
            one = draw(source, y[0])
            if one is None and source is ours:
                continue  # nothing to do, which Keras does not expect to hear
            want, got = (
                layer.transform_single_image(y[0].clone(), one, training=True)
                for layer in (theirs, ours)
            )
            assert_close(got, want, rtol, atol, f"{name} {data_format}, one image")
        # The call as a whole: drawn and applied in one.
        whole = ours(y, training=True)
        assert whole.shape == y.shape
        assert tuple(ours.compute_output_shape((None, *y.shape[1:]))) == (None, *y.shape[1:])


def same_data(data: Any, other: Any) -> bool:
    """Whether two structures hold equal arrays of equal dtypes."""
    equal: list[bool] = []

    def compare(a: Any, b: Any) -> None:
        a, b = to_numpy(a), to_numpy(b)
        equal.append(a.dtype == b.dtype and np.array_equal(a, b))

    tree_map(compare, data, other)
    return all(equal)
