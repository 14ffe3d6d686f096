"""Reads the list of participants of a meeting tool and says of each faulty line what to do; saves nothing.

Which firm a mail or a tax number stands for comes in as a table; who may write it down is decided in `files`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from flask_babel import lazy_gettext as _l

from cohort.kit.line_faults import LineFault
from cohort.kit.tables import parse_number

# Names of columns as meeting tools and people write them, small letters, the preferred one first.
MAILS = ("email", "mail", "e-mail", "user email", "email address", "correo", "correo electrónico", "correo electronico")
TAX_IDS = ("tax_id", "tax id", "tax number", "número tributario", "rut", "nit", "rfc", "ruc")
MINUTES = (
    "minutes", "minutos", "total duration (minutes)", "duration (minutes)", "duración total (minutos)", "duración (minutos)",
    "in-meeting duration", "duration", "duración en la reunión", "duración",
)
DAYS = ("date", "fecha", "join time", "first join", "hora de entrada", "hora de ingreso", "primera unión")
MOST_MINUTES = 1440
SESSIONS = ("session", "sesión", "sesion")

FAULTS: Mapping[str, Any] = {
    "no_key": _l("There is neither a mail address nor a tax number. Add one of them, or take the line out."),
    "unknown": _l("“%(key)s” is no firm of this plan that you may write down. Correct the mail or the tax number, or take the line out."),
    "several": _l("“%(key)s” stands for several firms of this plan. Use the tax number instead."),
    "no_minutes": _l("“%(key)s” has no minutes. Write how long it took part, or take the line out."),
    "no_number": _l("“%(text)s” is no number of minutes. Write it as 90, 1 h 30 min or 1:30:00."),
    "range": _l("%(text)s is not from 0 to 1,440 minutes."),
    "no_day": _l("“%(text)s” is no day. Write it as 2026-11-24 or 24/11/2026."),
    "other_day": _l("The line is of %(text)s, but this session was on %(day)s. Is it the file of another session?"),
    "other_session": _l("The line is of session %(text)s, but this is session %(number)s."),
}
_DURATION = re.compile(r"(?:(\d+)\s*h[a-z.]*)?\s*(?:(\d+)\s*m[a-z.]*)?\s*(?:(\d+)\s*s[a-z.]*)?", re.IGNORECASE)
_CLOCK = re.compile(r"(\d{1,2}):(\d{2}):(\d{2})")


class NoColumn(Exception):
    """The table lacks a column that is needed; `expected` says which names would do."""

    def __init__(self, expected: str) -> None:
        super().__init__(expected)
        self.expected = expected


class Fault(LineFault):
    """One line that cannot be taken, in the words of this sheet."""

    WORDS = FAULTS


@dataclass(frozen=True)
class Row:
    """What a file says of one member: the lines it stands on, what it is called there, its minutes in all."""

    lines: tuple[int, ...]
    key: str
    member_id: int
    minutes: int


@dataclass(frozen=True)
class Sheet:
    """Everything a file says: one row a member, the faults, and the lines of staff, which are left out."""

    rows: tuple[Row, ...]
    faults: tuple[Fault, ...]
    staff_lines: tuple[int, ...] = ()


@dataclass(frozen=True)
class Expected:
    """What a file is read against: the session's number and day, members by mail and tax number, mails of staff."""

    number: int
    day: date
    members: Mapping[str, frozenset[int]]
    staff: frozenset[str] = frozenset()


def read_sheet(
    columns: Sequence[str], lines: Iterable[tuple[int, Mapping[str, str]]], expected: Expected, *, has_decimal_comma: bool
) -> Sheet:
    """Return what a table says; the minutes of a member that stands on several lines are added up.

    Columns: a mail address or a tax number, and minutes; if there, also a day and the session's number, which must
    fit. Errors: `NoColumn` where one is missing, and TableFault while lines are read.
    """
    names = _names(columns)
    rows: dict[int, Row] = {}
    faults: list[Fault] = []
    staff: list[int] = []
    for line, cells in lines:
        key = cells.get(names["mail"], "") or cells.get(names["tax_id"], "")
        if plain_key(key) in expected.staff:
            staff.append(line)
            continue
        found = _read(cells, names, key, expected, has_decimal_comma)
        if isinstance(found, tuple):
            member, minutes = found
            known = rows.get(member, Row((), key, member, 0))
            rows[member] = Row((*known.lines, line), known.key, member, known.minutes + minutes)
        else:
            faults += [Fault(line, code, params) for code, params in found.items()]
    faults += [Fault(row.lines[-1], "range", {"text": row.minutes}) for row in rows.values() if row.minutes > MOST_MINUTES]
    return Sheet(tuple(rows.values()), tuple(sorted(faults, key=lambda each: each.line)), tuple(staff))


