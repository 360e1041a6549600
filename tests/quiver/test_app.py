"""Every URL, through the port, of a trained convnet on digits and photographs."""

import io
import math
import socket
from itertools import pairwise
from urllib.parse import quote

import numpy as np
import pytest
import torch
from PIL import Image
from quiver_client import HEADERS, Answer, ask, fill, get, pixels, png, raw, trained

from torchkeras.quiver import Viewer, app, launch, server
from torchkeras.quiver.engine import Busy
from torchkeras.quiver.gallery import Gallery

NAMES = [f"number {n}" for n in range(10)]
PHOTO = "china.jpg"


@pytest.fixture(scope="module")
def model():
    return trained()


@pytest.fixture(scope="module")
def viewer(model, tmp_path_factory):
    folder = fill(tmp_path_factory.mktemp("images"))
    with launch(
        model, NAMES, 3, input_folder=folder, port=0, std=255.0, open_browser=False, block=False
    ) as viewer:
        yield viewer


@pytest.fixture(scope="module")
def nodes(viewer):
    """Layers' names -> ids."""
    return {n["name"]: n["id"] for n in ask(viewer, "/api/graph/0").json["nodes"]}


@pytest.fixture(scope="module")
def images(viewer):
    return {i["name"]: i["id"] for i in ask(viewer, "/api/images").json}


def activations(model, name, x):
    """What a layer gives for a batch, by a hook of this test's own."""
    found = []
    layer = model.get_layer(name)
    hook = layer.register_forward_hook(lambda module, given, y: found.append(y.detach()))
    with torch.no_grad():
        model(x)
    hook.remove()
    return found[0][0].numpy()


def batch(n):
    return pixels(n)[None, ..., None].astype("float32") / 255


# ------------------------------------------------------------------------------ its own URLs


def test_session(viewer):
    session = ask(viewer, "/api/session").json
    assert session.items() >= {
        "title": "digits", "live": False, "classes": NAMES, "top": 3, "uploads": True,
    }.items()  # fmt: skip
    assert [(c["id"], c["label"]) for c in session["checkpoints"]] == [(0, "digits")]
    assert session["outputs"] == [{"index": 0, "name": "digit", "units": 10, "kind": "classes"}]
    assert session["input"] == {"kind": "image", "height": 8, "width": 8, "channels": 1}


def test_graph(viewer, model):
    graph = ask(viewer, "/api/graph/0").json
    assert graph["name"] == "digits"
    by_name = {n["name"]: n for n in graph["nodes"]}
    assert [*by_name][1:] == ["first", "pool", "second", "flat", "digit"]
    assert by_name["first"].items() >= {
        "class": "Conv2D", "kind": "layer", "parent": None, "shape": [None, 8, 8, 12],
        "params": 120, "trainable": 120, "view": "maps", "explain": True,
    }.items()  # fmt: skip
    assert by_name["digit"]["view"] == "bars"
    ids = [n["id"] for n in graph["nodes"]]
    assert graph["edges"] == [list(pair) for pair in pairwise(ids)]


def test_images(viewer):
    entries = ask(viewer, "/api/images").json
    assert [e["name"] for e in entries] == [
        "china.jpg", *(f"digit-{n}.png" for n in range(5)), "flower.jpg",
    ]  # fmt: skip
    assert entries[0] == {
        "id": "i0", "name": "china.jpg", "width": 640, "height": 427, "source": "folder",
        "kind": "image",
    }  # fmt: skip


def test_image(viewer, images):
    assert np.array_equal(ask(viewer, f"/api/images/{images['digit-2.png']}.png").image, pixels(2))
    photo = f"/api/images/{images[PHOTO]}.png"
    assert ask(viewer, photo).image.shape == (427, 640, 3)
    assert ask(viewer, f"{photo}?size=96").image.shape == (64, 96, 3)
    assert ask(viewer, f"{photo}?size=999999").image.shape == (427, 640, 3)
    assert ask(viewer, f"{photo}?size=0").image.shape == (1, 1, 3)


