"""TorchModuleWrapper: any `nn.Module` as a layer."""

from collections.abc import Callable
from typing import Any

import torch
from torch import nn
from torch.nn.modules.lazy import LazyModuleMixin

from torchkeras._base import scope
from torchkeras._base.check import received
from torchkeras.core import dtypes, module_config, nest, policy, serialize
from torchkeras.core.registry import LAYERS
from torchkeras.core.symbolic import KerasTensor
from torchkeras.layers import _mode
from torchkeras.layers.layer import Layer


def policy_of(module: nn.Module) -> str | None:
    """Return the dtype of a layer around a module: None, the global policy, if that will do."""
    own = module_config.module_dtype(module)
    if own is None or dtypes.standardize_dtype(own) == policy.dtype_policy().variable_dtype:
        return None
    return dtypes.standardize_dtype(own)


def is_lazy(module: nn.Module) -> bool:
    """Tell whether a module waits for data to make parameters of their shapes."""
    lazy = (m for m in module.modules() if isinstance(m, LazyModuleMixin))
    return any(m.has_uninitialized_params() for m in lazy)


def eval_spec(layer: Any, infer: Callable[..., Any], args: Any, kwargs: Any) -> Any:
    """Return the outputs that `infer` tells; the mode of the layer's module does not change."""
    kwargs.pop("training", None)
    modes = [(m, m.training) for m in layer.module.modules()]
    try:
        layer.module.eval()  # batch statistics need more than a shape
        with scope.scoped(training=None):
            _materialise(layer, args, kwargs)
            return infer(*args, **kwargs)
    finally:
        for m, mode in modes:
            m.training = mode


def _materialise(layer: Any, args: Any, kwargs: Any) -> None:
    """Let lazy modules make their parameters, which a run on meta would leave without values."""
    if not is_lazy(layer.module):
        return

    def zeros(x: Any) -> Any:
        if not isinstance(x, KerasTensor):
            return x
        shape = [1 if d is None else d for d in x.shape]
        return torch.zeros(shape, dtype=dtypes.torch_dtype(x.dtype))

    args, kwargs = nest.map_structure(zeros, (list(args), kwargs))
    with torch.no_grad():
        layer.call(*args, **kwargs)


def _mixed(module: nn.Module, dtype: torch.dtype, args: Any, kwargs: Any) -> Any:
    """Run a module in torch's own mixed precision, which a policy of two dtypes asks for."""

    def cast(x: Any, to: torch.dtype) -> Any:
        return x.to(to) if isinstance(x, torch.Tensor) and x.is_floating_point() else x

    device = next((x.device.type for x in nest.flatten(list(args)) if hasattr(x, "device")), "cpu")
    if device == "meta":  # has no autocast
        args = nest.map_structure(lambda x: cast(x, torch.float32), tuple(args))
        outputs = module(*args, **kwargs)
    else:
        with torch.autocast(device, dtype):
            outputs = module(*args, **kwargs)
    return nest.map_structure(lambda x: cast(x, dtype), outputs)


@LAYERS.register()
class TorchModuleWrapper(Layer):
    """A torch module as a layer: its parameters are trained, its buffers and mode followed.

    An explicit `training=` puts the module in that mode for the call; else it keeps its own.
    In a `.keras` file stand its class, the arguments that make it, and its weights as arrays. Its
    class must be one of torch.nn, be registered, or be given in `custom_objects`.

    Args:
        module: The module. Its constructor's arguments are read from attributes of the same
            names, or come from its `get_config()`.
        name: Default `torch_module_wrapper`, ….
        output_shape: Shape of the output without the batch, if a run on the meta device does not
            tell it.

    Raises:
        ValueError: if `module` is no `nn.Module`.

    >>> import torch, torchkeras as keras
    >>> layer = keras.layers.TorchModuleWrapper(torch.nn.Linear(3, 2))
    >>> layer(torch.ones(1, 3)).shape
    torch.Size([1, 2])
    """

    _stands_for = "module"  # files keep the module's state_dict, as Keras's do

    def __init__(
        self, module: nn.Module, name: str | None = None, output_shape: Any = None, **kwargs: Any
    ) -> None:
        if isinstance(module, dict):
            module = serialize.deserialize_keras_object(module)
        if not isinstance(module, nn.Module):
            raise ValueError(
                "TorchModuleWrapper: module must be a torch.nn.Module. "
                f"{received('module', module)}"
            )
        if kwargs.get("dtype") is None:
            kwargs["dtype"] = policy_of(module)
        super().__init__(name=name, **kwargs)
        self.module = module
        self.output_shape = output_shape
        if not self.trainable:
            self.trainable = False  # the module's parameters too
        self.built = not is_lazy(module)

    def build(self, input_shape: Any = None) -> None:
        """Create nothing: the module has its parameters, or makes them when it is called."""

    def call(self, *args: Any, training: bool | None = None, **kwargs: Any) -> Any:
        """Run the module, in the mode that `training` says."""
        module, dtype = self._modules["module"], self._cast_dtype()
        modes = None
        if training is not None and module.training != training:
            modes = _mode.switch((module,), training)
        try:
            if dtype is None:
                return module(*args, **kwargs)
            return _mixed(module, dtype, args, kwargs)
        finally:
            if modes is not None:
                _mode.restore(modes)

    def _foreign_modules(self) -> list[nn.Module]:
        return []  # the call itself sees to the mode

    def compute_output_spec(self, *args: Any, **kwargs: Any) -> Any:
        """Return the symbolic outputs: by a run on the meta device that changes no mode."""
        if self.output_shape is not None:
            from_batch = (args[0].shape[0], *self.output_shape)
            return KerasTensor(from_batch, self.compute_dtype)
        return eval_spec(self, super().compute_output_spec, args, kwargs)
