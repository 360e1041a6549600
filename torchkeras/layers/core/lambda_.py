"""Lambda: a function as a layer."""

from typing import Any, Self

from torchkeras._base.check import received
from torchkeras.core import serialize
from torchkeras.core.registry import LAYERS
from torchkeras.core.symbolic import KerasTensor
from torchkeras.layers.layer import Layer


def _made(value: Any) -> Any:
    """Return the function, or the plain value, of a config's entry."""
    return serialize.deserialize_keras_object(value) if isinstance(value, dict) else value


@LAYERS.register()
class Lambda(Layer):
    """Applies a function. To be stored, the function must be named and registered.

    Files hold the function's registered name; Python code in a file is never run.

    Args:
        function: Takes the inputs, and `mask` or `training` if it has such parameters.
        output_shape: Shape of the output without the batch, or a function of the input shape;
            default: found by a run on the meta device.
        mask: Mask of the output, or a function of inputs and mask.
        arguments: Further keyword arguments of the function.

    Raises:
        TypeError: if `function` cannot be called.
        ValueError: by `get_config`, for a function without a name.

    >>> import torch, torchkeras as keras
    >>> keras.layers.Lambda(lambda x: x**2)(torch.tensor([3.0]))
    tensor([9.])
    """

    config_quiet = frozenset({"output_shape", "mask"})

    def __init__(
        self,
        function: Any,
        output_shape: Any = None,
        mask: Any = None,
        arguments: dict[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        if not callable(function):
            raise TypeError(f"Lambda: function must be callable. {received('function', function)}")
        if output_shape is not None and not (
            callable(output_shape) or isinstance(output_shape, (list, tuple))
        ):
            raise TypeError(
                "Lambda: output_shape must be None, a tuple or a function. "
                f"{received('output_shape', output_shape)}"
            )
        super().__init__(**kwargs)
        self.arguments = dict(arguments or {})
        self.function = function
        self.mask = mask
        self.supports_masking = mask is not None
        self.makes_mask = mask is not None
        self._output_shape = output_shape
        code = getattr(function, "__code__", None)
        names = code.co_varnames[: code.co_argcount + code.co_kwonlyargcount] if code else ()
        self.__dict__["_takes"] = {n for n in ("mask", "training") if n in names}
        self._built_from_the_start()

    def call(self, inputs: Any, mask: Any = None, training: bool | None = None) -> Any:
        """Return the function of the inputs."""
        takes = self._takes
        if not takes:
            return self.function(inputs, **self.arguments)
        given = {"mask": mask, "training": training}
        return self.function(inputs, **self.arguments, **{n: given[n] for n in takes})

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        """Return the given mask, or what the given function makes."""
        return self.mask(inputs, mask) if callable(self.mask) else self.mask

    def compute_output_shape(self, input_shape: Any) -> Any:
        """Return the output shape, as given or found."""
        if self._output_shape is None:
            return super().compute_output_shape(input_shape)
        if callable(self._output_shape):
            return self._output_shape(input_shape)
        first = input_shape
        while first and isinstance(first[0], (list, tuple)):
            first = first[0]
        return (first[0], *self._output_shape)

    def compute_output_spec(self, inputs: Any, **kwargs: Any) -> Any:
        """Return the symbolic outputs."""
        if self._output_shape is None:
            return self._infer_spec(inputs, **kwargs)
        shape = self.compute_output_shape(
            [tuple(x.shape) for x in inputs] if isinstance(inputs, (list, tuple)) else inputs.shape
        )
        return KerasTensor(shape, self.compute_dtype)

    def _config_overrides(self) -> dict[str, Any]:
        return {**super()._config_overrides(), "output_shape": self._output_shape}

    @classmethod
    def from_config(
        cls,
        config: dict[str, Any],
        custom_objects: dict[str, Any] | None = None,
        safe_mode: bool | None = None,
    ) -> Self:
        """Make the layer of a config; refuses code, whatever `safe_mode` is."""
        names = ("function", "output_shape", "mask")
        with serialize.CustomObjectScope(custom_objects or {}):
            made = {n: _made(config[n]) for n in names if n in config}
        return super().from_config({**config, **made})
