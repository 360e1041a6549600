"""A source of data that is brought to where another pass over it stood."""

import random

import numpy as np
import pytest
import torch

import torchkeras
from torchkeras._base import streams
from torchkeras.training.data import make_adapter
from torchkeras.training.run import Run

X = np.arange(23, dtype="float32")[:, None]


class Numbers(torchkeras.utils.PyDataset):
    """Counts what is read, and puts its batches in a new order at both ends of an epoch."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.order, self.read = np.arange(23), []

    def __len__(self):
        return 6

    def __getitem__(self, index):
        self.read.append(index)
        return (X[self.order[4 * index : 4 * index + 4]],)

    def on_epoch_begin(self):
        np.random.shuffle(self.order)

    def on_epoch_end(self):
        random.shuffle(list(self.order))
        np.random.shuffle(self.order)


def generator():
    while True:
        yield (X[np.random.permutation(23)[:4]],)


def loader(**options):
    data = torch.utils.data.TensorDataset(torch.tensor(X))
    return torch.utils.data.DataLoader(data, 4, shuffle=True, **options)


SOURCES = {
    "array": lambda: make_adapter(X, batch_size=4),
    "shuffled array": lambda: make_adapter(X, batch_size=4, shuffle=True),
    "shuffled within batches": lambda: make_adapter(X, batch_size=4, shuffle="batch"),
    "array with labels": lambda: make_adapter(X, X, batch_size=4, shuffle=True),
    "dict": lambda: make_adapter({"a": X, "b": X[:, 0]}, batch_size=4, shuffle=True),
    "read-only rows": lambda: make_adapter(np.broadcast_to(X, (23, 3)), batch_size=4),
    "steps of an array": lambda: make_adapter(X, batch_size=4, shuffle=True, steps=4),
    "many steps": lambda: make_adapter(X, batch_size=4, shuffle=True, steps=9),
    "loader": lambda: make_adapter(loader()),
    "workers": lambda: make_adapter(loader(num_workers=1)),
    "steps of a loader": lambda: make_adapter(loader(), steps=4),
    "dataset": lambda: make_adapter(torch.utils.data.TensorDataset(torch.tensor(X)), batch_size=4,
                                    shuffle=True),
    "pydataset": lambda: make_adapter(Numbers(), shuffle=True),
    "pydataset in order": lambda: make_adapter(Numbers()),
    "threads": lambda: make_adapter(Numbers(workers=2), shuffle=True),
    "generator": lambda: make_adapter(generator(), steps=4),
    "list of batches": lambda: make_adapter(iter([(X[:4],), (X[4:8],), (X[8:12],)])),
}  # fmt: skip


def plain(batch):
    return [v.tolist() for v in torch.utils._pytree.tree_leaves(batch) if v is not None]


def epochs(adapter, count, stop=None, first=None, begun=True):
    """Run epochs; yields (epoch, batches done, batch). `stop` breaks off after so many batches."""
    done = 0
    for epoch in range(count):
        if not (epoch == 0 and first is not None and begun):
            adapter.on_epoch_begin()
        n = first if epoch == 0 and first else 0
        for batch in adapter.batches():
            n += 1
            done += 1
            yield epoch, n, plain(batch)
            if done == stop:
                return
        adapter.on_epoch_end()
        yield epoch, "end", None


def seed():
    torch.manual_seed(3), np.random.seed(3), random.seed(3)


@pytest.mark.filterwarnings("ignore:Your input ran out")
@pytest.mark.safety("R5")
@pytest.mark.parametrize("name", SOURCES)
def test_every_place_of_three_epochs(name):
    """From each place, a fresh adapter gives the batches that would have come, in each epoch."""
    seed()
    adapter = SOURCES[name]()
    adapter.recording = True
    whole, places = [], []
    for epoch, n, batch in epochs(adapter, 3):
        within = n != "end"
        places.append((len(whole), epoch, n, adapter.position(within), streams.capture()))
        whole.append((n == "end", batch))
    assert len(places) >= 4
    if name == "workers":
        places = places[2:9:5]
    for at, epoch, n, position, now in places[:-1]:
        seed(), torch.rand(at)
        fresh = SOURCES[name]()
        fresh.recording = True
        fresh.restore(position, 0 if n == "end" else n)
        streams.restore(now)
        first = None if n == "end" else n
        left = 3 - epoch - (n == "end")
        rest = [(m == "end", b) for _, m, b in epochs(fresh, left, first=first)]
        assert rest == whole[at + 1 :], (epoch, n)


def test_array_and_pydataset_read_nothing_again():
    data = Numbers()
    seed()
    adapter = make_adapter(data, shuffle=True)
    adapter.recording = True
    taken = [b for _, b in zip(range(4), adapter.batches(), strict=False)]
    position = adapter.position(True)
    assert len(taken) == 4
    fresh = Numbers()
    again = make_adapter(fresh, shuffle=True)
    last = again.restore(position, 4)
    assert torch.equal(last[0], taken[-1][0]) and len(fresh.read) == 1
    assert fresh.read == data.read[3:4]


def test_recording_costs_nothing_unless_it_is_asked_for():
    adapter = make_adapter(X, batch_size=4)
    list(adapter.batches())
    assert adapter._opened is None and not adapter._told
    assert type(adapter.batches()).__name__ == "generator"


def test_fewer_batches_than_there_were():
    adapter = make_adapter(X, batch_size=4)
    adapter.recording = True
    for _ in zip(range(5), adapter.batches(), strict=False):
        pass
    position = adapter.position(True)
    for other in (make_adapter(X[:12], batch_size=4), make_adapter(iter([(X,)]))):
        with pytest.raises(ValueError, match="the batches that it had when the run broke off, 5"):
            other.restore(position, 5)


class Noting(torchkeras.callbacks.Callback):
    """Not a backup: shows what `fit` hands to who asks for it."""

    def __init__(self):
        super().__init__()
        self.totals = []

    def take_run(self, run):
        self.run = run
        assert isinstance(run, Run)
        run.record()

    def on_train_batch_end(self, batch, logs=None):
        self.totals.append(self.run.total)

    def on_epoch_end(self, epoch, logs=None):
        state = self.run.state()
        assert state["place"]["epoch"] == epoch + 1 and state["place"]["batch"] == 0
        self.totals.append(self.run.total)


@pytest.mark.parametrize("bundle", [1, 4])
def test_steps_of_all_epochs(bundle):
    model = torchkeras.Sequential([torchkeras.Input((1,)), torchkeras.layers.Dense(1)])
    model.compile("sgd", "mse", steps_per_execution=bundle)
    note = Noting()
    model.fit(X, X, batch_size=4, epochs=2, verbose=0, callbacks=[note])
    assert note.totals == ([1, 2, 3, 4, 5, 6, 6, 7, 8, 9, 10, 11, 12, 12] if bundle == 1
                           else [4, 6, 6, 10, 12, 12])  # fmt: skip
