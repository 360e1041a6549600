"""Making the operating system fail: at the n-th call, or by killing the process."""

import os
import signal
from collections.abc import Callable, Iterator

CALLS = (
    "open", "write", "fsync", "replace", "rename", "unlink", "truncate", "ftruncate", "fchmod",
)  # fmt: skip
_FINISHED, _OS_ERROR, _OTHER = 42, 3, 4


def fail_at_call(n: int, action: Callable[[], object], error: int | None) -> str:
    """Run `action` in a child whose n-th call of `CALLS` fails; `error=None` kills it there.

    Returns "finished" (fewer calls than n), "killed", "os error", "ok" or "other".
    """
    pid = os.fork()
    if pid == 0:
        seen = 0

        def hooked(real: Callable) -> Callable:
            def call(*args, **kwargs):
                nonlocal seen
                seen += 1
                if seen == n:
                    if error is None:
                        os.kill(os.getpid(), signal.SIGKILL)
                    raise OSError(error, os.strerror(error))
                return real(*args, **kwargs)

            return call

        for name in CALLS:
            setattr(os, name, hooked(getattr(os, name)))
        code = 0
        try:
            action()
        except OSError as e:
            code = _OS_ERROR if e.filename else _OTHER  # the message must name the file
        except BaseException:
            code = _OTHER
        os._exit(code if seen >= n else _FINISHED)
    _, status = os.waitpid(pid, 0)
    if os.WIFSIGNALED(status):
        return "killed" if os.WTERMSIG(status) == signal.SIGKILL else "crashed"
    names = {_FINISHED: "finished", _OS_ERROR: "os error", 0: "ok", _OTHER: "other"}
    return names.get(os.WEXITSTATUS(status), "other")


def sweep(
    action: Callable[[], object], error: int | None, reset: Callable[[], object]
) -> Iterator[str]:
    """Fail call 1, 2, 3, … until `action` finishes; `reset` restores the start before each."""
    for n in range(1, 500):
        reset()
        outcome = fail_at_call(n, action, error)
        yield outcome
        if outcome == "finished":
            return
    raise AssertionError("the sweep does not end")
