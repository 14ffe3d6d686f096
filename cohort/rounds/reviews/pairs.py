"""Reads a sheet of assignments – file code, evaluator's mail – and says of each line what it would do; saves nothing by halves.

Conflicts are those that are known or found now; giving the files is `assigning`'s part.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from flask_babel import lazy_gettext as _l
from sqlalchemy.orm import Session

from cohort.kit.access import Actor
from cohort.kit.errors import DomainError, wording
from cohort.kit.line_faults import LineFault
from cohort.kit.tables import Table
from cohort.people.models import Person
from cohort.rounds.models import Application, Round
from cohort.rounds.reviews import assigning, conflicts
from cohort.rounds.reviews.conflicts import SEES_NAMES, Pair
from cohort.rounds.scores.sheet import plain_key
from cohort.rounds.screening.queries import require_screened

wording("pairs_faulty", _l("The sheet has faults; nothing was assigned. Each is named with its line."))
wording("pairs_empty", _l("The sheet has no lines. Paste two columns: code of the file, and mail address of the evaluator."))

FAULTS = {
    "unknown_file": _l("“%(code)s” is no file of this call that is reviewed. Check the code."),
    "unknown_evaluator": _l("“%(mail)s” is no evaluator of this plan. Invite the person first, or check the address."),
    "twice": _l("“%(code)s” and “%(mail)s” stand on line %(first)s already. Keep one of the two lines."),
    "half": _l("The line needs a code and a mail address."),
}
COLUMNS = (("file", "code", "archivo", "codigo", "código", "expediente"), ("evaluator", "mail", "email", "evaluador", "evaluadora", "correo"))


class NoColumn(Exception):
    """The table lacks one of its two columns."""


@dataclass(frozen=True)
class PairLine:
    """One good line: which pair, whether it stands already, and why it may not be (kind and fact, empty when it may)."""

    line: int
    code: str
    evaluator: str
    pair: Pair
    stood: bool
    kind: str = ""
    fact: str = ""


class PairFault(LineFault):
    """One line that cannot be taken, in the words of this sheet."""

    WORDS = FAULTS


@dataclass(frozen=True)
class LoadChange:
    """How many files an evaluator would have: before and after."""

    evaluator: str
    before: int
    after: int


@dataclass(frozen=True)
class PairSheet:
    """Everything a sheet would do: lines, faults, loads before and after, and how many files would still lack somebody."""

    lines: tuple[PairLine, ...]
    faults: tuple[PairFault, ...]
    loads: tuple[LoadChange, ...]
    short_count: int

    @property
    def new(self) -> tuple[PairLine, ...]:
        """The lines that would assign somebody."""
        return tuple(line for line in self.lines if not line.stood and not line.kind)

    @property
    def barred(self) -> tuple[PairLine, ...]:
        """The lines that a conflict forbids: while there is one, the sheet is not applied."""
        return tuple(line for line in self.lines if line.kind and not line.stood)


def typed_lines(text: str) -> list[tuple[int, str, str]]:
    """Return (line number, code, mail) of pasted cells; empty lines and a header without a mail address are skipped.

    >>> typed_lines("file,evaluator\\nK7M2P9QXAB; ana@lab.cl")
    [(2, 'K7M2P9QXAB', 'ana@lab.cl')]
    """
    found: list[tuple[int, str, str]] = []
    for number, line in enumerate(text.splitlines(), start=1):
        cells = [cell.strip().strip('"') for cell in re.split(r"[\t;,]|\s+", line.strip()) if cell.strip()]
        if not cells or (not found and "@" not in line):
            continue
        mail = next((cell for cell in cells if "@" in cell), "")
        found.append((number, next((cell for cell in cells if cell != mail), ""), mail))
    return found


def table_text(table: Table) -> str:
    """Return the two columns of an uploaded table as the text box shows them; raises `NoColumn`."""
    plain = {name.strip().lower(): name for name in table.columns}
    picked = [next((plain[name] for name in names if name in plain), None) for names in COLUMNS]
    if None in picked:
        raise NoColumn("file, evaluator")
    return "\n".join("\t".join(cells[str(name)] for name in picked) for _row, cells in table.rows)


def preview(session: Session, actor: Actor, round_: Round, lines: Sequence[tuple[int, str, str]]) -> PairSheet:
    """Return what a sheet would do, line by line, without saving anything."""
    actor.require("round.edit")
    terms = assigning.require_open(round_)
    require_screened(session, round_)
    files = assigning.to_review(session, round_.id)
    people = conflicts.evaluators_of(session, round_.plan_id)
    good, faults = _read(lines, files, people)
    standing = assigning.standing_pairs(session, round_.id)
    why = _why_not(session, round_, terms.is_blind, people, files)
    read = tuple(
        PairLine(line, code, mail, pair, pair in standing, *why.get(pair, ("", ""))) for line, code, mail, pair in good)
    sheet = PairSheet(read, tuple(faults), (), 0)
    counts = Counter(file for file, _person in {*standing, *(each.pair for each in sheet.new)})
    short = sum(1 for each in files if counts[each.id] < terms.per_file)
    before = Counter(person for _file, person in standing)
    return PairSheet(read, tuple(faults), _loads(sheet, people, before), short)


def apply(session: Session, actor: Actor, round_: Round, lines: Sequence[tuple[int, str, str]]) -> assigning.Given:
    """Assign every line of a sheet, all of them or none; raises `pairs_faulty` for a fault or a conflict in one of them."""
    sheet = preview(session, actor, round_, lines)
    if sheet.faults or sheet.barred:
        raise DomainError("pairs_faulty")
    if not sheet.lines:
        raise DomainError("pairs_empty")
    return assigning.give(session, actor, round_, [line.pair for line in sheet.lines], "file")


def _read(
    lines: Sequence[tuple[int, str, str]], files: Sequence[Application], people: Sequence[Person]
) -> tuple[list[tuple[int, str, str, Pair]], list[PairFault]]:
    codes = {plain_key(each.code): each for each in files}
    mails = {each.email: each for each in people}
    good: list[tuple[int, str, str, Pair]] = []
    faults = []
    seen: dict[Pair, int] = {}
    for line, code, mail in lines:
        file, person = codes.get(plain_key(code)), mails.get(mail.lower())
        if not code or not mail:
            faults.append(PairFault(line, "half", {}))
        elif file is None:
            faults.append(PairFault(line, "unknown_file", {"code": code}))
        elif person is None:
            faults.append(PairFault(line, "unknown_evaluator", {"mail": mail}))
        elif (file.id, person.id) in seen:
            faults.append(PairFault(line, "twice", {"code": code, "mail": mail, "first": seen[file.id, person.id]}))
        else:
            seen[file.id, person.id] = line
            good.append((line, file.code, person.name or person.email, (file.id, person.id)))
    return good, faults


def _why_not(
    session: Session, round_: Round, is_blind: bool, people: Sequence[Person], files: Sequence[Application]
) -> dict[Pair, tuple[str, str]]:
    """Return why pairs may not be, without noting anything: what was said, what is found, who reads names elsewhere."""
    words = conflicts.words_on(session, round_.id)
    why = {pair: (said.kind, said.reason) for pair, said in words.items() if said.has_conflict}
    for pair, link in conflicts.detected(session, people, files).items():
        why.setdefault(pair, (link.kind, link.fact))
    if is_blind:
        for pair in conflicts.sees_names(session, round_.plan_id, people, files):
            why.setdefault(pair, (SEES_NAMES, ""))
    return why


def _loads(sheet: PairSheet, people: Sequence[Person], before: Counter[int]) -> tuple[LoadChange, ...]:
    added = Counter(line.pair[1] for line in sheet.new)
    return tuple(
        LoadChange(each.name or each.email, before[each.id], before[each.id] + added[each.id])
        for each in people if added[each.id])
