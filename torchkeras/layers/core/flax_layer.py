"""FlaxLayer: a module of flax as a layer."""

import inspect
from collections.abc import Callable
from typing import Any

from torchkeras._base.check import received
from torchkeras._base.optional import require
from torchkeras.core import serialize
from torchkeras.core.registry import LAYERS
from torchkeras.layers.core.jax_layer import JaxLayer


@LAYERS.register()
class FlaxLayer(JaxLayer):
    """A `flax.linen.Module` as a layer; see `JaxLayer`.

    The collection `params` is trained, all other collections are state. Random numbers are
    provided.

    Args:
        module: The module. To be saved, its class must have `get_config` and be registered.
        method: Method to call, or a function `(module, inputs)`, each with `training` if it
            wants that; default `__call__`.
        variables: What `module.init` returned, in place of a call of it.

    Raises:
        ImportError: without flax: `pip install "torchkeras[jax]"`.
        TypeError: if `module` is no flax module, or `method` no function.

    >>> import importlib.util, torch, torchkeras as keras
    >>> if importlib.util.find_spec("flax"):
    ...     import flax.linen
    ...     layer = keras.layers.FlaxLayer(flax.linen.Dense(2))
    ...     assert layer(torch.ones(1, 3)).shape == (1, 2)
    """

    config_skip = frozenset({"variables", "call_fn", "init_fn"})

    def __init__(
        self,
        module: Any,
        method: Callable[..., Any] | None = None,
        variables: Any = None,
        **kwargs: Any,
    ) -> None:
        linen = require("flax.linen", "jax")
        denied = require("flax.core", "jax").DenyList(["params"])
        if not isinstance(module, linen.Module):
            raise TypeError(
                f"FlaxLayer: module must be a flax.linen.Module. {received('module', module)}"
            )
        if method is not None and not callable(method):
            raise TypeError(f"FlaxLayer: method must be a function. {received('method', method)}")
        moded = "training" in inspect.signature(method or type(module).__call__).parameters

        def mode(training: bool) -> dict[str, Any]:
            return {"training": training} if moded else {}

        def call_fn(params: Any, state: Any, rng: Any, inputs: Any, training: bool) -> Any:
            return module.apply(
                {**(params or {}), **(state or {})},
                inputs,
                rngs=rng,
                method=method,
                mutable=denied,
                **mode(training),
            )

        def init_fn(rng: Any, inputs: Any, training: bool) -> Any:
            return _split(module.init(rng, inputs, method=method, **mode(training)))

        params, state = _split(variables) if variables is not None else (None, None)
        super().__init__(call_fn, init_fn, params=params, state=state, **kwargs)
        self.__dict__["module"] = module
        self.method = method

    def _config_value(self, name: str) -> Any:
        return self.module if name == "module" else super()._config_value(name)

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> "FlaxLayer":
        """Make the layer of a config; the module's class must be registered or custom."""
        return cls(**{k: serialize.deserialize_keras_object(v) for k, v in config.items()})


def _split(variables: Any) -> tuple[Any, Any]:
    """Part the collection that is trained from the others."""
    return (
        {k: v for k, v in variables.items() if k == "params"},
        {k: v for k, v in variables.items() if k != "params"},
    )
