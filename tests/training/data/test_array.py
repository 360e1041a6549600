"""Batches from arrays, against what real Keras feeds to its train_step."""

import gc
import sys
import tracemalloc
import weakref

import numpy as np
import pytest
import torch

from torchkeras.training.data import make_adapter

A = np.arange(14.0).reshape(7, 2)
Y = np.arange(7)
W = np.linspace(0, 1, 7)


@pytest.mark.parametrize("batch_size", [None, 1, 2, 3, 7, 8])
@pytest.mark.parametrize("shuffle", [False, True, "batch"])
@pytest.mark.parametrize("seed", [0, 1])
def test_batches_and_their_order_are_those_of_keras(
    keras_feeds, we_feed, batch_size, shuffle, seed
):
    """With the same seed also the random orders are the same, over several epochs."""
    given = {"batch_size": batch_size, "shuffle": shuffle, "epochs": 3, "seed": seed}
    assert we_feed(A, Y, **given) == keras_feeds(A, Y, **given)


@pytest.mark.parametrize("steps", [1, 2, 3, 4, 5, 6, 7, 9])
@pytest.mark.parametrize("shuffle", [False, True])
def test_steps_cut_and_span_epochs_as_in_keras(keras_feeds, we_feed, steps, shuffle):
    given = {"batch_size": 2, "steps_per_epoch": steps, "epochs": 5}
    ours = we_feed(A, Y, seed=3, shuffle=shuffle, **given)
    theirs = keras_feeds(A, Y, seed=3, shuffle=shuffle, **given)
    assert ours == theirs


X_FORMS = {
    "array": A,
    "tuple of one": (A,),
    "list of one": [A],
    "list": [A, A[:, :1]],
    "tuple": (A, Y),
    "dict": {"b": A, "a": Y},
    "nested": {"a": [A, (Y, A)], "b": {"c": A}},
    "with None": [A, None],
    "dict with None": {"a": A, "b": None},
    "torch": torch.from_numpy(A),
    "mixed": [torch.from_numpy(A), A],
    "rank 1": Y.astype("float64"),
    "rank 4": np.ones((7, 2, 3, 4)),
    "wide": np.ones((7, 0)),
}


@pytest.mark.parametrize("form", X_FORMS)
def test_structures_are_kept(keras_feeds, we_feed, form):
    given = {"batch_size": 3, "shuffle": True, "seed": 1}
    assert we_feed(X_FORMS[form], Y, **given) == keras_feeds(X_FORMS[form], Y, **given)


def test_no_targets_and_no_inputs(keras_feeds, we_feed):
    assert we_feed(A, shuffle=False) == keras_feeds(A, shuffle=False)
    assert we_feed(None, Y, shuffle=False) == keras_feeds(None, Y, shuffle=False)


@pytest.mark.parametrize(
    ("y", "weight"),
    [
        (Y, W),
        (Y, W.astype("float32")),
        (Y, np.arange(7)),
        (Y, np.ones((7, 2))),
        ([Y], W),
        ([Y, Y], W),
        ({"a": Y, "b": A}, W),
        ([Y, A], [W, W * 2]),
        ({"a": Y, "b": A}, {"b": W, "a": W * 2}),
        ([Y, Y], [W, None]),
        ([Y, None], None),
    ],
    ids=str,
)
def test_sample_weights(keras_feeds, we_feed, y, weight):
    given = {"batch_size": 3, "sample_weight": weight, "shuffle": True, "seed": 2}
    assert we_feed(A, y, **given) == keras_feeds(A, y, **given)


def test_one_weight_array_in_a_list_serves_one_output(we_feed):
    given = {"shuffle": False}
    assert we_feed(A, Y, sample_weight=[W], **given) == we_feed(A, Y, sample_weight=W, **given)


