"""`launch`: its arguments, its handle, its port, its checkpoints, and Quiver's own import."""

import inspect
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.request
import webbrowser
from pathlib import Path

import numpy as np
import pytest
import torch
from alias_child import run_code
from quiver_client import ask, fill, path_of, png, raw, trained

import torchkeras
from torchkeras import quiver
from torchkeras.quiver import guard, launch, listener

ROOT = Path(torchkeras.__file__).parent.parent
START = {"port": 0, "open_browser": False, "block": False, "input_folder": None}


def small(seed=0, **options):
    torchkeras.utils.set_random_seed(seed)
    layers = [torchkeras.Input((8, 8, 1)), torchkeras.layers.Conv2D(3, 3, name="conv")]
    return torchkeras.Sequential(layers, **options)


def test_signature():
    parameters = inspect.signature(launch).parameters
    positional = {n: p.default for n, p in parameters.items() if p.kind != p.KEYWORD_ONLY}
    assert positional == {
        "model": inspect.Parameter.empty, "classes": None, "top": 5, "temp_folder": "./tmp",
        "input_folder": "./", "port": 5000, "mean": None, "std": None, "host": "127.0.0.1",
        "open_browser": True, "block": True,
    }  # fmt: skip
    assert [n for n, p in parameters.items() if p.kind == p.KEYWORD_ONLY] == [
        "checkpoints", "samples", "preprocess", "input_shape", "allow_remote",
    ]  # fmt: skip
    assert quiver.server.launch is launch is torchkeras.quiver.launch


def test_handle(capfd):
    threads = set(threading.enumerate())
    with launch(small(), **START) as viewer:
        assert viewer.url == f"http://127.0.0.1:{viewer.port}/"
        assert ask(viewer, "/api/session").json["title"] == viewer._server.app.engine._title
        assert not viewer.wait(0.01)
        port = viewer.port
    assert repr(viewer) == "<Viewer closed>"
    assert viewer.wait() and viewer.wait(0)
    viewer.close()
    with pytest.raises(ConnectionRefusedError):
        ask(port, "/")
    assert not set(threading.enumerate()) - threads
    assert capfd.readouterr() == ("", "")  # no log of requests


def test_the_port_is_free_again():
    """At once, and whatever connections and children there were."""
    with launch(small(), **START) as viewer:
        idle = socket.create_connection(("127.0.0.1", viewer.port))
        ask(viewer, "/api/session")
        child = subprocess.Popen(
            [sys.executable, "-c", "import time; time.sleep(30)"],
            pass_fds=[viewer._server.socket.fileno()],
        )
    try:
        started = time.monotonic()
        with launch(small(), **{**START, "port": viewer.port}) as again:
            assert again.port == viewer.port
            assert ask(again, "/api/session").status == 200
        assert time.monotonic() - started < 5
    finally:
        child.kill()
        child.wait()
        idle.close()


def test_what_is_under_way_ends(monkeypatch):
    """Closing waits for answers, not for those who ask nothing."""
    with launch(small(), **START) as viewer:
        engine = viewer._server.app.engine
        running = threading.Event()

        def session():
            running.set()
            time.sleep(0.5)
            return {"late": True}

        engine.session = session
        idle = socket.create_connection(("127.0.0.1", viewer.port))
        found = []
        asking = threading.Thread(target=lambda: found.append(ask(viewer, "/api/session")))
        asking.start()
        running.wait(5)
        started = time.monotonic()
    assert time.monotonic() - started < 4
    asking.join()
    assert found[0].json == {"late": True}
    idle.close()


