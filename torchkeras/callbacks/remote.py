"""RemoteMonitor: the numbers of each epoch to a web server."""

from __future__ import annotations

import http.client
import json
import urllib.parse
import urllib.request
import warnings
from collections.abc import Mapping
from typing import Any

import numpy as np

from .._base import check
from .base import Callback

_SECONDS = 10  # to wait for a server: training must not stand still for one that hangs


class RemoteMonitor(Callback):
    """Send the logs of each epoch to a server, by HTTP POST.

    A server that cannot be reached, or does not answer within ten seconds, is a warning.

    Args:
        root: Address of the server, with "http://" or "https://".
        path: Path on it.
        field: Name of the form's field that holds the logs as JSON.
        headers: More HTTP headers.
        send_as_json: Send the logs as JSON ("application/json") instead of in a form.

    Raises:
        ValueError: for an address that is none of the web.

    >>> import torchkeras as keras
    >>> keras.callbacks.RemoteMonitor("file:///etc")
    Traceback (most recent call last):
    ValueError: RemoteMonitor: root must begin with http:// or https://. Received: root='file:///etc'.
    """

    def __init__(
        self,
        root: str = "http://localhost:9000",
        path: str = "/publish/epoch/end/",
        field: str = "data",
        headers: Mapping[str, str] | None = None,
        send_as_json: bool = False,
    ) -> None:
        super().__init__()
        if not isinstance(root, str) or not root.lower().startswith(("http://", "https://")):
            raise ValueError(
                "RemoteMonitor: root must begin with http:// or https://. "
                f"{check.received('root', root)}"
            )
        if headers is not None and not isinstance(headers, Mapping):
            raise TypeError(
                f"RemoteMonitor: headers must be a dict. {check.received('headers', headers)}"
            )
        self.root = root
        self.path = path
        self.field = field
        self.headers = headers
        self.send_as_json = send_as_json

    def on_epoch_end(self, epoch: int, logs: Mapping[str, Any] | None = None) -> None:
        sent = {"epoch": epoch, **{k: _plain(v) for k, v in (logs or {}).items()}}
        if self.send_as_json:
            kind, body = "application/json", json.dumps(sent)
        else:
            kind = "application/x-www-form-urlencoded"
            body = urllib.parse.urlencode({self.field: json.dumps(sent)})
        headers = {"Content-Type": kind, **(self.headers or {})}
        request = urllib.request.Request(self.root + self.path, body.encode(), headers)
        try:
            with urllib.request.urlopen(request, timeout=_SECONDS):
                pass
        except (OSError, http.client.HTTPException) as error:  # urllib's own are OSErrors
            warnings.warn(
                f"Could not reach RemoteMonitor root server at {self.root}: {error}", stacklevel=2
            )


def _plain(value: Any) -> Any:
    """A value as JSON has it: a number, or a list of a vector's."""
    if isinstance(value, (np.ndarray, np.generic)):
        return value.item() if value.size == 1 else value.tolist()
    return value
