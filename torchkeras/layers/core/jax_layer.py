"""JaxLayer: a function of jax as a layer."""

import inspect
from collections.abc import Callable
from typing import Any

import numpy as np
import torch

from torchkeras._base import scope
from torchkeras._base.check import received
from torchkeras.core import dtypes, nest, serialize
from torchkeras.core.registry import LAYERS
from torchkeras.core.symbolic import KerasTensor
from torchkeras.core.tensor import convert_to_tensor
from torchkeras.layers.core import _jax
from torchkeras.layers.layer import Layer
from torchkeras.random import SeedGenerator

_CALL_ARGUMENTS = ("params", "state", "rng", "inputs", "training")
_SIZES = (2520, 5040)  # that stand for an unknown dimension


@LAYERS.register()
class JaxLayer(Layer):
    """A jax function as a layer, `call_fn(params, state, rng, inputs, training)`.

    Its parameters are variables of this layer, trained by torch's gradients, which come from
    `jax.vjp`. It is compiled by `jax.jit`, on arrays that share memory with torch's tensors.
    jax computes in 32 bits unless `jax_enable_x64` is set.

    Args:
        call_fn: Takes arguments of these names; all but `inputs` may be left out. One that takes
            `state` returns `(outputs, new_state)`, others the outputs.
        init_fn: `init_fn(rng, inputs)`, with `training` if it wants that; returns the params, or
            `(params, state)` if `call_fn` takes a state.
        params: Tree of arrays: trained parameters, in place of `init_fn`.
        state: Tree of arrays: state that is not trained.
        seed: Seed of `rng`.
        native_serialization_platforms: Kept as Keras does; it concerns TensorFlow.

    Raises:
        ImportError: without jax: `pip install "torchkeras[jax]"`.
        ValueError: for functions without the arguments above, or nothing to make weights from.

    >>> import importlib.util, torch, torchkeras as keras
    >>> def init(rng, inputs):
    ...     return {"scale": 2.0 * inputs[0]}
    >>> def scaled(params, inputs):
    ...     return params["scale"] * inputs
    >>> if importlib.util.find_spec("jax"):
    ...     layer = keras.layers.JaxLayer(scaled, init)
    ...     assert layer(torch.ones(1, 3)).tolist() == [[2.0, 2.0, 2.0]]
    """

    config_skip = frozenset({"params", "state", "seed"})

    def __init__(
        self,
        call_fn: Callable[..., Any],
        init_fn: Callable[..., Any] | None = None,
        params: Any = None,
        state: Any = None,
        seed: int | None = None,
        native_serialization_platforms: Any = None,
        **kwargs: Any,
    ) -> None:
        _jax.jax()
        super().__init__(**kwargs)
        self.call_fn = call_fn
        self.init_fn = init_fn
        self.native_serialization_platforms = native_serialization_platforms
        fields = self.__dict__
        fields["_takes"] = _arguments("call_fn", call_fn, ("inputs",), _CALL_ARGUMENTS)
        needs = {"params", "state"} & self._takes
        if init_fn is not None:
            known = ("rng", "inputs", "training")
            fields["_init_takes"] = _arguments("init_fn", init_fn, ("rng", "inputs"), known)
        elif needs and params is None and state is None:
            raise ValueError(
                f"{type(self).__name__}: init_fn, params and state cannot all be None, as call_fn "
                f"takes {sorted(needs)}."
            )
        fields["_given"] = (params, state)
        fields["_trees"] = ([], None), ([], None)  # (keys of the variables, form) of each tree
        fields["_compiled"] = {}
        fields["_dtypes"] = None
        self.seed_generator = SeedGenerator(seed) if "rng" in self._takes else None
        fields["_seed"] = seed
        if params is not None or state is not None or not needs:
            with self._name_scope():
                self._make_weights(params, state)
            self.built = True

    def _name_scope(self) -> Any:
        return scope.name_scope(self.name)

    # ------------------------------------------------------------------ weights

    def _build_for(self, arguments: dict[str, Any]) -> None:
        inputs = next(iter(arguments.values()))
        self.__dict__["_dtypes"] = [dtypes.standardize_dtype(x.dtype) for x in nest.flatten(inputs)]
        super()._build_for(arguments)

    def build(self, input_shape: Any) -> None:
        """Let `init_fn` make the weights, from inputs of ones."""
        if self._trees[0][1] is not None or self.init_fn is None:
            return
        params, state = self._initial(self._placeholders(input_shape))
        self._make_weights(params, state)

    def _placeholders(self, input_shape: Any) -> Any:
        shapes = _shape_leaves(input_shape)
        kinds = self._dtypes or [self.compute_dtype] * len(shapes)
        ones = [
            np.ones([1 if d is None else d for d in shape], "float32" if "float" in kind else kind)
            for shape, kind in zip(shapes, kinds, strict=True)
        ]
        return _packed(input_shape, iter([_jax.jax().numpy.asarray(x) for x in ones]))

    def _initial(self, inputs: Any) -> tuple[Any, Any]:
        arguments = {"rng": self._init_rng(), "inputs": inputs, "training": True}
        made = self.init_fn(**{k: v for k, v in arguments.items() if k in self._init_takes})
        return made if "state" in self._takes else (made, None)

    def _init_rng(self) -> Any:
        seed = SeedGenerator(self._seed).next() if self.seed_generator is None else None
        return self._key(self.seed_generator.next() if seed is None else seed)

    def _key(self, seed: torch.Tensor) -> Any:
        return _jax.jax().numpy.asarray(seed.cpu().numpy().view(np.uint32))

    def _make_weights(self, params: Any, state: Any) -> None:
        trees = []
        for prefix, tree, trained in (("params", params, True), ("state", state, False)):
            leaves, form = _jax.jax().tree_util.tree_flatten_with_path(tree)
            keys = []
            for path, leaf in leaves:
                value = convert_to_tensor(np.array(leaf))
                steps = [_step(entry) for entry in path]
                key = "_".join(steps if steps[:1] == [prefix] else (prefix, *steps))
                # As in Keras the variables have no names; a state_dict has the tree's.
                variable = self.add_weight(
                    shape=tuple(value.shape),
                    dtype=self._kept_dtype(value),
                    initializer=lambda shape, dtype, value=value: value.to(
                        dtypes.torch_dtype(dtype)
                    ),
                    trainable=trained,
                )
                setattr(self, key, variable)
                keys.append(key)
            trees.append((keys, form))
        self.__dict__["_trees"] = tuple(trees)
        self.__dict__["_given"] = (None, None)

    def _kept_dtype(self, value: torch.Tensor) -> str:
        if value.is_floating_point():
            return self.variable_dtype
        return dtypes.standardize_dtype(value.dtype)

    def _leaves(self, which: int) -> list[torch.Tensor]:
        return [getattr(self, key) for key in self._trees[which][0]]

    @property
    def params(self) -> Any:
        """Tree of the trained variables."""
        return self._tree(0, self._leaves(0))

    @property
    def state(self) -> Any:
        """Tree of the variables that are state."""
        return self._tree(1, self._leaves(1))

    def _tree(self, which: int, leaves: list[Any]) -> Any:
        form = self._trees[which][1]
        return None if form is None else _jax.jax().tree_util.tree_unflatten(form, leaves)

    # ------------------------------------------------------------------ the call

    def _function(self, form: Any, training: bool, notes: dict[str, Any]) -> Callable[..., Any]:
        """Return the function of flat lists: params and inputs, then state, rng and the rest."""
        tree_util = _jax.jax().tree_util

        def function(trained: list[Any], fixed: list[Any]) -> tuple[list[Any], list[Any]]:
            n, m = len(self._trees[0][0]), len(self._trees[1][0])
            arguments = {
                "params": self._tree(0, trained[:n]),
                "state": self._tree(1, fixed[:m]),
                "rng": fixed[m] if "rng" in self._takes else None,
                "inputs": nest.pack_as(form, trained[n:]),
                "training": training,
            }
            result = self.call_fn(**{k: v for k, v in arguments.items() if k in self._takes})
            outputs, state = result if "state" in self._takes else (result, None)
            leaves, notes["form"] = tree_util.tree_flatten(outputs)
            return leaves, tree_util.tree_leaves(state)

        return function

    def call(self, inputs: Any, training: bool = False) -> Any:
        """Run the function and keep its new state."""
        leaves = nest.flatten(inputs)
        if any(x.device.type == "meta" for x in leaves):
            made = self._specs(inputs, None, bool(training))
            return nest.map_structure(
                lambda s: torch.empty(
                    s.shape, dtype=dtypes.torch_dtype(str(s.dtype)), device="meta"
                ),
                made,
            )
        form = nest.map_structure(lambda _: None, inputs)
        key = (repr(form), bool(training))
        if key not in self._compiled:
            notes: dict[str, Any] = {}
            self._compiled[key] = _jax.Compiled(self._function(form, bool(training), notes)), notes
        compiled, notes = self._compiled[key]
        fixed = [v.detach().clone() for v in self._leaves(1)]  # they change before backward
        if self.seed_generator is not None:
            fixed.append(self.seed_generator.next().view(torch.uint32))
        outputs, state = compiled((*self._leaves(0), *leaves), tuple(fixed))
        with torch.no_grad():
            for variable, value in zip(self._leaves(1), state, strict=True):
                variable.copy_(value)
        return _jax.jax().tree_util.tree_unflatten(notes["form"], outputs)

    def compute_output_spec(self, inputs: Any, training: bool = False) -> Any:
        """Return the symbolic outputs, by jax's evaluation of shapes."""
        first, second = (self._specs(inputs, size, bool(training)) for size in _SIZES)

        def symbol(a: Any, b: Any) -> KerasTensor:
            shape = [m if m == n else None for m, n in zip(a.shape, b.shape, strict=True)]
            return KerasTensor(shape, str(a.dtype))

        return nest.map_structure(symbol, first, second)

    def _specs(self, inputs: Any, size: int | None, training: bool) -> Any:
        form = nest.map_structure(lambda _: None, inputs)
        notes: dict[str, Any] = {}
        function = self._function(form, training, notes)
        trained = [*self._leaves(0), *nest.flatten(inputs)]
        fixed = [_jax.spec(x) for x in self._leaves(1)]
        if self.seed_generator is not None:
            fixed.append(_jax.jax().ShapeDtypeStruct((2,), np.uint32))
        kind = self.compute_dtype
        outputs, _ = _jax.jax().eval_shape(
            function, [_jax.spec(x, size, kind) for x in trained], fixed
        )
        return _jax.jax().tree_util.tree_unflatten(notes["form"], outputs)

    def __getstate__(self) -> dict[str, Any]:
        return {**super().__getstate__(), "_compiled": {}}  # a copy compiles for itself

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> "JaxLayer":
        """Make the layer of a config; its functions must be registered or be custom objects."""
        return cls(**{k: serialize.deserialize_keras_object(v) for k, v in config.items()})


