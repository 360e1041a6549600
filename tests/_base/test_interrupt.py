"""Blocks that a signal does not cut in two."""

import os
import signal
import threading

import pytest

from torchkeras._base.interrupt import deferrable, whole


def strike(number=signal.SIGINT):
    os.kill(os.getpid(), number)


@pytest.mark.parametrize("times", [1, 3])
def test_the_block_ends_first(times):
    done = []

    def work():
        with whole:
            for _ in range(times):
                strike()
            done.append("all")
        done.append("more")

    with pytest.raises(KeyboardInterrupt), deferrable():
        work()
    assert done == ["all"]
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    assert not whole.inside and not whole.waiting


def test_outside_of_the_block_it_comes_at_once():
    done = []

    def work():
        strike()
        done.append("too late")

    with pytest.raises(KeyboardInterrupt), deferrable():
        work()
    assert not done


def test_nested():
    done = []

    def work():
        with deferrable(), whole:
            strike()
        done.append("inner")

    with pytest.raises(KeyboardInterrupt), deferrable(), whole:
        work()
    assert done == ["inner"]


def test_an_exception_of_the_block():
    def work():
        strike()
        raise ValueError("own")

    with pytest.raises(KeyboardInterrupt) as found, deferrable(), whole:
        work()
    assert isinstance(found.value.__context__, ValueError)
    assert not whole.inside


def test_a_handler_of_the_programs():
    seen = []
    before = signal.signal(signal.SIGTERM, lambda *args: seen.append(args))
    try:
        with deferrable():
            with whole:
                strike(signal.SIGTERM)
                assert not seen
            assert seen[0][0] == signal.SIGTERM
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        with deferrable(), whole:
            strike(signal.SIGTERM)
        with deferrable():
            signal.signal(signal.SIGINT, signal.SIG_IGN)  # set within: stays
        assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGTERM, before)
        signal.signal(signal.SIGINT, signal.default_int_handler)


def test_in_another_thread_nothing_changes():
    found = []

    def work():
        with deferrable(), whole:
            found.append(signal.getsignal(signal.SIGINT))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert found == [signal.default_int_handler]
    assert not whole.inside
