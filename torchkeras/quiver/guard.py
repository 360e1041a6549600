"""Who may ask the viewer, and what every answer tells the browser."""

import hashlib
import hmac
import ipaddress
import json
import re
from collections.abc import Iterable, Mapping
from typing import Any

# No other page may frame, read or address what is answered; nothing is kept; names in pictures
# and JSON are never run as a page.
HEADERS = {
    "Content-Security-Policy": "default-src 'self'; img-src 'self' blob: data:; style-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
    "Cross-Origin-Resource-Policy": "same-origin",
}
LOOPBACK = ("127.0.0.1", "localhost", "[::1]")
_HOST = re.compile(r"(\[[0-9a-f:.]+\]|[a-z0-9_.-]+)(?::[0-9]{1,5})?")
# The folders of a path; of what stays, one cannot tell where on this machine it lies.
_FOLDERS = re.compile(r"(?<![\w./\\])(?:[A-Za-z]:|~)?[\\/](?:[^\s\\/'\",:]+[\\/])+")


class Refused(Exception):
    """A request that is not answered."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


class Guard:
    """Checks each request before anything is done for it.

    Args:
        names: Names and addresses, beside those of loopback, that a `Host` header may hold.
        token: Secret that a request must bring, as `?token=` or in the cookie that the page
            sets; None: none is needed.
        addresses: Whether any IP address is allowed as `Host`.
    """

    def __init__(
        self, names: Iterable[str] = (), *, token: str | None = None, addresses: bool = False
    ) -> None:
        self.names = {*LOOPBACK, *(n.lower() for n in names)}
        self.token = token
        self.addresses = addresses
        # Cookies do not know ports: two viewers on one machine must not share a name.
        mark = hashlib.sha256((token or "").encode()).hexdigest()[:8]
        self.cookie = f"quiver_{mark}"

    def check(
        self,
        method: str,
        path: str,
        headers: Mapping[str, str],
        query: Mapping[str, str],
        cookies: Mapping[str, str],
    ) -> None:
        """Return if the request may be answered.

        Raises:
            Refused: 400 for a host that is not this server (DNS rebinding), 403 for a request
                that another site's page makes, 401 without the token.
        """
        host = headers.get("Host", "").lower()
        self._check_host(host)
        self._check_site(method, path, headers, host)
        if self.token is not None and not any(
            hmac.compare_digest(given.encode("utf-8", "replace"), self.token.encode())
            for given in (query.get("token", ""), cookies.get(self.cookie, ""))
        ):
            raise Refused(401, "The address of this page holds a token, which is missing here.")

    def _check_host(self, host: str) -> None:
        found = _HOST.fullmatch(host)
        if found is None:
            raise Refused(400, "The Host header is missing or malformed.")
        name = found[1]
        if name not in self.names and not (self.addresses and is_address(name.strip("[]"))):
            raise Refused(400, "The Host header does not name this server.")

    def _check_site(self, method: str, path: str, headers: Mapping[str, str], host: str) -> None:
        origin = headers.get("Origin")
        own = origin is None or origin.lower() in (f"http://{host}", f"https://{host}")
        site = headers.get("Sec-Fetch-Site", "none")
        # Another site may link to the page: that shows it to its user, and to nobody else.
        link = (
            method == "GET"
            and path == "/"
            and origin is None
            and headers.get("Sec-Fetch-Mode") == "navigate"
            and headers.get("Sec-Fetch-Dest", "document") == "document"
        )
        if not own or (site not in ("same-origin", "none") and not link):
            raise Refused(403, "Only the viewer's own page may ask this.")


def is_address(name: str) -> bool:
    """Tell whether a name is an IP address."""
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def is_loopback(name: str) -> bool:
    """Tell whether a host is this machine alone.

    >>> is_loopback("127.0.0.1"), is_loopback("0.0.0.0"), is_loopback("")
    (True, False, False)
    """
    if name.lower() == "localhost":
        return True
    return is_address(name) and ipaddress.ip_address(name).is_loopback


def as_json(value: Any) -> bytes:
    """Return a value as JSON that is safe wherever it is put; NaN and infinity become null."""
    try:
        text = json.dumps(value, default=_plain, allow_nan=False)
    except ValueError:
        finite = json.loads(json.dumps(value, default=_plain), parse_constant=lambda _: None)
        text = json.dumps(finite)
    return text.replace("<", "\\u003c").encode("ascii")


def problem(status: int, message: str) -> bytes:
    """Return an error as JSON: one sentence, without the folders of this machine.

    >>> problem(404, "/home/me/a.png is gone")
    b'{"error": {"status": 404, "message": "a.png is gone"}}'
    """
    return as_json({"error": {"status": status, "message": _FOLDERS.sub("", message)[:500]}})


def _plain(value: Any) -> Any:
    """What `json` does not know: numbers and arrays of numpy and torch."""
    if hasattr(value, "tolist"):
        return value.tolist()
    raise TypeError(f"Quiver: {type(value).__name__} is no value of JSON.")