@pytest.mark.parametrize(
    ("y", "weight"),
    [
        ({"a": Y, "b": Y}, {"a": W}),
        ([Y, Y], [W]),
        ([Y, Y], [W, W, W]),
        (Y, [W, W]),
        ({"a": Y}, [W]),
    ],
    ids=str,
)
def test_sample_weights_of_another_form_are_refused(y, weight):
    with pytest.raises(ValueError, match="fit: sample_weight must be one array or be nested as y"):
        make_adapter(A, y, weight)


def test_facts():
    adapter = make_adapter(A, Y, batch_size=2)
    assert (adapter.num_batches, adapter.batch_size, adapter.num_samples) == (4, 2, 7)
    assert make_adapter(A).num_batches == 1
    assert make_adapter(A).batch_size == 32
    spanning = make_adapter(A, batch_size=2, steps=9)
    assert (spanning.num_batches, spanning.num_samples) == (9, 7)


def test_too_few_batches_warn_and_say_so():
    adapter = make_adapter(A, batch_size=2, steps=5)
    with pytest.warns(UserWarning, match="^Your input ran out of data; interrupting") as seen:
        assert len(list(adapter.batches())) == 4
    assert adapter.exhausted
    assert seen[0].filename == __file__
    adapter = make_adapter(A, batch_size=2, steps=2)
    assert [len(list(adapter.batches())) for _ in range(4)] == [2] * 4
    assert not adapter.exhausted


def test_epochs_differ_and_hold_each_sample_once():
    adapter = make_adapter(np.arange(1000), batch_size=7, shuffle=True)
    first, second = (torch.cat([x for x, _, _ in adapter.batches()]) for _ in range(2))
    assert not torch.equal(first, second)
    for order in (first, second):
        assert torch.equal(order.sort().values, torch.arange(1000))


def test_batch_order_stays_within_batches():
    adapter = make_adapter(np.arange(103), batch_size=10, shuffle="batch")
    for i, (x, _, _) in enumerate(adapter.batches()):
        assert x.sort().values.tolist() == list(range(10 * i, min(10 * i + 10, 103)))


def test_parts_stay_together():
    x = np.arange(100)
    adapter = make_adapter({"a": x, "b": x * 2.0}, [x, x], x, batch_size=9, shuffle=True)
    for xs, (y, _), (w, _) in adapter.batches():
        assert torch.equal(xs["a"], y)
        assert torch.equal(xs["b"], 2.0 * y)
        assert torch.equal(w, y)


# --------------------------------------------------------------------------- memory and aliasing


def test_arrays_in_order_are_views_without_a_copy():
    x = np.zeros((1000, 3), "float32")
    pointers = [b[0].data_ptr() for b in make_adapter(x, np.zeros(1000), batch_size=10).batches()]
    start = x.__array_interface__["data"][0]
    assert pointers == [start + i * 10 * 12 for i in range(100)]


@pytest.mark.parametrize("dtype", ["float32", "float64", "float16", "uint16"])
@pytest.mark.parametrize("shuffle", [False, True])
def test_large_arrays_are_never_copied_whole(monkeypatch, dtype, shuffle):
    monkeypatch.setattr("torchkeras.training.data.accept.SETTLE_BYTES", 2**16)
    x = np.ones((20_000, 100), dtype)
    tensors = _bytes_at_most(lambda: _drain(make_adapter(x, batch_size=32, shuffle=shuffle)))
    assert tensors < x.nbytes / 4


def test_small_arrays_are_cast_once():
    adapter = make_adapter(np.ones((10, 2)), batch_size=5)
    first, second = ([b[0].data_ptr() for b in adapter.batches()] for _ in range(2))
    assert first == second


def _drain(adapter):
    for _ in adapter.batches():
        pass


def _bytes_at_most(run):
    """The most that torch's and numpy's allocators hold while `run` runs."""
    with torch.profiler.profile(
        activities=[torch.profiler.ProfilerActivity.CPU], profile_memory=True
    ) as profile:
        tracemalloc.start()
        run()
        numpy_peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    held = most = 0
    for event in profile.profiler.kineto_results.events():
        if event.name() == "[memory]":
            held += event.nbytes()
            most = max(most, held)
    return most + numpy_peak


