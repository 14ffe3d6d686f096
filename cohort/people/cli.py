"""The command that invites a person; the rules of who may be invited stand in invitations."""

from __future__ import annotations

import json

import click
from flask_babel import lazy_gettext as _l
from sqlalchemy import func, select

from cohort.kit.access import SYSTEM, Role
from cohort.kit.database import db, transaction
from cohort.kit.errors import DomainError, wording
from cohort.kit.language import LANGUAGES
from cohort.kit.site import site_command
from cohort.people import invitations

wording("plan_unknown", _l("There is no such plan. Make a plan first."), 404)


@click.group()
def people_group() -> None:
    """Invite a person."""


@people_group.command()
@click.argument("email")
@click.option("--role", required=True, type=click.Choice([role.value for role in Role]), help="What the person may do.")
@click.option("--country", metavar="CC", help="Country of a coordinator or coach, two letters.")
@click.option("--firm", "firm_id", type=int, metavar="ID", help="Number of the firm, for people of a firm.")
@click.option("--plan", "plan_id", type=int, metavar="ID", help="Number of the plan; default: the latest.")
@click.option("--language", type=click.Choice(list(LANGUAGES)), default="es", show_default=True)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def invite(
    email: str, role: str, country: str | None, firm_id: int | None, plan_id: int | None, language: str, as_json: bool,
) -> None:
    """Mail an invitation to EMAIL and print its link, which works once, for 14 days."""
    with site_command(), transaction() as session:
        plan = db.metadata.tables["plan"]
        wanted = plan_id or session.scalar(select(func.max(plan.c.id)))
        if session.scalar(select(plan.c.id).where(plan.c.id == (wanted or 0))) is None:
            raise DomainError("plan_unknown")
        where = country.upper() if country else None
        link = invitations.invite(session, SYSTEM, email, Role(role), where, firm_id, wanted or 0, language)
    click.echo(json.dumps({"email": email, "role": role, "link": link}) if as_json else link)