def _arguments(
    name: str, function: Any, required: tuple[str, ...], known: tuple[str, ...]
) -> frozenset[str]:
    if not callable(function):
        raise TypeError(f"JaxLayer: {name} must be a function. {received(name, function)}")
    parameters = inspect.signature(function).parameters.values()
    if any(p.kind is p.VAR_KEYWORD for p in parameters):
        return frozenset(known)
    names = {p.name for p in parameters if p.kind is not p.VAR_POSITIONAL}
    missing = [n for n in required if n not in names]
    if missing:
        raise ValueError(
            f"JaxLayer: {name} must have the argument {missing[0]!r}. Received: {sorted(names)}."
        )
    foreign = [
        p.name for p in parameters if p.name not in known and p.default is p.empty
        and p.kind is not p.VAR_POSITIONAL
    ]  # fmt: skip
    if foreign:
        raise ValueError(
            f"JaxLayer: {name} may have the arguments {', '.join(known)}. Received: {foreign[0]!r}."
        )
    return frozenset(names & set(known))


def _empty(spec: Any) -> torch.Tensor:
    return torch.empty(spec.shape, dtype=dtypes.torch_dtype(str(spec.dtype)), device="meta")


def _step(entry: Any) -> str:
    """Return one step of a path into a tree: a key, an index or an attribute."""
    value = next(getattr(entry, n) for n in ("key", "idx", "name") if hasattr(entry, n))
    return str(value).replace(".", "_")


def _is_shape(value: Any) -> bool:
    return isinstance(value, (list, tuple)) and all(d is None or isinstance(d, int) for d in value)


def _shape_leaves(shapes: Any) -> list[Any]:
    if _is_shape(shapes):
        return [shapes]
    entries = [shapes[k] for k in sorted(shapes)] if isinstance(shapes, dict) else shapes
    return [leaf for s in entries for leaf in _shape_leaves(s)]


def _packed(shapes: Any, leaves: Any) -> Any:
    if _is_shape(shapes):
        return next(leaves)
    if isinstance(shapes, dict):
        return {k: _packed(shapes[k], leaves) for k in sorted(shapes)}
    return type(shapes)(_packed(s, leaves) for s in shapes)
