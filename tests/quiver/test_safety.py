"""SAFETY 3.7, V1 to V8 and V10, through the port (V9 is in test_app.py)."""

import json
import os
import re
import socket
import struct
import subprocess
import sys
import threading
import time
import zlib
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

import numpy as np
import pytest
from PIL import Image
from quiver_client import HEADERS, ask, fill, get, path_of, pixels, png, raw

import torchkeras
from torchkeras.quiver import launch, server
from torchkeras.quiver.gallery import Gallery

HOSTILE = [
    "<img src=x onerror=alert(1)>.png",
    '"<script>alert(1)<script>.png',
    "a\u202egnp.exe.png",
    "\u4e2d" * 83 + "ab.png",  # 255 bytes
    "%2e%2e%2fa.png",
    "a\nb.png",
    "-rf.png",
    "'; --.png",
]


@contextmanager
def viewing(folder=None, **options):
    layers = torchkeras.layers
    model = torchkeras.Sequential(
        [
            torchkeras.Input((8, 8, 1)),
            layers.Conv2D(3, 3, name="<img src=x onerror=alert(1)>"),
            layers.Flatten(name="flatten"),
            layers.Dense(4, activation="softmax", name='"<script>'),
        ]
    )
    given = {"input_folder": folder, "port": 0, "open_browser": False, "block": False, **options}
    with launch(model, **given) as viewer:
        yield viewer


@pytest.fixture(scope="module")
def viewer(tmp_path_factory):
    """A viewer of a folder that lies beside a secret."""
    top = tmp_path_factory.mktemp("top")
    (top / "secret.png").write_bytes(png(pixels(9)))
    (top / "images").mkdir()
    with viewing(fill(top / "images")) as viewer:
        yield viewer


def told_nothing(answer):
    """An error, and nothing but one."""
    return [*answer.json] == ["error"] and answer.status >= 400


# ----------------------------------------------------------------------------- who may ask


@pytest.mark.safety("V1")
@pytest.mark.parametrize("path", ["/", "/inputs", "/api/session", "/input-file/china.jpg", "/no"])
def test_hosts(viewer, path):
    for host in (
        "evil.com", f"evil.com:{viewer.port}", "localhost.evil.com", "127.0.0.1.nip.io", "",
        "0.0.0.0", "localhost:1@evil.com", "127.0.0.1, evil.com",
    ):  # fmt: skip
        answer = raw(viewer, get(path, host))
        assert answer.status == 400 and told_nothing(answer)
    missing = raw(viewer, f"GET {path} HTTP/1.1\r\n\r\n".encode())
    assert missing.status == 400 and told_nothing(missing)
    assert raw(viewer, f"GET {path} HTTP/1.0\r\n\r\n".encode()).status == 400
    for host in (f"127.0.0.1:{viewer.port}", "localhost", "LOCALHOST:5000", "[::1]:5000"):
        assert raw(viewer, get(path, host)).status in (200, 404)


@pytest.mark.safety("V2")
def test_other_sites(viewer):
    before = ask(viewer, "/inputs").json
    evil = {"Origin": "http://evil.com"}
    for path in ("/", "/inputs", "/model", "/api/session", "/input-file/china.jpg"):
        for headers in (evil, {"Sec_Fetch_Site": "cross-site"}, {"Origin": "null"}):
            answer = ask(viewer, path, **headers)
            assert answer.status == 403 and told_nothing(answer)
    for headers in (
        evil, {"Origin": "null"}, {"Sec_Fetch_Site": "cross-site"}, {"Sec_Fetch_Site": "same-site"},
        {"Origin": f"http://127.0.0.1:{viewer.port + 1}"},
        {**evil, "Sec_Fetch_Site": "same-origin"},
    ):  # fmt: skip
        answer = ask(viewer, "/api/images", "POST", png(pixels(0)), X_Quiver_Name="a", **headers)
        assert answer.status == 403 and told_nothing(answer)
    preflight = ask(
        viewer, "/api/images", "OPTIONS", **evil, Access_Control_Request_Method="POST",
        Access_Control_Request_Headers="x-quiver-name",
    )  # fmt: skip
    assert preflight.status == 403
    assert not [h for h in preflight.headers if h.lower().startswith("access-control")]
    # What a form of another site can send, were its origin not told.
    for kind in ("text/plain", "multipart/form-data", "application/x-www-form-urlencoded"):
        answer = ask(viewer, "/api/images", "POST", png(pixels(0)), Content_Type=kind)
        assert answer.status == 422 and told_nothing(answer)
    assert ask(viewer, "/inputs").json == before


# ---------------------------------------------------------------------------- which files


