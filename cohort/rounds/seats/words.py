"""Words the states of an offered seat in the reader's language."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l

STATES = {
    "waiting": _l("Waits for the firm’s answer"), "accepted": _l("Accepted"), "declined": _l("Given back"),
    "expired": _l("Days to accept over"), "withdrawn": _l("Taken back"), "left": _l("Left the plan"),
}
TONES = {
    "waiting": "sun", "accepted": "leaf", "declined": "neutral", "expired": "neutral", "withdrawn": "coral", "left": "neutral",
}
