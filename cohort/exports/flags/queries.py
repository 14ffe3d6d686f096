"""Reads standings and flags for pages; changes nothing. The same queries for one firm and for fifty."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session, joinedload

from cohort.exports.flags.progress import FirmProgress, progress_of
from cohort.exports.models import Export, FirmStanding, StageFlag
from cohort.kit import clock
from cohort.kit.access import Actor
from cohort.kit.errors import DomainError
from cohort.plans.groups import Group, in_group
from cohort.plans.models import Member, Plan
from cohort.rules.stages import STAGES

PAGE_ROWS = 50
NEW_DAYS = 7


@dataclass(frozen=True)
class FlagRow:
    """One firm of the list: how far it is now, the stage written last night, and its latest flag if any."""

    progress: FirmProgress
    stage: str
    flag: StageFlag | None

    @property
    def member(self) -> Member:
        """The firm in the plan."""
        return self.progress.member


def flag_page(
    session: Session, plan: Plan, group: Group, stage: str, country: str, page: int, today: date
) -> tuple[list[FlagRow], int]:
    """Return one page of a group's firms, those whose stage changed last first, and how many there are.

    Errors: DomainError `no_such_filter` for a stage that there is not.
    """
    if stage and stage not in [each.value for each in STAGES]:
        raise DomainError("no_such_filter", value=stage)
    criteria: list[ColumnElement[bool]] = [Member.plan_id == plan.id, in_group(group)]
    if country:
        criteria.append(Member.country == country)
    if stage:
        criteria.append(FirmStanding.stage == stage)
    joined = (FirmStanding.plan_id == Member.plan_id) & (FirmStanding.firm_id == Member.firm_id)
    latest = select(StageFlag.firm_id, func.max(StageFlag.id).label("flag_id")).where(StageFlag.plan_id == plan.id).group_by(StageFlag.firm_id).subquery()
    statement = (
        select(Member, FirmStanding.stage, latest.c.flag_id).join(FirmStanding, joined)
        .outerjoin(latest, latest.c.firm_id == Member.firm_id).where(*criteria)
        .options(joinedload(Member.firm)).order_by(func.coalesce(latest.c.flag_id, 0).desc(), Member.id)
    )
    found = session.execute(statement.offset((page - 1) * PAGE_ROWS).limit(PAGE_ROWS)).all()
    total = session.scalar(select(func.count(Member.id)).join(FirmStanding, joined).where(*criteria)) or 0
    numbers = [flag_id for _member, _stage, flag_id in found if flag_id]
    flags = {flag.id: flag for flag in session.scalars(select(StageFlag).where(StageFlag.id.in_(numbers)))}
    progress = progress_of(session, plan, [member for member, _stage, _flag in found], today)
    rows = [FlagRow(far, written, flags.get(flag_id)) for far, (_member, written, flag_id) in zip(progress, found, strict=True)]
    return rows, total


def flag_named(session: Session, flag_id: int) -> StageFlag:
    """Return a flag within the actor's reach with its firm; raises DomainError `not_found`."""
    statement = select(StageFlag).where(StageFlag.id == flag_id).options(joinedload(StageFlag.firm, innerjoin=True))
    flag = session.scalars(statement).one_or_none()
    if flag is None:
        raise DomainError("not_found")
    return flag


def exports_of(session: Session, flag: StageFlag) -> list[Export]:
    """Return the exports that decided a flag, by day."""
    return list(session.scalars(select(Export).where(Export.id.in_(flag.operations)).order_by(Export.exported_on, Export.id)))


def earlier_of(session: Session, flag: StageFlag) -> list[StageFlag]:
    """Return every flag of the same firm, latest first."""
    statement = select(StageFlag).where(StageFlag.plan_id == flag.plan_id, StageFlag.firm_id == flag.firm_id)
    return list(session.scalars(statement.order_by(StageFlag.id.desc())))


def new_count(session: Session, actor: Actor) -> int:
    """Return how many flags of the actor's plan and reach were raised in the last seven days."""
    since = clock.today() - timedelta(days=NEW_DAYS)
    statement = select(func.count(StageFlag.id)).where(StageFlag.plan_id == actor.plan_id, StageFlag.raised_on > since)
    return session.scalar(statement) or 0