def plain_key(text: str) -> str:
    """Return a mail address in small letters, or a tax number without its marks, in capitals."""
    return text.strip().casefold() if "@" in text else re.sub(r"[^0-9A-Z&Ñ]", "", text.upper())


def minutes_of(text: str, has_decimal_comma: bool = False) -> int | None:
    """Return minutes as written by a person or a meeting tool, rounded half up; None when it is none of these.

    >>> minutes_of("90"), minutes_of("89,5", True), minutes_of("1h 5m 31s"), minutes_of("1 h 30 min"), minutes_of("1:30:00"), minutes_of("soon")
    (90, 90, 66, 90, 90, None)
    """
    whole = _DURATION.fullmatch(text.strip())
    spoken = whole or _CLOCK.fullmatch(text.strip())
    if spoken is not None and any(spoken.groups()):
        hours, minutes, seconds = (Decimal(part or 0) for part in spoken.groups())
        exact = hours * 60 + minutes + seconds / 60
    else:
        try:
            exact = parse_number(text, has_decimal_comma)
        except ValueError:
            return None
    return int(exact.quantize(Decimal(1), ROUND_HALF_UP)) if abs(exact) < 1_000_000 else 1_000_000


def days_of(text: str) -> set[date]:
    """Return the days that a text may mean, day or month first where both are possible; empty when it is no day.

    >>> sorted(days_of("24/11/2026 15:02")), days_of("31/02/2026")
    ([datetime.date(2026, 11, 24)], set())
    """
    parts = [int(part) for part in re.findall(r"\d+", re.split(r"[T ,]", text.strip(), maxsplit=1)[0])]
    if len(parts) != 3:
        return set()
    year_first = parts[0] > 31
    orders = [(parts[0], parts[1], parts[2])] if year_first else [(parts[2], parts[1], parts[0]), (parts[2], parts[0], parts[1])]
    found = set()
    for year, month, day in orders:
        try:
            found.add(date(year + 2000 if year < 100 else year, month, day))
        except ValueError:
            continue
    return found


def _names(columns: Sequence[str]) -> dict[str, str]:
    written = {" ".join(name.casefold().split()): name for name in columns}
    kinds = {"mail": MAILS, "tax_id": TAX_IDS, "minutes": MINUTES, "day": DAYS, "session": SESSIONS}
    found = {kind: next((written[name] for name in wanted if name in written), "") for kind, wanted in kinds.items()}
    if not found["mail"] and not found["tax_id"]:
        raise NoColumn("email, tax_id")
    if not found["minutes"]:
        raise NoColumn("minutes")
    return found


def _read(
    cells: Mapping[str, str], names: Mapping[str, str], key: str, expected: Expected, has_decimal_comma: bool
) -> tuple[int, int] | dict[str, dict[str, Any]]:
    """Return (member, minutes) of a line, or all its faults by their code."""
    number, day, typed = (cells.get(names[kind], "") if names[kind] else "" for kind in ("session", "day", "minutes"))
    wrong = _of_another(number, day, expected)
    members = expected.members.get(plain_key(key), frozenset())
    if len(members) != 1:
        wrong["several" if members else "unknown" if key else "no_key"] = {"key": key}
    minutes = minutes_of(typed, has_decimal_comma) if typed else None
    if minutes is None:
        wrong["no_number" if typed else "no_minutes"] = {"text": typed, "key": key or "—"}
    elif not 0 <= minutes <= MOST_MINUTES:
        wrong["range"] = {"text": typed}
    elif not wrong:
        return next(iter(members)), minutes
    return wrong


def _of_another(number: str, day: str, expected: Expected) -> dict[str, dict[str, Any]]:
    """Return what shows that a line is of another session; empty when nothing does."""
    wrong: dict[str, dict[str, Any]] = {}
    if number and number != str(expected.number):
        wrong["other_session"] = {"text": number, "number": expected.number}
    days = days_of(day)
    if day and expected.day not in days:
        wrong["other_day" if days else "no_day"] = {"text": day, "day": expected.day.isoformat()}
    return wrong
