"""Where a `fit` stands, all that it needs to go on from there, and how it does."""

from typing import Any

import numpy as np
import torch

from torchkeras._base import streams
from torchkeras.core.tensor import convert_to_tensor
from torchkeras.saving import weights
from torchkeras.saving.safety import ModelFileError
from torchkeras.saving.snapshot import Snapshot
from torchkeras.training import step
from torchkeras.training.data import to_device
from torchkeras.training.data.base import DataAdapter

_RULES = weights.Rules(strict=True, require_optimizer=True)
_PLACE = ("epoch", "batch", "total", "epochs")


class Run:
    """One run of `fit`. Callbacks get it, before training begins, by their method `take_run`.

    Args:
        model: The model.
        adapter: Its training data.
        validation: Its validation data, or None.
        callbacks: The CallbackList.
        initial_epoch: First epoch.
        epochs: Number of the last epoch.

    Attributes:
        epoch: The running epoch.
        done: Steps of all epochs up to this one.
        loop: The Loop of the running epoch, or of the last one.
        within: Whether an epoch is running.
        finished: Whether a resumed run has no epoch left: it was stopped after its last one.
        logs: Logs of the last epoch.
    """

    def __init__(
        self,
        model: Any,
        adapter: DataAdapter,
        validation: DataAdapter | None,
        callbacks: Any,
        initial_epoch: int,
        epochs: int,
    ) -> None:
        self.model, self.adapter, self.validation = model, adapter, validation
        self.callbacks = callbacks
        self.epoch, self.epochs = initial_epoch, epochs
        self.done = 0
        self.loop: Any = None
        self.within = False
        self.finished = False
        self.logs: dict[str, Any] = {}
        self._resumed: Snapshot | None = None

    def record(self) -> None:
        """Note from now on what `state` needs to know of the data."""
        for adapter in (self.adapter, self.validation):
            if adapter is not None:
                adapter.recording = True

    @property
    def total(self) -> int:
        """Steps since the run began, in all epochs."""
        return self.done + (self.loop.step if self.within else 0)

    def note(self, error: BaseException) -> None:
        """Say in an exception where it broke the run off."""
        if self.loop is not None:
            epoch = self.epoch + self.within
            error.add_note(f"in fit, at epoch {epoch}, step {self.loop.step + 1}")

    # ------------------------------------------------------------------------- what is kept

    def state(self) -> dict[str, Any]:
        """Return all that is needed to go on, beside the weights of model and optimizer."""
        model, validation, within = self.model, self.validation, self.within
        logs = self.loop.logs if within else self.logs
        return {
            "place": {
                "epoch": self.epoch,
                "batch": self.loop.step if within else 0,
                "total": self.total,
                "epochs": self.epochs,
                "stopped": bool(model.stop_training),
            },
            "run": self.description(),
            "streams": streams.capture(),
            "data": self.adapter.position(within),
            "validation": validation.position(False) if validation is not None else None,
            "metrics": _metric_values(model) if within else [],
            "rates": _rates(model.optimizer),
            "logs": dict(logs.items()) if hasattr(logs, "items") else {},
            "callbacks": self.callbacks.state_dict(),
        }

    def description(self) -> dict[str, Any]:
        """Return what must be the same in a run that goes on."""
        adapter, model = self.adapter, self.model
        return {
            "batch_size": adapter.batch_size,
            "steps": adapter.num_batches,
            "samples": adapter.num_samples,
            "shuffle": str(getattr(adapter, "shuffle", None)),
            "optimizer": type(model.optimizer).__name__,
        }

    # ------------------------------------------------------------------------- going on

    def check(self, snapshot: Snapshot) -> None:
        """Refuse a state that `state` cannot have given.

        Raises:
            ModelFileError: that says what is wrong.
        """
        try:
            _check_state(snapshot.state)
        except (ValueError, KeyError, TypeError, AttributeError) as e:
            detail = e.args[0] if isinstance(e, ValueError) else f"{type(e).__name__}: {e}"
            raise ModelFileError(f"malformed: {detail}", path=snapshot.path, where="state") from e

    def resume(self, snapshot: Snapshot) -> None:
        """Put model, data and callbacks where they were; the random streams follow last.

        `snapshot` must stay open until training begins: the hooks that come before may change
        what was restored, and it is restored again.

        Raises:
            ModelFileError: if it is from another run.
        """
        state, place = snapshot.state, snapshot.state["place"]
        self._compare(snapshot)
        before = streams.capture()
        try:
            last = self.adapter.restore(state["data"], place["batch"])
            if self.validation is not None and state["validation"] is not None:
                self.validation.restore(state["validation"], 0)
            self._build(last, place["batch"] > 0)
            self._load_callbacks(snapshot)
            weights.load_state(self.model, snapshot.weights, _RULES, snapshot.path)
        except BaseException:
            streams.restore(before)
            self.callbacks.forget_restored()
            raise
        self.epoch = place["epoch"]
        self.done = place["total"] - place["batch"]
        if place["stopped"]:
            self.model.stop_training = True
            self.finished = not place["batch"]
            self.adapter.end_epoch()
        self.logs = state["logs"]
        self._resumed = snapshot

    def _load_callbacks(self, snapshot: Snapshot) -> None:
        try:
            self.callbacks.load_state_dict(snapshot.state["callbacks"])
        except (ValueError, TypeError, KeyError, AttributeError) as e:
            raise ModelFileError(f"{e}", path=snapshot.path, where="callbacks") from e

    def _compare(self, snapshot: Snapshot) -> None:
        there, here = snapshot.state["run"], self.description()
        differing = [
            f"{name}={there.get(name)!r} there and {here[name]!r} here"
            for name in here
            if there.get(name) != here[name]
        ]
        if differing:
            raise ModelFileError(
                f"it is from a run with other data or arguments: {', '.join(differing)}.",
                path=snapshot.path,
            )

    def _build(self, batch: Any, within: bool) -> None:
        """Make the variables that else the first step would make."""
        model, compiled = self.model, self.model._compile
        parts = [p for p in (compiled.loss, compiled.metrics) if p is not None]
        if model.built and not (within and not all(p.built for p in parts)):
            return
        if batch is None:
            batch = next(iter(self.adapter._pass()))
        device = model._device()
        if device is not None:
            batch = to_device(batch, device)
        function = model.test_step
        before = model.training
        model.eval()
        try:
            with torch.no_grad():
                function(batch if step.is_ours(function) else step.as_given(batch, self.adapter))
        finally:
            model.train(before)
        model._prepare_training(None, None)

    def train_begun(self) -> None:
        """Undo what the callbacks' `on_train_begin` did to a state between two epochs."""
        if self._resumed is not None and not self._resumed.state["place"]["batch"]:
            self._apply()

    def epoch_begun(self, loop: Any) -> None:
        """Take a new epoch's loop; if it goes on with a broken one, put it to where that was."""
        self.loop, self.within = loop, True
        if self._resumed is None:
            self.adapter.on_epoch_begin()
            return
        loop.step = self._resumed.state["place"]["batch"]
        loop.logs = dict(self.logs)
        self._apply()

    def epoch_ended(self, logs: dict[str, Any]) -> None:
        """Note that an epoch is over, with all that belongs to it."""
        self.done, self.within, self.logs = self.total, False, logs
        self.epoch += 1

    def _apply(self) -> None:
        snapshot, self._resumed = self._resumed, None
        state = snapshot.state
        weights.load_state(self.model, snapshot.weights, _RULES, snapshot.path)
        _set_rates(self.model.optimizer, state["rates"])
        _set_metrics(self.model, state["metrics"])
        self.callbacks.load_state_dict(state["callbacks"])
        self.callbacks.forget_restored()
        streams.restore(state["streams"])


