"""Bidirectional: a recurrent layer that reads the sequence in both directions."""

from typing import Any

import torch

from torchkeras._base import check
from torchkeras._base.check import received
from torchkeras.core import serialize
from torchkeras.core.registry import LAYERS
from torchkeras.layers._template import global_hooks
from torchkeras.layers.layer import Layer
from torchkeras.layers.recurrent.gru import GRU
from torchkeras.layers.recurrent.lstm import LSTM
from torchkeras.layers.recurrent.rnn import RNN
from torchkeras.layers.recurrent.simple import SimpleRNN

_MODES = ("sum", "mul", "ave", "concat", None)
_PLAIN = (LSTM, GRU, SimpleRNN)  # no subclass, which may compute what it likes
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
        self._alike = False  # until the build
        self.stateful = bool(getattr(layer, "stateful", False))
        self.return_sequences = layer.return_sequences
        self.return_state = layer.return_state
        self.supports_masking = True
        for one in (self.forward_layer, self.backward_layer):
            # A masked step of one direction is not a masked step's neighbour in the other.
            one.zero_output_for_mask = self.return_sequences

    # ------------------------------------------------------------------ shapes

    def build(self, sequences_shape: Any, initial_state_shape: Any = None) -> None:
        """Build both layers."""
        for one in (self.forward_layer, self.backward_layer):
            if not one.built:
                one.build(sequences_shape)
            one._settle()  # they may be called by a compiler first
        self._alike = self._are_alike()
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
        half = self._halves(initial_state)
        if sequences.is_meta or not self._fits_one_kernel(half, mask, training):
            y, z, states = self._apart(sequences, half, mask, training)
        else:
            y, z, states = self._together(sequences, half, mask)
        if self.merge_mode is None:
            return (y, z, *states)
        merged = _merge(self.merge_mode, y, z)
        return (merged, *states) if self.return_state else merged

    def _halves(self, initial_state: Any) -> tuple[Any, Any]:
        """Return the initial states of both layers."""
        if initial_state is None:
            return None, None
        n = len(initial_state) // 2
        return initial_state[:n], initial_state[n:]

    def _apart(
        self, sequences: torch.Tensor, half: tuple[Any, Any], mask: Any, training: bool | None
    ) -> tuple[torch.Tensor, torch.Tensor, tuple[Any, ...]]:
        """Run one layer after the other; the second output is in the order of the inputs."""
        kwargs: dict[str, Any] = {}
        if training is not None:
            kwargs["training"] = training
        if mask is not None:
            kwargs["mask"] = mask
        results = []
        for layer, state in zip((self.forward_layer, self.backward_layer), half, strict=True):
            given = kwargs if state is None else {**kwargs, "initial_state": state}
            results.append(layer(sequences, **given))
        y, z = results
        states: tuple[Any, ...] = ()
        if self.return_state:
            states = (*y[1:], *z[1:])
            y, z = y[0], z[0]
        return y, z.flip(1) if self.return_sequences else z, states

    # ------------------------------------------------------------------ both in one kernel

    def _fits_one_kernel(self, half: tuple[Any, Any], mask: Any, training: bool | None) -> bool:
        """Tell whether a call is one of torch's kernel for both directions."""
        if not self._alike:
            return False
        f, b = self.forward_layer, self.backward_layer
        trains = bool(training or f.training or b.training)
        held = half[0] is None and not self.stateful  # a mask needs states that can be held
        return (
            f.fuses(trains)
            and b.fuses(trains)
            and not (trains and (f.dropout or b.dropout))  # each direction drops its own
            and (mask is None or held or f._kernel.steady)
            and not any(one._has_hooks() or one.activity_regularizer is not None for one in (f, b))
            and not global_hooks()
        )

    def _are_alike(self) -> bool:
        """Tell whether the layers are one forwards and one backwards, of one kind and size."""
        f, b = self.forward_layer, self.backward_layer
        return (
            type(f) in _PLAIN
            and type(f) is type(b)
            and b.go_backwards
            and f._kernel is b._kernel
            and f.units == b.units
            and f.use_bias == b.use_bias
            and f._policy.name == b._policy.name == self._policy.name
        )

    def _together(
        self, sequences: torch.Tensor, half: tuple[Any, Any], mask: Any
    ) -> tuple[torch.Tensor, torch.Tensor, tuple[Any, ...]]:
        f, b = self.forward_layer, self.backward_layer
        mask = f._checked_mask(sequences, mask)
        weights = (*f.fused_weights(), *b.fused_weights())
        if half[0] is None and not self.stateful:
            zeros = weights[0].new_zeros((2, sequences.shape[0], f.units))
            first = [zeros] * len(f.state_size)
        else:
            given = [one._first_states(sequences, h) for one, h in ((f, half[0]), (b, half[1]))]
            first = [torch.stack(pair) for pair in zip(*given, strict=True)]
        out, last = f.run_fused(sequences, weights, first, mask)
        y, z = out.chunk(2, 2) if self.return_sequences else out.unbind(0)
        if not (self.stateful or self.return_state):
            return y, z, ()
        states = [[s[i] for s in last] for i in (0, 1)]
        if self.stateful:
            f._keep(states[0])
            b._keep(states[1])
        return y, z, (*states[0], *states[1]) if self.return_state else ()

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
        return super().from_config({**config, "layer": layer, "backward_layer": backward})


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
