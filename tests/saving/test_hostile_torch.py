"""Bad checkpoints, safetensors and npz files through the public loaders, in a child process.

As in `test_hostile.py`: an error of the stated kind, and nothing else happens.
"""

import io
import json
import os
import pickle
import random
import struct
import tarfile
import zipfile
from collections import OrderedDict

import numpy as np
import pytest
import safetensors.numpy
import torch
from saving.damage import flip, patch_central, rezip
from saving.hostile_child import build
from saving.test_hostile import MFE, SAME, UME, Batch, Child

SUFFIXES = (".pt", ".safetensors", ".npz")


class Sub(torch.Tensor):
    """A tensor with a class of its own."""


class Shout:
    """A pickle of it makes a file."""

    def __init__(self, canary):
        self.command = f"touch {canary}"

    def __reduce__(self):
        return os.system, (self.command,)


@pytest.fixture(scope="module")
def good(tmp_path_factory):
    """A folder with good files of a trained model, and the weights in them."""
    folder = tmp_path_factory.mktemp("good")
    model = build()
    model.fit(np.ones((4, 4)), np.ones((4, 2)), verbose=0)
    model.save(folder / "model.pt")
    for suffix in SUFFIXES:
        model.save_weights(folder / f"good{suffix}")
    return folder


class Files(Batch):
    """Cases of one test; `good` is what each kind of good file loads to."""

    def __init__(self, folder, tmp_path, child):
        super().__init__(folder, tmp_path, {"child": child})
        self.good = {}
        for _ in range(2):
            for suffix in SUFFIXES:
                path = folder / f"good{suffix}"
                job = {"id": suffix, "kind": "weights", "path": str(path), "options": {}}
                result = child.do(job)
                assert result is not None and result["error"] is None, result
                self.good["weights"] = result["loaded"]
            job = {"id": "m", "kind": "keras", "path": str(folder / "model.pt"), "options": {}}
            self.good["keras"] = child.do(job)["loaded"]

    def add(self, name, data, expect, kind="weights", where=None, suffix=".pt", **options):
        path = self.tmp_path / f"{len(self.jobs)}{suffix}"
        path.write_bytes(data)
        super().add(name, path, expect, kind, where, **options)

    def run(self):
        failures = []
        for job in self.jobs:
            result = self.children["child"].do(job)
            if result is None:
                failures.append(f"{job['id']}: killed the process or took too long")
                break
            problem = self.judge(job, result)
            if problem:
                failures.append(f"{job['id']}: {problem}")
        assert not failures, f"{len(failures)} of {len(self.jobs)}:\n" + "\n".join(failures)
        print(f"{len(self.jobs)} hostile loads as stated")


@pytest.fixture(scope="module")
def child():
    made = Child()
    yield made
    made.close()


@pytest.fixture
def files(good, tmp_path, child):
    return Files(good, tmp_path, child)


def saved(content, **options):
    file = io.BytesIO()
    torch.save(content, file, **options)
    return file.getvalue()


def state():
    """The state dict of the model that the cases are loaded into."""
    return {k: v.clone() for k, v in build().state_dict().items()}


