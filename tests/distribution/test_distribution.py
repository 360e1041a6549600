"""Devices, meshes, layouts and strategies against real Keras, as far as it has them on torch."""

import socket
import subprocess
import sys

import keras
import numpy as np
import pytest
import torch

import torchkeras

OURS, REAL = torchkeras.distribution, keras.distribution
CPUS = ["cpu:0", "cpu:1", "cpu:2", "cpu:3"]
BOTH = pytest.mark.parametrize("d", [OURS, REAL], ids=["ours", "real"])


def grid(d, **kwargs):
    return d.DeviceMesh((2, 2), ["a", "b"], CPUS, **kwargs)


def layouts(d):
    found = d.LayoutMap(grid(d))
    found[".*dense.*kernel"] = (None, "a")
    found["bias"] = ("a",)
    found[".*/conv/.*"] = d.TensorLayout(("b", None))
    return found


@BOTH
def test_mesh(d):
    mesh = grid(d)
    assert repr(mesh) == "<DeviceMesh shape=(2, 2), axis_names=['a', 'b']>"
    assert mesh.devices.tolist() == [["cpu:0", "cpu:1"], ["cpu:2", "cpu:3"]]


@BOTH
@pytest.mark.parametrize(
    ("args", "message"),
    [
        (((), ["a"], CPUS), "cannot be empty"),
        (((1,), [], CPUS), "cannot be empty"),
        (((2, 2), ["a"], CPUS), "same size"),
        (((3,), ["a"], CPUS), "number of devices"),
    ],
)
def test_meshes_that_do_not_fit(d, args, message):
    with pytest.raises(ValueError, match=message):
        d.DeviceMesh(*args)


@BOTH
def test_layout(d):
    layout, mesh = d.TensorLayout(["a", None]), grid(d)
    assert (layout.axes, layout.device_mesh) == (("a", None), None)
    layout.device_mesh = mesh
    assert repr(layout) == f"<TensorLayout axes=('a', None), device_mesh={mesh}>"
    with pytest.raises(ValueError, match=r"device_mesh is set already|Cannot override"):
        layout.device_mesh = mesh
    with pytest.raises(ValueError, match=r"axes must be of|Invalid axis names"):
        d.TensorLayout(("z", None), mesh)


@BOTH
def test_map(d):
    found = layouts(d)
    assert list(found) == [".*dense.*kernel", "bias", ".*/conv/.*"]
    axes = {k: getattr(found[k], "axes", None) for k in (
        "m/dense_1/kernel", "dense/kernel/q", "bias", "m/bias", "bias2", "m/conv/kernel", "",
    )}  # fmt: skip
    assert axes == {
        "m/dense_1/kernel": (None, "a"), "dense/kernel/q": None, "bias": ("a",), "m/bias": None,
        "bias2": None, "m/conv/kernel": ("b", None), "": None,
    }  # fmt: skip
    assert found["m/conv/kernel"].device_mesh is found.device_mesh
    assert found.get("nothing") is None
    found.pop("bias")
    del found[".*/conv/.*"]
    assert len(found) == 1


@BOTH
def test_map_refuses(d):
    found = layouts(d)
    with pytest.raises(ValueError, match=r"already"):
        found["bias"] = ("b",)
    with pytest.raises(ValueError, match=r"TensorLayout"):
        found["x"] = 3
    found[".*kernel"] = ("b",)
    with pytest.raises(ValueError, match=r"several patterns|multiple layout"):
        found["m/dense_1/kernel"]


def described(k, d, strategy):
    """What a distribution says of some variables and data."""
    variables = [k.Variable(np.zeros((2, 3)), name=n) for n in ("bias", "other")]
    return {
        "names": (strategy.batch_dim_name, tuple(strategy.device_mesh.shape)),
        "counts": (
            strategy.num_processes, strategy.data_shard_id, strategy.num_model_replicas,
        ),
        "data": [strategy.get_data_layout(s).axes for s in ((4, 3), (4, None, 5), (None,))],
        "variables": [strategy.get_variable_layout(v).axes for v in variables],
        "dataset": strategy.distribute_dataset([1, 2]),
        "shards": strategy.auto_shard_dataset,
        "repr": repr(strategy),
    }  # fmt: skip


@pytest.mark.parametrize("devices", [["cpu:0"], ["cpu:0", "cpu:1"]])
@pytest.mark.parametrize("shard", [True, False])
def test_data_parallel(devices, shard):
    ours, real = (
        described(k, d, d.DataParallel(devices=devices, auto_shard_dataset=shard))
        for k, d in ((torchkeras, OURS), (keras, REAL))
    )
    assert ours == real


@pytest.mark.parametrize("name", [None, "a", "b"])
def test_model_parallel(name):
    ours, real = (
        described(k, d, d.ModelParallel(layout_map=layouts(d), batch_dim_name=name))
        for k, d in ((torchkeras, OURS), (keras, REAL))
    )
    assert ours == real
    strategy = OURS.ModelParallel(layout_map=layouts(OURS))
    assert strategy.get_tensor_layout("m/dense_1/kernel").axes == (None, "a")
    assert strategy.get_tensor_layout("nothing") is None


