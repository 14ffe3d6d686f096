"""Names the services of the room in one place, so that callers above know one module; each decides in its sub-room."""

from __future__ import annotations

from cohort.exports.entries.service import (
    add_proof,
    confirm_own,
    correct_export,
    log_export,
    withdraw_export,
)
from cohort.exports.facts import ExportFacts
from cohort.exports.proof.service import refund_export, refuse_export, reopen_export, verify_export
from cohort.exports.rates.service import converted, fill_pending, rate_on

__all__ = [
    "ExportFacts", "add_proof", "confirm_own", "converted", "correct_export", "fill_pending", "log_export", "rate_on",
    "refund_export", "refuse_export", "reopen_export", "verify_export", "withdraw_export",
]