def test_browser(monkeypatch):
    opened = []
    event = threading.Event()

    def record(url):
        opened.append(url)
        event.set()
        raise webbrowser.Error("a machine without a browser")

    monkeypatch.setattr(webbrowser, "open_new", record)
    with launch(small(), **{**START, "open_browser": True}) as viewer:
        assert event.wait(5) and opened == [viewer.url]
    launch(small(), **START).close()
    assert len(opened) == 1


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"model": "x"}, TypeError, "launch: model must be a model. Received: model='x'"),
        ({"port": -1}, ValueError, "launch: port must be from 0 to 65535. Received: port=-1"),
        ({"port": 65536}, ValueError, "port must be"),
        ({"port": "5000"}, ValueError, "port must be"),
        ({"port": True}, ValueError, "port must be"),
        ({"top": 0}, ValueError, "launch: top must be a positive integer. Received: top=0"),
        ({"host": "0.0.0.0"}, ValueError, "unless allow_remote=True .* Received: host='0.0.0.0'"),
        ({"host": ""}, ValueError, "unless allow_remote=True"),
        ({"host": "box"}, ValueError, "unless allow_remote=True"),
        ({"host": None}, TypeError, "host must be a string"),
        ({"input_folder": "nowhere"}, FileNotFoundError, "launch: input_folder must be a folder"),
        ({"input_folder": __file__}, NotADirectoryError, "input_folder must be a folder"),
        ({"classes": ["a"]}, ValueError, "classes"),
        ({"samples": [np.zeros(3), np.zeros(2)]}, ValueError, "same length"),
        ({"std": 0}, ValueError, "std"),
        ({"checkpoints": {"a": 3}}, TypeError, "must be models or files of weights. Received: a=3"),
        ({"checkpoints": {"a": "nowhere.weights.h5"}}, OSError, r"nowhere\.weights\.h5"),
        ({"checkpoints": {"own": "x"}}, ValueError, "two models have the label 'own'"),
    ],
)
def test_arguments(arguments, error, message):
    before = threading.active_count()
    model = arguments.pop("model", None) or small(name="own")
    with pytest.raises(error, match=message) as e:
        launch(model, **{**START, **arguments})
    assert len(str(e.value)) < 500
    assert threading.active_count() <= before


def test_a_taken_port():
    with launch(small(), **START) as viewer:
        expected = f"Quiver: port {viewer.port} is taken; port=0 takes a free one."
        with pytest.raises(OSError, match=re.escape(expected)):
            launch(small(), **{**START, "port": viewer.port})
        assert ask(viewer, "/api/session").status == 200
    with pytest.raises(OSError, match=r"Quiver: cannot listen on port 0 of host '203\.0"):
        launch(small(), **START, host="203.0.113.1", allow_remote=True)


def test_hosts_of_this_machine():
    with launch(small(), **START, host="localhost") as viewer:
        assert viewer.url == f"http://127.0.0.1:{viewer.port}/"
        with urllib.request.urlopen(f"http://localhost:{viewer.port}/inputs") as answer:
            assert answer.read() == b"[]"
    with launch(small(), **START, host="127.0.0.2") as viewer:
        with urllib.request.urlopen(f"{viewer.url}inputs") as answer:
            assert answer.read() == b"[]"
        assert viewer.url.startswith("http://127.0.0.2:")


def test_ipv6():
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        return  # a machine without it
    with launch(small(), **START, host="::1") as viewer:
        assert viewer.url == f"http://[::1]:{viewer.port}/"
        with urllib.request.urlopen(f"{viewer.url}inputs") as answer:
            assert answer.read() == b"[]"


def test_remote():
    with launch(small(), **START, host="0.0.0.0", allow_remote=True) as viewer:
        url = re.fullmatch(r"http://([^/]+):(\d+)/\?token=([\w-]{43})", viewer.url)
        assert url[1] == socket.gethostname() and int(url[2]) == viewer.port
        page = ask(viewer, path_of(viewer.url), Host=f"{url[1]}:{url[2]}")
        cookie, *marks = page.headers["Set-Cookie"].split("; ")
        assert {"HttpOnly", "SameSite=Strict", "Path=/"} <= {*marks}
        assert page.status == 200 and url[3].encode() not in page.body
        assert ask(viewer, "/api/session", Cookie=cookie).status == 200
        assert ask(viewer, f"/api/session?token={url[3]}").status == 200
        for refused in ({}, {"Cookie": cookie[:-1]}, {"Cookie": "x=y"}):
            assert ask(viewer, "/api/session", **refused).status == 401
        assert ask(viewer, "/", Host="evil.com").status == 400
        with launch(small(), **START, allow_remote=True) as other:
            assert other.url.partition("token=")[2] != url[3]


def test_one_token_for_the_page_and_its_files():
    with launch(small(), **START, allow_remote=True) as viewer:
        cookie = ask(viewer, path_of(viewer.url)).headers["Set-Cookie"].partition(";")[0]
        for path in ("/", "/static/index.html", "/model", "/api/images"):
            assert ask(viewer, path).status == 401
            assert ask(viewer, path, Cookie=cookie).status == 200