def test_scope_on_one_device():
    strategy = OURS.DataParallel(devices=["cpu:0"])
    torchkeras.utils.set_random_seed(0)
    with strategy.scope():
        assert OURS.distribution() is strategy
        model = torchkeras.Sequential([torchkeras.Input((3,)), torchkeras.layers.Dense(1)])
        model.compile("sgd", "mse")
        with_it = model.fit(np.ones((8, 3)), np.ones((8, 1)), verbose=0).history
    assert OURS.distribution() is None
    torchkeras.utils.set_random_seed(0)
    model = torchkeras.Sequential([torchkeras.Input((3,)), torchkeras.layers.Dense(1)])
    model.compile("sgd", "mse")
    assert model.fit(np.ones((8, 3)), np.ones((8, 1)), verbose=0).history == with_it


def test_one_device_of_torch():
    mesh = OURS.DeviceMesh((1, 1), ["a", "b"], ["cpu:0"])
    assert mesh.backend_mesh == torch.device("cpu")
    layout = OURS.TensorLayout(("a", None), mesh)
    assert layout.backend_layout == torch.device("cpu")
    x = torch.ones(2, 3)
    assert OURS.distribute_tensor(x, layout) is x
    with pytest.raises(ValueError, match="an entry for each axis"):
        OURS.distribute_tensor(torch.ones(2), layout)
    with pytest.raises(ValueError, match="layout must be a TensorLayout"):
        OURS.distribute_tensor(x, None)
    with pytest.raises(ValueError, match="needs a device_mesh"):
        _ = OURS.TensorLayout(("a",)).backend_layout


SEVERAL = {
    "scope": lambda: OURS.DataParallel(devices=CPUS).scope().__enter__(),
    "set": lambda: OURS.set_distribution(OURS.ModelParallel(layout_map=layouts(OURS))),
    "mesh": lambda: grid(OURS).backend_mesh,
    "tensor": lambda: OURS.distribute_tensor(
        np.ones((4, 4)), OURS.TensorLayout(("a", None), grid(OURS))
    ),
}


@pytest.mark.parametrize("what", SEVERAL)
def test_several_devices_raise_one_error(what):
    with pytest.raises(RuntimeError, match=r"one device a process.*DistributedDataParallel"):
        SEVERAL[what]()
    assert OURS.distribution() is None


BAD = {
    "value must be a Distribution": lambda: OURS.set_distribution(3),
    "device_mesh must be a DeviceMesh": lambda: OURS.DataParallel(3),
    "layout_map must be a LayoutMap": lambda: OURS.ModelParallel(),
    "LayoutMap with a device_mesh": lambda: OURS.ModelParallel(layout_map=OURS.LayoutMap(None)),
    "batch_dim_name must be one of": lambda: OURS.ModelParallel(
        layout_map=layouts(OURS), batch_dim_name="z"
    ),
    "device_type must be one of": lambda: OURS.list_devices("npu"),
    "process_id must be from 0": lambda: OURS.initialize("h:1", 2, 2),
    "begin with the first process's": lambda: OURS.initialize("host", 2, 0),
}


@pytest.mark.parametrize("message", BAD)
def test_errors(message):
    with pytest.raises(ValueError, match=message):
        BAD[message]()


def test_only_the_first_axis_is_used():
    with pytest.warns(UserWarning, match="only the first is used"):
        strategy = OURS.DataParallel(grid(OURS))
    assert (strategy.batch_dim_name, strategy.num_model_replicas) == ("a", 4)


def test_devices(monkeypatch):
    assert OURS.list_devices("CPU") == ["cpu:0"]
    assert OURS.list_devices("tpu") == []
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    assert OURS.list_devices() == ["gpu:0", "gpu:1"]
    assert OURS.get_device_count("cpu") == 1
    assert OURS.initialize() is None


PROCESS = """
import sys
import torchkeras as keras
d = keras.distribution
d.initialize(f"127.0.0.1:{sys.argv[1]}", 2, int(sys.argv[2]))
s = d.DataParallel()
print(d.list_devices(), s.num_processes, s.data_shard_id, s.num_model_replicas)
try:
    s.distribute_dataset([1])
except RuntimeError as e:
    print("shared out" in str(e))
"""


def test_two_processes(free_port):
    run = [
        subprocess.Popen(
            [sys.executable, "-c", PROCESS, str(free_port), str(i)],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )
        for i in range(2)
    ]  # fmt: skip
    for i, process in enumerate(run):
        out, err = process.communicate(timeout=100)
        assert out == f"['cpu:0', 'cpu:1'] 2 {i} 2\nTrue\n", err[-2000:]


@pytest.fixture
def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]