def test_nothing_holds_a_batch_and_nothing_is_cyclic():
    """With the collector off: each batch dies when the consumer drops it, and so do the arrays."""
    x = torch.ones(64, 4)
    holder = weakref.ref(x)
    gc.collect()
    gc.disable()
    try:
        for steps in (None, 3):
            adapter = make_adapter(
                {"a": x}, torch.ones(64), batch_size=8, shuffle=True, steps=steps
            )
            batches = adapter.batches()
            seen = []
            for _ in range(3):
                batch = next(batches)
                seen.append(weakref.ref(batch[0]["a"]))
                del batch
            assert [s() for s in seen] == [None] * 3
            del adapter, batches
        del x
        assert holder() is None
    finally:
        gc.enable()


def test_variables_and_graphs_are_left_behind():
    x = torch.ones(4, 2, requires_grad=True)
    (batch,) = make_adapter(x * 2, shuffle=True).batches()
    assert not batch[0].requires_grad


def test_inference_mode_and_default_device_do_not_matter():
    adapter = make_adapter(A, Y, batch_size=3, shuffle=True)
    with torch.inference_mode():
        assert len(list(adapter.batches())) == 3
    with torch.device("meta"):
        adapter = make_adapter(A, Y, batch_size=3, shuffle=True)
        assert {b[0].device.type for b in adapter.batches()} == {"cpu"}


def test_floatx_rules_the_floats():
    for floatx in ("bfloat16", "float16", "float64"):
        (batch,) = make_adapter(A, Y, W, floatx=floatx).batches()
        assert [str(p.dtype) for p in batch] == [
            f"torch.{floatx}",
            "torch.int64",
            f"torch.{floatx}",
        ]


# ----------------------------------------------------------------------------------------- errors


@pytest.mark.parametrize(
    ("x", "y", "weight", "message"),
    [
        (A, Y[:5], None, "same number of samples. Received: x with 7, y with 5"),
        ({"a": A, "b": A[:3]}, Y, None, r"x\['a'\] with 7, x\['b'\] with 3, y with 7"),
        ([A, A], [Y, Y[:1]], None, r"x\[0\] with 7, x\[1\] with 7, y\[0\] with 7, y\[1\] with 1"),
        (A, Y, W[:5], "x with 7, y with 7, sample_weight with 5"),
        (A[:0], Y[:0], None, "fit: x has 0 samples"),
        (A[:0], None, None, "fit: x has 0 samples"),
        (torch.ones(0, 3), None, None, "fit: x has 0 samples"),
        ([], Y, None, "x must hold at least one array"),
        ({}, None, None, "x must hold at least one array"),
        ([None], None, None, "x must hold at least one array"),
        (np.array(1.0), None, None, r"x must have a first dimension.*shape \(\)"),
        (torch.tensor(1.0), None, None, r"x must have a first dimension.*shape \(\)"),
        (np.float32(1.0), None, None, r"x must have a first dimension.*shape \(\)"),
    ],
    ids=str,
)
def test_lengths(x, y, weight, message):
    if isinstance(x, list) and not x:
        y = None
    with pytest.raises(ValueError, match=message):
        make_adapter(x, y, weight)


def test_errors_leave_the_generator_alone():
    before = torch.get_rng_state()
    with pytest.raises(ValueError, match="y with 5"):
        make_adapter(A, Y[:5], shuffle=True)
    assert torch.equal(torch.get_rng_state(), before)


def test_overhead_per_batch_is_small():
    """Not a benchmark: catches a slip by an order of magnitude (about 1 µs is usual)."""
    calls = 0

    def count(frame, event, _):
        nonlocal calls
        calls += event == "call"

    adapter = make_adapter(np.zeros((32000, 1), "float32"), np.zeros(32000), shuffle=True)
    _drain(adapter)
    sys.setprofile(count)
    try:
        _drain(adapter)
    finally:
        sys.setprofile(None)
    assert calls < 6 * 1000
