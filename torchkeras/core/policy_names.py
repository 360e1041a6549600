"""Policies to configs and back."""

from typing import Any

from torchkeras.core import policy
from torchkeras.core import serialize as _serialize


def serialize(dtype_policy: policy.DTypePolicy) -> dict[str, Any]:
    """Return the config of a policy.

    >>> import torchkeras as keras
    >>> keras.dtype_policies.serialize(keras.DTypePolicy("float16"))["config"]
    {'name': 'float16'}
    """
    return _serialize.serialize_keras_object(dtype_policy)


def deserialize(config: Any, custom_objects: dict[str, Any] | None = None) -> policy.DTypePolicy:
    """Return the policy of a config; a name stands for itself.

    >>> import torchkeras as keras
    >>> keras.dtype_policies.deserialize({"class_name": "DTypePolicy", "config": {"name": "int8"}})
    <DTypePolicy "int8">
    """
    with _serialize.CustomObjectScope(custom_objects):
        return policy.get(config)
