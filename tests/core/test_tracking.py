import copy
import pickle

import pytest
import torch

import torchkeras as keras
from torchkeras.core.tracking import TrackedDict, TrackedList


class Holder(keras.layers.Layer):
    def __init__(self, value):
        super().__init__()
        self.held = value

    def call(self, x):
        return x


def dense(name):
    layer = keras.layers.Dense(1, name=name)
    layer.build((None, 1))
    return layer


@pytest.mark.parametrize("make", [
    lambda: [dense("a"), dense("b")],
    lambda: {"x": dense("a"), "y": dense("b")},
    lambda: (dense("a"), [dense("b")]),
    lambda: [{"x": [dense("a")]}, dense("b")],
], ids=["list", "dict", "tuple", "nested"])  # fmt: skip
def test_contents_belong_to_the_layer(make):
    holder = Holder(make())
    assert [v.path for v in holder.weights] == ["a/kernel", "a/bias", "b/kernel", "b/bias"]
    assert len(list(holder.parameters())) == len(holder.state_dict()) == 4
    for other in (copy.deepcopy(holder), pickle.loads(pickle.dumps(holder))):
        assert [v.path for v in other.weights] == [v.path for v in holder.weights]
        assert other.weights[0] is not holder.weights[0]
    holder.double()
    assert all(v.dtype is torch.float64 for v in holder.weights)


def test_containers_stay_lists_and_dicts():
    held = Holder([dense("a")]).held
    assert isinstance(held, list)
    assert isinstance(held, TrackedList)
    held.append(dense("b"))
    held[0] = dense("c")
    assert [x.name for x in held] == ["c", "b"]
    mapping = Holder({"k": dense("d")}).held
    assert isinstance(mapping, dict)
    assert isinstance(mapping, TrackedDict)
    mapping.update(n=dense("e"))
    assert [v.path for v in mapping.parameters()] == ["d/kernel", "d/bias", "e/kernel", "e/bias"]


def test_plain_lists_stay_plain():
    holder = Holder([1, 2])
    assert type(holder.held) is list
    assert not holder.weights


def test_variables_in_lists_follow_moves_and_copies():
    holder = Holder([keras.Variable(1.0, name="a"), keras.Variable(2.0, trainable=False, name="b")])
    assert [v.name for v in holder.trainable_weights] == ["a"]
    assert [v.name for v in holder.non_trainable_weights] == ["b"]
    kept = list(holder.held)
    holder.double()
    assert all(v is w and v.dtype is torch.float64 for v, w in zip(kept, holder.held, strict=True))


def test_what_is_read_is_what_was_changed():
    """Every mutating method of list and dict shows in what reading gives."""
    seen = keras.layers.Layer()
    seen.entries, seen.table = [], {}
    entries, table = seen.entries, seen.table
    a, b, c = (keras.layers.Identity(name=n) for n in "abc")
    entries.append(a)
    entries.insert(0, b)
    entries.extend([c, a])
    entries += [b]
    assert list(entries) == [b, a, c, a, b] == list(reversed(list(reversed(entries))))
    entries[0] = c
    entries[1:3] = [b]
    assert entries == [c, b, a, b]
    assert entries.pop() is b
    entries.remove(a)
    del entries[0]
    entries *= 2
    assert (len(entries), entries[0], entries[-1], b in entries) == (2, b, b, True)
    entries.sort(key=id)
    entries.reverse()
    entries.clear()
    assert not entries
    assert list(entries) == []

    table["a"] = a
    table.update(b=b)
    table |= {"c": c}
    assert table.setdefault("d", a) is a
    assert list(table) == list(table.keys()) == ["a", "b", "c", "d"]
    assert list(table.items())[1] == ("b", b)
    assert table.pop("b") is b
    assert table.popitem() == ("d", a)
    del table["a"]
    assert (len(table), table.get("c"), table.get("x"), "a" in table) == (1, c, None, False)
    assert list(table.values()) == [c]
    table.clear()
    assert not table
    assert dict(table) == {}


def test_lists_and_dicts_of_layers_compile():
    class Blocks(keras.layers.Layer):
        def __init__(self):
            super().__init__()
            self.blocks = [keras.layers.Dense(3), keras.layers.ReLU()]
            self.heads = {"one": keras.layers.Dense(3)}

        def call(self, x):
            for i, block in enumerate(self.blocks):
                x = block(x) + self.blocks[i](x) * len(self.blocks)
            for block in reversed(self.blocks):
                x = block(x)
            for name, head in self.heads.items():
                x = head(x) + self.heads[name](x)
            return x

    layer, x = Blocks(), torch.ones(2, 3)
    expected = layer(x)
    compiled = torch.compile(layer, fullgraph=True, backend="eager")
    assert torch.allclose(compiled(x), expected)
    torch._dynamo.reset()


def test_torch_reaches_what_containers_hold():
    """`functional_call` and `torch.export` find and swap weights by their names in state_dict."""

    class Holder(keras.layers.Layer):
        def __init__(self):
            super().__init__()
            self.parts = [keras.layers.Dense(2), {"inner": keras.layers.Dense(3)}]
            self.scales = {"a": keras.Variable(torch.ones(3)), "b": [keras.Variable(2.0)]}

        def call(self, x):
            x = self.parts[1]["inner"](self.parts[0](x))
            return x * self.scales["a"] * self.scales["b"][0]

    layer, x = Holder(), torch.rand(4, 5)
    want = layer(x)
    weights = dict(layer.named_parameters())
    doubled = {k: v.detach() * (2.0 if k.startswith("scales") else 1.0) for k, v in weights.items()}
    assert len(weights) == 6
    assert layer.get_submodule("parts.0") is layer.parts[0]
    torch.testing.assert_close(torch.func.functional_call(layer, doubled, (x,)), 4 * want)
    torch.testing.assert_close(layer(x), want)
    assert dict(layer.named_parameters()).keys() == weights.keys()
    assert all(v is weights[k] for k, v in layer.named_parameters())
    program = torch.export.export(layer, (x,))
    assert not program.constants
    torch.testing.assert_close(program.module()(x), want)


def test_a_list_that_contains_itself(tmp_path):
    class Cyclic(keras.Model):
        def __init__(self):
            super().__init__()
            self.blocks = [keras.layers.Dense(2)]
            self.blocks.append(self.blocks)

        def call(self, x):
            return self.blocks[0](x)

    model, other, x = Cyclic(), Cyclic(), torch.ones(3, 4)
    assert model(x).shape == other(x).shape == (3, 2)
    model.save_weights(tmp_path / "m.weights.h5")
    other.load_weights(tmp_path / "m.weights.h5")
    assert len(model.weights) == 2
    assert torch.equal(model(x), other(x))
