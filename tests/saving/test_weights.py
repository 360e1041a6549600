"""The state of objects to a sink and back, with small objects of the test's own."""

import io
import warnings
from itertools import pairwise

import numpy as np
import pytest
import torch
from saving.damage import edit_h5, put, swap

from torchkeras.core import stateful
from torchkeras.core.variable import Variable
from torchkeras.layers.layer import Layer
from torchkeras.saving.allocation import Allocation
from torchkeras.saving.h5.reader import H5Reader
from torchkeras.saving.safety import ModelFileError
from torchkeras.saving.stores import H5Sink
from torchkeras.saving.weights import Rules, load_state, save_state


class Affine(Layer):
    def __init__(self, rows, columns, dtype=None, **kwargs):
        super().__init__(dtype=dtype, **kwargs)
        self.rows, self.columns = rows, columns

    def build(self, input_shape=None):
        self.kernel = self.add_weight(shape=(self.rows, self.columns), name="kernel")
        self.bias = self.add_weight(shape=(self.columns,), initializer="zeros", name="bias")


class Net(Layer):
    def __init__(self, widths=(3, 2, 4), dtype=None, **kwargs):
        super().__init__(dtype=dtype, **kwargs)
        self.blocks = [
            Affine(a, b, dtype=dtype, name=f"d{i}") for i, (a, b) in enumerate(pairwise(widths))
        ]
        self.count = self.add_weight(shape=(), dtype="int64", trainable=False, name="count")
        self.built = True
        for block in self.blocks:
            block.build(None)


def saved(root, **options):
    with H5Sink(**options) as sink:
        save_state(root, sink)
        return bytes(sink.close())


def load(root, data, allocation=None, **rules):
    with H5Reader(io.BytesIO(data), "w.h5") as source:
        load_state(root, source, Rules(**rules), "w.h5", allocation)


def state(root):
    return {k: v.detach().clone() for k, v in root.state_dict().items()}


def same(a, b):
    return a.keys() == b.keys() and all(torch.equal(a[k], b[k]) for k in a)


def refused(root, data, match, **rules):
    """The load fails with `match`, and changes nothing."""
    before = state(root)
    with pytest.raises(ModelFileError, match=match) as info:
        load(root, data, **rules)
    assert same(before, state(root))
    assert len(str(info.value)) <= 500 and str(info.value).startswith("w.h5")
    return info.value


@pytest.fixture
def net():
    return Net()


@pytest.fixture
def data():
    other = Net()
    other.count.assign(7)
    return saved(other)


def test_round_trip(net):
    other = Net()
    other.count.assign(7)
    load(net, saved(other))
    assert same(state(net), state(other)) and int(net.count) == 7
    with H5Reader(io.BytesIO(saved(other)), "w.h5") as source:
        assert list(source.datasets) == [
            "blocks/affine/vars/0", "blocks/affine/vars/1", "blocks/affine_1/vars/0",
            "blocks/affine_1/vars/1", "vars/0",
        ]  # fmt: skip


def test_wrong_shapes_change_nothing(net, data):
    kernel = "blocks/affine_1/vars/0"
    for shape in ((4, 2), (8,), (2, 4, 1), (1, 2, 4)):
        wrong = edit_h5(data, swap(kernel, data=np.ones(shape, "f4")))
        e = refused(net, wrong, r"d1/kernel: file \(.*\), model \(2, 4\)")
        assert e.where == "blocks/affine_1/vars"
    refused(
        net, edit_h5(data, swap("vars/0", data=np.ones(1, "i8"))), r"count: file \(1,\), model \(\)"
    )


def test_missing_and_additional_weights(net, data):
    def without(path):
        return edit_h5(data, lambda f: f.__delitem__(path))

    refused(net, without("blocks/affine_1"), "blocks/affine_1: 2 weights are missing")
    refused(net, without("blocks/affine_1/vars/0"), "d1/kernel: missing in the file")
    refused(net, edit_h5(data, put("blocks/affine/vars/2", np.ones(3))), "vars/2: not in the model")
    extra = edit_h5(data, put("blocks/zzz/vars/0", np.ones(3, "f4")))
    refused(net, extra, "no place for: blocks/zzz", strict=True)
    with pytest.warns(UserWarning, match="no place for: blocks/zzz") as seen:
        load(net, extra)
    assert len(seen) == 1
    quiet = edit_h5(data, put("a/seed_generator/vars/0", np.ones(2)))
    quiet = edit_h5(quiet, put("optimizer/vars/0", np.ones(2)))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        load(net, quiet, strict=True)


def test_a_hundred_problems_are_a_short_message():
    big = Net(widths=[1] * 60)
    e = refused(big, saved(Net(widths=[2] * 60)), "and .* more|d0/kernel")
    assert "d0/kernel" in str(e)


def test_skip_mismatch_loads_the_rest(data):
    net, before = Net(widths=(3, 2, 5)), None
    before = state(net)
    with pytest.warns(UserWarning, match="skipped what does not fit.*d1/kernel"):
        load(net, data, skip_mismatch=True)
    after = state(net)
    assert int(net.count) == 7
    assert not torch.equal(after["blocks.0.kernel"], before["blocks.0.kernel"])
    assert torch.equal(after["blocks.1.kernel"], before["blocks.1.kernel"])


