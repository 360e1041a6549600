"""The loss that `compile` makes, whatever structure losses and outputs have."""

import inspect
import math
import numbers
from collections.abc import Sequence
from typing import Any, NamedTuple

import torch

from torchkeras._base.check import received
from torchkeras.core import nest
from torchkeras.core.registry import LOSSES
from torchkeras.core.tensor import convert_to_tensor
from torchkeras.core.variable import Variable
from torchkeras.losses.base import FunctionLoss, Loss
from torchkeras.losses.torch_loss import TorchLoss, is_torch_loss
from torchkeras.metrics.mean import Mean
from torchkeras.training import targets
from torchkeras.training.match import Matcher
from torchkeras.training.nodes import Node, Stacked, leaf_paths, node_losses
from torchkeras.training.words import FAMILIES, member_of_family, name_of, unique

_MOST_SHAPES = 1000  # batches may have any number of lengths


class _Part(NamedTuple):
    """One loss of one output, or of a structure of them."""

    output: Any  # its number, or a structure of numbers
    loss: Any
    weight: float | None
    tracker: Mean | None


class CompileLoss:
    """The total loss of a model: the weighted sum of its outputs' losses.

    Args:
        loss: Name, function, class, `Loss` or `torch.nn` loss; a structure of them like the
            outputs', a dict by output names, or None for outputs without one. A list for a single
            output is the sum of its losses. A loss may also be of several outputs together; see
            `nodes.node_losses`.
        loss_weights: A number, or numbers in the structure of `loss`.
        reduction: Reduction of losses given as names or functions.
        output_names: Names of the model's outputs, if they are known.

    Raises:
        ValueError: for an unknown name, at once; for structures that do not fit the outputs, at
            the first batch.

    >>> loss = CompileLoss({"a": "mse", "b": "mae"}, {"a": 1.0, "b": 0.5})
    >>> loss({"a": torch.zeros(2, 1), "b": torch.zeros(2, 1)},
    ...      {"a": torch.ones(2, 1), "b": torch.ones(2, 1)})
    tensor(1.5000)
    >>> [m.name for m in loss.metrics]
    ['a_loss', 'b_loss']
    """

    name = "compile_loss"

    def __init__(
        self,
        loss: Any,
        loss_weights: Any = None,
        reduction: str | None = "sum_over_batch_size",
        output_names: Sequence[str] | None = None,
    ) -> None:
        for entry in nest.flatten(loss):
            _check_loss(entry)
        for weight in nest.flatten(loss_weights):
            if weight is not None and not _is_number(weight):
                raise ValueError(
                    "compile: loss_weights must be a number, or a list or dict of numbers. "
                    f"{received('loss_weights', loss_weights)}"
                )
        self.loss = loss
        self.loss_weights = nest.map_structure(
            lambda w: float(convert_to_tensor(w).reshape(())) if hasattr(w, "shape") else w,
            loss_weights,
        )
        self.reduction = reduction
        self.output_names = output_names
        self.built = False
        self._parts: list[_Part] = []
        self._matcher: Matcher | None = None
        self._single: Any = None  # the loss itself, if there is one of one output, unweighted
        self._asked: list[int] | None = None  # the outputs that targets are given for, if not all
        self._taken: set[Any] = set()  # pairs of unlike shapes that the losses take

    @property
    def metrics(self) -> list[Mean]:
        """Mean of each loss, named `output_loss`, if there are several: one alone is the total."""
        return [p.tracker for p in self._parts if p.tracker is not None]

    @property
    def variables(self) -> list[Variable]:
        """Variables of the metrics."""
        return [v for m in self.metrics for v in m.variables]

    def build(self, y_true: Any, y_pred: Any) -> None:
        """Bring losses and weights to the outputs of a first batch, and check its targets.

        Raises:
            ValueError: for structures that do not fit, or targets that their losses do not take.
        """
        matcher = Matcher("compile", y_pred, self.output_names)
        nodes = node_losses(self.loss, self.loss_weights, y_pred)
        if nodes is not None:
            self._parts, self._matcher, self.built = self._of_nodes(nodes, matcher), matcher, True
            return
        rows = self._rows(matcher)
        self._asked = _asked(matcher, rows, y_true)
        true = matcher.spread("y_true", self.placed(y_true, matcher))
        pred = matcher.spread("y_pred", y_pred)
        parts = []
        for i, given, weight in rows:
            output = matcher.outputs[i]
            y = convert_to_tensor(_needed(true[i], output))
            loss = self._make(given, y, pred[i])
            targets.check_shapes(loss, _shape(y), _shape(pred[i]), _of(output, len(pred)))
            targets.check_labels(loss, y, _shape(pred[i]))
            tracker = None
            if len(rows) > 1:
                shared = sum(r[0] == i for r in rows) > 1
                name = _tracker_name(output, name_of(given), shared)
                taken = {p.tracker.name for p in parts if p.tracker is not None}
                tracker = Mean(name=unique(name, taken))
            parts.append(_Part(i, loss, weight, tracker))
        self._parts, self._matcher, self.built = parts, matcher, True
        if len(parts) == 1 and len(pred) == 1 and not nest.is_nested(y_pred):
            self._single = parts[0].loss if parts[0].weight is None else None

    def _of_nodes(self, nodes: list[Node], matcher: Matcher) -> list[_Part]:
        """Return the parts of losses of which some are of several outputs."""
        place = {o.path: i for i, o in enumerate(matcher.outputs)}
        parts: list[_Part] = []
        for path, given, weight, form in nodes:
            inner = leaf_paths(form)
            numbers_of = [place[(*path, *p)] for p in inner]
            label = "_".join(str(matcher.outputs[i].label or i) for i in numbers_of)
            if path and isinstance(path[-1], str):
                label = path[-1]
            name = "/".join([*map(str, path[:-1]), label]) + "_loss"
            loss: Any = LOSSES.get(given)
            if not isinstance(loss, Loss):
                loss = FunctionLoss(loss, reduction=self.reduction, name=name_of(loss))
            output: Any = numbers_of[0]
            if nest.is_nested(form):
                output = nest.pack_as(form, numbers_of)
                fn = getattr(loss, "fn", None)
                if getattr(fn, "__module__", "").startswith("torchkeras."):
                    loss = Stacked(loss)
            tracker = Mean(name=unique(name, {p.tracker.name for p in parts if p.tracker}))
            parts.append(_Part(output, loss, weight, tracker))
        return parts

    def _rows(self, matcher: Matcher) -> list[tuple[int, Any, float | None]]:
        """Return (output, loss as given, weight) of every loss."""
        losses = matcher.spread("loss", self.loss, share=True, lists=True)
        weights = matcher.spread("loss_weights", self._weights(losses), lists=True)
        rows = []
        for i, (given, weight) in enumerate(zip(losses, weights, strict=True)):
            several = [e for e in nest.flatten(given) if e is not None]
            own = nest.flatten(weight)
            if len(own) == 1:
                own = own * len(several)
            if len(own) != len(several) and several:
                raise ValueError(
                    f"compile: loss_weights must hold as many numbers as there are losses, "
                    f"{len(several)} for the output {_called(matcher.outputs[i])}. "
                    f"{received('loss_weights', self.loss_weights)}"
                )
            rows += [(i, e, w) for e, w in zip(several, own, strict=False)]
        # Trackers of a dict's outputs come by names, as in Keras: `evaluate` lists them so.
        return sorted(rows, key=lambda row: matcher.outputs[row[0]].path)

    def _weights(self, losses: list[Any]) -> Any:
        """Weights as given; a flat list of one weight a loss is for the outputs with a loss."""
        given = self.loss_weights
        with_loss = [i for i, e in enumerate(losses) if e is not None]
        if isinstance(given, numbers.Real) and len(losses) > 1:
            return [given] * len(losses)
        if isinstance(given, (list, tuple)) and len(given) == len(with_loss) < len(losses):
            spread: list[Any] = [None] * len(losses)
            for i, weight in zip(with_loss, given, strict=True):
                spread[i] = weight
            return spread
        return given

    def _make(self, given: Any, y_true: torch.Tensor, y_pred: torch.Tensor) -> Any:
        if isinstance(given, str) and given in FAMILIES:
            given = member_of_family(given, y_true, y_pred)
        if is_torch_loss(given):
            return TorchLoss(given() if inspect.isclass(given) else given)
        found = LOSSES.get(given)
        if isinstance(found, Loss):
            return found
        return FunctionLoss(found, reduction=self.reduction, name=name_of(found))

    def check_targets(self, y_true: Any, output_shapes: Any) -> None:
        """Check all targets of a training at once, before anything changes.

        Args:
            y_true: Targets as given to `fit`; what holds no arrays is not looked at.
            output_shapes: Shapes of the outputs in their structure, or None if they are unknown.

        Raises:
            ValueError: for shapes or labels that a loss does not take.
        """
        leaves = nest.flatten(y_true)
        if output_shapes is None or not all(e is None or hasattr(e, "shape") for e in leaves):
            return
        outputs = _as_outputs(output_shapes)
        if node_losses(self.loss, self.loss_weights, outputs) or _is_mixed(self.loss, outputs):
            return  # looked at with the first batch, where tuples and lists are told apart
        matcher = Matcher("compile", outputs, self.output_names)
        rows = self._rows(matcher)
        self._asked = _asked(matcher, rows, y_true)
        true = matcher.spread("y_true", self.placed(y_true, matcher))
        pred = matcher.spread("outputs", outputs)
        for i, given, _ in rows:
            y = true[i]
            if not hasattr(y, "shape") or not hasattr(y, "dtype") or y.dtype == object:
                continue
            loss = self._make(given, y, pred[i])
            where = _of(matcher.outputs[i], len(pred))
            # A model may have a fixed batch size; these are the targets of all batches.
            targets.check_shapes(loss, _shape(y), (None, *pred[i].shape[1:]), where)
            targets.check_labels(loss, y, pred[i].shape)

    def __call__(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> torch.Tensor:
        """Return the total loss of a batch, and add the outputs' losses to their trackers."""
        single = self._single
        if single is not None and isinstance(y_true, torch.Tensor):
            if y_true.shape != y_pred.shape:
                self._check_unlike(0, y_true, y_pred)
            loss = single(y_true, y_pred, sample_weight)
            return loss if loss.ndim == 0 else loss.mean()
        if not self.built:
            self.build(y_true, y_pred)
        matcher = self._matcher
        true = matcher.take("y_true", self.placed(y_true, matcher))
        pred = matcher.take("y_pred", y_pred)
        weights = matcher.take("sample_weight", sample_weight, share=True)
        total = None
        for n, (i, loss, weight, tracker) in enumerate(self._parts):
            if type(i) is not int:
                value, rows = self._of_several(i, loss, true, pred, weights)
                tracker.update_state(value.detach(), sample_weight=rows)
                value = value if weight is None else value * weight
                total = value if total is None else total + value
                continue
            if true[i] is None:
                _needed(None, matcher.outputs[i])
            if getattr(true[i], "shape", None) != pred[i].shape:
                self._check_unlike(n, convert_to_tensor(true[i]), pred[i])
            value = loss(true[i], pred[i], weights[i])
            if value.ndim:
                value = value.mean()
            if tracker is not None:
                tracker.update_state(value.detach(), sample_weight=pred[i].shape[0])
            if weight is not None:
                value = value * weight
            total = value if total is None else total + value
        if total is None:
            raise ValueError("compile: at least one output must have a loss. Received: loss=None.")
        return total

    def _of_several(
        self, output: Any, loss: Any, true: list, pred: list, weights: list
    ) -> tuple[torch.Tensor, int]:
        """Return the loss of a structure of outputs, and the number of samples."""
        numbers_of = nest.flatten(output)
        for i in numbers_of:
            _needed(true[i], self._matcher.outputs[i])
        y_true = nest.map_structure(lambda i: convert_to_tensor(true[i]), output)
        y_pred = nest.map_structure(lambda i: pred[i], output)
        value = loss(y_true, y_pred, weights[numbers_of[0]])
        return (value if value.ndim == 0 else value.mean()), pred[numbers_of[0]].shape[0]

    def placed(self, y_true: Any, matcher: Matcher | None = None) -> Any:
        """Return targets with None for the outputs that have no loss and were left out."""
        asked, matcher = self._asked, self._matcher if matcher is None else matcher
        if asked is None or matcher is None:
            return y_true
        given = nest.flatten(y_true)
        if len(given) != len(asked):
            return y_true
        every: list[Any] = [None] * len(matcher.outputs)
        for i, y in zip(asked, given, strict=True):
            every[i] = y
        return every

    def _check_unlike(self, n: int, y_true: torch.Tensor, y_pred: torch.Tensor) -> None:
        """Refuse what a loss would broadcast, in any batch: each pair of shapes is seen once."""
        pair = (n, y_true.shape, y_pred.shape)
        if pair in self._taken:
            return
        part = self._parts[n]
        output = self._matcher.outputs[part.output]
        count = len(self._matcher.outputs)
        targets.check_shapes(part.loss, _shape(y_true), _shape(y_pred), _of(output, count))
        if len(self._taken) > _MOST_SHAPES:
            self._taken.clear()
        self._taken.add(pair)


def _is_mixed(loss: Any, outputs: Any) -> bool:
    """Tell whether a list for a list of outputs holds structures, which are what the types say."""
    both = isinstance(loss, (list, tuple)) and isinstance(outputs, (list, tuple))
    return both and any(map(nest.is_nested, loss))


def _asked(matcher: Matcher, rows: list[Any], y_true: Any) -> list[int] | None:
    """Return the outputs with a loss, if there are as many targets and more outputs."""
    if isinstance(y_true, dict):
        return None  # says itself what is for which output
    asked = sorted({i for i, _, _ in rows})
    return asked if len(nest.flatten(y_true)) == len(asked) < len(matcher.outputs) else None


def _is_number(x: Any) -> bool:
    single = hasattr(x, "shape") and math.prod(x.shape) == 1
    return isinstance(x, numbers.Real) or single


def _shape(x: Any) -> tuple[Any, ...]:
    return tuple(x.shape)


def _check_loss(given: Any) -> None:
    if given is None or is_torch_loss(given):
        return
    if isinstance(given, str):
        if given not in FAMILIES:
            LOSSES.lookup(given)
    elif not callable(given):
        raise ValueError(
            "compile: loss must be a name, function or Loss, or a list or dict of them. "
            f"{received('loss', given)}"
        )


def _tracker_name(output: Any, loss_name: str, shared: bool) -> str:
    """Return `output_loss`, or the loss's own name where an output has none."""
    last = loss_name if output.name is None else output.name
    if shared and output.name is not None:
        last += f"_{loss_name}"
    return "/".join([*(str(p) for p in output.path[:-1]), last]) + "_loss"


def _needed(y_true: Any, output: Any) -> Any:
    if y_true is None:
        raise ValueError(
            f"compile: the output {_called(output)} has a loss, so it needs targets. "
            "Received: y_true=None."
        )
    return y_true


def _called(output: Any) -> str:
    return repr(output.name) if output.name is not None else str(list(output.path))


def _of(output: Any, count: int) -> str:
    return f" of the output {_called(output)}" if count > 1 else ""


class _Shape:
    """Stands for an output of which the shape is known."""

    def __init__(self, shape: Any) -> None:
        self.shape = tuple(shape)


def _as_outputs(shapes: Any) -> Any:
    if isinstance(shapes, dict):
        return {k: _as_outputs(v) for k, v in shapes.items()}
    if isinstance(shapes, (list, tuple)) and any(nest.is_nested(s) for s in shapes):
        return [_as_outputs(s) for s in shapes]
    return _Shape(shapes)
