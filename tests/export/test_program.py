"""A `.pt2` file is a program of tensor operations; one that asks for more is refused.

The hostile files below were tried with `torch.export.load` itself: expressions of sizes, guards and
enumerations run code there, as do pickled tensors and shared libraries.
"""

import json
import zipfile

import pytest
import torch

import torchkeras as keras
from torchkeras.export import program
from torchkeras.saving.safety import ModelFileError, UnsafeModelError

GRAPH = "models/model.json"
WEIGHTS = "data/weights/model_weights_config.json"
CODE = "__import__('pathlib').Path({!r}).touch()"


@pytest.fixture(scope="module")
def good(tmp_path_factory):
    path = tmp_path_factory.mktemp("good") / "good.pt2"
    keras.utils.set_random_seed(0)
    x = keras.Input((None, 4))
    keras.Model(x, keras.layers.Dense(3)(x)[:, ::2]).export(path)
    return path


@pytest.fixture
def edited(good, tmp_path):
    def edit(member, change, add=()):
        path = tmp_path / "bad.pt2"
        with zipfile.ZipFile(good) as old, zipfile.ZipFile(path, "w") as new:
            for name in old.namelist():
                data = old.read(name)
                if name.endswith(member):
                    content = json.loads(data)
                    change(content)
                    data = json.dumps(content).encode()
                new.writestr(name, data)
            for name, data in add:
                new.writestr(f"good/{name}" if "/" in name else name, data)
        return path

    return edit


def nodes(content):
    return content["graph_module"]["graph"]["nodes"]


def first_tensor(content):
    return next(iter(content["graph_module"]["graph"]["tensor_values"].values()))


def signature(content):
    return content["graph_module"]["module_call_graph"][0]["signature"]


def test_round_trip(good):
    module = program.read(good)
    assert module(torch.ones(7, 5, 4)).shape == (7, 3, 3)
    assert set(module.state_dict()) == {"dense.kernel", "dense.bias"}
    assert all(type(p) is torch.nn.Parameter for p in module.parameters())
    module(torch.ones(2, 1, 4)).sum().backward()  # it can be trained on


def set_target(name):
    return lambda c: nodes(c)[0].update(target=name)


def set_size(text):
    size = {"as_expr": {"expr_str": text, "hint": None}}
    return lambda c: first_tensor(c)["sizes"].__setitem__(0, size)


def set_payload(**values):
    return lambda c: next(iter(c["config"].values())).update(values)


def set_structure(c):
    spec = signature(c)["in_spec"].replace(
        '"null"', '"{\\"__enum__\\": true, \\"fqn\\": \\"a:b\\"}"'
    )
    assert spec != signature(c)["in_spec"]
    signature(c)["in_spec"] = spec


