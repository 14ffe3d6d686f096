"""A template that is taken out as a file and brought in again is the same, whatever its words are."""

from __future__ import annotations

from datetime import date

from hypothesis import given
from hypothesis import strategies as st

from cohort.plans.models import Plan, TemplateMilestone
from cohort.plans.template import compare
from cohort.plans.template_files import read_template, to_csv, to_toml
from cohort.plans.template_rows import ROLES, RowFacts, checked

PLAN = Plan(starts_on=date(2026, 1, 31), ends_on=date(2028, 1, 31))
texts = st.one_of(st.text(max_size=20), st.sampled_from(["=1+1", "'=x", "''-", "-5", "+a", "@b", "a;b,c", '"q"', "\\n", "'", "- x", "yes"]))


@st.composite
def rows(draw):
    """Rows that are sound together: days as they come, anchors on earlier rows, nothing before what it needs."""
    made: list[RowFacts] = []
    for number in sorted(draw(st.sets(st.integers(1, 60), min_size=1, max_size=8))):
        earlier = [row.number for row in made]
        anchor = draw(st.sampled_from(["enrolment", "plan", "milestone"] if earlier else ["enrolment", "plan"]))
        said = {
            "number": number, "phase": draw(st.sampled_from("ABCDE")), "day": draw(st.integers(0, 20)),
            "unit": draw(st.sampled_from(["days", "months"])) if anchor != "milestone" else "days", "anchor": anchor,
            "anchor_number": draw(st.sampled_from(earlier)) if anchor == "milestone" else None,
            **{name: draw(texts) or "x" for name in ("title_es", "title_en", "evidence_es", "evidence_en")},
            "confirms": draw(st.lists(st.sampled_from(ROLES), min_size=1)), "is_required": draw(st.booleans()),
            "countries": draw(st.lists(st.sampled_from(["CL", "PE", "MX"]))) if anchor != "milestone" and not earlier else [],
        }
        row, _errors = checked(said)
        if row is not None:
            made.append(row)
    return made


@given(rows())
def test_out_and_in_again_changes_nothing(found):
    held = [TemplateMilestone(**row.columns) for row in found]
    for name, content in (("t.toml", to_toml(found)), ("t.csv", to_csv(found)), ("t.csv", to_csv(found, ";"))):
        if not found:
            continue
        again = read_template(content.encode(), name, PLAN, held)
        assert [(fault.line, fault.error) for fault in again.faults] == []
        assert again.rows == found
        assert compare(held, again.rows).is_empty
