"""Changes the questions that a draft adds to the usual ones: added, reworded, moved, removed.

What firms answer is read in `applications.answers`, the files that they hand in are kept in `applications.files`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, replace

from flask_babel import lazy_gettext as _l
from sqlalchemy.orm import Session

from cohort.kit.access import Actor
from cohort.kit.errors import DomainError, wording
from cohort.rounds.calls.drafting import change
from cohort.rounds.calls.parts import Question, questions_of
from cohort.rounds.models import Round

wording("question_kind", _l("Choose how the question is answered."))
wording("question_label", _l("Write the question in both languages."))
wording("question_choices", _l("Give at least two answers to choose from, one a line, as many in Spanish as in English."))
wording("question_self_test", _l("Only a percentage or one of several answers can be part of the self-test."))
wording("question_many", _l("A call has at most 30 questions of its own."))
wording("question_files", _l("A call asks for at most 5 files."))

OFFERED_KINDS = ("short", "long", "number", "money", "percentage", "choice", "file")
SELF_TEST_KINDS = ("percentage", "choice")
MOST = 30
MOST_FILES = 5  # all of them may come in one request: what a request may bring follows from it


def add_question(session: Session, actor: Actor, round_: Round, asked: Question) -> str:
    """Add a question at the end of a draft and return its name; raises without words, or choices to choose from."""
    held = questions_of(round_.protocol)
    if len(held) >= MOST:
        raise DomainError("question_many")
    number = 1 + max((int(each.name[1:]) for each in held if each.name[1:].isdigit()), default=0)
    made = _checked(replace(asked, name=f"q{number}"))
    _keep(session, actor, round_, [*held, made])
    return made.name


def edit_question(session: Session, actor: Actor, round_: Round, asked: Question) -> None:
    """Reword the question of the same name; raises `not_found` where there is none."""
    question_of(round_, asked.name)
    made = _checked(asked)
    _keep(session, actor, round_, [made if each.name == made.name else each for each in questions_of(round_.protocol)])


def move_question(session: Session, actor: Actor, round_: Round, name: str, *, up: bool) -> None:
    """Change places with the question before, or after; the first and the last stay where they are."""
    held = list(questions_of(round_.protocol))
    place = held.index(question_of(round_, name))
    other = place - 1 if up else place + 1
    if 0 <= other < len(held):
        held[place], held[other] = held[other], held[place]
    _keep(session, actor, round_, held)


def remove_question(session: Session, actor: Actor, round_: Round, name: str) -> None:
    """Take a question out of a draft."""
    gone = question_of(round_, name)
    _keep(session, actor, round_, [each for each in questions_of(round_.protocol) if each != gone])


def question_of(round_: Round, name: str) -> Question:
    """Return the call's question of that name; raises `not_found`."""
    for each in questions_of(round_.protocol):
        if each.name == name:
            return each
    raise DomainError("not_found")


def _checked(asked: Question) -> Question:
    if asked.kind not in OFFERED_KINDS:
        raise DomainError("question_kind")
    if not (asked.label.get("es") and asked.label.get("en")):
        raise DomainError("question_label")
    if asked.is_self_test and asked.kind not in SELF_TEST_KINDS:
        raise DomainError("question_self_test")
    if asked.kind != "choice":
        return replace(asked, choices=())
    if len(asked.choices) < 2 or not all(each.get("es") and each.get("en") for each in asked.choices):
        raise DomainError("question_choices")
    return asked


def _keep(session: Session, actor: Actor, round_: Round, questions: Sequence[Question]) -> None:
    if sum(each.kind == "file" for each in questions) > MOST_FILES:
        raise DomainError("question_files")
    change(session, actor, round_, questions=[{**asdict(each), "choices": list(each.choices)} for each in questions])
