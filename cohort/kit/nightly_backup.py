"""Writes an archive each night, restores it aside to see that it holds, and lets old ones go; what it holds is `backup`'s."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any, cast

from flask import current_app
from flask_babel import lazy_gettext as _l
from flask_babel import ngettext
from sqlalchemy.orm import Session

from cohort.config import Settings
from cohort.kit import clock
from cohort.kit.backup import write_backup
from cohort.kit.backup_check import check_backup
from cohort.kit.errors import DomainError
from cohort.kit.jobs import job
from cohort.kit.language import number
from cohort.rules.rotation import kept_days

SPOILT = ".spoilt"
_COUNTED: dict[str, Callable[[int], str]] = {
    "written": lambda n: ngettext("%(count)s archive written", "%(count)s archives written", n, count=number(n)),
    "rows": lambda n: ngettext("%(count)s row found again in it", "%(count)s rows found again in it", n, count=number(n)),
    "files": lambda n: ngettext("%(count)s file found again in it", "%(count)s files found again in it", n, count=number(n)),
    "dropped": lambda n: ngettext("%(count)s old archive dropped", "%(count)s old archives dropped", n, count=number(n)),
}


def archive_of(folder: Path, day: date) -> Path:
    """Return where the archive of a day lies."""
    return folder / f"cohort-{day.isoformat()}.zip"


@job(
    "backup", _l("Writes everything into one archive, restores it aside to see that it holds, and drops old archives."),
    daily_at="02:10", own_transactions=True, title=_l("Back up"), counted=_COUNTED, alarms_when_failed=True,
)
def back_up(_session: Session, as_of: date) -> dict[str, int]:
    """Write and check the archive of today; of a past day only check the one that is there, for that day is gone.

    An archive that does not hold is set aside under another name, so that it counts as none and the next attempt
    writes a new one. Raises `DomainError` naming what did not hold; old archives then stay.
    """
    app = cast(Any, current_app)._get_current_object()
    settings: Settings = app.extensions["settings"]
    archive, written = archive_of(settings.backups, as_of), 0
    if as_of == clock.today() and not archive.exists():
        settings.backups.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_backup(app, archive)
        written = 1
    if not archive.exists():
        return {}
    try:
        checked = check_backup(app, archive)
    except DomainError:
        archive.replace(archive.with_name(archive.name + SPOILT))
        raise
    return {
        "written": written, "rows": checked.rows_count, "files": checked.files_count, "dropped": _let_go(settings),
    }


def _let_go(settings: Settings) -> int:
    """Remove what the rotation no longer keeps, spoilt and half-written archives of those days too; other files stay."""
    by_day: dict[date, list[Path]] = {}
    for path in settings.backups.glob("cohort-*.zip*"):
        try:
            by_day.setdefault(date.fromisoformat(path.name[len("cohort-"):].split(".")[0]), []).append(path)
        except ValueError:
            continue
    good = [day for day, paths in by_day.items() if archive_of(settings.backups, day) in paths]
    kept = kept_days(
        good, daily=settings.backups_daily, weekly=settings.backups_weekly, monthly=settings.backups_monthly)
    gone = [path for day, paths in by_day.items() if day not in kept and day <= max(kept) for path in paths]
    for path in gone:
        path.unlink()
    return len(gone)