def with_program(program, records=()):
    """A checkpoint with a pickle of one's own."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, data in (("data.pkl", program), ("version", b"3\n"), *records):
            archive.writestr(f"archive/{name}", data)
    return file.getvalue()


@pytest.mark.safety("P1")
def test_p1_programs(files, tmp_path):
    canary = tmp_path / "canary"
    script = io.BytesIO()
    torch.jit.save(torch.jit.trace(torch.nn.Linear(4, 2), torch.ones(1, 4)), script)
    tar = io.BytesIO()
    with tarfile.open(fileobj=tar, mode="w") as archive:
        for name in ("storages", "tensors", "pickle"):
            data = pickle.dumps({"a": 1})
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    shout = Shout(canary)
    old = saved(state(), _use_new_zipfile_serialization=False)
    cases = {
        "call in a dict": saved({**state(), "x": shout}),
        "call alone": saved(shout),
        "pickle": pickle.dumps(shout),
        "pickle, protocol 0": pickle.dumps(shout, 0),
        "pickle of a state dict": pickle.dumps(state()),
        "old torch's format": old,
        "whole module": saved(torch.nn.Linear(4, 2)),
        "whole model of ours": saved(build()),
        "script": script.getvalue(),
        "tar": tar.getvalue(),
        "stack global": with_program(pickle.dumps(shout, 4)),
        "builtins": with_program(b"\x80\x02cbuiltins\neval\nX\x01\x00\x00\x001\x85R."),
        "memory by a number": with_program(
            b"\x80\x02c__builtin__\nbytearray\n\x8a\x06\x00\x00\x00\x00\x00\x01\x85R."
        ),
        "instance": with_program(b"(ios\nsystem\n."),
        "codec": saved({"a": b"bytes"}),
    }
    for name, data in cases.items():
        for kind in ("weights", "keras"):
            files.add(f"{name} ({kind})", data, UME, kind)
    files.run()
    assert not canary.exists()


@pytest.mark.safety("P2")
def test_p2_tensors_that_are_not_what_they_seem(files):
    loop = {}
    loop["loop"] = loop
    nested = {}
    for _ in range(100):
        nested = {"n": nested}
    first = next(iter(state()))
    big = torch.zeros(1).expand(10**6, 10**6)
    cases = {
        "expanded": (big, MFE),
        "sparse": (torch.sparse_coo_tensor([[0], [0]], [1.0], (10**6, 10**6)), UME),
        "sparse rows": (torch.eye(3).to_sparse_csr(), UME),
        "quantized": (torch.quantize_per_tensor(torch.ones(4, 3), 0.1, 0, torch.qint8), UME),
        "meta": (torch.ones(4, 3, device="meta"), UME),
        "subclass": (torch.ones(4, 3).as_subclass(Sub), UME),
        "buffer": (torch.nn.Buffer(torch.ones(4, 3)), UME),
        "waiting": (torch.nn.UninitializedParameter(), UME),
        "array": (np.ones(3), UME),
        "set": ({1, 2}, UME),
        "number": (1.0, MFE),
        "text": ("x", MFE),
        "wide": (torch.ones(4, 3, dtype=torch.complex64), MFE),
        "turned": (torch.ones(3, 4), MFE),
        "scalar": (torch.ones(()), MFE),
        "whole numbers": (torch.ones(4, 3, dtype=torch.int64), MFE),
    }
    for name, (value, expect) in cases.items():
        files.add(name, saved({**state(), first: value}), expect)
        if expect == UME:
            files.add(f"{name} in a wrapper", saved({"state_dict": state(), "x": value}), expect)
    files.add("loop", saved(loop), MFE)
    files.add("loop beside", saved({"state_dict": state(), "x": loop}), MFE)
    files.add("nested", saved(nested), MFE)
    files.add("number as a name", saved({**state(), 3: torch.ones(1)}), MFE)
    files.add("tuple as a name", saved({**state(), (1, 2): torch.ones(1)}), MFE)
    files.add("list", saved([torch.ones(1)]), MFE)
    files.add("tensor", saved(torch.ones(1)), MFE)
    files.add("None", saved(None), MFE)
    files.add("empty", saved({}), MFE)
    files.add("parameters", saved({k: torch.nn.Parameter(v) for k, v in state().items()}), "loads")
    shared = state()
    shared["dense_1.bias"] = shared["dense.bias"][:2]
    files.add("one memory", saved(shared), "loads")
    files.run()


@pytest.mark.safety("P2")
def test_p2_storages_that_are_too_short(files, good):
    def lie(name, count):
        """A checkpoint whose tensor has more numbers than its storage."""
        data = saved({name: torch.ones(12)})
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            program = archive.read("archive/data.pkl")
        assert program.count(b"K\x0c") == 2
        number = b"\x8a\x08" + struct.pack("<q", count)
        for n in (1, 2):
            yield rezip(
                io.BytesIO(data), {"archive/data.pkl": program.replace(b"K\x0c", number, n)}
            )

    for count in (13, 2**20, 2**40, 2**62, -1):
        for i, data in enumerate(lie("dense.kernel", count)):
            files.add(f"{count} {i}", data, MFE)
    with zipfile.ZipFile(good / "good.pt") as archive:
        top = archive.namelist()[0].partition("/")[0]
    for name in ("data.pkl", "version", "data/0"):
        files.add(f"no {name}", rezip(good / "good.pt", {f"{top}/{name}": None}), MFE)
        files.add(f"twice {name}", rezip(good / "good.pt", add=[(f"{top}/{name}", b"x")]), MFE)
    files.add("stranger", rezip(good / "good.pt", add=[(f"{top}/x.py", b"x")]), MFE)
    files.add("elsewhere", rezip(good / "good.pt", add=[("other/data/0", b"x")]), MFE)
    files.add("code", rezip(good / "good.pt", add=[(f"{top}/code/x.py", b"x")]), UME)
    packed = rezip(good / "good.pt", method=zipfile.ZIP_DEFLATED)
    files.add("packed", packed, MFE)
    files.add(
        "lie", patch_central((good / "good.pt").read_bytes(), f"{top}/data/0", "size", 8), MFE
    )
    files.run()


def damaged(data, rng, count):
    """(name, content) of a file cut and with bits turned over."""
    for n in sorted({0, 1, 30, len(data) // 2, len(data) - 22, len(data) - 1}):
        yield f"cut {n}", data[:n]
    for _ in range(count):
        at, bit = rng.randrange(len(data)), rng.randrange(8)
        yield f"flip {at}.{bit}", flip(data, at, bit)


@pytest.mark.safety("P3")
@pytest.mark.parametrize(
    ("name", "kind"),
    [("good.pt", "weights"), ("model.pt", "keras"), ("good.npz", "weights"),
     ("good.safetensors", "weights")],
)  # fmt: skip
def test_p3_cut_and_flipped(files, good, name, kind):
    data = (good / name).read_bytes()
    suffix = os.path.splitext(name)[1]
    for case, content in dict(damaged(data, random.Random(1), 60)).items():
        cut = case.startswith("cut")
        files.add(case, content, MFE if cut else "error or same", kind, suffix=suffix)
    files.run()


@pytest.mark.safety("P3")
@pytest.mark.parametrize("suffix", SUFFIXES)
def test_p3_flip_in_the_data(files, suffix):
    model = build()
    model.set_weights([np.full(w.shape, 1.25, "f4") for w in model.get_weights()])
    path = files.tmp_path / f"one{suffix}"
    model.save_weights(path)
    data = path.read_bytes()
    at = data.find(struct.pack("<f", 1.25) * 6)
    assert at > 0
    for bit in range(8):
        files.add(f"bit {bit}", flip(data, at + bit, bit), MFE, suffix=suffix)
    files.run()


@pytest.mark.safety("P2", "C1")
def test_config_of_a_checkpoint(files, good):
    content = torch.load(good / "model.pt", weights_only=True)
    config = json.loads(content["config"])
    code = {"class_name": "__lambda__", "config": {"code": "x"}}

    def edited(**change):
        return saved({**content, **change})

    layers = config["config"]["layers"]
    foreign = json.loads(content["config"])
    foreign["config"]["layers"][1].update(module="os", class_name="system", registered_name="s")
    large = json.loads(content["config"])
    large["config"]["layers"][1]["config"]["units"] = 10**9
    layers[1]["config"]["activation"] = code
    cases = {
        "lambda": (edited(config=json.dumps(config)), UME),
        "foreign": (edited(config=json.dumps(foreign)), UME),
        "large": (edited(config=json.dumps(large)), MFE),
        "no JSON": (edited(config="{"), MFE),
        "no text": (edited(config={}), MFE),
        "newer": (edited(version=2), MFE),
        "version as text": (edited(version="1"), MFE),
        "weights missing": (edited(model={}), MFE),
        "no weights": (edited(model=[]), MFE),
        "asset elsewhere": (edited(assets={"../x": torch.ones(1, dtype=torch.uint8)}), MFE),
        "asset of floats": (edited(assets={"x": torch.ones(1)}), MFE),
        "asset as text": (edited(assets={"x": "y"}), MFE),
        "weights alone": (saved(content["model"]), MFE),
    }
    for name, (data, expect) in cases.items():
        files.add(name, data, expect, "keras")
    for name, value in {
        "optimizer as text": "x",
        "optimizer of another kind": {"state": {}},
        "groups": {**content["optimizer"], "param_groups": []},
        "slots": {**content["optimizer"], "state": {0: {"momentum": torch.ones(9)}}},
        "odd slots": {**content["optimizer"], "state": {0: 3}},
        "variables": {**content["optimizer"], "variables": [torch.ones(3)]},
    }.items():
        files.add(f"{name}, required", edited(optimizer=value), MFE, "keras",
                  require_optimizer=True)  # fmt: skip
        files.add(f"{name}, not required", edited(optimizer=value), "loads", "keras")
    files.run()


@pytest.mark.safety("P5")
def test_p5_npz(files, good):
    def npz(**arrays):
        file = io.BytesIO()
        np.savez(file, **arrays)
        return file.getvalue()

    def member(header, data=b"", magic=b"\x93NUMPY\x01\x00"):
        text = header if isinstance(header, bytes) else repr(header).encode()
        content = magic + struct.pack("<H", len(text)) + text + data
        return rezip(good / "good.npz", {"dense.kernel.npy": content})

    arrays = {k: v.numpy() for k, v in state().items()}
    plain = {"descr": "<f4", "fortran_order": False, "shape": (4, 3)}
    cases = {
        "objects": (npz(**{**arrays, "dense.kernel": np.array([Shout("x")])}), UME),
        "text": (npz(**{**arrays, "dense.kernel": np.array(["x"])}), MFE),
        "fields": (npz(**{**arrays, "dense.kernel": np.zeros(3, "f4,i4")}), MFE),
        "times": (npz(**{**arrays, "dense.kernel": np.zeros(3, "M8[s]")}), MFE),
        "complex": (npz(**{**arrays, "dense.kernel": np.zeros((4, 3), "c8")}), MFE),
        "bytes of no type": (npz(**{**arrays, "dense.kernel": np.zeros((4, 3), "V4")}), MFE),
        "2**40 numbers": (member({**plain, "shape": (2**40,)}, bytes(48)), MFE),
        "2**40 numbers, none there": (member({**plain, "shape": (2**40,)}), MFE),
        "negative": (member({**plain, "shape": (-4, -3)}, bytes(48)), MFE),
        "more data": (member(plain, bytes(52)), MFE),
        "less data": (member(plain, bytes(44)), MFE),
        "no literal": (member(b"__import__('os').system('x')"), MFE),
        "deep literal": (member(b"[" * 9000), MFE),
        "long literal": (member(b" " * 60000), MFE),
        "other magic": (member(plain, bytes(48), b"\x93NUMPZ\x01\x00"), MFE),
        "version 9": (member(plain, bytes(48), b"\x93NUMPY\x09\x00"), MFE),
        "no zip": (np.ones(3).tobytes(), MFE),
        "npy": ((lambda f: (np.save(f, np.ones(3)), f.getvalue())[1])(io.BytesIO()), MFE),
        "pickle": (pickle.dumps(arrays), MFE),
        "empty": (npz(), MFE),
        "bomb": (npz(**{**arrays, "dense.kernel": np.zeros((10**4, 10**3), "f4")}), MFE),
        "packed": (rezip(good / "good.npz", method=zipfile.ZIP_DEFLATED), SAME),
    }
    for name, (data, expect) in cases.items():
        files.add(name, data, expect, suffix=".npz")
    files.run()


@pytest.mark.safety("P5")
def test_safetensors_lies(files, good):
    data = (good / "good.safetensors").read_bytes()
    (length,) = struct.unpack_from("<Q", data)
    header, body = json.loads(data[8 : 8 + length]), data[8 + length :]

    def made(head, body=body, size=None):
        text = head if isinstance(head, bytes) else json.dumps(head).encode()
        return struct.pack("<Q", len(text) if size is None else size) + text + body

    def edited(**change):
        return {**header, "dense.kernel": {**header["dense.kernel"], **change}}

    start, end = header["dense.kernel"]["data_offsets"]
    cases = {
        "header of 2**60": made(header, size=2**60),
        "header longer than the file": made(header, size=len(data)),
        "no JSON": made(b"{]"),
        "array": made(b"[]"),
        "dtype": made(edited(dtype="F64")),
        "unknown dtype": made(edited(dtype="F7")),
        "shape": made(edited(shape=[2**40])),
        "shape that overflows": made(edited(shape=[2**63, 2**63])),
        "overlap": made(edited(data_offsets=[start - 4, end - 4])),
        "behind the end": made(edited(data_offsets=[start + 2**40, end + 2**40])),
        "hole": made(header, body + b"xxxx"),
        "less data": made(header, body[:-4]),
        "sums": made({**header, "__metadata__": {"torchkeras_crc32": "[1]"}}),
        "sums that are no JSON": made({**header, "__metadata__": {"torchkeras_crc32": "["}}),
        "other sums": made({**header, "__metadata__": {"torchkeras_crc32": '{"dense.bias": 1}'}}),
        "numpy's view": safetensors.numpy.save({"a": np.ones(3)}),
    }
    for name, content in cases.items():
        files.add(name, content, MFE, suffix=".safetensors")
    files.add("no metadata", made({k: v for k, v in header.items() if k[0] != "_"}), SAME,
              suffix=".safetensors")  # fmt: skip
    files.run()


@pytest.mark.safety("P4")
def test_p4_missing_and_surplus(files):
    cut = state()
    del cut["dense.kernel"]
    files.add("missing", saved(cut), MFE, where="dense/kernel")
    files.add("two missing", saved({"dense.bias": cut["dense.bias"]}), MFE)
    more = {**state(), "dense_7.kernel": torch.ones(1)}
    files.add("surplus, strict", saved(more), MFE, where="dense_7.kernel", strict=True)
    files.add("surplus", saved(more), "loads")
    files.add("half", saved({k: v.half() for k, v in state().items()}), MFE)
    files.add("half, cast", saved({k: v.half() for k, v in state().items()}), "loads", cast=True)
    nan = {**state(), "dense.bias": torch.full((3,), torch.nan)}
    files.add("NaN", saved(nan), "loads")
    files.add("NaN, refused", saved(nan), MFE, where="dense/bias", check_finite=True)
    files.add("order", saved(OrderedDict(reversed(state().items()))), "loads")
    files.run()