@pytest.mark.safety("V3")
@pytest.mark.parametrize(
    "tail",
    [
        "../secret.png", "%2e%2e/secret.png", "..%2fsecret.png", "..%5csecret.png", 
        "..\\secret.png", "china.jpg/",
        "//etc/passwd", "/etc/passwd", "%2fetc%2fpasswd", "china.jpg%00", "%00", "china.jpg%00.png",
        "./china.jpg", "%2e/china.jpg", "china.jpg/.", "CHINA.JPG", "china.jpg.",
        "china.jpg%20", "-1", "1000000000", "abc", "NUL.png", "CON", "china.jpg::$DATA", "~/a.png",
        "file:///etc/passwd", "%c0%ae%c0%ae/secret.png", "%252e%252e%252fsecret.png", "i0", "i-1",
    ],
)  # fmt: skip
def test_paths(viewer, tail):
    bases = ["/input-file/", "/predict/", "/layer/flatten/", "/temp-file/", "/static/", "/"]
    bases += ["/api/images/", "/api/view/0/n1/", "/api/predictions/0/", "/api/graph/"]
    for base in bases:
        if base + tail in ("/api/predictions/0/i0", "/api/view/0/n1/i0"):
            continue  # that is there
        answer = raw(viewer, get(base + tail))
        assert answer.status == 404, base + tail
        assert told_nothing(answer)
        assert not re.search(r"Traceback|File \"|/root|/home|/tmp|/work", answer.body.decode())


@pytest.mark.safety("V4")
def test_links_and_pipes(tmp_path):
    folder, outside = tmp_path / "in", tmp_path / "out"
    folder.mkdir(), outside.mkdir()
    (outside / "secret.png").write_bytes(png(pixels(9)))
    for name in ("a.png", "b.png", "c.png", "d.png"):
        (folder / name).write_bytes(png(pixels(1)))
    (folder / "passwd.png").symlink_to("/etc/passwd")
    (folder / "out.png").symlink_to(outside / "secret.png")
    (folder / "up.png").symlink_to(outside)
    os.mkfifo(folder / "pipe.png")
    with viewing(folder) as viewer:
        assert ask(viewer, "/inputs").json == ["a.png", "b.png", "c.png", "d.png"]
        for name in ("passwd.png", "out.png", "pipe.png", "up.png"):
            assert ask(viewer, f"/input-file/{name}").status == 404
        assert ask(viewer, "/api/images/i0.png?size=8").status == 200  # a thumbnail is kept
        for name in ("a.png", "b.png", "c.png", "d.png"):
            (folder / name).unlink()
        (folder / "a.png").symlink_to(outside / "secret.png")
        (folder / "b.png").symlink_to("/dev/zero")
        os.mkfifo(folder / "c.png")
        (folder / "d.png").symlink_to("/etc/passwd")
        started = time.monotonic()
        for n, name in enumerate(("a.png", "b.png", "c.png", "d.png")):
            for path in (
                f"/input-file/{name}", f"/api/images/i{n}.png", f"/api/images/i{n}.png?size=8",
                f"/api/predictions/0/i{n}", f"/predict/{name}", f"/layer/flatten/{name}",
            ):  # fmt: skip
                answer = ask(viewer, path)
                assert answer.status == 404 and told_nothing(answer), path
                assert str(tmp_path) not in answer.message
        assert time.monotonic() - started < 5


def bomb(width, height, data=b""):
    """A PNG that claims a size."""

    def chunk(kind, content):
        crc = zlib.crc32(kind + content)
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", crc)

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    content = data or zlib.compress(bytes(100_000))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        chunk(*c) for c in ((b"IHDR", header), (b"IDAT", content), (b"IEND", b""))
    )


MEMORY = """
import resource, sys
from quiver_client import ask
from torchkeras.quiver import launch
import torchkeras
model = torchkeras.Sequential([torchkeras.Input((8, 8, 1)), torchkeras.layers.Flatten()])
with launch(model, input_folder=sys.argv[1], port=0, open_browser=False, block=False) as viewer:
    names = ask(viewer, "/inputs").json
    ask(viewer, "/input-file/good.png")
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    found = {}
    for name in names:
        answer = ask(viewer, f"/input-file/{name}")
        also = ask(viewer, f"/predict/{name}")
        upload = ask(viewer, "/api/images", "POST", open(f"{sys.argv[1]}/{name}", "rb").read(),
                     X_Quiver_Name=name)
        found[name] = [answer.status, also.status, upload.status]
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
import json
print(json.dumps([found, grown]))
"""


