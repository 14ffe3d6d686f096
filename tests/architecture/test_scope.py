"""Holds that every table says whose rows it has, and that whoever looks past that is named here with the reason."""

from __future__ import annotations

import ast

from flask import Flask

from cohort.kit.access import OPEN_TABLES, scoped_models
from cohort.kit.database import Base
from tests.architecture.source import calls_in, name_of, python_files, tree_of

# Every place that lets a query see all rows, with the reason. A new one is a decision: add it here.
PAST_SCOPE = {
    "cohort/exports/entries/service.py refuse_twice": "a number used by another firm blocks too; the answer names neither firm nor export",
    "cohort/exports/letters.py people_of_firms": "a verdict is told to the firm's people, whoever gave it",
    "cohort/exports/rates/cli.py _run": "the operator at the command line",
    "cohort/firms/cli.py _run": "the operator at the command line",
    "cohort/firms/service.py register_firm": "a firm is one in all countries' eyes; the answer names only what was typed",
    "cohort/kit/health.py metrics": "counts for the operator's monitor, no rows",
    "cohort/kit/mail_desk.py _facts": "a mail is worded as the system would at sending; who may read it is the page's gate",
    "cohort/kit/jobs.py _do": "a job acts for the system, and gives the session back as it was",
    "cohort/people/actors.py actor_of": "what a deputy is lent decides what the actor may see",
    "cohort/people/actors.py valid_grants": "whose roles they are decides what the actor may see",
    "cohort/people/sessions.py _opened": "a sign-in has no actor yet",
    "cohort/people/signed_in.py _load": "the library asks for the very person who is signed in",
    "cohort/people/sign_in.py accept": "an invited person has no role yet; the token shows which invitation",
    "cohort/plans/template_cli.py template": "the operator at the command line",
    "cohort/plans/queries.py people_with_role": "letters and jobs name the staff of any country",
    "cohort/plans/queries.py staff_choices": "a deputy may come from another country",
    "cohort/reports/public.py report_of": "totals for anybody, small groups hidden",
    "cohort/rounds/applications/colleagues.py invite_colleague": "how many invitations of the actor's own firm wait",
    "cohort/rounds/applications/entry.py begin": "whether the firm is on the register, which the page does not tell",
    "cohort/rounds/applications/entry.py begin_for_firm": "whether the firm applied or is a member already",
    "cohort/rounds/applications/entry.py settle_request": "the request of a person whom the firm does not know yet",
    "cohort/rounds/applications/entry.py start": "whether the address has an account, which the page does not tell",
    "cohort/rounds/applications/queries.py own_application": "own rows alone, whatever else the actor may see",
    "cohort/rounds/applications/queries.py requests_to": "who asks for the actor's own firm, nothing else",
    "cohort/rounds/applications/service.py submit": "writes what the person declared to the register",
    "cohort/rounds/applications/files.py handed_out": "a file that an application within the reach names",
    "cohort/rounds/applications/staff.py _request": "a request to act for the actor's own firm lies outside their own files",
    "cohort/rounds/calls/public.py record": "the record is public once it is published",
    "cohort/rounds/applications/views.py _sent": "what was last sent in of a file that was found to be one's own",
    "cohort/rounds/calls/queries.py _named": "names of selected firms that agreed to be named",
    "cohort/rounds/calls/service.py close_round": "the pool is frozen whole",
    "cohort/rounds/decisions/appeals.py answer_appeal": "whether the judge scored the file",
    "cohort/rounds/decisions/letters.py notice_on": "one day of the round, no row of a firm",
    "cohort/rounds/decisions/letters.py offer_stands": "whether the offer that a mail speaks of still waits",
    "cohort/rounds/decisions/proposal_views.py _open_claims": "how many claims wait in all countries; names are shown within the reach alone",
    "cohort/rounds/decisions/service.py read_again": "one optimum over all countries",
    "cohort/rounds/decisions/service.py settle": "one optimum over all countries",
    "cohort/rounds/funnel.py funnel_of": "counts of all countries, small groups hidden from whoever may not read firms",
    "cohort/rounds/reviews/assigning.py _fill": "a third evaluator is found by balance when somebody sends in, who sees no loads",
    "cohort/rounds/reviews/blind.py identity_of": "names are read to be covered in what an evaluator sees",
    "cohort/rounds/reviews/blind.py _sent": "the answers of a file that was found to be the evaluator's own",
    "cohort/rounds/reviews/conflicts.py _lifted": "what staff lifted counts whoever asks",
    "cohort/rounds/reviews/conflicts.py evaluator_facts": "a past link may lie in any country or plan",
    "cohort/rounds/reviews/conflicts.py file_facts": "names and addresses are compared, none is shown",
    "cohort/rounds/reviews/conflicts.py homes_of": "the countries of an evaluator's role, for balance",
    "cohort/rounds/reviews/conflicts.py sees_names": "whether another role shows the evaluator the firm's name",
    "cohort/rounds/reviews/settling.py settle": "whoever sends in last sees neither the others' marks nor who is free",
    "cohort/rounds/reviews/sheets.py _reopen": "the score is brought up to date from reviews of others",
    "cohort/rounds/reviews/sheets.py declare": "what the evaluator cannot see is compared, never shown",
    "cohort/rounds/reviews/sheets.py file_of": "one's own assignment, to say why the file is closed",
    "cohort/rounds/reviews/sheets.py others_sent": "shown by the page once one's own review is in",
    "cohort/rounds/reviews/sheets.py send": "the score is brought up to date from reviews of others",
    "cohort/rounds/reviews/waiting.py open_count": "one's own assignments alone",
    "cohort/rounds/reviews/waiting.py own_files": "one's own assignments alone",
    "cohort/rounds/scores/importer.py scores": "the operator at the command line",
    "cohort/rounds/screening/queries.py _count": "how many files of a call were screened, in all countries; no row leaves",
    "cohort/rounds/seats/offers.py accept": "a firm that accepts joins the plan, whatever it may see of it",
    "cohort/rounds/seats/offers.py expire_due": "a job over all countries",
    "cohort/rounds/seats/offers.py free_seat": "the member of the seat, for whoever decides",
    "cohort/rounds/seats/offers.py send_letters": "every file has its letter, in all countries",
    "cohort/rounds/seats/replacing.py call": "one optimum over all countries",
    "cohort/rounds/seats/replacing.py dry_run": "one optimum over all countries",
    "cohort/rounds/waiting.py steps_for": "what waits is said by call; no row of a firm is shown",
    "cohort/training/certificates/queries.py certificate_of_code": "whoever has the code may read what it certifies",
    "cohort/training/feeds/service.py opened": "a calendar program is nobody: the secret address says whose feed it is",
    "cohort/training/feeds/service.py written": "reads with the reach of the person whose feed it is",
    "cohort/training/dates/mails.py _forget": "lines of mails that were just cut, whoever moves the date",
    "cohort/training/dates/mails.py _queued": "how many mails speak of milestones that move, for whoever moves them",
    "cohort/training/dates/mails.py reminded_of": "how many lines were written about milestones that move, no row leaves",
    "cohort/training/leaving/service.py _reminders": "how many mails of a member wait and are taken back, for whoever ends its part",
    "cohort/training/sessions/cli.py attendance": "the operator at the command line",
    "cohort/training/sessions/files.py _expected": "mails of staff are known to be left out; firms are looked up within the reach alone",
    "cohort/training/sessions/inviting.py _tell_next": "the next on the waiting list may be of any country",
    "cohort/training/sessions/inviting.py fitting": "a session invites members of every country that it names; names are shown within the reach alone",
    "cohort/training/sessions/letters.py _tell": "the people of a firm invited are written to, whoever invites",
    "cohort/training/sessions/letters.py tell_news": "whoever moves a session tells the invited of all countries",
    "cohort/training/sessions/queries.py is_held": "whether anything was written down, no row leaves",
    "cohort/training/sessions/queries.py places": "the order of the yeses over all countries, no row leaves",
    "cohort/training/sessions/queries.py tallies": "counts over all countries, no row leaves",
    "cohort/training/service.py _on_export_verified": "a deputy of another country may have verified the export",
}
# Where somebody acts as the system, with the reason.
AS_SYSTEM = {
    "cohort/demo/members.py assign_coach": "the demo plays every part",
    "cohort/demo/members.py join_pilots": "the demo plays every part",
    "cohort/demo/stage_set.py _account": "the demo plays every part",
    "cohort/demo/stage_set.py set_stage": "the demo plays every part",
    "cohort/exports/rates/cli.py (module)": "the operator at the command line",
    "cohort/exports/rates/service.py fill_pending": "a rate that arrives is nobody's act",
    "cohort/firms/cli.py (module)": "the operator at the command line",
    "cohort/kit/access.py (module)": "it is defined here",
    "cohort/kit/access.py _add_scope": "a session outside a request sees all",
    "cohort/kit/access.py unscoped": "the door that the table above lists",
    "cohort/kit/audit.py seal": "the name of an act without a person",
    "cohort/kit/jobs.py _do": "a job acts for the system",
    "cohort/kit/jobs.py _note": "a run of a job is nobody's act",
    "cohort/kit/purge.py _mark": "a file whose days are over is nobody's act",
    "cohort/people/cli.py invite": "the operator at the command line",
    "cohort/plans/template_cli.py (module)": "the operator at the command line",
    "cohort/rounds/applications/entry.py as_form": "the programme's own form writes what the person declares",
    "cohort/rounds/jobs.py close_calls": "a deadline that passes is nobody's act",
    "cohort/rounds/scores/importer.py scores": "the operator at the command line",
    "cohort/training/sessions/cli.py (module)": "the operator at the command line",
    "cohort/rounds/seats/offers.py accept": "a firm that accepts joins the plan, which nobody of a firm may decide",
}