def test_predictions(viewer, model, images):
    for n in range(5):
        (output,) = ask(viewer, f"/api/predictions/0/{images[f'digit-{n}.png']}").json["outputs"]
        assert (output["index"], output["name"], output["kind"]) == (0, "digit", "classes")
        expected = model.predict(batch(n), verbose=0)[0]
        best = np.argsort(-expected)[:3]
        assert [t["index"] for t in output["top"]] == best.tolist()
        assert [t["label"] for t in output["top"]] == [NAMES[k] for k in best]
        assert [t["value"] for t in output["top"]] == pytest.approx(expected[best].tolist(), 1e-4)


def test_view_tiles_and_values(viewer, model, nodes, images):
    where = f"0/{nodes['first']}/{images['digit-3.png']}"
    expected = activations(model, "first", batch(3))
    view = ask(viewer, f"/api/view/{where}").json
    assert view.items() >= {
        "node": nodes["first"], "name": "first", "class": "Conv2D", "kind": "maps",
        "shape": [8, 8, 12], "count": 12, "height": 8, "width": 8, "x": "width", "y": "height",
        "item": "map", "kernel": True,
    }.items()  # fmt: skip
    assert len(view["maps"]) == 12 <= view["columns"] * view["rows"]
    answer = ask(viewer, f"/api/values/{where}")
    assert answer.headers["Content-Type"] == "application/octet-stream"
    values = np.frombuffer(answer.body, "<f4").reshape(12, 8, 8)
    assert np.allclose(values, expected.transpose(2, 0, 1), atol=1e-6)
    one = np.frombuffer(ask(viewer, f"/api/values/{where}?map=7").body, "<f4")
    assert np.array_equal(one, values[7].ravel())
    for scale in ("map", "layer"):
        tiles = ask(viewer, f"/api/tiles/{where}.png?scale={scale}").image
        assert tiles.shape == (view["rows"] * 8, view["columns"] * 8)
        for k in range(12):
            row, column = divmod(k, view["columns"])
            tile = tiles[row * 8 : row * 8 + 8, column * 8 : column * 8 + 8]
            of = values if scale == "layer" else values[k]
            low, high = float(of.min()), float(of.max())
            pixel = np.rint(255 * (values[k].astype("f8") - low) / ((high - low) or 1))
            assert np.abs(tile - pixel).max() <= 1
        if scale == "map":
            assert np.array_equal(ask(viewer, f"/api/tiles/{where}.png").image, tiles)


def test_kernel(viewer, model, nodes):
    kernel = ask(viewer, f"/api/kernel/0/{nodes['second']}?map=5").json
    weights = model.get_layer("second").get_weights()[0]
    assert kernel["kind"] == "kernel" and kernel["shape"] == [3, 3, 12, 16]
    assert (kernel["count"], kernel["height"], kernel["width"]) == (12, 3, 3)
    values = np.reshape(kernel["values"], (12, 3, 3))
    assert np.allclose(values, weights[..., 5].transpose(2, 0, 1), atol=1e-6)
    assert ask(viewer, f"/api/kernel/0/{nodes['flat']}").status == 404


@pytest.mark.parametrize("method", ["gradcam", "saliency"])
def test_explain(viewer, nodes, images, method):
    where = f"/api/explain/0/{nodes['second']}/{images['digit-1.png']}"
    told = ask(viewer, f"{where}?method={method}&output=0&class=4").json
    assert told["method"] == method and told["class"] == {"index": 4, "label": "number 4"}
    heat = ask(viewer, f"{where}.png?method={method}&output=0&class=4").image
    assert heat.shape == (told["height"], told["width"]) and heat.max() in (0, 255)
    (output,) = ask(viewer, f"/api/predictions/0/{images['digit-1.png']}").json["outputs"]
    top = ask(viewer, f"{where}?method={method}").json
    assert top["class"]["index"] == output["top"][0]["index"]
    assert math.isclose(top["score"], output["top"][0]["value"], rel_tol=1e-4)


def test_upload(viewer):
    name = "caf\u00e9 \u4e2d 7.png"
    answer = ask(viewer, "/api/images", "POST", png(pixels(7)), X_Quiver_Name=quote(name))
    assert answer.status == 201
    entry = answer.json
    assert entry == ask(viewer, "/api/images").json[-1]
    assert (entry["name"], entry["source"], entry["width"]) == (name, "upload", 8)
    assert np.array_equal(ask(viewer, f"/api/images/{entry['id']}.png").image, pixels(7))
    assert ask(viewer, f"/api/predictions/0/{entry['id']}").status == 200
    assert np.array_equal(ask(viewer, f"/input-file/{quote(name)}").image, pixels(7))


