"""Gathers what every page of a selection shows: figures, effects and rows, cut after the first waiting ones."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from flask import request

from cohort.firms.words import country_name
from cohort.rounds.calls import words as call_words
from cohort.rounds.calls.protocol import short
from cohort.rounds.decisions import tables, words
from cohort.rounds.models import Round

LINE_COUNT = 10  # how many of the waiting list are shown at first


def selection_context(round_: Round, record: Mapping[str, Any], lines: Sequence[tables.Line]) -> dict[str, Any]:
    """Return the context of `rounds/_selection.html`; `?all=1` in the address shows every row."""
    cut = [each for each in lines if each.outcome == "selected" or (
        each.outcome == "waitlist" and (each.place or 0) <= LINE_COUNT)]
    shown = list(lines) if "all" in request.args else cut
    return {
        "round": round_, "figures": tables.figures_of(record), "effects": tables.effects(record, round_.protocol),
        "lines": shown, "hidden": len(lines) - len(shown), "words": words, "call_words": call_words, "short": short,
        "country_name": country_name, "rule_share": float(round_.protocol["parity"]["share"]),
    }
