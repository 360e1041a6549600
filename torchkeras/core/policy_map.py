"""DTypePolicyMap: a policy for each layer inside a layer, by its path."""

import re
from collections.abc import Iterator, MutableMapping
from typing import Any

from torchkeras._base.check import received
from torchkeras.core import policy, serialize
from torchkeras.core.policy import DTypePolicy
from torchkeras.core.quantized_policy import QuantizedDTypePolicy


class DTypePolicyMap(DTypePolicy, MutableMapping):
    """A dict from layer paths to policies, itself the policy of a layer with layers inside.

    A key is a path (`"encoder/dense"`) or a regular expression that a whole path must match; a
    path without a key has the default policy.

    Args:
        default_policy: Policy of all other layers; default: the global one.
        policy_map: Initial content.

    Raises:
        ValueError: for a key that is there already, or a path that several expressions match.

    >>> import torchkeras as keras
    >>> policies = keras.dtype_policies.DTypePolicyMap("float32")
    >>> policies["encoder/.*"] = keras.DTypePolicy("bfloat16")
    >>> policies["encoder/dense"].name, policies["decoder/dense"].name
    ('bfloat16', 'float32')
    """

    def __init__(
        self, default_policy: Any = None, policy_map: dict[str, DTypePolicy] | None = None
    ) -> None:
        if isinstance(default_policy, DTypePolicyMap):
            raise ValueError(
                "DTypePolicyMap: default_policy must be a single policy. "
                f"{received('default_policy', default_policy)}"
            )
        if policy_map is not None and not isinstance(policy_map, dict):
            raise TypeError(
                f"DTypePolicyMap: policy_map must be a dict. {received('policy_map', policy_map)}"
            )
        self._default_arg = default_policy
        self._default = policy.get(default_policy)
        self._map: dict[str, DTypePolicy] = {}
        for key, value in (policy_map or {}).items():
            self[key] = value

    # The dtypes of the map as a policy are those of its default.

    @property
    def default_policy(self) -> DTypePolicy:
        """Policy of the layers that have no key."""
        return self._default

    @property
    def name(self) -> str:
        """`"map_"` and the name of the default policy."""
        return f"map_{self._default.name}"

    @property
    def _compute_dtype(self) -> str:  # type: ignore[override]
        return self._default.compute_dtype

    @property
    def _variable_dtype(self) -> str:  # type: ignore[override]
        return self._default.variable_dtype

    @property
    def torch_compute_dtype(self) -> Any:  # type: ignore[override]
        return self._default.torch_compute_dtype

    @property
    def quantization_mode(self) -> str | None:  # type: ignore[override]
        """Mode of the default policy."""
        return self._default.quantization_mode

    # The dict of policies.

    def __getitem__(self, key: str) -> DTypePolicy:
        if key in self._map:
            return self._map[key]
        found = [k for k in self._map if re.fullmatch(k, key)]
        if len(found) > 1:
            raise ValueError(
                f"DTypePolicyMap: a path must match one key only. "
                f"Received: path={key!r}, which matches {found}."
            )
        return self._map[found[0]] if found else self._default

    def __setitem__(self, key: str, value: Any) -> None:
        if not isinstance(key, str):
            raise TypeError(f"DTypePolicyMap: a key must be a string. {received('key', key)}")
        if key in self._map:
            raise ValueError(
                "DTypePolicyMap: a key may be set only once; delete it first. "
                f"Received: key={key!r}, which is {self._map[key]}."
            )
        self._map[key] = policy.get(value)

    def __delitem__(self, key: str) -> None:
        del self._map[key]

    def __contains__(self, key: object) -> bool:
        return key in self._map

    def get(self, key: str, default: Any = None) -> DTypePolicy:
        """Return the policy of a path; the map's own default comes before `default`."""
        return self[key]

    def __len__(self) -> int:
        return len(self._map)

    def __iter__(self) -> Iterator[str]:
        return iter(self._map)

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, DTypePolicyMap)
            and self._default == other._default
            and self._map == other._map
        )

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        mapping = [(key, value.name) for key, value in self._map.items()]
        return f"<DTypePolicyMap default_policy={self._default.name}, mapping={mapping}>"

    def get_config(self) -> dict[str, Any]:
        """Return the arguments; what follows the global policy is written as None."""
        entries = {}
        for key, value in self._map.items():
            config = serialize.serialize_keras_object(value)
            if self._default_arg is None:
                part = "source_name" if isinstance(value, QuantizedDTypePolicy) else "name"
                if config["config"].get(part) == self._default.name:
                    config["config"][part] = None
            entries[key] = config
        default = self._default_arg
        if isinstance(default, QuantizedDTypePolicy):
            default = serialize.serialize_keras_object(default)
        elif default is not None:
            default = self._default.name
        return {"default_policy": default, "policy_map": entries}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> "DTypePolicyMap":
        """Make the map of a config."""
        entries = config.get("policy_map") or {}
        return cls(config.get("default_policy"), {k: policy.get(v) for k, v in entries.items()})


serialize.add_builtin(DTypePolicyMap, "keras.dtype_policies", "DTypePolicyMap", "policy")
