"""What `saved_model.load` returns: functions on tensors, by name."""

import os
from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType
from typing import Any

import numpy as np
import torch

from torchkeras._base import files
from torchkeras._base.check import one_of, received
from torchkeras.core import dtypes, nest
from torchkeras.core.tensor import convert_to_tensor
from torchkeras.export import folder, onnx_file, program
from torchkeras.export.signature import TensorSpec, leaves

DEFAULT = "serving_default"


class SignatureFunction:
    """A function of a saved model: tensors by name in, a dict of named tensors out.

    A single input may be given without its name, several in order or as one dict or list. Arrays
    and lists of numbers are taken too, and cast as far as this loses no more than precision.
    """

    def __init__(self, name: str, endpoint: "Endpoint") -> None:
        self.name = name
        self._endpoint = endpoint

    @property
    def inputs(self) -> list[TensorSpec]:
        """Specs of the inputs."""
        return list(self._endpoint.inputs)

    @property
    def outputs(self) -> list[TensorSpec]:
        """Specs of the outputs."""
        return list(self._endpoint.outputs)

    @property
    def structured_input_signature(self) -> tuple[tuple[()], dict[str, TensorSpec]]:
        """Positional (none) and named inputs, as TensorFlow has it."""
        return (), {str(s.name): s for s in self._endpoint.inputs}

    @property
    def structured_outputs(self) -> dict[str, TensorSpec]:
        """Specs of the outputs by name."""
        return {str(s.name): s for s in self._endpoint.outputs}

    def __call__(self, *args: Any, **kwargs: Any) -> dict[str, torch.Tensor]:
        """Compute the outputs for inputs by name."""
        names = [str(s.name) for s in self._endpoint.inputs]
        if len(args) == 1 and isinstance(args[0], Mapping):
            kwargs, args = {**args[0], **kwargs}, ()
        elif len(args) == 1 and len(names) > 1 and isinstance(args[0], (list, tuple)):
            args = tuple(args[0])
        given = dict(zip(names, args, strict=False))
        twice = set(given) & set(kwargs)
        given.update(kwargs)
        if len(args) > len(names) or twice or set(given) != set(names):
            raise TypeError(
                f"signature {self.name!r} takes the inputs {names}. "
                f"Received: {len(args)} without a name and {sorted(map(str, kwargs))}."
            )
        outputs = self._endpoint.run([given[n] for n in names])
        return dict(zip((str(s.name) for s in self._endpoint.outputs), outputs, strict=True))

    def __repr__(self) -> str:
        shown = [f"{s.name}: {s.dtype}{list(s.shape)}" for s in self._endpoint.inputs]
        results = [f"{s.name}: {s.dtype}{list(s.shape)}" for s in self._endpoint.outputs]
        return f"<SignatureFunction {self.name}({', '.join(shown)}) -> {{{', '.join(results)}}}>"


class Endpoint:
    """A function of a saved model, called as the one that was saved."""

    def __init__(self, name: str, entry: dict[str, Any], compute: Callable[..., Any]) -> None:
        self.name = name
        self.inputs: list[TensorSpec] = entry["inputs"]
        self.outputs: list[TensorSpec] = entry["outputs"]
        self._arguments, self._result = entry["arguments"], entry["result"]
        self._compute = compute

    def __call__(self, *args: Any) -> Any:
        """Compute the result in the structure in which the saved function returned it."""
        if len(args) != len(self._arguments) or not all(map(_fits, self._arguments, args)):
            names = nest.map_structure(lambda i: self.inputs[i].name, self._arguments)
            raise TypeError(
                f"{self.name}: the arguments are {names}. Received: {len(args)} argument(s) of "
                f"{[type(a).__name__ for a in args]}."
            )
        flat: list[Any] = [None] * len(self.inputs)
        for places, given in zip(self._arguments, args, strict=True):
            _put(places, given, flat)
        outputs = self.run(flat)
        return nest.map_structure(lambda i: None if i is None else outputs[i], self._result)

    def run(self, values: list[Any]) -> list[torch.Tensor]:
        """Compute the outputs for the inputs, both flat and in order."""
        tensors = [_as_input(v, s, self.name) for v, s in zip(values, self.inputs, strict=True)]
        with torch.no_grad():
            return self._compute(tensors)

    def __repr__(self) -> str:
        return f"<function {self.name} of a saved model>"


