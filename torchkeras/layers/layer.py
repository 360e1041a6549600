"""Layer: an `nn.Module` that is called, built, configured and saved as a Keras layer."""

from collections.abc import Callable, Sequence
from typing import Any, Self

from torch import nn

from torchkeras import regularizers
from torchkeras._base import scope
from torchkeras._base.check import received
from torchkeras.core import configurable, policy, remat, tracking
from torchkeras.core.operation import Operation
from torchkeras.core.policy_map import DTypePolicyMap
from torchkeras.core.registry import LAYERS
from torchkeras.core.serialize import is_builtin
from torchkeras.core.stateless import StatelessScope
from torchkeras.layers import _build, _call_spec
from torchkeras.layers._legacy import OldLayer
from torchkeras.layers._template import LayerCall
from torchkeras.layers._variables import LayerVariables

_state = scope.state
_OWN = ("_init_arguments",)  # what an object has before its __init__


@LAYERS.register(module="keras")
class Layer(OldLayer, LayerVariables, LayerCall, Operation, configurable.Configurable):
    """Base of all layers: state (weights) and a computation (`call`).

    A subclass makes its weights in `build(input_shape)` with `add_weight`, and computes in
    `call(inputs)`, which may take `training` and `mask`.

    Args:
        activity_regularizer: Regularizer of the layer's output.
        trainable: Whether the layer's variables are trained.
        dtype: Dtype or DTypePolicy; default: the global policy.
        autocast: Whether floating inputs are cast to the compute dtype.
        name: Default: the class name in snake case, made unique.

    >>> import torch, torchkeras as keras
    >>> class Scale(keras.layers.Layer):
    ...     def build(self, input_shape):
    ...         self.factor = self.add_weight(shape=(input_shape[-1],), initializer="ones")
    ...     def call(self, inputs):
    ...         return inputs * self.factor
    >>> Scale()(torch.ones(2, 3)).shape
    torch.Size([2, 3])
    """

    _config_root = _config_base = True
    config_skip = frozenset({"autocast"})
    # Set by layers that give their outputs a mask although the input has none (Masking).
    makes_mask = False
    # Shape of the inputs of a model that begins with this layer, where nobody says one.
    _usual_shape: tuple[int | None, ...] | None = None
    # Set by layers that are called on strings or Python numbers.
    takes_any_positional = False
    # Set by layers (and models) that are called on arrays of strings: data may hold some then.
    takes_strings = False
    # Set by layers whose configs hold `activity_regularizer: None` in Keras (most leave it out).
    writes_absent_regularizer = False

    def __init__(
        self,
        *,
        activity_regularizer: Any = None,
        trainable: bool = True,
        dtype: Any = None,
        autocast: bool = True,
        name: str | None = None,
        **kwargs: Any,
    ) -> None:
        fields = self.__dict__
        # As in Keras, attributes may come before this call; those with state get their place below.
        early = {k: v for k, v in fields.items() if k not in _OWN and tracking.holds_state(v)}
        if not isinstance(trainable, bool):
            raise ValueError(
                f"{type(self).__name__}: trainable must be True or False. "
                f"{received('trainable', trainable)}"
            )
        nn.Module.__init__(self)
        fields["training"] = False  # Keras: model(x) is inference until somebody says otherwise
        fields["_fast"] = False
        fields["_policy"] = given = policy.get(dtype)
        fields["_policies"] = given if isinstance(given, DTypePolicyMap) else None
        fields["_losses"] = []
        fields["_loss_call"] = None
        fields["_top_call"] = 0  # the last call in which no other layer stood around this one
        fields["_remat"] = remat.current()
        fields["_trainable"] = trainable
        fields["_plain_lists"] = set()
        fields["_call_spec"] = _call_spec.call_spec(type(self).call)
        self.built = False
        self.autocast = autocast
        self.supports_masking = type(self).compute_mask is not Layer.compute_mask
        self.input_spec: Any = None
        Operation.__init__(self, name)
        self.activity_regularizer = regularizers.get(activity_regularizer)
        self._input_shape_arg = self._shape_argument(kwargs)
        if kwargs:
            raise ValueError(
                f"Unrecognized keyword arguments passed to {type(self).__name__}: {kwargs}"
            )
        for attribute, value in early.items():
            del fields[attribute]
            setattr(self, attribute, value)

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if "build" in cls.__dict__:
            cls.build = _build.wrap_build(cls.__dict__["build"])  # type: ignore[method-assign]

    @staticmethod
    def _shape_argument(kwargs: dict[str, Any]) -> tuple[int | None, ...] | None:
        if "input_dim" in kwargs:
            return (None, kwargs.pop("input_dim"))
        if "batch_input_shape" in kwargs:
            return tuple(kwargs.pop("batch_input_shape"))
        if "input_shape" in kwargs:
            shape = kwargs.pop("input_shape")
            return (None, *((shape,) if isinstance(shape, int) else shape))
        return None

    # ------------------------------------------------------------------ dtypes

    @property
    def dtype_policy(self) -> policy.DTypePolicy:
        """Policy of compute and variable dtypes."""
        return self._policy if self._policies is None else self._policies

    @dtype_policy.setter
    def dtype_policy(self, value: Any) -> None:
        value = policy.get(value)
        if isinstance(value, DTypePolicyMap):
            self.__dict__["_policies"] = value
            value = value[self.path] if self.built else value
        elif self._policies is not None and self.built:
            self._enter_in_map(value)
        else:
            self.__dict__["_policies"] = None
        if self.built:
            self._enter_policy(value)
        self._policy = value

    def _enter_in_map(self, value: policy.DTypePolicy) -> None:
        """Let the map of policies that the layer was made with say what has become of it."""
        if self.path in self._policies:
            del self._policies[self.path]  # which refuses to be told twice
        self._policies[self.path] = value

    def _enter_policy(self, new: policy.DTypePolicy) -> None:
        """Adapt the weights that there are to a policy; layers that can be quantized do."""

    @property
    def dtype(self) -> str:
        """Dtype of the variables."""
        return self._policy.variable_dtype

    variable_dtype = dtype

    @property
    def compute_dtype(self) -> str:
        """Dtype of the computation and outputs."""
        return self._policy.compute_dtype

    input_dtype = compute_dtype

    @property
    def quantization_mode(self) -> str | None:
        """Mode of quantization, or None."""
        return self._policy.quantization_mode

    def _settle_policy(self) -> None:
        """Note the path, and choose from a map of policies, when the layer is built."""
        fields = self.__dict__
        if fields.get("_path") is None:
            names = _state.names
            names = names if names[-1:] == (self.name,) else (*names, self.name)
            fields["_path"] = "/".join(names)
        if self._policies is not None:
            fields["_policy"] = self._policies[fields["_path"]]

    def quantize(self, mode: Any = None, type_check: bool = True, config: Any = None) -> None:
        """Keep the weights in few bits from now on; only some layers can.

        Args:
            mode: `"int8"`, `"int4"` or `"float8"`; default: that of `config`.
            type_check: Whether a user's subclass is refused, whose `call` would not be run.
            config: A `keras.quantizers.QuantizationConfig`.

        Raises:
            NotImplementedError: if this layer has no weights that can be quantized.
        """
        raise NotImplementedError(
            f"Layer {type(self).__name__} does not have a `quantize` method implemented."
        )

    # ------------------------------------------------------------------ building

    def _on_built(self) -> None:
        """Attach adapters; called at the end of `build`, within its scopes."""

    def build(self, input_shape: Any) -> None:
        """Create the weights; a subclass defines it."""
        self.built = True

    def _built_from_the_start(self) -> None:
        """Count as built, as layers without weights do; not if a user's subclass has a `build`."""
        self.built = type(self).build.__module__.startswith("torchkeras.")
        self._refresh()

    def _build_for(self, arguments: dict[str, Any]) -> None:
        build = type(self).build
        if build is Layer.build:
            self._settle_policy()
            self.built = True
            if not is_builtin(type(self)):
                shapes = _call_spec.shapes_by_parameter(arguments, build)
                self.__dict__["_build_shapes"] = _build.as_shape(shapes)
            return
        shapes = _call_spec.shapes_by_parameter(arguments, build)
        self.build(**shapes)

    def get_build_config(self) -> dict[str, Any] | None:
        """Return the shapes that the layer was built for."""
        return _build.build_config(self.__dict__.get("_build_shapes"))

    def build_from_config(self, config: dict[str, Any]) -> None:
        """Build the layer for the shapes of a config."""
        if "input_shape" in config:
            self.build(_build.as_shape(config["input_shape"]))
        elif "shapes_dict" in config:
            self.build(**_build.as_shape(config["shapes_dict"]))

    def rematerialized_call(
        self, layer_call: Callable[..., Any], *args: Any, **kwargs: Any
    ) -> Callable[..., Any]:
        """Return `layer_call`, computed twice if the RematScope that made the layer asks for it.

        Args:
            layer_call: A function, for example `layer.call`.
            args, kwargs: What it is to be called with: the scope may go by sizes.
        """
        chosen = self.__dict__["_remat"]
        if chosen is None or not chosen.applies(self, args, kwargs):
            return layer_call
        return remat.remat(layer_call)

    def stateless_call(
        self,
        trainable_variables: Sequence[Any],
        non_trainable_variables: Sequence[Any],
        *args: Any,
        return_losses: bool = False,
        **kwargs: Any,
    ) -> tuple[Any, ...]:
        """Call the layer with other values for its variables, which themselves do not change.

        Args:
            trainable_variables: Value of each of the layer's `trainable_variables`.
            non_trainable_variables: The same of `non_trainable_variables`.
            args, kwargs: What a call of the layer takes.
            return_losses: Whether losses are returned too.

        Returns:
            The outputs, the values of `non_trainable_variables` after the call, and, if they are
            asked for, the losses: those that the call added, and the regularizers'.

        Raises:
            ValueError: if the layer is not built, or values are missing or of other shapes.

        >>> import torch, torchkeras as keras
        >>> layer = keras.layers.Dense(1, use_bias=False)
        >>> layer.build((None, 2))
        >>> layer.stateless_call([torch.ones(2, 1)], [], torch.ones(1, 2))
        (tensor([[2.]]), [])
        """
        if not self.built:
            raise ValueError(f"{type(self).__name__}: stateless_call needs a layer that is built.")
        pairs: list[tuple[Any, Any]] = []
        for name, values in (
            ("trainable_variables", trainable_variables),
            ("non_trainable_variables", non_trainable_variables),
        ):
            variables = getattr(self, name)
            if len(values) != len(variables):
                raise ValueError(
                    f"{type(self).__name__}: {name} must hold a value for each of the layer's "
                    f"{len(variables)} {name}. Received: {len(values)} values."
                )
            pairs += zip(variables, values, strict=True)
        with StatelessScope(pairs, collect_losses=return_losses) as beside:
            outputs = self(*args, **kwargs)
            after = [beside.read(v) for v in self.non_trainable_variables]
            if not return_losses:
                return outputs, after
            return outputs, after, [*beside.losses, *self.losses]

    # ------------------------------------------------------------------ configuration

    def _config_overrides(self) -> dict[str, Any]:
        return {
            "dtype": self.dtype_policy,
            "name": self.name,
            "trainable": self._trainable,
            "activity_regularizer": self.activity_regularizer,
        }

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that make an equal layer, ready for JSON."""
        config = super().get_config()
        plain = type(self) is Layer or not is_builtin(type(self))
        if plain and type(self).__init__ is Layer.__init__:
            # A user's class without arguments of its own: Keras writes all of Layer's.
            return {
                **config,
                "activity_regularizer": config.get("activity_regularizer"),
                "autocast": self.autocast,
            }
        if config.get("activity_regularizer", False) is None and not self.writes_absent_regularizer:
            del config["activity_regularizer"]
        return config

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Self:
        """Make the layer of a config; `dtype` reaches the constructor as a name if it has one."""
        return super().from_config(_with_policy(config))

    @property
    def path(self) -> str:
        """Name scopes around the layer when it was built, and its name."""
        return self.__dict__.get("_path") or "/".join((*_state.names, self.name))

    def __repr__(self) -> str:
        return f"<{type(self).__name__} name={self.name}, built={self.built}>"


def _with_policy(config: dict[str, Any]) -> dict[str, Any]:
    """Read the policy in a layer's config: constructors know names, as people write them."""
    if not isinstance(config.get("dtype"), dict):
        return config
    found = policy.get(config["dtype"])
    plain = found.quantization_mode is None and not isinstance(found, DTypePolicyMap)
    return {**config, "dtype": found.name if plain else found}