# ---------------------------------------------------------------------------------- checkpoints


def test_checkpoints(tmp_path):
    first, second, third = (small(seed, name="net") for seed in range(3))
    second.save_weights(tmp_path / "b.weights.h5")
    before = [w.copy() for w in first.get_weights()]
    fill(tmp_path, digits=1)
    with launch(
        first, **{**START, "input_folder": tmp_path},
        checkpoints={"epoch 1": tmp_path / "b.weights.h5", "other": third},
    ) as viewer:  # fmt: skip
        listed = ask(viewer, "/api/session").json["checkpoints"]
        assert [(c["id"], c["label"]) for c in listed] == [
            (0, "net"), (1, "epoch 1"), (2, "other"),
        ]  # fmt: skip
        image = ask(viewer, "/api/images").json[1]
        assert image["name"] == "digit-0.png"
        for checkpoint, model in enumerate((first, second, third)):
            graph = ask(viewer, f"/api/graph/{checkpoint}").json
            node = next(n["id"] for n in graph["nodes"] if n["name"] == "conv")
            values = ask(viewer, f"/api/values/{checkpoint}/{node}/{image['id']}").body
            pixels = viewer._server.app.gallery.get(image["id"]).array(8, 8, 1)
            expected = model.predict(pixels[None], verbose=0)[0].transpose(2, 0, 1)
            found = np.frombuffer(values, "<f4").reshape(3, 6, 6)
            assert np.allclose(found, expected, rtol=1e-5, atol=1e-3)
    assert all(map(np.array_equal, first.get_weights(), before))


def test_a_damaged_checkpoint(tmp_path):
    model = small()
    path = tmp_path / "a.weights.h5"
    model.save_weights(path)
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(ValueError, match=r"a\.weights\.h5"):
        launch(model, **START, checkpoints={"a": path})
    path.write_bytes(b"")
    with pytest.raises(ValueError, match=r"a\.weights\.h5"):
        launch(model, **START, checkpoints={"a": path})
    wrong = torchkeras.Sequential([torchkeras.Input((3,)), torchkeras.layers.Dense(2)])
    wrong.save_weights(path)
    with pytest.raises(ValueError, match=r"a\.weights\.h5"):
        launch(model, **START, checkpoints={"a": path})


def test_a_torch_model(tmp_path):
    torch.manual_seed(0)
    model = torch.nn.Sequential(torch.nn.Conv2d(3, 5, 3), torch.nn.Flatten())
    fill(tmp_path, digits=0)
    start = {**START, "input_folder": tmp_path, "input_shape": (3, 16, 16)}
    with launch(model, **start, mean=[1.0, 2.0, 3.0], std=50.0) as viewer:
        assert ask(viewer, "/api/session").json["checkpoints"][0]["label"] == "Sequential"
        graph = ask(viewer, "/api/graph/0").json
        node = next(n["id"] for n in graph["nodes"] if n["class"] == "Conv2d")
        values = np.frombuffer(ask(viewer, f"/api/values/0/{node}/i0").body, "<f4")
        array = viewer._server.app.gallery.get("i0").array(16, 16, 3)
        x = (array - np.array([1.0, 2.0, 3.0], "float32")) / 50
        expected = model[0](torch.from_numpy(x).permute(2, 0, 1)[None]).detach().numpy()
        assert np.allclose(values, expected.ravel(), atol=1e-4)
    with pytest.raises(TypeError, match=r"a model with load_weights\. Received: a Sequential"):
        launch(model, **start, checkpoints={"a": "a.pt"})


def test_samples():
    x = np.random.default_rng(0).normal(size=(4, 6)).astype("float32")
    model = torchkeras.Sequential([torchkeras.Input((6,)), torchkeras.layers.Dense(3, name="d")])
    with launch(model, **START, samples=x) as viewer:
        listed = ask(viewer, "/api/images").json
        assert [(i["name"], i["kind"]) for i in listed] == [
            (f"sample {n}", "array") for n in range(4)
        ]
        graph = ask(viewer, "/api/graph/0").json
        node = next(n["id"] for n in graph["nodes"] if n["name"] == "d")
        values = np.frombuffer(ask(viewer, f"/api/values/0/{node}/i2").body, "<f4")
        assert np.allclose(values, model.predict(x[2:3], verbose=0)[0], atol=1e-6)
        assert ask(viewer, "/api/images/i2.png?size=96").image.shape[1] == 96
        assert ask(viewer, "/predict/sample%202").status == 200


