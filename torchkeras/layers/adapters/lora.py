"""LoRA: a frozen weight, and a low-rank update of it that is trained in its place.

"LoRA: Low-Rank Adaptation of Large Language Models", https://arxiv.org/abs/2106.09685.
"""

from typing import Any, ClassVar

import torch

from torchkeras import initializers
from torchkeras._base import check, scope
from torchkeras.core import stateful
from torchkeras.core.serialize import is_builtin
from torchkeras.core.tensor import convert_to_numpy, convert_to_tensor
from torchkeras.core.variable import Variable
from torchkeras.layers.adapters import attach


class LowRank:
    """Gives a layer `enable_lora`; the class that names it states its main weight in `_target`.

    The layer's own `call` runs on: it finds `weight + lora_alpha / lora_rank * a @ b` where its
    weight was. A family may set `_lora_method`, a method that does the same with fewer products.
    """

    _config_base = True
    _target: ClassVar[str] = "kernel"
    _lora_method: ClassVar[str | None] = None

    def __init__(
        self,
        *args: Any,
        lora_rank: int | None = None,
        lora_alpha: float | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        if lora_rank is not None:
            check.positive_int(type(self).__name__, "lora_rank", lora_rank)
        self.lora_rank = lora_rank
        self.lora_alpha = lora_alpha
        self.lora_enabled = False

    def enable_lora(
        self,
        rank: int,
        lora_alpha: float | None = None,
        a_initializer: Any = "he_uniform",
        b_initializer: Any = "zeros",
    ) -> None:
        """Freeze the main weight, and add two small ones whose product is its update.

        Args:
            rank: Columns of `a` and rows of `b`.
            lora_alpha: The product counts `lora_alpha / rank`; default: `rank`.
            a_initializer, b_initializer: Initializers; zeros in `b` change nothing at first.

        Raises:
            ValueError: if the layer is not built, has a constraint, or has LoRA already.
        """
        owner, target = type(self).__name__, self._target
        check.positive_int(owner, "rank", rank)
        if getattr(self, f"{target}_constraint") is not None:
            raise ValueError(
                f"{owner}: LoRA is incompatible with a constraint; leave {target}_constraint out. "
                f"Received: {target}_constraint={getattr(self, f'{target}_constraint')}."
            )
        if not self.built:
            raise ValueError(
                f"{owner}: LoRA can be enabled once the layer is built. Received: a layer "
                f"{self.name!r} that isn't yet built."
            )
        if self.lora_enabled:
            raise ValueError(
                f"{owner}: LoRA is already enabled; this can only be done once per layer. "
                f"Received: rank={rank} for layer {self.name!r}, which has {self.lora_rank}."
            )
        a_initializer, b_initializer = map(initializers.get, (a_initializer, b_initializer))
        shape = self._target_shape(target)
        options = {"regularizer": getattr(self, f"{target}_regularizer")}
        a, b = f"lora_{target}_a", f"lora_{target}_b"
        names = scope.state.names if self.__dict__.get("_building") else tuple(self.path.split("/"))
        with torch.inference_mode(False), scope.scoped(names=names):
            made = (
                self.add_weight(
                    name=a, shape=(*shape[:-1], rank), initializer=a_initializer, **options
                ),
                self.add_weight(
                    name=b, shape=(rank, shape[-1]), initializer=b_initializer, **options
                ),
            )
        setattr(self, a, made[0])
        setattr(self, b, made[1])
        attach.stored_weight(self, target).trainable = False
        self.lora_enabled = True
        self.lora_rank = rank
        self.lora_alpha = rank if lora_alpha is None else lora_alpha
        self._attach()

    # ------------------------------------------------------------------ attachment

    def _on_built(self) -> None:
        super()._on_built()
        self._attach()
        if self.lora_rank is not None and not self.lora_enabled:
            self.enable_lora(self.lora_rank, self.lora_alpha)

    def _attach(self) -> None:
        """Let the layer compute with what its adapters make of its weight."""
        if not self.lora_enabled:
            return
        if self._target not in self.__dict__.get("_adapted", ()):
            attach.hide_weight(self, self._target)
        self.__dict__["_own_files"] = True
        if self._lora_method is not None and self._runs_own_call():
            attach.replace_call(self, self._lora_method)

    def _runs_own_call(self) -> bool:
        """Tell whether `call` is ours, not a user's."""
        owner = next(c for c in type(self).__mro__ if "call" in c.__dict__)
        return is_builtin(owner)

    def _target_shape(self, name: str) -> tuple[int, ...]:
        return tuple(attach.stored_weight(self, name).shape)

    # ------------------------------------------------------------------ weights

    def _adapted_weight(self, name: str) -> torch.Tensor:
        """Return what stands where the weight `name` was."""
        weight = self._base_weight(name)
        return self._with_update(weight) if self.lora_enabled else weight

    def _base_weight(self, name: str) -> torch.Tensor:
        """Return a weight without the update."""
        return getattr(self, f"_{name}")

    def _factors(self) -> tuple[torch.Tensor, torch.Tensor, float]:
        """Return `a`, `b` and what their product counts."""
        target = self._target
        a, b = getattr(self, f"lora_{target}_a"), getattr(self, f"lora_{target}_b")
        return a, b, self.lora_alpha / self.lora_rank

    def _with_update(self, weight: torch.Tensor) -> torch.Tensor:
        a, b, share = self._factors()
        if weight.ndim == 2:
            return torch.addmm(weight, a, b, alpha=share)
        return torch.add(weight, a @ b, alpha=share)

    # ------------------------------------------------------------------ files and configs

    def _merged_values(self) -> list[Any]:
        """Return the values for a file: with LoRA, the weight holds its update."""
        stored = attach.stored_weight(self, self._target)
        with torch.no_grad():
            merged = self._with_update(stored)
        return [merged if v is stored else v for v in self._stored_variables()]

    def _stored_variables(self) -> list[Variable]:
        update = [id(self._parameters.get(f"lora_{self._target}_{part}")) for part in "ab"]
        return [v for v in super()._stored_variables() if id(v) not in update]

    @stateful.standard  # without LoRA; with it, `_own_files` says otherwise
    def save_own_variables(self, store: dict[str, Any]) -> None:
        """Put the layer's variables into a dict of arrays; with LoRA, the merged weight."""
        if not self.lora_enabled:
            super().save_own_variables(store)
            return
        for i, value in enumerate(self._merged_values()):
            store[str(i)] = convert_to_numpy(value)

    @stateful.standard
    def load_own_variables(self, store: dict[str, Any]) -> None:
        """Set the layer's variables from a dict of arrays; an update starts again from nothing."""
        if not self.lora_enabled:
            super().load_own_variables(store)
            return
        stored = self._stored_variables()
        wanted = {str(i): tuple(v.shape) for i, v in enumerate(stored)}
        found = {k: tuple(v.shape) for k, v in store.items()}
        if found != wanted:
            raise ValueError(
                f"Layer {self.name!r} expects variables of the shapes {wanted}. Received: {found}."
            )
        for i, v in enumerate(stored):
            v.assign(convert_to_tensor(store[str(i)]))
        # The weight holds the update already. `a` keeps its values: were both zero, as in Keras,
        # no gradient would ever reach them.
        getattr(self, f"lora_{self._target}_b").assign(torch.zeros_like(self._factors()[1]))

    def get_config(self) -> dict[str, Any]:
        """Return the arguments; those of LoRA only if it is meant to be used."""
        config = super().get_config()
        if config.get("lora_rank") is None:
            config.pop("lora_rank", None)
            config.pop("lora_alpha", None)
        return config