def _metric_values(model: Any) -> list[list[Any]]:
    return [[v.detach() for v in metric.variables] for metric in model.metrics]


@torch.no_grad()
def _set_metrics(model: Any, values: list[list[np.ndarray]]) -> None:
    """Set the metrics of a broken epoch; those of another shape count from here on."""
    for metric, own in zip(model.metrics, values, strict=False):
        variables = metric.variables
        if [tuple(v.shape) for v in variables] != [a.shape for a in own]:
            continue
        for variable, value in zip(variables, own, strict=True):
            variable.copy_(convert_to_tensor(value))


def _rates(optimizer: Any) -> list[dict[str, Any]]:
    """Return the numbers of each param group, as exactly as torch has them."""
    plain = (bool, int, float)
    return [
        {k: v for k, v in group.items() if isinstance(v, plain)}
        for group in getattr(optimizer, "param_groups", ())
    ]


def _set_rates(optimizer: Any, rates: list[dict[str, Any]]) -> None:
    for group, values in zip(getattr(optimizer, "param_groups", ()), rates, strict=False):
        group.update({k: v for k, v in values.items() if k in group})


# ------------------------------------------------------------------------- checks of a file


def _check_state(state: Any) -> None:
    """Raise a ValueError that names the part which is not as `Run.state` makes it."""
    place = state["place"]
    for name in _PLACE:
        if type(place[name]) is not int or place[name] < 0:
            raise ValueError(f"place.{name} must be an integer >= 0, and is {place[name]!r}.")
    if type(place["stopped"]) is not bool:
        raise ValueError("place.stopped must be true or false.")
    if place["epoch"] > place["epochs"] or place["batch"] > place["total"]:
        raise ValueError(
            f"it stands at epoch {place['epoch']} of {place['epochs']}, batch {place['batch']}, "
            f"after {place['total']} steps."
        )
    streams.check(state["streams"])
    _check_position(state["data"])
    if state["validation"] is not None:
        _check_position(state["validation"])
    if not _is_list_of(state["metrics"], list) or not all(
        _is_list_of(own, np.ndarray) for own in state["metrics"]
    ):
        raise ValueError("metrics must be lists of arrays.")
    if not _is_list_of(state["rates"], dict):
        raise ValueError("rates must be a list of dicts.")
    for name in ("run", "logs"):
        if not isinstance(state[name], dict):
            raise ValueError(f"{name} must be a dict.")
    callbacks = state["callbacks"]
    if not _is_list_of(callbacks, dict) or any(
        not isinstance(c.get("class_name"), str) or not isinstance(c.get("state"), dict)
        for c in callbacks
    ):
        raise ValueError("callbacks must be a list of names with their state.")
    for entry in callbacks:
        if entry["class_name"] == "History":
            _check_history(entry["state"], place["epoch"])


def _check_position(position: Any) -> None:
    for name in ("epochs", "taken"):
        if type(position[name]) is not int or position[name] < 0:
            raise ValueError(f"data.{name} must be an integer >= 0.")
    if position["taken"]:
        streams.check(position["opened"])
    for name, at in position["told"]:
        if name not in ("on_epoch_begin", "on_epoch_end"):
            raise ValueError(f"data.told must name hooks of an epoch, and names {name!r}.")
        streams.check(at)


def _check_history(state: dict[str, Any], epoch: int) -> None:
    epochs, history = state["epoch"], state["history"]
    numbers = _is_list_of(epochs, int) and all(a < b for a, b in zip([-1, *epochs], epochs))  # noqa: B905
    if not numbers or (epochs and epochs[-1] != epoch - 1) or not isinstance(history, dict):
        raise ValueError(f"the history must end before epoch {epoch}.")
    if not all(isinstance(v, list) and len(v) <= len(epochs) for v in history.values()):
        raise ValueError("the history must be lists of at most one entry an epoch.")


def _is_list_of(value: Any, kind: type) -> bool:
    return isinstance(value, list) and all(isinstance(v, kind) for v in value)
