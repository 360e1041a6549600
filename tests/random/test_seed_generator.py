import copy
import pickle
import random

import keras
import numpy as np
import pytest
import torch

from oracle import check_config, clear_names
from torchkeras._base import scope
from torchkeras.core.serialize import deserialize_keras_object, serialize_keras_object
from torchkeras.random import SeedGenerator, dropout, normal, uniform


def count(generator):
    return generator.state.tolist()[1]


@pytest.mark.parametrize("seed", [0, 7, -1, 2**31 - 1])
def test_state_is_that_of_keras(seed):
    mine, real = SeedGenerator(seed), keras.random.SeedGenerator(seed)
    check_config(mine, real)
    want = real.state
    assert (mine.state.name, mine.state.path) == (want.name, want.path)
    assert (mine.state.shape, str(mine.state.dtype)) == (want.value.shape, "torch.int32")
    assert not mine.state.trainable and not mine.state.requires_grad
    for _ in range(3):
        assert mine.next().tolist() == real.next().tolist()
        assert mine.state.tolist() == want.value.tolist()
    assert mine.next(ordered=False).dtype == torch.int32


def test_without_a_seed_it_is_the_one_keras_draws():
    random.seed(4)
    mine = SeedGenerator()
    random.seed(4)
    real = keras.random.SeedGenerator()
    assert mine.state.tolist() == real.state.value.tolist()
    check_config(mine, real)
    assert mine.get_config()["seed"] is None


def test_names():
    clear_names()
    assert [SeedGenerator(1).name, SeedGenerator(1).name] == ["seed_generator", "seed_generator_1"]
    named = SeedGenerator(1, name="mine")
    assert named.state.path == keras.random.SeedGenerator(1, name="mine").state.path


@pytest.mark.parametrize("seed", ["a", 1.5, [1, 2], np.float32(3)], ids=str)
def test_bad_seeds(seed):
    with pytest.raises(ValueError, match="SeedGenerator: seed must be an integer"):
        SeedGenerator(seed)


def test_wide_and_numpy_seeds():
    assert SeedGenerator(2**40 + 3).state.tolist() == [3, 0]
    assert SeedGenerator(2**31).state.tolist() == [-(2**31), 0]
    assert SeedGenerator(np.int64(5)).get_config()["seed"] == 5


def test_each_draw_counts_and_differs():
    stream = SeedGenerator(1)
    draws = [normal((4,), seed=stream) for _ in range(20)]
    assert count(stream) == 20
    assert len({tuple(d.tolist()) for d in draws}) == 20
    assert torch.equal(draws[0], normal((4,), seed=1)), "the first draw is the seed's own"


def test_streams_of_neighbouring_seeds_do_not_overlap():
    first, second = SeedGenerator(1), SeedGenerator(2)
    a = {tuple(normal((2,), seed=first).tolist()) for _ in range(200)}
    b = {tuple(normal((2,), seed=second).tolist()) for _ in range(200)}
    assert not a & b


def test_state_that_is_written_moves_the_stream():
    stream = SeedGenerator(7)
    draws = [uniform((2,), seed=stream).tolist() for _ in range(4)]
    stream.state.assign([7, 2])
    assert uniform((2,), seed=stream).tolist() == draws[2]
    stream.state.copy_(torch.tensor([7, 1]))
    assert uniform((2,), seed=stream).tolist() == draws[1]
    stream.state.data = torch.tensor([7, 3], dtype=torch.int32)
    assert uniform((2,), seed=stream).tolist() == draws[3]
    assert stream.state.tolist() == [7, 4]


def restored(how, stream):
    if how == "state_dict":
        other = SeedGenerator(0)
        other.load_state_dict(copy.deepcopy(stream.state_dict()))
        return other
    return {"copy": copy.deepcopy, "pickle": lambda s: pickle.loads(pickle.dumps(s))}[how](stream)


@pytest.mark.parametrize("how", ["copy", "pickle", "state_dict"])
def test_copies_go_on_by_themselves(how):
    stream = SeedGenerator(3)
    normal((2,), seed=stream)
    other = restored(how, stream)
    ahead = [normal((2,), seed=stream).tolist() for _ in range(3)]
    assert count(other) == 1 and count(stream) == 4
    assert [normal((2,), seed=other).tolist() for _ in range(3)] == ahead
    assert other.state.name == "seed_generator_state"


def test_it_is_state_of_a_module():
    class Net(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.noise = SeedGenerator(2)

    net = Net()
    state = net.noise.state
    assert list(net.parameters()) == []
    assert list(net.state_dict()) == ["noise.state"]
    net.double().to("cpu").half()
    assert net.noise.state is state and state.dtype == torch.int32
    normal((2,), seed=net.noise)
    assert net.state_dict()["noise.state"].tolist() == [2, 1]
    assert "SeedGenerator(seed=2" in repr(net)


def test_a_state_that_lives_elsewhere():
    """What a CUDA state does, on memory that the cells do not share."""

    class Far(SeedGenerator):
        def _is_local(self, state):
            return False

    far, near = Far(5), SeedGenerator(5)
    for _ in range(3):
        assert torch.equal(normal((2,), seed=far), normal((2,), seed=near))
    assert far.state.tolist() == [5, 3]
    far.state.assign([5, 1])
    near.state.assign([5, 1])
    assert torch.equal(normal((2,), seed=far), normal((2,), seed=near))
    assert far.next().tolist() == [5, 2]


def test_configs_go_both_ways():
    mine, real = SeedGenerator(4, "a"), keras.random.SeedGenerator(4, "a")
    config = serialize_keras_object(mine)
    assert config == keras.saving.serialize_keras_object(real)
    assert deserialize_keras_object(config).get_config() == mine.get_config()
    assert keras.saving.deserialize_keras_object(config).get_config() == mine.get_config()


def test_inferring_shapes_draws_nothing():
    stream = SeedGenerator(1)
    with torch.device("meta"), scope.scoped(probe_size=2520):
        x = torch.empty(2520, 3)
        assert dropout(x, 0.5, seed=stream).is_meta
        assert normal((2, 3), seed=stream).is_meta
        assert normal((2, 3), seed=3).is_meta
        stream.next(), stream.generator()
    assert count(stream) == 0
    # A layer that is built meanwhile gets real weights: torch's modes are off around its build.
    with torch.device("meta"), scope.scoped(probe_size=2520), torch._C.DisableTorchFunction():
        assert not normal((2, 3), seed=stream).is_meta
    assert count(stream) == 1


@pytest.mark.parametrize("cls", [SeedGenerator, keras.random.SeedGenerator])
def test_unknown_arguments(cls):
    with pytest.raises(ValueError, match="foo"):
        cls(1, foo=2)
