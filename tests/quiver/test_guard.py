"""Which requests are answered, case by case."""

import json
import math

import numpy as np
import pytest
import torch

from torchkeras.quiver.guard import Guard, Refused, as_json, is_loopback, problem

HOST = {"Host": "127.0.0.1:5000"}


def check(guard=None, method="GET", path="/x", query=None, cookies=None, **headers):
    given = {k.replace("_", "-"): v for k, v in headers.items()}
    (guard or Guard()).check(method, path, {**HOST, **given}, query or {}, cookies or {})


def refused(status, **request):
    with pytest.raises(Refused) as e:
        check(**request)
    assert e.value.status == status
    return str(e.value)


@pytest.mark.parametrize(
    "host",
    ["127.0.0.1", "127.0.0.1:5000", "127.0.0.1:1", "localhost:5000", "LOCALHOST", "[::1]:5000"],
)
def test_hosts(host):
    check(Host=host)


@pytest.mark.parametrize(
    "host",
    [
        "", "evil.com", "evil.com:5000", "localhost.evil.com", "127.0.0.1.nip.io", "0.0.0.0",
        "127.0.0.1,evil.com", "127.0.0.1 evil.com", "a@127.0.0.1", "127.0.0.1:5000@evil.com",
        "localhost.", "127.0.0.1:", "127.0.0.1:x", "[::1", "::1", "2130706433", "127.1", ":5000",
        "localhost:123456", "127.0.0.1\n", "10.0.0.1", "[::ffff:127.0.0.1]",
    ],
)  # fmt: skip
def test_hosts_that_are_refused(host):
    assert "Host header" in refused(400, Host=host)


def test_hosts_of_a_remote_viewer():
    guard = Guard(["Box", "box.local"], token="t", addresses=True)
    for host in ("box:5000", "BOX.local", "10.0.0.7:5000", "[fe80::1]:5000", "localhost"):
        check(guard, query={"token": "t"}, Host=host)
    for host in ("evil.com", "box.evil.com", "10.0.0.7.nip.io", "[zz]"):
        refused(400, guard=guard, query={"token": "t"}, Host=host)


@pytest.mark.parametrize("method", ["GET", "POST", "OPTIONS", "HEAD"])
def test_origins(method):
    check(method=method)
    check(method=method, Origin="http://127.0.0.1:5000", Sec_Fetch_Site="same-origin")
    check(method=method, Sec_Fetch_Site="none")
    for origin in (
        "http://evil.com", "null", "", "http://127.0.0.1:5001", "http://127.0.0.1",
        "http://localhost:5000", "http://127.0.0.1:5000.evil.com", "file://",
    ):  # fmt: skip
        refused(403, method=method, Origin=origin)
        refused(403, method=method, Origin=origin, Sec_Fetch_Site="same-origin")
    for site in ("cross-site", "same-site", "", "x"):
        refused(403, method=method, Sec_Fetch_Site=site)
        refused(403, method=method, Origin="http://127.0.0.1:5000", Sec_Fetch_Site=site)


def test_a_link_to_the_page_is_followed():
    link = {"Sec_Fetch_Site": "cross-site", "Sec_Fetch_Mode": "navigate"}
    check(path="/", **link, Sec_Fetch_Dest="document")
    check(path="/", **link)
    refused(403, path="/model", **link)
    refused(403, path="/", method="POST", **link)
    refused(403, path="/", **link, Origin="http://evil.com")
    refused(403, path="/", **link, Sec_Fetch_Dest="iframe")
    refused(403, path="/", Sec_Fetch_Site="cross-site", Sec_Fetch_Mode="no-cors")


def test_tokens():
    guard = Guard(token="secret")
    for query, cookies in (
        ({}, {}), ({"token": ""}, {}), ({"token": "Secret"}, {}), ({"token": "\udc80"}, {}),
        ({}, {"quiver": "secret"}), ({}, {guard.cookie: "secret2"}),
    ):  # fmt: skip
        assert "token" in refused(401, guard=guard, query=query, cookies=cookies)
    check(guard, query={"token": "secret"})
    check(guard, cookies={guard.cookie: "secret"})
    refused(400, guard=guard, query={"token": "secret"}, Host="evil.com")
    refused(403, guard=guard, cookies={guard.cookie: "secret"}, Origin="http://evil.com")
    assert guard.cookie != Guard(token="other").cookie
    assert "secret" not in guard.cookie


def test_loopback():
    for host in ("127.0.0.1", "127.9.9.9", "::1", "localhost", "LOCALHOST"):
        assert is_loopback(host)
    for host in ("", "0.0.0.0", "::", "10.0.0.1", "box", "localhost.evil.com"):
        assert not is_loopback(host)


def test_json():
    value = {
        "nan": [math.nan, math.inf, -math.inf, 1.5], "array": np.arange(3, dtype="float32"),
        "number": np.float32(0.5), "tensor": torch.tensor([1, 2]), "name": "</script>\u202e<!--",
        "lone": "\udcff",
    }  # fmt: skip
    text = as_json(value)
    assert b"<" not in text and text.isascii()
    assert json.loads(text) == {
        "nan": [None, None, None, 1.5], "array": [0, 1, 2], "number": 0.5, "tensor": [1, 2],
        "name": "</script>\u202e<!--", "lone": "\udcff",
    }  # fmt: skip
    with pytest.raises(TypeError, match="object is no value of JSON"):
        as_json(object())


@pytest.mark.parametrize(
    ("message", "told"),
    [
        ("No such file: '/home/me/photos/a.png'", "No such file: 'a.png'"),
        ("/a/b/c.py, line 3", "c.py, line 3"),
        ("C:\\Users\\me\\a.png is gone", "a.png is gone"),
        ("~/data/a.png", "a.png"),
        ("layer block1/conv got 1/2 of it", "layer block1/conv got 1/2 of it"),
        ("x" * 600, "x" * 500),
    ],
)
def test_errors_tell_no_folders(message, told):
    assert json.loads(problem(404, message)) == {"error": {"status": 404, "message": told}}
