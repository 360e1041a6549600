"""The viewer's answers, as a WSGI application: who may ask, which URL, what is sent.

Loaded through `_base/optional.py`: it is made of werkzeug.
"""

import logging
import mimetypes
import re
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from .._base.optional import require
from .engine import Busy, Engine
from .gallery import Gallery, Item
from .guard import HEADERS, Guard, Refused, as_json, problem
from .old_client import OldClient

routing = require("werkzeug.routing", "quiver")
exceptions = require("werkzeug.exceptions", "quiver")
wrappers = require("werkzeug.wrappers", "quiver")

STATIC = Path(__file__).parent / "static"
MAX_PICTURE = 2048  # pixels of the longer side of a picture that is sent
PNG = "image/png"
JSON = "application/json"
# The machine's own table may say something else, or nothing.
TYPES = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}
# In werkzeug's words these are a paragraph.
MESSAGES = {
    404: "There is nothing at this address.",
    405: "This address is not asked in that way.",
    413: "This is more than the viewer takes.",
}
_log = logging.getLogger("torchkeras.quiver")


class Word(routing.BaseConverter):
    """An id: it is looked up, and means nothing else."""

    regex = r"[A-Za-z0-9_-]{1,64}"


class Number(routing.BaseConverter):
    """A count from 0."""

    regex = r"[0-9]{1,9}"

    def to_python(self, value: str) -> int:
        return int(value)


class App:
    """The WSGI application of one viewer.

    Args:
        engine: What looks into the models.
        gallery: The images and samples.
        guard: Who may ask.
    """

    def __init__(self, engine: Engine, gallery: Gallery, guard: Guard) -> None:
        self.engine = engine
        self.gallery = gallery
        self.old = OldClient(engine, gallery)
        self.guard = guard
        self.files = static_files(STATIC)
        seen = "<number:checkpoint>/<word:node>/<word:image>"
        self.urls = routing.Map(
            [
                _get("/", self.page),
                _get("/static/<path:name>", self.static),
                _get("/api/session", self.session),
                _get("/api/graph/<number:checkpoint>", self.graph),
                _get("/api/images", self.images),
                routing.Rule("/api/images", endpoint=self.upload, methods=["POST"]),
                _get("/api/images/<word:image>.png", self.image),
                _get("/api/predictions/<number:checkpoint>/<word:image>", self.predictions),
                _get(f"/api/view/{seen}", self.view),
                _get(f"/api/tiles/{seen}.png", self.tiles),
                _get(f"/api/values/{seen}", self.values),
                _get("/api/kernel/<number:checkpoint>/<word:node>", self.kernel),
                _get(f"/api/explain/{seen}", self.explain),
                _get(f"/api/explain/{seen}.png", self.explain_png),
                # Those of 2016.
                _get("/model", self.old_model),
                _get("/inputs", self.old_inputs),
                _get("/layer/<layer>/<image>", self.old_layer),
                _get("/temp-file/<name>", self.old_temp_file),
                _get("/predict/<image>", self.old_predict),
                _get("/input-file/<image>", self.old_input_file),
            ],
            converters={"word": Word, "number": Number},
            merge_slashes=False,
        )

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable:
        """Answer a request (PEP 3333)."""
        request = wrappers.Request(environ)
        request.max_content_length = self.gallery.max_bytes
        try:
            response = self._answer(request)
        except Exception as e:
            response = _failure(e)
        response.headers.update(HEADERS)
        return response(environ, start_response)

    def _answer(self, request: Any) -> Any:
        self.guard.check(
            request.method, request.path, request.headers, request.args, request.cookies
        )
        answer, values = self.urls.bind_to_environ(request.environ).match()
        return answer(request, **values)

    # ------------------------------------------------------------------------- the page

    def page(self, request: Any) -> Any:
        response = self.static(request, "index.html")
        if self.guard.token is not None:
            response.set_cookie(
                self.guard.cookie, self.guard.token, httponly=True, samesite="Strict"
            )
        return response

    def static(self, request: Any, name: str) -> Any:
        if name not in self.files:
            raise KeyError("There is no such file.")
        return _send(*self.files[name])

    # -------------------------------------------------------------------------- its data

    def session(self, request: Any) -> Any:
        return _send(self.engine.session())

    def graph(self, request: Any, checkpoint: int) -> Any:
        return _send(self.engine.graph(checkpoint))

    def images(self, request: Any) -> Any:
        return _send([item.entry() for item in self.gallery.items()])

    def upload(self, request: Any) -> Any:
        # A form of another site cannot send this header.
        name = request.headers.get("X-Quiver-Name")
        if name is None:
            raise ValueError("An upload tells its file name in the header X-Quiver-Name.")
        if request.content_length is None:
            raise exceptions.LengthRequired("An upload tells its length.")
        if request.content_length > self.gallery.max_bytes:
            raise exceptions.RequestEntityTooLarge
        data = request.get_data(cache=False)
        if len(data) != request.content_length:
            raise ValueError("The upload was cut.")
        item = self.gallery.add(unquote(name, errors="replace"), data)
        return _send(item.entry(), status=201)

    def image(self, request: Any, image: str) -> Any:
        size = min(_number(request, "size", MAX_PICTURE), MAX_PICTURE) or 1
        return _send(self.gallery.png(self._item(image), size), PNG)

    def predictions(self, request: Any, checkpoint: int, image: str) -> Any:
        return _send(self.engine.predictions(checkpoint, self._item(image)))

    def view(self, request: Any, checkpoint: int, node: str, image: str) -> Any:
        return _send(self.engine.view(checkpoint, node, self._item(image)))

    def tiles(self, request: Any, checkpoint: int, node: str, image: str) -> Any:
        scale = request.args.get("scale", "map")
        return _send(self.engine.tiles(checkpoint, node, self._item(image), scale), PNG)

    def values(self, request: Any, checkpoint: int, node: str, image: str) -> Any:
        index = _number(request, "map", None)
        values = self.engine.values(checkpoint, node, self._item(image), index)
        return _send(values, "application/octet-stream")

    def kernel(self, request: Any, checkpoint: int, node: str) -> Any:
        return _send(self.engine.kernel(checkpoint, node, _number(request, "map", 0)))

    def explain(self, request: Any, **where: Any) -> Any:
        return _send(self.engine.explain(*self._explained(request, **where)))

    def explain_png(self, request: Any, **where: Any) -> Any:
        return _send(self.engine.explain_png(*self._explained(request, **where)), PNG)

    def _explained(self, request: Any, checkpoint: int, node: str, image: str) -> tuple[Any, ...]:
        method = request.args.get("method", "gradcam")
        output, index = _number(request, "output", 0), _number(request, "class", None)
        return checkpoint, node, self._item(image), method, output, index

    def _item(self, id: str) -> Item:
        return self.gallery.get(id)

    # --------------------------------------------------------- the URLs of Quiver of 2016

    def old_model(self, request: Any) -> Any:
        return _send(self.old.model())

    def old_inputs(self, request: Any) -> Any:
        return _send([item.name for item in self.gallery.items()])

    def old_layer(self, request: Any, layer: str, image: str) -> Any:
        return _send(self.old.layer(layer, image))

    def old_temp_file(self, request: Any, name: str) -> Any:
        return _send(self.old.picture(name), PNG)

    def old_predict(self, request: Any, image: str) -> Any:
        return _send(self.old.predictions(image))

    def old_input_file(self, request: Any, image: str) -> Any:
        return _send(self.gallery.png(self.gallery.by_name(image), MAX_PICTURE), PNG)