@pytest.mark.safety("V5")
def test_bombs_and_what_is_no_image(tmp_path):
    """422 as JSON, and little memory; of an animation that is not too long, the first frame."""
    good = png(pixels(0))
    jpeg = png(np.random.default_rng(0).integers(0, 256, (60, 60, 3)), format="JPEG")
    frames = [Image.new("L", (60, 60), n % 256) for n in range(5000)]
    frames[0].save(tmp_path / "some.gif", save_all=True, append_images=frames[1:100])
    frames[0].save(tmp_path / "long.gif", save_all=True, append_images=frames[1:])
    bad = {
        "bomb.png": bomb(30_000, 30_000),
        "edge.png": bomb(9_000, 9_000),
        "packed.png": bomb(30_000, 30_000, zlib.compress(bytes(30_000_000))),
        "cut.jpg": jpeg[: len(jpeg) // 2],
        "cut.png": good[: len(good) // 2],
        "svg.png": b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>",
        "html.png": b"<!doctype html><script>alert(1)</script>",
        "other.jpg": good,
        "empty.gif": b"",
        "short.png": bomb(5_000, 5_000),  # within the limit, but its data end
        "long.gif": (tmp_path / "long.gif").read_bytes(),
    }
    for name, content in {**bad, "good.png": good}.items():
        (tmp_path / name).write_bytes(content)
    here = Path(__file__).parent.parent
    done = subprocess.run(
        [sys.executable, "-c", MEMORY, str(tmp_path)], capture_output=True, text=True, timeout=120,
        env={**os.environ, "PYTHONPATH": f"{here}{os.pathsep}{here.parent}"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    found, grown = json.loads(done.stdout)
    assert {n: s for n, s in found.items() if n in bad} == {n: [422, 422, 422] for n in bad}
    assert found["good.png"] == found["some.gif"] == [200, 200, 201]
    assert grown < 300 * 1024  # KiB; two bombs of the nine, decoded, were 5 GiB


@pytest.mark.safety("V6")
def test_names(tmp_path):
    """Names reach the client as JSON that is never taken for a page; the page itself holds none."""
    for name in HOSTILE:
        (tmp_path / name).write_bytes(png(pixels(0)))
    (tmp_path / os.fsdecode(b"\xff\xfe.png")).write_bytes(png(pixels(0)))
    with viewing(tmp_path, classes=HOSTILE[:4]) as viewer:
        ask(viewer, "/api/images", "POST", png(pixels(1)), X_Quiver_Name=quote("up<script>.png"))
        listed = ask(viewer, "/api/images").json
        assert {*HOSTILE, "\ufffd\ufffd.png", "up<script>.png"} == {i["name"] for i in listed}
        graph = ask(viewer, "/api/graph/0").json
        assert {n["name"] for n in graph["nodes"]} > {"<img src=x onerror=alert(1)>"}
        paths = ["/api/session", "/api/graph/0", "/api/images", "/model", "/inputs", "/nothing<b>"]
        for item in listed:
            name = quote(item["name"], safe="")
            paths += [f"/api/predictions/0/{item['id']}", f"/predict/{name}"]
            paths += [f"/layer/flatten/{name}", f"/layer/{name}/{name}", f"/api/view/0/{name}/x"]
            picture = ask(viewer, f"/input-file/{name}")
            assert (picture.status, picture.headers["Content-Type"]) == (200, "image/png")
        for path in paths:
            answer = ask(viewer, path)
            assert answer.headers["Content-Type"] == "application/json", path
            assert answer.headers["X-Content-Type-Options"] == "nosniff"
            assert b"<" not in answer.body and answer.body.isascii()
            assert len(answer.body) < 200_000
        page = ask(viewer, "/").body.decode()
        assert not any(name in page for name in [*HOSTILE, "onerror", "up<script>"])
        assert not re.search(r"<script(?![^>]*\bsrc=)[^>]*>\s*\S|\son\w+\s*=|javascript:", page)


# ------------------------------------------------------------------------------- the network


def listening(port):
    """The addresses on which this machine listens on a port, out of the kernel's tables."""
    found = []
    for table in ("tcp", "tcp6"):
        path = Path("/proc/net") / table
        for line in path.read_text().splitlines()[1:] if path.exists() else ():
            _, local, _, state, *_ = line.split()
            address, _, number = local.partition(":")
            if state == "0A" and int(number, 16) == port:
                found.append(address)
    return found


@pytest.mark.safety("V7")
def test_who_can_reach_it(viewer):
    assert listening(viewer.port) == [socket.inet_aton("127.0.0.1")[::-1].hex().upper()]
    with pytest.raises(OSError, match=f"port {viewer.port} is taken; port=0 takes a free one"):
        viewing(port=viewer.port).__enter__()
    for host in ("0.0.0.0", "", "::", socket.gethostname()):
        with pytest.raises(ValueError, match="allow_remote=True"):
            viewing(host=host).__enter__()
    with viewing(host="0.0.0.0", allow_remote=True) as remote:
        assert listening(remote.port) == ["00000000"]
        for path in ("/", "/static/index.html", "/inputs", "/api/session", "/nothing"):
            answer = ask(remote, path)
            assert answer.status == 401 and told_nothing(answer)
        answer = ask(remote, "/api/images", "POST", png(pixels(0)), X_Quiver_Name="a.png")
        assert answer.status == 401
        assert ask(remote, path_of(remote.url)).status == 200


class Slow:
    """An engine that notes how many ask it at once."""

    def __init__(self):
        self.now = self.most = 0
        self.lock = threading.Lock()

    def close(self):
        pass

    def session(self):
        with self.lock:
            self.now += 1
            self.most = max(self.most, self.now)
        time.sleep(0.05)
        with self.lock:
            self.now -= 1
        return {"padding": "x" * 3_000_000}


@pytest.mark.safety("V8")
def test_many_rude_and_endless_clients():
    engine = Slow()
    with server.serve(engine, Gallery(None), port=0) as viewer:

        def alive():
            return ask(viewer, "/api/images").status == 200

        found = []
        threads = [
            threading.Thread(target=lambda: found.append(ask(viewer, "/api/session").status))
            for _ in range(50)
        ]
        [t.start() for t in threads]
        [t.join(30) for t in threads]
        assert len(found) == 50 and {*found} <= {200, 503} and 200 in found
        assert 1 < engine.most <= 16 and alive()
        for _ in range(40):  # go before the answer comes, or amid it
            with socket.create_connection(("127.0.0.1", viewer.port)) as connection:
                connection.sendall(get("/api/session"))
                if _ % 2:
                    connection.recv(1000)
        assert alive()
        assert raw(viewer, get("/" + "a" * 1_000_000)).status == 414
        assert alive()
        head = "POST /api/images HTTP/1.1\r\nHost: localhost\r\nX-Quiver-Name: a.png\r\n"
        claimed = raw(viewer, f"{head}Content-Length: {1 << 30}\r\n\r\n".encode() + bytes(100_000))
        assert claimed.status == 413 and told_nothing(claimed)
        assert alive()
        with socket.create_connection(("127.0.0.1", viewer.port), timeout=30) as connection:
            connection.sendall(f"{head}Content-Length: {1 << 30}\r\n\r\n".encode())
            for _ in range(1024):  # all of it
                connection.sendall(bytes(1 << 20))
            assert connection.makefile("rb").readline().split()[1] == b"413"
        assert alive()
        assert raw(viewer, head.encode() + b"Content-Length: -5\r\n\r\n").status in (411, 413, 422)
        assert alive()


def tree(*folders):
    return {
        (str(path), path.lstat().st_mtime_ns, path.lstat().st_size)
        for folder in folders
        for path in [folder, *folder.rglob("*")]
    }


@pytest.mark.safety("V10")
def test_nothing_is_written(tmp_path, monkeypatch):
    for name in ("cwd", "images", "temporary", "system"):
        (tmp_path / name).mkdir()
    fill(tmp_path / "images")
    monkeypatch.chdir(tmp_path / "cwd")
    for variable in ("TMPDIR", "TEMP", "TMP"):
        monkeypatch.setenv(variable, str(tmp_path / "system"))
    monkeypatch.setattr("tempfile.tempdir", None)
    before = tree(tmp_path)
    for temporary in ("./tmp", tmp_path / "temporary"):
        with viewing(tmp_path / "images", temp_folder=temporary) as viewer:
            data = np.random.default_rng(0).integers(0, 256, (500, 500, 3))
            for _ in range(2):  # more than any memory that spills into files would hold
                upload = ask(viewer, "/api/images", "POST", png(data), X_Quiver_Name="a.png")
                assert upload.status == 201
            nodes = [n["id"] for n in ask(viewer, "/api/graph/0").json["nodes"]]
            for item in ask(viewer, "/api/images").json:
                paths = [f"/input-file/{quote(item['name'])}", f"/predict/{quote(item['name'])}"]
                for node in nodes:
                    where = f"0/{node}/{item['id']}"
                    paths += [f"/api/view/{where}", f"/api/tiles/{where}.png"]
                    paths += [f"/api/values/{where}", f"/api/explain/{where}"]
                paths += [
                    f"/temp-file/{quote(file)}"
                    for file in ask(viewer, f"/layer/flatten/{quote(item['name'])}").json
                ]
                for path in ["/", "/model", "/inputs", "/api/session", *paths]:
                    assert ask(viewer, path).status in (200, 422)
            assert raw(viewer, get("/" + "a" * 100_000)).status == 414
    assert tree(tmp_path) == before
    assert HEADERS["Cache-Control"] == "no-store"
