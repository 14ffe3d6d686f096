"""Holds which room listens to which signal, so that a reader finds what a lower room sets off."""

from __future__ import annotations

from flask import Flask

from cohort.kit import signals

LISTENERS = {
    "member_joined": {"cohort.training.service._on_joined"},
    "member_left": {"cohort.training.leaving.service._on_left"},
    "export_verified": {"cohort.training.service._on_export_verified"},
    "firm_merged": set(),
}


def test_each_signal_has_exactly_these_listeners(built_site: Flask) -> None:
    found = {
        name: {f"{each.__module__}.{each.__qualname__}" for ref in signal.receivers.values() if (each := _deref(ref))}
        for name, signal in signals._signals.items()
    }
    assert found == LISTENERS


def _deref(ref: object) -> object:
    return ref() if type(ref).__name__ in {"ReferenceType", "WeakMethod"} else ref  # type: ignore[operator]