def static_files(folder: Path) -> dict[str, tuple[bytes, str]]:
    """Read the page's files: name -> (content, MIME type)."""
    return {
        path.relative_to(folder).as_posix(): (path.read_bytes(), _type(path.suffix))
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not path.name.startswith(".")
    }


def _type(suffix: str) -> str:
    guessed = mimetypes.types_map.get(suffix, "application/octet-stream")
    return TYPES.get(suffix, guessed)


def _get(url: str, answer: Callable[..., Any]) -> Any:
    return routing.Rule(url, endpoint=answer, methods=["GET"])


def _send(value: Any, type: str = JSON, status: int = 200) -> Any:
    content = as_json(value) if type == JSON else value
    return wrappers.Response(content, status, content_type=type)


def _number(request: Any, name: str, default: int | None) -> Any:
    """Return a count out of the query; there is nothing at a place that is no count."""
    text = request.args.get(name)
    if text is None:
        return default
    if re.fullmatch(Number.regex, text) is None:
        raise KeyError(f"There is no {name} {text[:20]!r}.")
    return int(text)


def _failure(error: Exception) -> Any:
    """Return the answer that an exception becomes; its trace goes to the log alone."""
    status, message, headers = 500, "The viewer failed; its log tells why.", {}
    if isinstance(error, Refused):
        status, message = error.status, str(error)
    elif isinstance(error, exceptions.HTTPException):
        status = error.code or 500
        message = MESSAGES.get(status) or error.description or ""
        if isinstance(error, exceptions.MethodNotAllowed):
            headers["Allow"] = ", ".join(sorted(error.valid_methods or ()))
    elif isinstance(error, Busy):
        status, message = 503, "The viewer is busy."
        headers["Retry-After"] = "1"
    elif isinstance(error, LookupError):
        told = error.args[0] if error.args else None  # a bare key tells nothing
        status = 404
        message = told if isinstance(told, str) and " " in told else "There is nothing there."
    elif isinstance(error, ValueError):
        status, message = 422, str(error)
    else:
        _log.error("a request failed", exc_info=error)
    response = wrappers.Response(problem(status, message), status, content_type=JSON)
    response.headers.update(headers)
    return response