@pytest.mark.parametrize("dtype", ["f2", "f8", "i4", "?"])
def test_other_types_are_not_converted_in_silence(net, data, dtype):
    wrong = edit_h5(data, swap("blocks/affine/vars/1", data=np.ones(2, dtype)))
    refused(net, wrong, "d0/bias: file .*, model float32")
    if dtype.startswith("f"):
        refused(net, wrong, "cast=True")
        load(net, wrong, cast=True)
        assert net.blocks[0].bias.tolist() == [1.0, 1.0]
    else:
        refused(net, wrong, "d0/bias", cast=True)


def test_whole_numbers_of_another_width(net, data):
    for dtype in ("i1", "i4", "u8", "u2"):
        load(net, edit_h5(data, swap("vars/0", data=np.array(100, dtype))))
        assert int(net.count) == 100
    refused(
        net,
        edit_h5(data, swap("vars/0", data=np.array(2**63, "u8"))),
        "does not fit in the model's int64",
    )


def test_low_precision_types():
    for dtype in ("bfloat16", "float16", "float64"):
        a, b = Net(dtype=dtype), Net(dtype=dtype)
        load(b, saved(a, checksums=True))
        assert same(state(a), state(b)) and b.blocks[0].kernel.dtype is getattr(torch, dtype)
    refused(Net(), saved(Net(dtype="bfloat16")), "file bfloat16, model float32; cast=True")


def test_nan_is_loaded_with_a_warning(net, data):
    odd = edit_h5(data, swap("blocks/affine/vars/1", data=np.array([np.nan, np.inf], "f4")))
    with pytest.warns(UserWarning, match="NaN or infinity in .*d0/bias") as seen:
        load(net, odd)
    assert len(seen) == 1 and torch.isnan(net.blocks[0].bias[0])
    refused(Net(), odd, "d0/bias holds NaN", check_finite=True)
    huge = edit_h5(data, swap("blocks/affine/vars/1", data=np.full(2, 3e38, "f4")))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        load(net, huge)  # finite, though its sum is not


def test_damaged_data_change_nothing(net):
    good = saved(Net(), checksums=True)
    raw = bytearray(good)
    for value in state(net).values():
        value.zero_()
    with H5Reader(io.BytesIO(good), "w.h5") as source:
        last = source.read(source.datasets["blocks/affine_1/vars/0"]).tobytes()
    raw[good.find(last)] ^= 1
    refused(net, bytes(raw), "checksum")


# ------------------------------------------------------------------ objects with their own way


class Own(Layer):
    """A layer that names its state itself, as Keras's users do."""

    def __init__(self, fail=False, **kwargs):
        super().__init__(**kwargs)
        self.fail = fail
        self.table = self.add_weight(shape=(3,), initializer="zeros", name="table")
        self.built = True

    def save_own_variables(self, store):
        store["table"] = self.table
        store["size"] = 3

    def load_own_variables(self, store):
        assert "table" in store and set(store.keys()) == {"table", "size"}
        self.table.assign(store["table"])
        if self.fail:
            raise ValueError("not mine")


class Pair(Layer):
    def __init__(self, fail=False):
        super().__init__()
        self.a, self.b, self.plain = Own(), Own(fail), torch.nn.BatchNorm1d(2)
        self.built = True


def test_own_methods_and_plain_modules():
    source, target = Pair(), Pair()
    source.a.table.assign([1.0, 2.0, 3.0])
    source.plain(torch.randn(4, 2))
    load(target, saved(source))
    assert same(state(source), state(target)) and int(target.plain.num_batches_tracked) == 1


def test_own_method_that_fails_changes_nothing():
    source, target = Pair(), Pair(fail=True)
    source.a.table.assign([1.0, 2.0, 3.0])
    before = state(target)
    with pytest.raises(ValueError, match="not mine"):
        load(target, saved(source))
    assert same(before, state(target))


# ------------------------------------------------------------------ models that are being made


def test_allocation_bounds_memory_before_it_is_taken():
    def build(layers, limit, weights_follow):
        with Allocation(limit, weights_follow=weights_follow):
            for layer in layers:
                layer.build(None)

    with pytest.raises(ModelFileError, match=r"shape \(1099511627776, 2\)"):
        build([Affine(2**40, 2)], 1 << 20, True)
    with pytest.raises(ModelFileError, match="over 100 weights"):
        build([Affine(3, 3) for _ in range(99)], 100, False)
    with Allocation(100, weights_follow=False):
        layer = Affine(3, 3)
        layer.build(None)
    assert layer.kernel.any()


def test_new_objects_are_filled_and_the_rest_initialised(data):
    with Allocation(1 << 20, weights_follow=True) as allocation:
        net = Net()
        net.late = Affine(2, 2)
        net.late.build(None)
        assert not net.blocks[0].kernel.any() and not net.late.kernel.any()
        with pytest.warns(UserWarning, match="skipped"):
            load(net, data, allocation, skip_mismatch=True)
    assert net.blocks[0].kernel.any() and net.late.kernel.any() and int(net.count) == 7
    again = Net()
    load(again, data)
    assert torch.equal(again.blocks[1].kernel, net.blocks[1].kernel)


def test_variables_in_containers_are_the_layers_own():
    class Bag(Layer):
        def __init__(self):
            super().__init__()
            self.items = {"b": Variable([1.0]), "a": [Variable([2.0, 2.0])]}
            late = self.add_weight(shape=(3,), name="zz")
            self.first = self.add_weight(shape=(4,), name="yy")
            self.renamed = late
            self.built = True

    bag = Bag()
    assert stateful.is_standard(bag)
    assert [tuple(v.shape) for v in bag._own_variables()] == [(1,), (2,), (3,), (4,)]  # as Keras
    other = Bag()
    load(other, saved(bag))
    assert same(state(bag), state(other))