class SavedModel:
    """A saved model: `signatures[name](x)`, and its functions as methods (`serve`).

    Calling it calls its first function. `variables` are the weights of its programs.
    """

    signatures: Mapping[str, SignatureFunction] = MappingProxyType({})

    def __init__(self, path: str, runtime: str) -> None:
        manifest = folder.read_manifest(path)
        self._modules: dict[str, torch.nn.Module] = {}
        endpoints: dict[str, Endpoint] = {}
        for name, entry in manifest["endpoints"].items():
            endpoints[name] = Endpoint(name, entry, self._program(path, name, entry, runtime))
        _share_weights(self._modules.values())
        self._endpoints = MappingProxyType(endpoints)
        self.signatures = MappingProxyType(
            {k: SignatureFunction(k, endpoints[v]) for k, v in manifest["signatures"].items()}
        )
        self._collections: dict[str, list[torch.Tensor]] = {}
        if "collections" in manifest:
            file = folder.check_file(path, folder.COLLECTIONS, manifest["collections"])
            self._collections = folder.read_collections(file)

    def _program(
        self, path: str, name: str, entry: dict[str, Any], runtime: str
    ) -> Callable[..., Any]:
        if entry.get(runtime) is None:
            held = [k for k in ("onnx", "torch") if entry.get(k)]
            raise ValueError(
                f"{path}: {name!r} was not saved for runtime={runtime!r}, only for {held}."
            )
        checked = folder.check_file(path, entry[runtime], entry["files"][entry[runtime]])
        if runtime == "onnx":
            data = entry.get("onnx_data")
            if data is not None:
                folder.check_file(path, data, entry["files"][data])
            return _run_onnx(onnx_file.open_session(checked, data), entry["outputs"])
        module = self._modules[name] = program.read(checked)
        return _run_torch(module, entry["arguments"])

    def module(self, name: str | None = None) -> torch.nn.Module:
        """Return the program of a function as a torch module, to be trained on, say."""
        if not self._modules:
            raise ValueError("module: the saved model was loaded with runtime='onnx'.")
        return self._modules[next(iter(self._modules)) if name is None else name]

    @property
    def variables(self) -> list[torch.Tensor]:
        """Weights of the programs, trainable and not."""
        found = (t for m in self._modules.values() for t in (*m.parameters(), *m.buffers()))
        return list({id(t): t for t in found}.values())

    @property
    def trainable_variables(self) -> list[torch.Tensor]:
        """Weights that training changes."""
        return [t for t in self.variables if t.requires_grad]

    @property
    def non_trainable_variables(self) -> list[torch.Tensor]:
        """Weights that training leaves alone."""
        return [t for t in self.variables if not t.requires_grad]

    def __call__(self, *args: Any) -> Any:
        """Call the first function."""
        return next(iter(self._endpoints.values()))(*args)

    def __getattr__(self, name: str) -> Any:
        for store in ("_endpoints", "_collections"):
            found = self.__dict__.get(store, {})
            if name in found:
                return found[name]
        raise AttributeError(
            f"the saved model has no {name!r}; its functions are "
            f"{list(self.__dict__.get('_endpoints', ()))}."
        )

    def __dir__(self) -> list[str]:
        return [*super().__dir__(), *self._endpoints, *self._collections]


def load(path: str | os.PathLike[str], runtime: str = "torch") -> SavedModel:
    """Load what `save` or `model.export(path, format="saved_model")` wrote.

    Args:
        path: The folder.
        runtime: `"torch"` runs the `.pt2` programs, `"onnx"` the ONNX files in onnxruntime.

    Raises:
        ModelFileError: if a file of it was damaged or changed.
        UnsafeModelError: if a program in it does more than compute with tensors.
    """
    one_of("saved_model.load", "runtime", runtime, ("torch", "onnx"))
    return SavedModel(files.check_local(path, "saved_model.load"), runtime)


def _share_weights(modules: Iterable[torch.nn.Module]) -> None:
    """Let programs hold a weight in common that has one name and one value in them."""
    known: dict[str, torch.Tensor] = {}
    for module in modules:
        for prefix, part in module.named_modules():
            for store in (part._parameters, part._buffers):
                for key, value in store.items():
                    if value is not None:
                        same = known.setdefault(f"{prefix}.{key}", value)
                        if same.dtype == value.dtype and torch.equal(same, value):
                            store[key] = same  # type: ignore[assignment]


def _run_torch(module: torch.nn.Module, arguments: list[Any]) -> Callable[..., list[torch.Tensor]]:
    def compute(tensors: list[torch.Tensor]) -> list[torch.Tensor]:
        given = nest.map_structure(lambda i: tensors[i], arguments)
        result = module(*given)
        return [t for t in leaves(result) if isinstance(t, torch.Tensor)]

    return compute


def _run_onnx(session: Any, outputs: list[TensorSpec]) -> Callable[..., list[torch.Tensor]]:
    names = [i.name for i in session.get_inputs()]

    def compute(tensors: list[torch.Tensor]) -> list[torch.Tensor]:
        feed = dict(zip(names, (t.cpu().numpy() for t in tensors), strict=True))
        return [torch.from_numpy(np.asarray(a)) for a in session.run(None, feed)]

    return compute


def _fits(places: Any, given: Any) -> bool:
    """Tell whether a structure has a value (an array, or lists of numbers) in every place."""
    if isinstance(places, dict):
        return (
            isinstance(given, Mapping)
            and set(given) == set(places)
            and all(_fits(inner, given[key]) for key, inner in places.items())
        )
    if isinstance(places, list):
        return (
            isinstance(given, (list, tuple))
            and len(given) == len(places)
            and all(map(_fits, places, given))
        )
    return not isinstance(given, Mapping)


def _put(places: Any, given: Any, flat: list[Any]) -> None:
    """Put the values of a structure where the structure of numbers says."""
    if isinstance(places, dict):
        for key, inner in places.items():
            _put(inner, given[key], flat)
    elif isinstance(places, list):
        for inner, value in zip(places, given, strict=True):
            _put(inner, value, flat)
    else:
        flat[places] = given


def _as_input(x: Any, spec: TensorSpec, owner: str) -> torch.Tensor:
    x = convert_to_tensor(x)
    wanted = dtypes.torch_dtype(spec.dtype)
    if x.dtype != wanted:
        if (x.is_floating_point() and not wanted.is_floating_point) or x.is_complex():
            raise TypeError(
                f"{owner}: input {spec.name!r} must be {spec.dtype}. Received: {x.dtype}."
            )
        x = x.to(wanted)
    if x.ndim != len(spec.shape) or any(
        n is not None and n != m for n, m in zip(spec.shape, x.shape, strict=True)
    ):
        raise ValueError(
            f"{owner}: input {spec.name!r} must have shape {spec.shape}. "
            f"{received('shape', tuple(x.shape))}"
        )
    return x.contiguous()
