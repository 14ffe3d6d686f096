"""Says in the reader's language what a job is called, when it runs and what a run did; the jobs stand in `jobs`."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, cast

from flask_babel import gettext, ngettext

from cohort.kit import language
from cohort.kit.jobs import JOBS, Job
from cohort.kit.ledger import JobRun
from cohort.kit.watch import Watched


def title_of(name: str) -> str:
    """Return what a job is called; its key when no room has it any more."""
    return str(JOBS[name].title) if name in JOBS else name


def schedule_of(found: Job, now: datetime) -> str:
    """Return when a job runs, by the reader's clock: a daily job's hour follows the next time it is due."""
    if found.daily_at is not None:
        return str(gettext("daily at %(time)s", time=language.clock_time(found.next_firing(now))))
    return str(ngettext("every minute", "every %(num)s minutes", cast(int, found.every_minutes)))


def trouble_of(each: Watched) -> str:
    """Return why somebody must look at a job: it failed, or its last good run is too old, with the age allowed."""
    if not each.is_late:
        return str(gettext("The last run failed."))
    minutes = round(each.job.limit.total_seconds() / 60)
    if minutes % 60 == 0:
        allowed = ngettext("%(num)s hour", "%(num)s hours", minutes // 60)
    else:
        allowed = ngettext("%(num)s minute", "%(num)s minutes", minutes)
    return str(gettext("Too long ago: at least every %(span)s it should go well.", span=allowed))


def deeds_of(name: str, counts: Mapping[str, Any]) -> list[str]:
    """Return what a run did, a phrase a count ("12 mails sent"); what it did not do is left out."""
    said = JOBS[name].counted if name in JOBS else {}
    return [
        said[key](int(count)) if key in said else f"{key.replace('_', ' ')} {language.number(count)}"
        for key, count in counts.items() if count
    ]


def period_of(run: JobRun) -> str:
    """Return which day, or which minute of it, a run concerned."""
    if "T" not in run.period:
        return language.day(run.as_of)
    return language.instant(datetime.fromisoformat(f"{run.period}+00:00"))
