"""Keeps a next step as JSON and reads it back; its figures are decided in `rules.next_step`, its words elsewhere."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from cohort.rules.stages import NextStep


def step_columns(step: NextStep) -> dict[str, Any]:
    """Return a next step as it is kept: days as ISO text, amounts as exact text."""
    return {
        name: value.isoformat() if isinstance(value, date) else str(value) if isinstance(value, Decimal) else value
        for name, value in vars(step).items()
    }


def step_text(step: NextStep) -> str:
    """Return a next step as the text of `step_columns`, for rows written by the thousand."""
    by_on = f'"{step.by_on.isoformat()}"' if step.by_on is not None else "null"
    return (
        f'{{"code": "{step.code}", "exports": {step.exports}, "new_quarters": {step.new_quarters}, "new_destinations":'
        f' {step.new_destinations}, "missing_fob_usd": "{step.missing_fob_usd}", "by_on": {by_on}}}'
    )


def step_of(columns: dict[str, Any]) -> NextStep:
    """Return a kept next step; a mail hands its day over as a day already."""
    read = dict(columns)
    by_on = read.get("by_on")
    read["by_on"] = date.fromisoformat(by_on) if isinstance(by_on, str) else by_on
    read["missing_fob_usd"] = Decimal(read.get("missing_fob_usd", "0"))
    return NextStep(**read)