@pytest.mark.parametrize(
    ("status", "name", "body", "message"),
    [
        (422, None, png(pixels(0)), "X-Quiver-Name"),
        (422, "a.png", b"<svg/>", "'a.png': this is no PNG image"),
        (422, "a.svg", b"<svg/>", "the name of an image ends in"),
        (422, "a.png", b"", "this is no PNG image"),
        (422, "a.jpg", png(pixels(0)), "this is no JPEG image"),
    ],
)
def test_uploads_that_are_refused(viewer, status, name, body, message):
    headers = {} if name is None else {"X_Quiver_Name": name}
    answer = ask(viewer, "/api/images", "POST", body, **headers)
    assert answer.status == status
    assert message in answer.message


def test_uploads_of_unknown_length(viewer):
    head = b"POST /api/images HTTP/1.1\r\nHost: localhost\r\nX-Quiver-Name: a.png\r\n"
    assert raw(viewer, head + b"\r\n").status == 411
    assert raw(viewer, head + b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n").status == 411
    cut = head + b"Content-Length: 500\r\n\r\n" + b"x" * 20
    with socket.create_connection(("127.0.0.1", viewer.port)) as connection:
        connection.sendall(cut)
        connection.shutdown(socket.SHUT_WR)
        assert connection.makefile("rb").readline().split()[1] in (b"400", b"422")


# ------------------------------------------------------------------- the URLs of 2016's client


def test_what_the_client_of_2016_asks(viewer, model):
    """Its flow: the model and the images; then a layer's pictures for a chosen image."""
    config = ask(viewer, "/model").json["config"]
    layers = config if isinstance(config, list) else config["layers"]
    names = [layer["name"] for layer in layers]
    assert names[1:] == ["first", "pool", "second", "flat", "digit"]
    assert [layer["class_name"] for layer in layers][1:3] == ["Conv2D", "MaxPooling2D"]
    inbound = [[node[0] for node in (layer["inbound_nodes"] or [[]])[0]] for layer in layers]
    assert inbound == [[], *([name] for name in names[:-1])]
    listed = ask(viewer, "/inputs").json
    assert listed[:2] == ["china.jpg", "digit-0.png"]
    assert ask(viewer, "/input-file/china.jpg").image.shape == (427, 640, 3)
    files = ask(viewer, "/layer/first/digit-0.png").json
    assert files == [f"first_{k}_digit-0.png.png" for k in range(12)]
    expected = activations(model, "first", batch(0))
    for k, file in enumerate(files):
        tile = ask(viewer, f"/temp-file/{file}").image
        a = expected[..., k].astype("f8")
        a = (a - a.min()) / ((a.max() - a.min()) or 1) * 255
        assert np.abs(tile - np.rint(a)).max() <= 1
    ((*best,),) = ask(viewer, "/predict/digit-0.png").json
    p = model.predict(batch(0), verbose=0)[0]
    order = np.argsort(-p)[:3]
    assert [(empty, label) for empty, label, _ in best] == [("", NAMES[k]) for k in order]
    assert [value for *_, value in best] == pytest.approx(p[order].tolist(), 1e-4)


@pytest.mark.parametrize(
    "path",
    [
        "/layer/first/nothing.png", "/layer/nothing/digit-0.png", "/predict/nothing.png",
        "/input-file/nothing.png", "/temp-file/nothing.png", "/temp-file/first_99_digit-0.png.png",
        "/nothing", "/layer", "/layer/first", "/static/nothing.js", "/static/", "/api",
        "/api/graph/1", "/api/graph/x", "/api/graph/-1", "/api/graph/", "/api/images/i99.png",
        "/api/images/i0", "/api/images/i0.jpg", "/api/predictions/0/i99", "/api/predictions/1/i0",
        "/api/view/0/n1/i99", "/api/view/0/n99/i0", "/api/view/1/n1/i0", "/api/view/0/n1",
        "/api/values/0/n1/i1?map=12", "/api/values/0/n1/i1?map=-1", "/api/values/0/n1/i1?map=x",
        "/api/values/0/n1/i1?map=" + "9" * 5000, "/api/kernel/0/n1?map=12", "/api/kernel/0/n99",
        "/api/tiles/0/n99/i0.png", "/api/explain/0/n99/i0", "/api/images/i0.png?size=x",
        "/api/images/i0.png?size=-5", "/api/graph/" + "9" * 5000,
    ],
)  # fmt: skip
def test_nothing_there(viewer, path):
    answer = ask(viewer, path)
    assert answer.status == 404
    assert "Traceback" not in answer.message


@pytest.mark.parametrize(
    "path",
    [
        "/api/tiles/0/n1/i1.png?scale=x", "/api/explain/0/n1/i1?method=x",
        "/api/explain/0/n1/i1?class=99", "/api/explain/0/n1/i1?output=1",
        "/api/explain/0/n1/i1.png?method=%3Cscript%3E",
    ],
)  # fmt: skip
def test_values_that_make_no_sense(viewer, path):
    assert ask(viewer, path).status in (404, 422)


def test_ways_of_asking(viewer):
    assert ask(viewer, "/api/session", "HEAD").body == b""
    assert ask(viewer, "/model/").status == 404
    for path, method, allowed in (
        ("/api/session", "POST", "GET, HEAD"), ("/api/images", "DELETE", "GET, HEAD, POST"),
        ("/", "PUT", "GET, HEAD"), ("/model", "TRACE", "GET, HEAD"),
    ):  # fmt: skip
        answer = ask(viewer, path, method)
        assert answer.status == 405
        assert {*answer.headers["Allow"].split(", ")} - {"OPTIONS"} == {*allowed.split(", ")}


# ------------------------------------------------------------------------ errors, and the page


class Broken:
    """An engine whose answers fail in a chosen way."""

    def __init__(self, error):
        self.error = error

    def close(self):
        pass

    def __getattr__(self, name):
        def fail(*args):
            raise self.error

        return fail


@pytest.fixture
def broken():
    engine = Broken(None)
    with server.serve(engine, Gallery(None, samples=np.zeros((1, 4))), port=0) as viewer:
        yield engine, viewer


@pytest.mark.parametrize(
    ("error", "status", "message"),
    [
        (KeyError("n7"), 404, "There is nothing there."),
        (KeyError("There is no node n7."), 404, "There is no node n7."),
        (IndexError(), 404, "There is nothing there."),
        (ValueError("class must be below 10. Received: 11."), 422, "class must be below 10."),
        (ValueError("bad file /home/me/secret/a.png"), 422, "bad file a.png"),
        (Busy("x"), 503, "busy"),
        (RuntimeError("in /home/me/model.py"), 500, "The viewer failed; its log tells why."),
        (MemoryError(), 500, "The viewer failed"),
        (TypeError("x"), 500, "The viewer failed"),
    ],
)
def test_errors(broken, caplog, error, status, message):
    engine, viewer = broken
    engine.error = error
    for path in ("/api/session", "/api/view/0/n1/i0", "/model", "/predict/sample%200"):
        answer = ask(viewer, path)
        assert answer.status == status
        assert message in answer.message
        assert b"Traceback" not in answer.body and b"/home" not in answer.body
    assert (answer.headers["Retry-After"] == "1") is (status == 503)
    assert ("a request failed" in caplog.text) is (status == 500)


def test_json_of_numbers_that_are_none(broken):
    engine, viewer = broken
    engine.session = lambda: {"loss": math.nan, "x": np.float32(1), "name": "</script>"}
    answer = ask(viewer, "/api/session")
    assert answer.json == {"loss": None, "x": 1.0, "name": "</script>"}
    assert b"<" not in answer.body


def test_the_table_of_files(tmp_path):
    (tmp_path / "index.html").write_text("<p>")
    (tmp_path / "parts").mkdir()
    for name in ("a.js", "a.css", "a.svg", "a.json", "a.bin0", ".hidden", "parts/b.js"):
        (tmp_path / name).write_text(name)
    assert {name: type for name, (_, type) in app.static_files(tmp_path).items()} == {
        "index.html": "text/html; charset=utf-8", "a.js": "text/javascript; charset=utf-8",
        "a.css": "text/css; charset=utf-8", "a.svg": "image/svg+xml", "a.json": "application/json",
        "a.bin0": "application/octet-stream", "parts/b.js": "text/javascript; charset=utf-8",
    }  # fmt: skip


def test_page_and_its_files(viewer):
    page = ask(viewer, "/")
    assert page.headers["Content-Type"] == "text/html; charset=utf-8"
    assert page.body == (app.STATIC / "index.html").read_bytes()
    assert "Set-Cookie" not in page.headers
    for path in app.STATIC.rglob("*.*"):
        answer = ask(viewer, f"/static/{path.relative_to(app.STATIC).as_posix()}")
        assert (answer.status, answer.body) == (200, path.read_bytes())


def test_looking_changes_nothing(viewer, model, nodes, images):
    before = {k: v.clone() for k, v in model.state_dict().items()}
    mode = [m.training for m in model.modules()]
    where = f"0/{nodes['second']}/{images['flower.jpg']}"
    for path in (f"/api/view/{where}", f"/api/explain/{where}", f"/api/tiles/{where}.png"):
        assert ask(viewer, path).status == 200
    assert [m.training for m in model.modules()] == mode
    assert all(p.grad is None for p in model.parameters())
    assert all(torch.equal(v, before[k]) for k, v in model.state_dict().items())
    assert not any(m._forward_hooks or m._forward_pre_hooks for m in model.modules())


# --------------------------------------------------------------------------------- on all routes

VALUES = {
    "checkpoint": "0", "node": "n1", "image": "i1", "name": "index.html", "layer": "first",
}  # fmt: skip


@pytest.mark.safety("V9")
def test_headers_on_every_route(viewer):
    """On what works, on what does not, on what never was a route or a request."""
    routes = viewer._server.app.urls
    answers = []
    for rule in routes.iter_rules():
        for values in (VALUES, dict.fromkeys(VALUES, "99")):
            path = rule.rule
            for name, value in values.items():
                for form in (f"<number:{name}>", f"<word:{name}>", f"<path:{name}>", f"<{name}>"):
                    path = path.replace(form, value)
            assert "<" not in path
            for method in {"GET", "HEAD", "POST", "OPTIONS", "PATCH", *rule.methods}:
                answers.append(ask(viewer, path, method))
        answers.append(ask(viewer, path, Host="evil.com"))
        answers.append(ask(viewer, path, Origin="http://evil.com"))
    answers += [
        raw(viewer, request)
        for request in (
            get("/nowhere"), get("/" + "a" * 100_000), b"nonsense\r\n\r\n", get("/a b"),
            b"GET / HTTP/9.9\r\n\r\n", get("http://["), get("/", "127.0.0.1", *["A: b"] * 150),
            get("/", "127.0.0.1", "A: " + "b" * 70_000), get("/%ff%00"),
        )
    ]  # fmt: skip
    seen = {a.status for a in answers}
    assert {200, 400, 403, 404, 405, 414, 422, 431} <= seen
    for answer in answers:
        assert isinstance(answer, Answer) and answer.status
        for name, value in HEADERS.items():
            assert answer.headers.get_all(name) == [value], (answer.status, name)
        assert not [h for h in answer.headers if h.lower().startswith("access-control")]
        assert "Werkzeug" not in str(answer.headers) and "Python" not in str(answer.headers)


def test_images_hold_what_was_uploaded(viewer):
    """A picture that is sent was made here: none of the file's other bytes come with it."""
    exif = Image.Exif()
    exif[0x010E] = "private"
    out = io.BytesIO()
    Image.fromarray(pixels(1)).save(out, "JPEG", exif=exif)
    entry = ask(viewer, "/api/images", "POST", out.getvalue(), X_Quiver_Name="a.jpg").json
    assert b"private" not in ask(viewer, f"/api/images/{entry['id']}.png").body


def test_the_handle(viewer):
    assert isinstance(viewer, Viewer)
    assert viewer.url == f"http://127.0.0.1:{viewer.port}/"
    assert repr(viewer) == f"<Viewer {viewer.url}>"
