"""Bidirectional: a recurrent layer that reads the sequence in both directions."""

from typing import Any

import torch

from torchkeras._base import check
from torchkeras._base.check import received
from torchkeras.core import serialize
from torchkeras.core.registry import LAYERS
from torchkeras.layers.layer import Layer
from torchkeras.layers.recurrent.rnn import RNN

_MODES = ("sum", "mul", "ave", "concat", None)
_SHARED = ("stateful", "return_sequences", "return_state")


@LAYERS.register()
class Bidirectional(Layer):
    """Runs a recurrent layer forwards and a copy of it backwards, and merges their outputs.

    Args:
        layer: RNN, LSTM, GRU or another layer with `go_backwards` and `return_sequences`.
        merge_mode: `"concat"`, `"sum"`, `"mul"`, `"ave"`, or None for both outputs.
        weights: Values that the weights start with.
        backward_layer: Layer for the other direction, with the opposite `go_backwards`; default:
            made from the config of `layer`.

    Shapes: `(batch, steps, features) -> (batch, 2 * units)` for `"concat"`, else `(batch, units)`.

    Raises:
        ValueError: for another mode, no layer, or layers whose options do not fit.

    Schuster and Paliwal, 1997, https://doi.org/10.1109/78.650093

    >>> import torch, torchkeras as keras
    >>> keras.layers.Bidirectional(keras.layers.LSTM(4))(torch.ones(2, 5, 3)).shape
    torch.Size([2, 8])
    """

    config_skip = frozenset({"weights", "activity_regularizer"})

    def __init__(
        self,
        layer: Any,
        merge_mode: str | None = "concat",
        weights: Any = None,
        backward_layer: Any = None,
        **kwargs: Any,
    ) -> None:
        check.one_of("Bidirectional", "merge_mode", merge_mode, _MODES)
        for name, value in (("layer", layer), ("backward_layer", backward_layer)):
            if value is None and name == "backward_layer":
                continue
            needed = ("go_backwards", "return_sequences", "return_state")
            if not isinstance(value, Layer) or not all(hasattr(value, n) for n in needed):
                raise ValueError(
                    f"Bidirectional: {name} must be a recurrent layer, with go_backwards, "
                    f"return_sequences and return_state. {received(name, value)}"
                )
        if backward_layer is not None:
            _check_pair(layer, backward_layer)
        super().__init__(**kwargs)
        # Copies: the layer given stays the caller's own, and may be built elsewhere.
        config = serialize.serialize_keras_object(layer)
        self.forward_layer = _copy(config, _prefixed("forward_", layer.name))
        if backward_layer is None:
            config = serialize.serialize_keras_object(layer)
            config["config"]["go_backwards"] = not layer.go_backwards
            backward_layer = _copy(config, _prefixed("backward_", layer.name))
        self.backward_layer = backward_layer
        self.merge_mode = merge_mode
        self._start = weights
        self.stateful = bool(getattr(layer, "stateful", False))
        self.return_sequences = layer.return_sequences
        self.return_state = layer.return_state
        self.supports_masking = True
        for one in (self.forward_layer, self.backward_layer):
            # A masked step of one direction is not a masked step's neighbour in the other.
            one.zero_output_for_mask = self.return_sequences or getattr(
                one, "zero_output_for_mask", False
            )

    # ------------------------------------------------------------------ shapes

    def build(self, sequences_shape: Any, initial_state_shape: Any = None) -> None:
        """Build both layers."""
        for one in (self.forward_layer, self.backward_layer):
            if not one.built:
                one.build(sequences_shape)
        if self._start is not None:
            half = len(self._start) // 2
            self.forward_layer.set_weights(self._start[:half])
            self.backward_layer.set_weights(self._start[half:])

    def compute_output_shape(self, sequences_shape: Any, initial_state_shape: Any = None) -> Any:
        """Return the merged output's shape, and the states' if they are returned."""
        forward = self.forward_layer.compute_output_shape(sequences_shape)
        states: list[Any] = []
        if self.return_state:
            forward, *states = forward
        if self.merge_mode is None:
            return (forward, forward, *states, *states)
        if self.merge_mode == "concat":
            forward = (*forward[:-1], 2 * forward[-1])
        return (forward, *states, *states) if self.return_state else forward

    def compute_mask(self, sequences: Any, mask: Any = None) -> Any:
        """Return the mask of the merged sequence; states and last outputs have none."""
        mask = mask[0] if isinstance(mask, (list, tuple)) else mask
        mask = mask if self.return_sequences else None
        masks: Any = (mask, mask) if self.merge_mode is None else mask
        if not self.return_state:
            return masks
        n = 2 * len(self.forward_layer.state_size)
        return (*(masks if isinstance(masks, tuple) else (masks,)), *(None for _ in range(n)))

    # ------------------------------------------------------------------ the call

    def call(
        self,
        sequences: torch.Tensor,
        initial_state: Any = None,
        mask: Any = None,
        training: bool | None = None,
    ) -> Any:
        """Return the merged outputs; the states of both layers follow if `return_state`."""
        kwargs: dict[str, Any] = {}
        if training is not None:
            kwargs["training"] = training
        if mask is not None:
            kwargs["mask"] = mask
        forward_kwargs, backward_kwargs = dict(kwargs), dict(kwargs)
        if initial_state is not None:
            half = len(initial_state) // 2
            forward_kwargs["initial_state"] = initial_state[:half]
            backward_kwargs["initial_state"] = initial_state[half:]
        y = self.forward_layer(sequences, **forward_kwargs)
        z = self.backward_layer(sequences, **backward_kwargs)
        states: tuple[Any, ...] = ()
        if self.return_state:
            states = (*y[1:], *z[1:])
            y, z = y[0], z[0]
        if self.return_sequences:
            z = z.flip(1)
        if self.merge_mode is None:
            return (y, z, *states)
        merged = _merge(self.merge_mode, y, z)
        return (merged, *states) if self.return_state else merged

    # ------------------------------------------------------------------ states

    @property
    def states(self) -> Any:
        """States of both layers if they are stateful, else None."""
        if self.forward_layer.states is None:
            return None
        return (*self.forward_layer.states, *self.backward_layer.states)

    def reset_state(self) -> None:
        """Set the states of both layers to zero."""
        if not self.stateful:
            raise AttributeError("Layer must be stateful.")
        self.forward_layer.reset_state()
        self.backward_layer.reset_state()

    def reset_states(self) -> None:
        """Set the states of both layers to zero."""
        self.reset_state()

    # ------------------------------------------------------------------ configuration

    def _config_overrides(self) -> dict[str, Any]:
        return super()._config_overrides() | {"layer": self.forward_layer}

    @classmethod
    def from_config(
        cls, config: dict[str, Any], custom_objects: dict[str, Any] | None = None
    ) -> "Bidirectional":
        """Make the layer of a config."""
        config = dict(config)
        layer = LAYERS.deserialize(config.pop("layer"), custom_objects)
        backward = config.pop("backward_layer", None)
        if backward is not None:
            backward = LAYERS.deserialize(backward, custom_objects)
        return cls(layer, backward_layer=backward, **config)


def _prefixed(prefix: str, name: str) -> str:
    """Name a direction's layer; one out of a file has its prefix already."""
    return name if name.startswith(prefix) else prefix + name.removeprefix("forward_")


def _copy(config: dict[str, Any], name: str) -> Layer:
    config["config"]["name"] = name
    return serialize.deserialize_keras_object(config)


def _check_pair(forward: RNN, backward: RNN) -> None:
    if forward.go_backwards == backward.go_backwards:
        raise ValueError(
            "Bidirectional: layer and backward_layer must have different go_backwards. "
            f"Received: {forward.go_backwards} in both."
        )
    for name in _SHARED:
        a, b = getattr(forward, name, None), getattr(backward, name, None)
        if a != b:
            raise ValueError(
                f"Bidirectional: layer and backward_layer must have the same {name}. "
                f"Received: {a} and {b}."
            )


def _merge(mode: str, y: torch.Tensor, z: torch.Tensor) -> torch.Tensor:
    if mode == "concat":
        return torch.cat((y, z), -1)
    if mode == "mul":
        return y * z
    return y + z if mode == "sum" else (y + z) * 0.5