HOSTILE = {
    "function of os": (GRAPH, set_target("torch.os.system")),
    "function of torch": (GRAPH, set_target("torch.load")),
    "nested function": (GRAPH, set_target("torch.ops.aten.add.Tensor.__class__")),
    "reads a file": (GRAPH, set_target("torch.ops.aten.from_file.default")),
    "writes a file": (GRAPH, set_target("torch.ops.aten.save.default")),
    "other library": (GRAPH, set_target("torch.ops.mylib.op.default")),
    "extension": (GRAPH, set_target("#ext:op")),
    "code as a size": (GRAPH, set_size(CODE)),
    "attribute in a size": (GRAPH, set_size("Symbol('s0').__class__")),
    "huge power": (GRAPH, set_size("Pow(Integer(9), Integer(999999999))")),
    "tower of powers": (GRAPH, set_size("Pow(Pow(Integer(9), Integer(64)), Integer(64))")),
    "string in a size": (GRAPH, set_size("Symbol('s0; import os')")),
    "long size": (GRAPH, set_size("1+" * 20_000 + "1")),
    "code as a range": (GRAPH, lambda c: c["range_constraints"].update({CODE: {}})),
    "code as a name": (GRAPH, lambda c: nodes(c)[0].update(name=f"x={CODE}")),
    "operator as an argument": (
        GRAPH,
        lambda c: nodes(c)[0]["inputs"][0].update(arg={"as_operator": "torch.os.system"}),
    ),
    "object as an argument": (
        GRAPH,
        lambda c: nodes(c)[0]["inputs"][0].update(arg={"as_custom_obj": {"name": "x"}}),
    ),
    "unknown string": (GRAPH, lambda c: nodes(c)[0].update(run="x")),
    "enumeration": (GRAPH, set_structure),
    "pickled tensor": (WEIGHTS, set_payload(use_pickle=True)),
    "tensor of another file": (WEIGHTS, set_payload(path_name="../../../etc/passwd")),
    "object for a tensor": (WEIGHTS, set_payload(path_name="custom_obj_0")),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_more_than_tensors_is_refused(name, edited, tmp_path):
    member, change = HOSTILE[name]
    path = edited(member, change)
    with pytest.raises(
        UnsafeModelError, match=r"bad\.pt2: .*(models/model\.json|weights)"
    ) as error:
        program.read(path)
    assert len(str(error.value)) <= 500
    assert [p.name for p in tmp_path.iterdir()] == ["bad.pt2"]


@pytest.mark.parametrize(
    "member",
    ["data/aotinductor/model/x.so", "data/sample_inputs/other.pt", "data/weights/model.pt",
     "data/constants/custom_obj_0", "extra/notes.txt", "models/second.json", "data.pkl"],
)  # fmt: skip
def test_other_members_are_refused(member, edited):
    path = edited(GRAPH, lambda c: None, [(member, b"x")])
    with pytest.raises(UnsafeModelError, match="one graph and plain tensors, not this member"):
        program.read(path)


def test_what_is_not_needed_is_left_out(edited, tmp_path):
    """Guards, notes on nodes and example inputs would be run, too; without them all is the same."""
    mark = tmp_path / "mark"

    def change(c):
        c["guards_code"] = [CODE.format(str(mark))]
        nodes(c)[0]["metadata"] = {"source_fn_stack": "a,torch.os.system", "stack_trace": "x"}
        c["graph_module"]["metadata"] = {"custom": "]["}
        c["verifiers"] = ["nobody"]

    module = program.read(edited(GRAPH, change))
    assert module(torch.ones(2, 3, 4)).shape == (2, 2, 3)
    assert not mark.exists()


BROKEN = {
    "no object": (GRAPH, lambda c: c.update(graph_module=5)),
    "no graph": (GRAPH, lambda c: c["graph_module"].pop("graph")),
    "same node twice": (GRAPH, lambda c: nodes(c).append(nodes(c)[0])),
    "unknown operation": (GRAPH, set_target("torch.ops.aten.no_such_thing.default")),
    "more numbers than stored": (
        WEIGHTS,
        lambda c: next(iter(c["config"].values()))["tensor_meta"]["sizes"].__setitem__(
            0, {"as_int": 10**12}
        ),
    ),
}


@pytest.mark.parametrize("name", BROKEN)
def test_broken_files(name, edited):
    with pytest.raises(ModelFileError, match=r"bad\.pt2"):
        program.read(edited(*BROKEN[name]))


def test_damaged_files(good, tmp_path):
    path, data = tmp_path / "bad.pt2", good.read_bytes()
    want = program.read(good)(torch.ones(1, 2, 4))
    for n in (0, 10, 1000, len(data) // 2, len(data) - 30, len(data) - 1):
        path.write_bytes(data[:n])
        with pytest.raises(ModelFileError, match="truncated"):
            program.read(path)
    for at in range(5, len(data), len(data) // 60):
        flipped = bytearray(data)
        flipped[at] ^= 4
        path.write_bytes(flipped)
        try:
            assert torch.equal(program.read(path)(torch.ones(1, 2, 4)), want)  # padding, say
        except ModelFileError:
            continue
    with pytest.raises(FileNotFoundError):
        program.read(tmp_path / "none.pt2")
