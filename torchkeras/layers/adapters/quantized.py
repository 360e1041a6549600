"""Weights in few bits: what all layers that can be quantized share."""

from typing import Any, ClassVar

import torch

from torchkeras._base import scope
from torchkeras._base.check import received
from torchkeras.core import policy, stateful
from torchkeras.core.policy import DTypePolicy
from torchkeras.core.policy_map import DTypePolicyMap
from torchkeras.core.quantized_policy import CALIBRATED
from torchkeras.core.registry import QUANTIZERS
from torchkeras.core.serialize import is_builtin
from torchkeras.core.variable import Variable
from torchkeras.layers.adapters import attach
from torchkeras.layers.adapters.calibrated import Calibrated
from torchkeras.layers.adapters.lora import LowRank
from torchkeras.layers.adapters.modes import Mode
from torchkeras.quantizers import AbsMaxQuantizer, QuantizationConfig
from torchkeras.quantizers.config import Int4QuantizationConfig
from torchkeras.quantizers.resolve import policy_name, resolve


class Quantizable(LowRank):
    """Gives a layer `quantize`, and weights in few bits if its dtype policy asks for them.

    A family states its `_modes`: name -> what makes and reads the variables of that mode. Its
    methods `_<mode>_call` run in the place of `call`.
    """

    _modes: ClassVar[dict[str, Mode]] = {}

    def __init__(self, *args: Any, quantization_config: Any = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if isinstance(quantization_config, dict):
            quantization_config = QUANTIZERS.deserialize(quantization_config)
        self.quantization_config = quantization_config

    # ------------------------------------------------------------------ building

    @property
    def _targets(self) -> tuple[str, ...]:
        """Names of the weights that are kept in few bits."""
        return (self._target,)

    def _mode(self) -> Mode | None:
        """Return what the mode of the policy does with the variables."""
        name = self._policy.quantization_mode
        return None if name is None else self._mode_called(name)

    def _mode_called(self, name: str) -> Mode:
        if name not in self._modes:
            raise NotImplementedError(
                f"Invalid quantization mode. Expected one of {tuple(self._modes)}. "
                f"Received: quantization_mode={name}"
            )
        return self._modes[name]

    def add_weight(self, shape: Any = None, *args: Any, **kwargs: Any) -> Variable:
        """Create a variable; a weight that the policy keeps in few bits is made in its form."""
        name = kwargs.get("name")
        if name in self._targets and not self.__dict__.get("_making"):
            self.__dict__.setdefault("_float_shapes", {})[name] = tuple(shape)
            mode = self._mode()
            if mode is not None:
                made = self._make(mode, name, tuple(shape))
                if made is not None:
                    return made
        return super().add_weight(shape, *args, **kwargs)

    def _make(self, mode: Mode, name: str, shape: tuple[int, ...]) -> Variable | None:
        self.__dict__["_making"] = True
        try:
            return mode.build(self, name, shape)
        finally:
            self.__dict__["_making"] = False

    def quantized_build(self, shape: Any, mode: str, config: Any = None) -> None:
        """Create the variables of a mode for a main weight of a shape (Keras's name for it)."""
        form = self._mode_called(mode)
        self.quantization_config = config if config is not None else self.quantization_config
        made = self._make(form, self._target, tuple(shape))
        if made is not None:
            setattr(self, self._target, made)

    def _state_variable(
        self, name: str, shape: Any, dtype: str, initializer: str = "zeros"
    ) -> Variable:
        """Create a variable that no gradient changes, under the attribute of its name."""
        made = self.add_weight(
            shape=shape, name=name, initializer=initializer, dtype=dtype, trainable=False
        )
        setattr(self, name, made)
        return made

    # ------------------------------------------------------------------ quantize

    def quantize(self, mode: Any = None, type_check: bool = True, config: Any = None) -> None:
        """Keep the weights in few bits from now on; see `Layer.quantize`."""
        config, changed = self._check_quantize(mode, type_check, config)
        if config.mode in CALIBRATED and "_statistics" not in self.__dict__:
            raise ValueError(
                f"{type(self).__name__}: {config.mode!r} looks at the inputs that data gives a "
                f"layer; call `quantize` of its model. {received('mode', config.mode)}"
            )
        with scope.scoped(names=tuple(self.path.split("/"))):  # the paths of new variables
            self._quantize_weights(self._modes[config.mode], config)
        if self._policies is not None:
            self._enter_in_map(changed)
        self.__dict__["_policy"] = changed
        self._attach()

    def _enter_policy(self, new: DTypePolicy) -> None:
        mode = new.quantization_mode
        if mode in self._modes and self._policy.quantization_mode is None:
            size = getattr(new, "block_size", None)
            config = (
                None if mode != "int4" or size is None else Int4QuantizationConfig(block_size=size)
            )
            self.quantize(mode, config=config)

    def _check_quantize(self, mode: Any, type_check: bool, config: Any) -> tuple[Any, Any]:
        """Return the configuration and the policy to come, or say why there is none."""
        if type_check and not is_builtin(type(self)):
            super().quantize(mode)
        config = resolve(mode, config)
        mode = config.mode
        self._mode_called(mode)
        if not self.built:
            raise ValueError(
                f"Cannot quantize a layer that isn't yet built. Layer {self.name!r} "
                f"(of type {type(self).__name__!r}) is not built yet."
            )
        if self._policy.quantization_mode is not None:
            raise ValueError(
                f"Layer {self.name!r} is already quantized with "
                f"dtype_policy={self._policy.name!r}. {received('mode', mode)}"
            )
        if mode in CALIBRATED:
            self._calibrated_shape(self._target_shape(self._target))  # or says why there is none
        return config, policy.get(f"{policy_name(config)}_from_{self._policy.name}")

    @torch.no_grad()
    @torch.inference_mode(False)
    def _quantize_weights(self, mode: Mode, config: Any) -> None:
        self.quantization_config = config
        for name in self._targets:
            value = attach.stored_weight(self, name).detach()
            shape = self._target_shape(name)
            if mode.replaces:
                encoded = mode.encode(self, name, value)
                attach.drop_weight(self, name)
                setattr(self, name, self._make(mode, name, shape))
                mode.store(self, name, encoded)
            else:
                self._make(mode, name, shape)

    # ------------------------------------------------------------------ attachment

    def _attach(self) -> None:
        mode = self._mode()
        hidden = self.__dict__.get("_adapted", ())
        if mode is not None and mode.replaces and self._target not in hidden:
            attach.hide_weight(self, self._target)
        super()._attach()
        if mode is not None:
            attach.replace_call(self, f"_{self._policy.quantization_mode}_call")
        if isinstance(mode, Calibrated):
            self.__dict__["_own_files"] = True

    def quantized_call(self, *args: Any, **kwargs: Any) -> Any:
        """Compute the outputs with the weights that there are."""
        mode = self._policy.quantization_mode
        self._mode_called(mode)
        return getattr(self, f"_{mode}_call")(*args, **kwargs)

    @property
    def inputs_quantizer(self) -> Any:
        """What turns inputs to int8 into whole numbers, too; None if they stay as they are."""
        default = AbsMaxQuantizer() if self._policy.quantization_mode == "int8" else None
        return QuantizationConfig.activation_quantizer_or_default(self.quantization_config, default)

    def _target_shape(self, name: str) -> tuple[int, ...]:
        shapes = self.__dict__.get("_float_shapes", {})
        return shapes[name] if name in shapes else super()._target_shape(name)

    # ------------------------------------------------------------------ weights

    def _adapted_weight(self, name: str) -> torch.Tensor:
        mode = self._mode()
        if mode is None or not mode.replaces:
            return super()._adapted_weight(name)
        if self.lora_enabled and name == self._target:
            return self._with_update(mode.decode(self, name))
        return mode.numbers(self, name)

    def _merged_values(self) -> list[Any]:
        mode = self._mode()
        if mode is None or not mode.replaces:
            return super()._merged_values()
        name = self._target
        with torch.no_grad():
            encoded = mode.encode(self, name, self._with_update(mode.decode(self, name)))
        merged = {id(v): value for v, value in mode.pairs(self, name, encoded)}
        return [merged.get(id(v), v) for v in self._stored_variables()]

    def _stored_variables(self) -> list[Variable]:
        own = super()._stored_variables()
        if self._policy.quantization_mode is None:
            return own
        # Whichever was created first.
        first = {"bias": 0, "kernel": 1} if self._is_calibrated() else {"kernel": 0, "bias": 1}
        return sorted(own, key=lambda v: first.get(v.name, 2))

    def _is_calibrated(self) -> bool:
        return self._policy.quantization_mode in CALIBRATED

    @stateful.standard  # GPTQ and AWQ have `_own_files`
    def load_own_variables(self, store: dict[str, Any]) -> None:
        """Set the layer's variables from a dict of arrays."""
        mode = self._mode()
        super().load_own_variables(
            mode.completed(self, store) if isinstance(mode, Calibrated) else store
        )


def policies_within(layer: Any) -> DTypePolicy:
    """Return the policy for the config of a layer that makes layers of its own.

    It names those of them that have been quantized, so that they are made like that again.
    """
    found = {
        m.path: m._policy
        for m in layer._walk()
        if isinstance(m, Quantizable) and m._policy.quantization_mode is not None
    }
    given = layer.dtype_policy
    if not found or isinstance(given, DTypePolicyMap):
        return given
    return DTypePolicyMap(given, found)
