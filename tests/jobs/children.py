"""Forks real processes for tests: they can be killed, and two can start at the same moment."""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Callable


def fork(work: Callable[[], object]) -> int:
    """Run `work` in a child that ends with 0, or with 1 and its traceback; return the child's number."""
    sys.stdout.flush()
    sys.stderr.flush()
    pid = os.fork()
    if pid:
        return pid
    code = 1
    try:
        work()
        code = 0
    except BaseException:  # noqa: BLE001  # the child must end here, whatever happened
        traceback.print_exc()
    finally:
        sys.stderr.flush()
        os._exit(code)


def ended(pid: int) -> int:
    """Wait for a child; return its exit code, or minus the signal that killed it."""
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def together(*works: Callable[[], object]) -> list[int]:
    """Run several works in children that leave one starting line; return their exit codes."""
    ready_read, ready_write = os.pipe()
    go_read, go_write = os.pipe()

    def waiting(work: Callable[[], object]) -> Callable[[], object]:
        def start() -> object:
            os.close(go_write)
            os.write(ready_write, b"r")
            os.read(go_read, 1)  # returns at once for all when the parent closes its end
            return work()

        return start

    pids = [fork(waiting(work)) for work in works]
    for _pid in pids:
        os.read(ready_read, 1)
    for descriptor in (go_write, go_read, ready_read, ready_write):
        os.close(descriptor)
    return [ended(pid) for pid in pids]