def test_every_table_is_scoped_or_open_with_a_reason(built_site: Flask) -> None:
    scoped = {model.__tablename__ for model in scoped_models()}
    tables = {model.class_.__tablename__ for model in Base.registry.mappers}
    assert tables - scoped - set(OPEN_TABLES) == set()
    assert scoped & set(OPEN_TABLES) == set(), "one or the other"
    assert {name for name, reason in OPEN_TABLES.items() if len(reason.split()) < 3} == set()


def test_every_table_with_a_firm_is_scoped(built_site: Flask) -> None:
    of_firms = {model.class_.__tablename__ for model in Base.registry.mappers if "firm_id" in model.columns}
    assert of_firms & set(OPEN_TABLES) == set()


def test_whoever_looks_past_the_scope_is_named_with_a_reason() -> None:
    found = {
        f"{name_of(path)} {inside or '(module)'}"
        for path in python_files() if name_of(path) != "cohort/kit/access.py"
        for name, _call, inside in calls_in(path) if name.split(".")[-1] in {"unscoped", "act_as"}
    }
    # The gate of each request is set up inside init_app of kit/access.py, which defines both.
    assert found == set(PAST_SCOPE)


def test_whoever_acts_as_the_system_is_named_with_a_reason() -> None:
    found = {f"{name_of(path)} {inside or '(module)'}" for path in python_files() for inside in _named("SYSTEM", tree_of(path), "")}
    assert found == set(AS_SYSTEM)


