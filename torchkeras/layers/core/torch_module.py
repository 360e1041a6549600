"""TorchModuleWrapper: any `nn.Module` as a layer."""

from typing import Any

from torch import nn

from torchkeras._base import scope
from torchkeras._base.check import received
from torchkeras.core import serialize
from torchkeras.core.registry import LAYERS
from torchkeras.layers.layer import Layer


@LAYERS.register()
class TorchModuleWrapper(Layer):
    """A torch module as a layer: its parameters are trained, its buffers and mode followed.

    With `training=None` the module keeps the mode it is in; else it is put in that mode.

    Args:
        module: The module. To be saved, its class must have `get_config`, and be registered.
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
        super().__init__(name=name, **kwargs)
        self.module = module
        self.output_shape = output_shape
        self.built = True

    def call(self, *args: Any, training: bool | None = None, **kwargs: Any) -> Any:
        """Run the module, in the mode that `training` says."""
        module = self.module
        if training is not None and module.training != training:
            module.train(training)
        return module(*args, **kwargs)

    def compute_output_spec(self, *args: Any, **kwargs: Any) -> Any:
        """Return the symbolic outputs: by a run on the meta device that changes no mode."""
        if self.output_shape is not None:
            from_batch = (args[0].shape[0], *self.output_shape)
            return type(args[0])(from_batch, self.compute_dtype)
        modes = [(m, m.training) for m in self.module.modules()]
        try:
            self.module.eval()  # batch statistics need more than a shape
            with scope.scoped(training=None):
                return super().compute_output_spec(*args, **kwargs)
        finally:
            for m, mode in modes:
                m.training = mode

    def _config_overrides(self) -> dict[str, Any]:
        # The module's own config is stored with it; a module is never pickled.
        if not hasattr(self.module, "get_config"):
            raise TypeError(
                f"{type(self.module).__name__} cannot be stored: give its class get_config() and "
                "decorate it with keras.saving.register_keras_serializable(), or save weights only."
            )
        return super()._config_overrides()
