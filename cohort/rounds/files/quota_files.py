"""Reads seats and quotas from the CSV forms of the sortition tools or from TOML, and fits them to a pool.

Whether the quotas can be met is not asked here.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from fractions import Fraction
from hashlib import sha256
from pathlib import Path

from cohort.rounds.files.faults import BadInput, Fault
from cohort.rounds.files.importer import Sheet, column_named, read_sheet
from cohort.rules.pool import Pool
from cohort.rules.quotas import Quota, Where, seats_each

_FORMS = (("feature", "value"), ("category", "feature"), ("category", "name"))
_KEYS = {"name", "where", "of", "min", "max", "min_share", "max_share"}


@dataclass(frozen=True)
class QuotaFile:
    """Quotas in the order of their file, the seats if it names them, and what a person should know.

    `each` are columns with the most seats that any one value of them may have (one seat an owner group).
    """

    file: str
    sha256: str
    quotas: tuple[Quota, ...]
    seats: int | None = None
    notices: tuple[str, ...] = ()
    each: Mapping[str, int] = field(default_factory=dict)


def read_quotas(path: Path, pool: Pool) -> QuotaFile:
    """Return the quotas of a `.toml` or CSV file, their columns spelt as in the pool.

    Raises BadInput with all faults: an unknown column or key, a limit that is no whole number, a least above
    its most, a rule that stands twice. Notices: ignored columns, values that nobody has or no rule lists.
    """
    read = _from_toml(path) if path.suffix.casefold() == ".toml" else _from_sheet(read_sheet(path))
    faults: list[Fault] = []
    quotas = tuple(_fitted(quota, pool, read.file, faults) for quota in read.quotas)
    groups = _groups(read, pool, faults)
    names = [quota.name for quota in quotas]
    faults += [
        Fault(read.file, None, name, "the rule stands twice", "each rule once")
        for name in dict.fromkeys(names)
        if names.count(name) > 1
    ]
    if faults:
        raise BadInput(faults)
    return replace(read, quotas=(*quotas, *groups), notices=(*read.notices, *_notices(quotas, pool)))


def _groups(read: QuotaFile, pool: Pool, faults: list[Fault]) -> list[Quota]:
    """Return one rule for each value of an `each` column that more applicants hold than may have seats."""
    rules: list[Quota] = []
    for name, most in read.each.items():
        spelt = column_named(list(pool.columns), name)
        if spelt is None:
            faults.append(Fault(read.file, None, name, "each: the pool has no such column", f"one of: {', '.join(pool.columns)}"))
        else:
            column = pool.columns[spelt]
            rules += seats_each(spelt, [column.values[code] for code in column.codes.tolist()], most)
    return rules


def _from_sheet(sheet: Sheet) -> QuotaFile:
    names = [name.casefold() for name in sheet.header]
    form = next((form for form in _FORMS if set(form) <= set(names)), None)
    missing = {"min", "max"} - set(names)
    if form is None or missing:
        raise BadInput([Fault(sheet.file, 1, None, f"the columns {', '.join(sheet.header)}", "feature,value,min,max")])
    feature, value, least, most = (names.index(name) for name in (*form, "min", "max"))
    faults: list[Fault] = []
    quotas = []
    for row, line in zip(sheet.rows, sheet.lines, strict=True):
        limits = [_places(sheet.file, line, name, row[at], faults) for name, at in (("min", least), ("max", most))]
        if None not in limits and limits[0] > limits[1]:  # type: ignore[operator]
            faults.append(Fault(sheet.file, line, "min", f"{limits[0]} is above the max", f"at most {limits[1]}"))
        quotas.append(Quota(f"{row[feature]}={row[value]}", {row[feature]: (row[value],)}, limits[0], limits[1]))
    if faults:
        raise BadInput(faults)
    ignored = [name for name in sheet.header if name.casefold() not in {*form, "min", "max"}]
    notices = (f"{sheet.file}: columns not used: {', '.join(ignored)}",) if ignored else ()
    return QuotaFile(sheet.file, sheet.sha256, tuple(quotas), notices=notices)


def _places(file: str, line: int, column: str, text: str, faults: list[Fault]) -> int | None:
    if not text:
        return None
    if not text.isascii() or not text.isdigit():
        faults.append(Fault(file, line, column, f"{text!r} is no count", "a whole number of places, or nothing"))
        return None
    return int(text)


def _from_toml(path: Path) -> QuotaFile:
    content = path.read_bytes()
    try:
        tables = tomllib.loads(content.decode(), parse_float=Decimal)
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise BadInput([Fault(path.name, None, None, str(error), "TOML in UTF-8")]) from error
    faults = [
        Fault(path.name, None, key, "an unknown key", "seats, each or [[quota]]")
        for key in sorted(set(tables) - {"seats", "each", "quota"})
    ]
    each = tables.get("each", {})
    if not isinstance(each, dict) or not all(_is_count(most, least=1) for most in each.values()):
        raise BadInput([*faults, Fault(path.name, None, "each", f"{each!r}", "a table of columns with the most seats of one value")])
    seats, entries = tables.get("seats"), tables.get("quota", [])
    if seats is not None and not _is_count(seats, least=1):
        faults.append(Fault(path.name, None, "seats", f"{seats!r}", "a whole number above 0"))
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise BadInput([*faults, Fault(path.name, None, "quota", "no list of tables", "[[quota]] tables")])
    quotas = [_quota(path.name, number, entry, faults) for number, entry in enumerate(entries, start=1)]
    if faults:
        raise BadInput(faults)
    return QuotaFile(path.name, sha256(content).hexdigest(), tuple(quotas), seats, each=each)


def _quota(file: str, number: int, entry: Mapping[str, object], faults: list[Fault]) -> Quota:
    """Return one [[quota]] table as a rule; what is wrong goes to `faults`, its column the key."""
    where, of = _where(entry.get("where", {})), _where(entry.get("of", {}))
    name = entry.get("name", " & ".join(f"{column}={'|'.join(values)}" for column, values in (where or {}).items()))

    def wrong(key: str, what: str, expected: str) -> None:
        faults.append(Fault(file, None, key, f"quota {number}: {what}", expected))

    for key in sorted(set(entry) - _KEYS):
        wrong(key, "an unknown key", ", ".join(sorted(_KEYS)))
    if not where:
        wrong("where", "no condition", '{column = "value"} or {column = ["v1", "v2"]}')
    if of is None or ("of" in entry and not of):
        wrong("of", "no condition", '{column = "value"}')
    limits = {key: _count_or_none(entry[key]) for key in ("min", "max") if key in entry}
    shares = {key: _share(entry[key]) for key in ("min_share", "max_share") if key in entry}
    for key, limit in (limits | shares).items():
        if limit is None:
            wrong(key, f"{entry[key]!s} is no limit", "a whole number of places, or a share from 0 to 1")
    for low, high in (("min", "max"), ("min_share", "max_share")):
        least, most = (limits | shares).get(low), (limits | shares).get(high)
        if least is not None and most is not None and least > most:
            wrong(low, f"{entry[low]!s} is above the most", f"at most {entry[high]!s}")
    if not isinstance(name, str) or not (limits or shares):
        wrong("name", "no name or no limit", "a text, and any of min, max, min_share, max_share")
    return Quota(
        str(name), where or {}, limits.get("min"), limits.get("max"), shares.get("min_share"),
        shares.get("max_share"), of or None,
    )


def _where(condition: object) -> Where | None:
    """Return the condition with each column's values as texts; None when it is no table of texts."""
    if not isinstance(condition, dict):
        return None
    lists = {column: value if isinstance(value, list) else [value] for column, value in condition.items()}
    if not all(values and all(isinstance(value, str | int) for value in values) for values in lists.values()):
        return None
    return {column: tuple(str(value).strip() for value in values) for column, values in lists.items()}


