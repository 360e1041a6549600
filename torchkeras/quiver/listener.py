"""The port: a threaded server of werkzeug with bounds on threads, time and what is read.

Loaded through `_base/optional.py`: it is made of werkzeug.
"""

import contextlib
import errno
import io
import logging
import os
import socket
import threading
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from .._base.optional import require
from .guard import HEADERS, problem

serving = require("werkzeug.serving", "quiver")

WORKERS = 16
WAIT = 5.0  # seconds that a connection waits for a worker
IDLE = 10.0  # seconds until a connection must ask something: browsers open some in advance
READ = 60.0  # seconds within which a request must have been read
WRITE = 60.0  # seconds within which its answer must have been taken
LINGER = 1.0  # seconds that a refused client may go on sending, so that it reads the refusal
_log = logging.getLogger("torchkeras.quiver")


class _Within(io.RawIOBase):
    """What a socket receives until a deadline: slow clients hold a worker no longer than others."""

    def __init__(self, connection: socket.socket, seconds: float) -> None:
        self.connection = connection
        self.deadline = time.monotonic() + seconds
        self.limit = IDLE

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        left = self.deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError("the request took too long")
        before = self.connection.gettimeout()
        self.connection.settimeout(min(left, self.limit))
        try:
            count = self.connection.recv_into(buffer)
            self.limit = READ
            return count
        finally:
            self.connection.settimeout(before)


class Handler(serving.WSGIRequestHandler):
    """One request: quiet, within its time, and with the headers of all answers on every error."""

    timeout = WRITE

    def setup(self) -> None:
        super().setup()
        self.rfile.close()
        self.rfile = io.BufferedReader(_Within(self.connection, READ))

    def run_wsgi(self) -> None:
        try:
            urlsplit(self.path)
        except ValueError:
            self.send_error(400)
        else:
            super().run_wsgi()

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """Answer what cannot be read as a request: too long a line, an unknown version, …"""
        self.close_connection = True
        phrase = self.responses.get(code, ("Error", ""))[0]
        body = problem(code, message or phrase)
        with contextlib.suppress(OSError):
            self.connection.sendall(_answer(code, phrase, body))
            _linger(self.connection)

    def version_string(self) -> str:
        return "Quiver"

    def log(self, type: str, message: str, *args: Any) -> None:
        _log.debug(message, *args)


class Server(serving.ThreadedWSGIServer):
    """Serves an application on a bound socket until `stop`."""

    request_queue_size = 128

    def __init__(self, sock: socket.socket, host: str, app: Callable[..., Any]) -> None:
        super().__init__(host, sock.getsockname()[1], app, Handler, fd=sock.fileno())
        self._slots = threading.BoundedSemaphore(WORKERS)
        self._open: set[socket.socket] = set()
        self._lock = threading.Lock()
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._serve, name="quiver", daemon=True)

    def start(self) -> None:
        """Begin to answer, in a thread."""
        self._thread.start()

    def _serve(self) -> None:
        self.serve_forever(poll_interval=0.1)

    def stop(self, seconds: float = 5.0) -> None:
        """Free the port; answers that are under way have some seconds to end."""
        self._closing.set()
        self.shutdown()
        self._thread.join(seconds)
        with self._lock:
            for connection in self._open:  # those that ask nothing stop waiting
                with contextlib.suppress(OSError):
                    connection.shutdown(socket.SHUT_RD)
        deadline = time.monotonic() + seconds
        for _ in range(WORKERS):
            self._slots.acquire(timeout=max(0.0, deadline - time.monotonic()))

    def server_close(self) -> None:
        # A child process may hold the socket too: this ends it for all of them.
        with contextlib.suppress(OSError):
            self.socket.shutdown(socket.SHUT_RDWR)
        super().server_close()

    def process_request(self, request: socket.socket, client_address: Any) -> None:
        """Hand a connection to a worker, or refuse it if none gets free in time."""
        deadline = time.monotonic() + WAIT
        while not self._slots.acquire(timeout=0.1):
            if self._closing.is_set() or time.monotonic() > deadline:
                self._refuse(request)
                return
        with self._lock:
            self._open.add(request)
        try:
            super().process_request(request, client_address)
        except BaseException:  # no thread could be started
            self._done(request)
            raise

    def process_request_thread(self, request: socket.socket, client_address: Any) -> None:
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._done(request)

    def _done(self, request: socket.socket) -> None:
        with self._lock:
            self._open.discard(request)
        self._slots.release()

    def _refuse(self, request: socket.socket) -> None:
        with contextlib.suppress(OSError):
            request.settimeout(LINGER)
            body = problem(503, "The viewer is busy.")
            request.sendall(_answer(503, "Service Unavailable", body, "Retry-After: 1\r\n"))
            request.setblocking(False)
            request.recv(1 << 16)  # a socket that is closed with something unread is reset
        self.shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        _log.debug("a connection failed", exc_info=True)


def bind(host: str, port: int) -> socket.socket:
    """Return a socket that listens on `host`, or raise `OSError` that tells a way out."""
    family = serving.select_address_family(host, port)
    sock = socket.socket(family, socket.SOCK_STREAM)
    try:
        if os.name == "posix":  # elsewhere it would share the port with another server
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind((host, port))
        sock.listen(Server.request_queue_size)
    except OSError as e:
        sock.close()
        if e.errno == errno.EADDRINUSE:
            what = f"port {port} is taken; port=0 takes a free one"
        else:
            what = f"cannot listen on port {port} of host {host!r}: {e.strerror}"
        raise OSError(e.errno, f"Quiver: {what}.") from None
    return sock


def machine() -> str:
    """Return the name of this machine."""
    return socket.gethostname()


def _answer(code: int, phrase: str, body: bytes, more: str = "") -> bytes:
    head = "".join(f"{name}: {value}\r\n" for name, value in HEADERS.items())
    return (
        f"HTTP/1.1 {code} {phrase}\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\nConnection: close\r\n{more}{head}\r\n"
    ).encode("latin-1") + body


def _linger(connection: socket.socket) -> None:
    """Read on for a moment: a client that is cut while it sends does not read the answer."""
    connection.shutdown(socket.SHUT_WR)
    deadline = time.monotonic() + LINGER
    while (left := deadline - time.monotonic()) > 0:
        connection.settimeout(left)
        if not connection.recv(1 << 16):
            return
