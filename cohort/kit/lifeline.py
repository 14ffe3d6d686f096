"""Ends a process when the one that started it is gone, however it went; what is started is decided by `serve`.

The parent keeps the writing end of a pipe and never writes. The kernel closes it even after SIGKILL, and the
child's reading end then says so, on every system that knows pipes.
"""

from __future__ import annotations

import os
import runpy
import signal
import sys
import time
from threading import Thread

GRACE_SECONDS = 15.0


def end_with(descriptor: int, grace_seconds: float = GRACE_SECONDS) -> None:
    """Ask this process to end when nobody holds the other end of the pipe any more, and insist after a while."""
    Thread(target=_watch, args=(descriptor, grace_seconds), name="lifeline", daemon=True).start()


def _watch(descriptor: int, grace_seconds: float) -> None:
    while os.read(descriptor, 64):
        pass  # nobody writes; only the end of the pipe is news
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(grace_seconds)
    os.kill(os.getpid(), signal.SIGKILL)


def main(words: list[str]) -> None:
    """Run `python -m MODULE WORDS…` in this process, held by the pipe: words are DESCRIPTOR MODULE WORDS…."""
    end_with(int(words[0]))
    sys.argv = words[1:]
    runpy.run_module(words[1], run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main(sys.argv[1:])