def test_samples_of_several_inputs():
    layers = torchkeras.layers
    a, b = torchkeras.Input((4,), name="a"), torchkeras.Input((3,), name="b")
    model = torchkeras.Model({"a": a, "b": b}, layers.Dense(2)(layers.Concatenate()([a, b])))
    x = {"a": np.ones((2, 4)), "b": np.arange(6.0).reshape(2, 3)}
    with launch(model, **START, samples=x) as viewer:
        top = ask(viewer, "/api/predictions/0/i1").json["outputs"][0]["top"]
        expected = model.predict(x, verbose=0)[1]
        for entry in top:
            assert entry["value"] == pytest.approx(float(expected[entry["index"]]), 1e-4)
        answer = ask(viewer, "/api/images", "POST", png(np.zeros((4, 4))), X_Quiver_Name="a.png")
        assert ask(viewer, f"/api/predictions/0/{answer.json['id']}").status == 422


def test_preprocess(tmp_path):
    (tmp_path / "a.png").write_bytes(png(np.full((8, 8), 10)))
    with launch(
        small(), **{**START, "input_folder": tmp_path}, preprocess=lambda x: x * 0 + 1
    ) as viewer:
        ((node, *_),) = [
            [n["id"]] for n in ask(viewer, "/api/graph/0").json["nodes"] if n["kind"] == "input"
        ]
        values = np.frombuffer(ask(viewer, f"/api/values/0/{node}/i0").body, "<f4")
        assert np.array_equal(values, np.ones(64))


def test_photographs(tmp_path):
    """A model of its own size: digits' convnet on the two photographs that scikit-learn ships."""
    model = trained(epochs=1)
    fill(tmp_path, digits=0)
    with launch(model, **{**START, "input_folder": tmp_path}, std=255.0) as viewer:
        for n, name in enumerate(("china.jpg", "flower.jpg")):
            array = viewer._server.app.gallery.by_name(name).array(8, 8, 1)[None] / 255
            expected = model.predict(array, verbose=0)[0]
            ((*best,),) = ask(viewer, f"/predict/{name}").json
            assert [label for _, label, _ in best] == [str(k) for k in np.argsort(-expected)[:5]]
            (output,) = ask(viewer, f"/api/predictions/0/i{n}").json["outputs"]
            assert output["top"][0]["value"] == pytest.approx(float(expected.max()), 1e-4)


# ----------------------------------------------------------------------------------- in a program


def test_ctrl_c():
    """`launch` as of old: it tells the address, serves until Ctrl-C, and goes."""
    code = (
        "import torchkeras as keras\n"
        "from torchkeras.quiver import server\n"
        "model = keras.Sequential([keras.Input((8, 8, 1)), keras.layers.Conv2D(3, 3)])\n"
        "viewer = server.launch(model, port=0, open_browser=False)\n"
        "print(viewer)\n"
    )
    child = subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        cwd=os.fspath(ROOT),
    )  # fmt: skip
    try:
        line = child.stdout.readline()
        url = re.fullmatch(r"Quiver: (http://127\.0\.0\.1:\d+/) \(Ctrl-C ends it\)\n", line)[1]
        with urllib.request.urlopen(f"{url}api/session") as answer:
            assert answer.status == 200
        child.send_signal(signal.SIGINT)
        out, err = child.communicate(timeout=20)
        assert (out, err, child.returncode) == ("<Viewer closed>\n", "", 0)
    finally:
        child.kill()
        child.wait()