def _is_count(value: object, least: int = 0) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= least


def _count_or_none(value: object) -> int | None:
    return value if isinstance(value, int) and _is_count(value) else None


def _share(value: object) -> Fraction | None:
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        return None
    share = Fraction(value) if isinstance(value, int) or value.is_finite() else Fraction(-1)
    return share if 0 <= share <= 1 else None


def _fitted(quota: Quota, pool: Pool, file: str, faults: list[Fault]) -> Quota:
    """Return the quota with its columns spelt as the pool spells them."""
    columns = list(pool.columns)
    spelt = {name: column_named(columns, name) for name in (*quota.where, *(quota.of or {}))}
    for name in [name for name, column in spelt.items() if column is None]:
        expected = f"one of: {', '.join(columns)}"
        faults.append(Fault(file, None, name, f"{quota.name}: the pool has no such column", expected))
    where = {spelt[name] or name: values for name, values in quota.where.items()}
    of = None if quota.of is None else {spelt[name] or name: values for name, values in quota.of.items()}
    return replace(quota, where=where, of=of)


def _notices(quotas: Sequence[Quota], pool: Pool) -> list[str]:
    listed: dict[str, set[str]] = {}
    for quota in quotas:
        for where in (quota.where, quota.of or {}):
            for column, values in where.items():
                listed.setdefault(column, set()).update(values)
    notices = []
    for column, named in listed.items():
        held = pool.columns[column].values
        free, absent = [value for value in held if value not in named], sorted(named - set(held))
        if free:
            notices.append(f"no rule lists these values of {column}, they are free: {', '.join(sorted(free))}")
        if absent:
            notices.append(f"nobody in the pool has these values of {column}: {', '.join(absent)}")
    return notices
