"""Runs one pure function in a child process that can be stopped; what it computes is decided by its caller."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Callable
from multiprocessing.connection import Connection, wait
from threading import Thread
from typing import Any, TypeVar, cast

from flask_babel import lazy_gettext as _l

from cohort.kit.errors import DomainError, wording

Argument = TypeVar("Argument")
Result = TypeVar("Result")

wording("took_too_long", _l("This took longer than %(seconds)s seconds and was stopped. Nothing was changed."), 503)
wording("child_failed", _l("The calculation broke (%(reason)s). Nothing was changed."), 500)


def run_in_child(function: Callable[[Argument], Result], argument: Argument, timeout_seconds: float) -> Result:
    """Return `function(argument)`, computed in a fresh process.

    `function` stands at the top of a module; it and its argument are pickled. Raises the child's own
    `DomainError`, `DomainError("took_too_long")` after `timeout_seconds`, and `DomainError("child_failed")`
    when it raised anything else or died.
    """
    context = multiprocessing.get_context("spawn")
    receiver, sender = context.Pipe(duplex=False)
    child = context.Process(target=_answer, args=(sender, function, argument), daemon=True)
    child.start()
    sender.close()  # ours; so that the end of the child's copy is seen as the end of the pipe
    try:
        if not receiver.poll(timeout_seconds):
            raise DomainError("took_too_long", seconds=f"{timeout_seconds:g}")
        outcome, value = receiver.recv()
    except EOFError as error:
        child.join()
        raise DomainError("child_failed", reason=f"exit {child.exitcode}") from error
    finally:
        child.kill()
        child.join()
        child.close()
        receiver.close()
    return cast(Result, _unfold(outcome, value))


def _unfold(outcome: str, value: Any) -> Any:
    if outcome == "refused":
        raise DomainError(value[0], **value[1])
    if outcome == "broke":
        raise DomainError("child_failed", reason=value)
    return value


def _answer(sender: Connection, function: Callable[[Any], Any], argument: Any) -> None:
    """Compute and send back: ("done", result), ("refused", (code, params)) or ("broke", reason)."""
    Thread(target=_end_with_parent, daemon=True).start()
    answer: tuple[str, Any]
    try:
        answer = "done", function(argument)
    except DomainError as error:
        answer = "refused", (error.code, error.params)
    except Exception as error:  # noqa: BLE001  # the parent must learn of any fault; it raises it again
        answer = "broke", f"{type(error).__name__}: {error}"
    sender.send(cast(Any, answer))
    sender.close()


def _end_with_parent() -> None:
    """End this child when its parent is gone, however it went: nobody would read the answer."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        wait([parent.sentinel])
        os._exit(1)