def test_under_its_own_name(tmp_path):
    """A script of 2016, but for the network: Quiver's package, Keras's, and the client's URLs."""
    fill(tmp_path, digits=2)
    code = """
import json, urllib.request
from keras.layers import Conv2D, Dense, Flatten
from keras.models import Sequential
from quiver_engine import server
import quiver_engine.server, quiver_engine

model = Sequential([Conv2D(4, (3, 3), input_shape=(8, 8, 1), name="conv"), Flatten(), Dense(2)])
viewer = server.launch(
    model, classes=["cat", "dog"], top=2, temp_folder="./tmp", input_folder="./", port=0,
    open_browser=False, block=False,
)
def ask(path):
    with urllib.request.urlopen(viewer.url + path) as answer:
        return json.loads(answer.read())
print(ask("inputs"), ask("layer/conv/digit-1.png")[3], ask("predict/digit-1.png")[0][0][0] == "")
print(sorted(ask("model")), quiver_engine.server is server, quiver_engine.launch is server.launch)
viewer.close()
"""
    done = run_code(code, cwd=tmp_path, env={**os.environ, "PYTHONPATH": os.fspath(ROOT)})
    assert done.stdout.splitlines()[0] == (
        "['china.jpg', 'digit-0.png', 'digit-1.png', 'flower.jpg'] conv_3_digit-1.png.png True"
    )
    assert "'config'" in done.stdout and done.stdout.endswith("True True\n")
    assert not (tmp_path / "tmp").exists()


# ---------------------------------------------------------------------------------- the listener


def test_slow_clients_are_cut(monkeypatch):
    monkeypatch.setattr(listener, "READ", 0.4)
    with launch(small(), **START) as viewer:
        started = time.monotonic()
        with socket.create_connection(("127.0.0.1", viewer.port)) as slow:
            for _ in range(20):  # a byte now and then does not keep it open
                time.sleep(0.1)
                try:
                    slow.sendall(b"G")
                except OSError:
                    break
            else:
                slow.settimeout(5)
                assert slow.recv(100) == b""
        assert time.monotonic() - started < 3
        assert ask(viewer, "/api/session").status == 200


def test_connections_that_ask_nothing_are_cut(monkeypatch):
    monkeypatch.setattr(listener, "IDLE", 0.2)
    with launch(small(), **START) as viewer:
        with socket.create_connection(("127.0.0.1", viewer.port), timeout=10) as idle:
            assert idle.recv(100) == b""
        with socket.create_connection(("127.0.0.1", viewer.port), timeout=10) as slow:
            slow.sendall(b"GET /inputs HTTP/1.1\r\n")
            time.sleep(0.5)
            slow.sendall(b"Host: localhost\r\n\r\n")
            assert slow.makefile("rb").readline().split()[1] == b"200"


def test_too_many_at_once(monkeypatch):
    """Those who find no worker in time are told to come again."""
    monkeypatch.setattr(listener, "WORKERS", 2)
    monkeypatch.setattr(listener, "WAIT", 0.3)
    with launch(small(), **START) as viewer:
        idle = [socket.create_connection(("127.0.0.1", viewer.port)) for _ in range(2)]
        answer = ask(viewer, "/api/session")
        assert (answer.status, answer.headers["Retry-After"]) == (503, "1")
        assert answer.message == "The viewer is busy."
        assert all(answer.headers[k] == v for k, v in guard.HEADERS.items())
        [s.close() for s in idle]
        statuses = [ask(viewer, "/api/session").status for _ in range(20)]
        assert statuses[-1] == 200


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", 400),  # TLS
        (b"GET / HTTP/1.1\r\n\r\n", 400),
        (b"GET http://[ HTTP/1.1\r\nHost: localhost\r\n\r\n", 400),
        (b"GET http://evil.com/inputs HTTP/1.1\r\nHost: localhost\r\n\r\n", 400),
        (b"GET /inputs HTTP/1.1\r\nHost: localhost\r\nHost: evil.com\r\n\r\n", 400),
        (b"GET //evil.com/inputs HTTP/1.1\r\nHost: localhost\r\n\r\n", 404),
        (b"GET /inputs HTTP/2.0\r\nHost: localhost\r\n\r\n", 505),
        (b"BREW /inputs HTTP/1.1\r\nHost: localhost\r\n\r\n", 405),
        (b"GET /inputs HTTP/1.1\r\nHost: localhost\r\nContent-Length: x\r\n\r\n", 200),
        (b"", 0),
    ],
)
def test_odd_requests(request_, status):
    with launch(small(), **START) as viewer:
        if request_:
            assert raw(viewer, request_).status == status
        else:
            socket.create_connection(("127.0.0.1", viewer.port)).close()
        assert ask(viewer, "/inputs").status == 200
