"""Writes the sheet that scores are filled into: one line a file, with what a person needs to find it again; reads none.

What comes back is read by `sheet`, which knows these columns.
"""

from __future__ import annotations

from io import BytesIO

from flask_babel import gettext as _
from sqlalchemy.orm import Session

from cohort.kit.access import Actor
from cohort.kit.tables import write_xlsx
from cohort.rounds.models import Round
from cohort.rounds.scores import queries
from cohort.rounds.scores.service import latest_scores


def score_sheet(session: Session, actor: Actor, round_: Round) -> bytes:
    """Return an XLSX of the files to score within the actor's reach, with the scores that stand, by country and firm."""
    actor.require("round.score")
    held = {key: row.score for key, row in latest_scores(session, round_.id).items()}
    rows = []
    for each in queries.all_to_score(session, round_.id):
        score = held.get(each.id)
        name = each.firm.name if each.firm else str(each.answers.get("company_name") or "")
        rows.append([each.code, each.tax_id, name, each.country, None if score is None else score / 10_000])
    book = BytesIO()
    write_xlsx(book, [_("Code"), _("Tax number"), _("Firm"), _("Country"), _("Points")], rows, round_.code)
    return book.getvalue()
