"""ExportArchive: functions of a model, chosen one by one, for serving."""

import os
from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import nn

from torchkeras._base.check import received
from torchkeras.core import nest
from torchkeras.export import folder, loaded, signature
from torchkeras.export.trace import Program, trace


class ExportArchive:
    """Collects the functions that a saved model is to offer, and writes them out.

    The first function is also offered as `"serving_default"`, unless one has that name. Load the
    folder with `saved_model.load`; its functions are methods there, and `signatures`.

    >>> import tempfile, torch, torchkeras as keras
    >>> model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)])
    >>> archive = keras.export.ExportArchive()
    >>> archive.track(model)
    >>> _ = archive.add_endpoint("serve", model.call, [keras.InputSpec(shape=(None, 3))])
    >>> folder = tempfile.mkdtemp()
    >>> archive.write_out(folder, options=keras.saved_model.SaveOptions(("torch",)), verbose=False)
    >>> keras.saved_model.load(folder).serve(torch.ones(5, 3)).shape
    torch.Size([5, 2])
    """

    def __init__(self) -> None:
        self._tracked: list[nn.Module] = []
        self._programs: dict[str, Program] = {}
        self._collections: dict[str, list[torch.Tensor]] = {}

    def track(self, resource: Any) -> None:
        """Keep the weights of a layer, model or torch module with the archive.

        Raises:
            ValueError: if it is none.
        """
        if not isinstance(resource, nn.Module):
            raise ValueError(
                "ExportArchive.track: a layer, model or torch module is needed. "
                f"{received('resource', resource)}"
            )
        if all(resource is not m for m in self._tracked):
            self._tracked.append(resource)

    def add_endpoint(
        self, name: str, fn: Callable[..., Any], input_signature: Any = None, **kwargs: Any
    ) -> Callable[..., Any]:
        """Add a function; return it.

        Args:
            name: Its name in the saved model.
            fn: A function of tensors, or a model, layer or torch module.
            input_signature: List of the specs (InputSpec, KerasTensor, tensor, or structures of
                them) of its positional arguments. Default: what the model was built for.
            **kwargs: For `torch.export.export`.

        Raises:
            ValueError: for a name in use, unknown inputs, or what cannot be recorded.
        """
        if not isinstance(name, str) or not name or hasattr(loaded.SavedModel, name):
            raise ValueError(
                "ExportArchive.add_endpoint: name must be a string that is no attribute of the "
                f"loaded model. {received('name', name)}"
            )
        if name in self._programs or name in self._collections:
            raise ValueError(f"Endpoint name {name!r} is already taken.")
        if not callable(fn):
            raise ValueError(
                f"ExportArchive.add_endpoint: fn must be callable. {received('fn', fn)}"
            )
        arguments = arguments_of(fn, input_signature, f"add_endpoint({name!r})")
        self._programs[name] = trace(
            fn, arguments, tracked=tuple(self._tracked), name=name, **kwargs
        )
        return fn

    def track_and_add_endpoint(
        self, name: str, resource: Any, input_signature: Any = None, **kwargs: Any
    ) -> Callable[..., Any]:
        """Track a layer or model, and add its call as a function."""
        self.track(resource)
        return self.add_endpoint(name, resource, input_signature, **kwargs)

    def add_variable_collection(self, name: str, variables: Iterable[torch.Tensor]) -> None:
        """Keep variables under a name, which is an attribute of the loaded model.

        Raises:
            ValueError: if they are no tensors, or for a name in use.
        """
        given = list(variables) if isinstance(variables, (list, tuple, set)) else None
        if given is None or not all(isinstance(v, torch.Tensor) for v in given):
            raise ValueError(
                "ExportArchive.add_variable_collection: variables must be a list, tuple or set of "
                f"Variables. {received('variables', variables)}"
            )
        taken = (*self._programs, *self._collections)
        if not isinstance(name, str) or name in taken or hasattr(loaded.SavedModel, name):
            raise ValueError(f"Collection name {name!r} is already taken.")
        self._collections[name] = given

    @property
    def variables(self) -> list[Any]:
        """Weights of all that is tracked."""
        return self._of_tracked("variables")

    @property
    def trainable_variables(self) -> list[Any]:
        """Trainable weights of all that is tracked."""
        return [v for v in self.variables if v.requires_grad]

    @property
    def non_trainable_variables(self) -> list[Any]:
        """Weights of all that is tracked which training leaves alone."""
        return [v for v in self.variables if not v.requires_grad]

    def _of_tracked(self, name: str) -> list[Any]:
        found: dict[int, Any] = {}
        for module in self._tracked:
            own = getattr(module, name, None)
            if not isinstance(own, (list, tuple)):
                own = [*module.parameters(), *module.buffers()]
            found.update((id(v), v) for v in own)
        return list(found.values())

    def write_out(
        self, filepath: str | os.PathLike[str], options: Any = None, verbose: bool = True
    ) -> None:
        """Write the folder; what is there already is replaced only by the complete new one.

        Args:
            filepath: The folder.
            options: A `saved_model.SaveOptions`.
            verbose: Whether to print what was written.

        Raises:
            ValueError: if no function was added.
        """
        if not self._programs:
            raise ValueError("No endpoints have been set yet. Call add_endpoint().")
        names = {name: name for name in self._programs}
        names.setdefault(loaded.DEFAULT, next(iter(self._programs)))
        write(filepath, self._programs, names, self._collections, options)
        if verbose:
            print(f"Saved artifact at '{os.fspath(filepath)}'.\n\n{self._described()}")

    def _described(self) -> str:
        lines = ["The following endpoints are available:"]
        for name, made in self._programs.items():
            lines.append(f"\n* Endpoint {name!r}")
            for title, specs in (("inputs", made.inputs), ("outputs", made.outputs)):
                lines += [f"  {title}: {s.name} {s.dtype} {s.shape}" for s in specs]
        return "\n".join(lines)


def write(
    path: str | os.PathLike[str],
    programs: dict[str, Program],
    signatures: dict[str, str],
    collections: dict[str, list[torch.Tensor]],
    options: Any,
    verbose: bool = False,
) -> None:
    """Check the options and write a folder."""
    if options is not None and not isinstance(options, folder.SaveOptions):
        raise TypeError(
            f"options must be a saved_model.SaveOptions. {received('options', options)}"
        )
    given = options or folder.SaveOptions()
    folder.write(path, programs, signatures, collections, given, verbose)


def arguments_of(fn: Any, input_signature: Any, owner: str) -> list[Any]:
    """Return the specs of a function's arguments: given ones, or those its model was built for.

    Raises:
        ValueError: if nothing tells them.
    """
    model = getattr(fn, "__self__", fn)
    if input_signature is None:
        input_signature = getattr(fn, "input_signature", None)
    if input_signature is not None:
        return signature.fit_to_model(model, signature.as_arguments(input_signature))
    known = signature.model_arguments(model)
    if known is None:
        raise ValueError(
            f"{owner}: shapes and dtypes of the inputs are not known. Give input_signature="
            "[keras.InputSpec(shape=(None, 3))], or build the model, or call it once. "
            f"{received('fn', getattr(fn, '__name__', fn))}"
        )
    return known


def is_signature(x: Any) -> bool:
    """Tell whether `x` is a structure of specs alone."""
    flat = nest.flatten(x)
    return bool(flat) and all(signature.is_spec(s) for s in flat)
