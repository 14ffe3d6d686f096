"""Names changes of dates, and what keeps a milestone from going back, in the reader's language."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l

KIND_NAMES = {
    "start": _l("The plan starts on another day"), "extension": _l("Spread to the new end of the plan"),
    "pause": _l("A firm pauses"), "template": _l("Days of the template for members"),
}
KIND_PURPOSES = {
    "start": _l("Days from enrolment and from the plan’s start move along; firms that enrolled later keep theirs."),
    "extension": _l("Open milestones spread over the days that the extension gave; none comes earlier."),
    "pause": _l("Time stands still for the firm: its open milestones move on by as many days, and no reminder is written to it."),
    "template": _l("Open milestones get the day that the template says now. One that was given a day of its own keeps it."),
}
KEPT_NAMES = {
    "closed": _l("done or waived since"), "redated": _l("given another day since"), "left": _l("the firm left the plan"),
}
