"""Shows the parity funnel of a round to whoever may see the round; small groups are hidden where firms are."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from flask import render_template, request
from flask_babel import gettext
from flask_babel import lazy_gettext as _l

from cohort.firms.words import SECTORS, SIZES, country_name
from cohort.kit.access import current_actor, gate
from cohort.rounds.calls import words as call_words
from cohort.rounds.calls.views import round_here
from cohort.rounds.funnel import CUTS, funnel_of, stages_of
from cohort.rounds.site import Page, session_now, staff

_: Callable[..., str] = gettext
CUT_NAMES = {"country": _l("By country"), "size_class": _l("By size"), "sector": _l("By sector")}
STAGE_NAMES = {
    "invited": _l("Invited, or came by themselves"), "began": _l("Began an application"), "applied": _l("Applied"), "eligible": _l("Eligible"), "screened": _l("Sent to review"), "minimum": _l("Reached the lowest score"), "selected": _l("Selected"),
    "accepted": _l("Accepted"),
}


@staff.get("/<int:round_id>/funnel")
@gate("round.see")
def funnel(round_id: int) -> Page:
    """Show how many women's firms stand at each stage, for the whole round and by one of three cuts."""
    round_ = round_here(round_id)
    cut = request.args.get("by", CUTS[0])
    cut = cut if cut in CUTS else CUTS[0]
    found = funnel_of(session_now(), round_, cut, is_protected=not current_actor().may("firm.see"))
    whole = found.pop("")
    return render_template(
        "rounds/funnel.html", round=round_, call_words=call_words, cut=cut, cuts=CUT_NAMES, stage_names={stage: STAGE_NAMES[stage] for stage in stages_of(round_)},
        whole=[{"label": STAGE_NAMES[each.stage], "women": each.womens or 0, "total": each.total} for each in whole],
        groups=[(_group_name(cut, name), steps) for name, steps in found.items()],
        unknown=next(each.unknown for each in whole if each.stage == "applied"), rule_share=float(round_.protocol["parity"]["share"]),
    )


def _group_name(cut: str, value: str) -> str:
    names: Mapping[str, object] = {"size_class": SIZES, "sector": SECTORS}.get(cut, {})
    if cut == "country":
        return country_name(value)
    return str(names.get(value, _("we do not know")))
