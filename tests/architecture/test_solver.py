"""A solver is run in two places, each of which takes nothing but a proven answer."""

from __future__ import annotations

import re

from tests.architecture.source import PACKAGE

RUNS = re.compile(r"\b(?:Highs\(|linprog\(|milp\(|differential_evolution\()")
PROVEN = {"rules/milp.py": "if status != highspy.HighsModelStatus.kOptimal:\n        raise Unproven", "rules/assignment.py": "require(solved.status == 0,"}


def test_no_answer_is_taken_from_a_status_that_is_not_optimal() -> None:
    running = {
        str(path.relative_to(PACKAGE)) for path in PACKAGE.rglob("*.py") if RUNS.search(path.read_text(encoding="utf-8"))}
    assert running == set(PROVEN)
    lacking = [place for place, words in PROVEN.items() if words not in (PACKAGE / place).read_text(encoding="utf-8")]
    assert lacking == []
