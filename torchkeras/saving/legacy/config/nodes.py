"""Calls of layers in functional models: from nested lists to arguments.

Until Keras 3, a call was the list of its inputs, each `[layer, call, output, keywords]`; a tensor
in keywords was `[layer, call, output]`.
"""

from typing import Any

from torchkeras.core.legacy_arguments import current_class
from torchkeras.saving.legacy.config import tf_ops
from torchkeras.saving.legacy.config.common import as_list, below, class_name, refuse

_CONSTANT = "_CONSTANT_VALUE"  # stands in a layer's place for a value that is no tensor
_RECURRENT = frozenset(
    {"RNN", "SimpleRNN", "GRU", "LSTM", "ConvLSTM1D", "ConvLSTM2D", "ConvLSTM3D", "Bidirectional"}
)


class Graph:
    """The calls of one functional model.

    Args:
        entries: Its layers as they stand in the old config.
        config: The config around them.
        at: Place of the layers, for messages.
    """

    def __init__(self, entries: list[dict[str, Any]], config: dict[str, Any], at: str) -> None:
        self._names = {self.name(e, below(at, i)) for i, e in enumerate(entries)}
        self._counts: dict[str, int] = {}
        self._graphs: set[str] = set()
        last: dict[str, int] = {}
        for i, e in enumerate(entries):
            name, calls = self.name(e, below(at, i)), e.get("inbound_nodes", [])
            calls = as_list(calls, "inbound_nodes", below(at, i))
            self._counts[name] = len(calls)
            inner = e.get("config")
            if isinstance(inner, dict) and "layers" in inner and "input_layers" in inner:
                self._graphs.add(name)
            _note_calls([c for c in calls if not isinstance(c, dict)], self._names, last)
        ends = [config.get("input_layers"), config.get("output_layers")]
        self._modern = any(isinstance(c, dict) for e in entries for c in e.get("inbound_nodes", ()))
        if not self._modern:
            _note_calls(ends, self._names, last)
        # A model's own graph counted as its call 0: those of it here begin at 1.
        self._first = {
            name: int(n > 0 and last.get(name, -1) >= n) for name, n in self._counts.items()
        }

    def name(self, entry: dict[str, Any], at: str) -> str:
        """Return the name that calls know a layer by."""
        name = entry.get("name")
        if name is None and isinstance(entry.get("config"), dict):
            name = entry["config"].get("name")
        if not isinstance(name, str):
            raise refuse(f"a layer's name must be a string. Received: {type(name).__name__}.", at)
        return name

    def is_operation(self, entry: dict[str, Any]) -> bool:
        """Tell whether an entry is a function of TensorFlow, not a layer."""
        name = entry.get("class_name")
        return isinstance(name, str) and name in tf_ops.CLASSES

    # ------------------------------------------------------------------ tensors

    def _tensor(self, ref: list[Any], at: str) -> dict[str, Any]:
        name, call, output = ref[:3]
        if name not in self._names:
            raise refuse(f"there is no layer {name!r}.", at)
        history = [name, call - self._first[name], output]
        return {"class_name": "__keras_tensor__", "config": {"keras_history": history}}

    def _is_ref(self, value: Any) -> bool:
        return (
            isinstance(value, list)
            and len(value) in (3, 4)
            and isinstance(value[0], str)
            and (value[0] in self._names or value[0] == _CONSTANT or len(value) == 4)
            and (value[0] == _CONSTANT or (_is_index(value[1]) and _is_index(value[2])))
            and (len(value) == 3 or isinstance(value[3], dict))
        )

    def _value(self, value: Any, at: str) -> Any:
        """Return a keyword's value, with the tensors in it."""
        if self._is_ref(value):
            return value[2] if value[0] == _CONSTANT else self._tensor(value, at)
        if isinstance(value, list):
            return [self._value(v, below(at, i)) for i, v in enumerate(value)]
        if isinstance(value, dict):
            return {k: self._value(v, below(at, k)) for k, v in value.items()}
        return value

    def _inputs(self, value: Any, keywords: dict[str, Any], at: str, depth: int = 0) -> Any:
        """Return the structure of a call's inputs; their keywords are gathered."""
        if self._is_ref(value):
            if len(value) == 4:
                keywords.update(value[3])
            return self._value(value, at)
        if isinstance(value, list) and value and depth < 8:
            return [self._inputs(v, keywords, below(at, i), depth + 1) for i, v in enumerate(value)]
        if isinstance(value, dict) and value and depth < 8:
            return {k: self._inputs(v, keywords, below(at, k), depth + 1) for k, v in value.items()}
        raise refuse("a call's input must be [layer, call, output] of a layer of the model.", at)

    # ------------------------------------------------------------------ calls

    def _call(self, call: Any, at: str) -> tuple[Any, dict[str, Any]]:
        """Return the inputs (a tensor, or a structure of several) and the keywords of a call."""
        keywords: dict[str, Any] = {}
        inputs = self._inputs(call, keywords, at)
        if isinstance(inputs, list) and len(inputs) == 1 and not self._is_ref(call):
            inputs = inputs[0]
        return inputs, {k: self._value(v, below(at, k)) for k, v in keywords.items()}

    def inbound(self, entry: dict[str, Any], at: str) -> list[Any]:
        """Return the calls of a layer as Keras 3 writes them."""
        at = below(at, "inbound_nodes")
        done = []
        for i, call in enumerate(entry.get("inbound_nodes", ())):
            if isinstance(call, dict):
                done.append(call)
                continue
            place = below(at, i)
            inputs, keywords = self._call(call, place)
            keywords = {k: v for k, v in keywords.items() if v is not None}
            several = isinstance(inputs, list) and len(inputs) > 1
            if several and current_class(class_name(entry, at)) in _RECURRENT:
                if _constants(entry):
                    raise refuse("an RNN with constants cannot be read.", place)
                keywords.setdefault("initial_state", inputs[1:])
                inputs = inputs[0]
            done.append({"args": [inputs], "kwargs": keywords})
        return done

    def operation(self, entry: dict[str, Any], at: str) -> dict[str, Any]:
        """Return the entry of an op for a function of TensorFlow."""
        calls = []
        for i, call in enumerate(entry.get("inbound_nodes", ())):
            place = below(below(at, "inbound_nodes"), i)
            calls.append(self._call(call, place))
        return tf_ops.operation(entry, calls, self.name(entry, at), at)

    def ends(self, places: Any, at: str, depth: int = 0) -> Any:
        """Return where inputs or outputs of the model are; of a list of one, that one."""
        if isinstance(places, dict):
            return {k: self.ends(v, below(at, k), depth + 1) for k, v in places.items()}
        places = as_list(places, "inputs and outputs of a model", at)
        if len(places) in (3, 4) and isinstance(places[0], str):
            name, call, output = places[:3]
            if name not in self._names or not _is_index(call) or not _is_index(output):
                raise refuse("must be [layer, call, output] of a layer of the model.", at)
            if self._modern:
                return [name, call, output]
            # There (and nowhere else) Keras 3 counts a functional model's own graph as well.
            return [name, call - self._first[name] + int(name in self._graphs), output]
        if depth > 8:
            raise refuse("nested too deep.", at)
        if len(places) == 1 and not self._modern:
            return self.ends(places[0], below(at, 0), depth + 1)
        return [self.ends(p, below(at, i), depth + 1) for i, p in enumerate(places)]


def _is_index(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _constants(entry: dict[str, Any]) -> bool:
    inner = entry.get("config")
    keys = ("num_constants", "_num_constants")
    return isinstance(inner, dict) and any(inner.get(k) for k in keys)


def _note_calls(value: Any, known: set[str], last: dict[str, int]) -> None:
    """Note the highest number of a call that each layer is asked for."""
    waiting = [value]
    while waiting:
        value = waiting.pop()
        if isinstance(value, dict):
            waiting.extend(value.values())
        elif isinstance(value, list):
            if len(value) >= 3 and isinstance(value[0], str) and _is_index(value[1]):
                if value[0] in known:
                    last[value[0]] = max(last.get(value[0], 0), value[1])
                waiting.extend(value[3:])
            else:
                waiting.extend(value)