def _named(wanted: str, node: ast.AST, inside: str) -> set[str]:
    found: set[str] = set()
    for child in ast.iter_child_nodes(node):
        here = child.name if isinstance(child, ast.FunctionDef) and not inside else inside
        if isinstance(child, ast.Name) and child.id == wanted:
            found.add(here)
        found |= _named(wanted, child, here)
    return found


def test_no_query_goes_around_the_session() -> None:
    """Textual SQL and raw connections would miss the scope; each one is listed with its reason."""
    reasons = {
        "cohort/demo/build.py": "a demo's database is copied as a file",
        "cohort/exports/models.py": "conditions of an index",
        "cohort/exports/operations.py": "the nightly job reads and writes every firm, for the system",
        "cohort/kit/audit.py": "a lock of the database, no rows",
        "cohort/kit/database.py": "how a transaction begins",
        "cohort/kit/delivery.py": "a condition spelled as in the index, on rows of the outbox",
        "cohort/kit/health.py": "whether the database answers, and the oldest mail for the operator",
        "cohort/kit/leader.py": "a lock of the database, no rows",
        "cohort/kit/outbox.py": "conditions of an index",
        "cohort/kit/table_lines.py": "backup and restore of whole tables",
        "cohort/rounds/reviews/models.py": "conditions of an index",
        "cohort/rounds/seats/models.py": "conditions of an index",
    }
    found = {
        name_of(path) for path in python_files() for name, _call, _inside in calls_in(path)
        if name in {"text", "sa.text", "sqlalchemy.text"} or name.endswith(("exec_driver_sql", ".raw_connection"))
    }
    assert found == set(reasons)
