"""Holds what a new plan starts with: member countries, policies and the 23-row template; all of it may be changed.

A value here is only the first version: each plan keeps its own dated rows, and a record names the row it used.
"""

from __future__ import annotations

import tomllib
from importlib.resources import files
from typing import Any

DURATION_DAYS = 730

# Policy keys as in contract.md and in domain.md, "What this means for the product".
POLICIES: dict[str, dict[str, Any]] = {
    "parity": {
        "profile": "IWA34", "share": "0.50", "scope": ["overall", "country"], "mode": "at_least",
        "shortfall": "reserve", "counts": "owned_or_led", "recheck_days": 365,
    },
    "recurrence": {
        "window_days": 365, "min_operations": 3, "min_quarters": 3, "min_destinations": 1, "min_fob_usd": 1000,
        "max_gap_days": 180, "dormant_days": 180, "lapsed_days": 365, "annual_consecutive": 2,
        "ecommerce_only": True, "destinations": [],
    },
    "reminders": {
        "before_days": [7, 1], "overdue_days": [1, 7], "min_gap_days": 3, "digest_weekday": 0,
        "urgent_hours": 48, "escalate_days": 14,
    },
    "thresholds": {
        "min_total": 60, "min_criterion": 1, "evaluators": 2, "third_review_gap": 20, "appeal_answer_days": 10,
        "offer_days": 5, "waitlist_days": 180, "replace_until_day": 120, "verify_within_days": 10,
        "attendance_share": "0.80", "other_milestones_share": "0.80", "demands_second_factor": False,
    },
}

REQUIRED_MILESTONES = frozenset({1, 5, 6, 15, 23})


def template_rows() -> list[dict[str, Any]]:
    """Return the default milestone template of domain.md §7, in order of its numbers."""
    text = files("cohort.reference").joinpath("milestones.toml").read_text("utf-8")
    return list(tomllib.loads(text)["milestone"])
