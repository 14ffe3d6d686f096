"""Holds that everything which may be said has its words: refusals, acts, mails, roles, jobs."""

from __future__ import annotations

import ast
import pkgutil
from importlib import import_module

import pytest
from flask import Flask
from jinja2 import meta

import cohort
from cohort.kit.access import Role
from cohort.kit.errors import WORDINGS
from cohort.kit.history import ACTIONS
from cohort.kit.jobs import JOBS
from cohort.kit.mail import ENDINGS
from cohort.kit.navigation import ROLE_NAMES
from cohort.kit.outbox import MAIL_KINDS
from tests.architecture.source import calls_in, name_of, python_files

# Codes that are not written where they are raised, with what they can be.
DYNAMIC_CODES = {
    "cohort/kit/process.py _unfold": "a refusal of the child process, raised again in the parent",
    "cohort/rounds/applications/service.py note_finding": {"round_decided", "round_not_closed"},
    "cohort/rounds/calls/service.py _expect": {"round_not_draft", "round_not_open"},
}
# Acts whose name is put together, with every name that can come out.
DYNAMIC_ACTIONS = {
    "cohort/exports/events.py append": {
        f"export.{kind}" for kind in ("verified", "approved", "refused", "reopened", "refunded", "corrected", "withdrawn", "confirmed", "rated")
    },
    "cohort/firms/judgements.py give_verdict": {"ownership.verified", "ownership.refuted"},
    "cohort/firms/service.py record_consent": {"consent.given", "consent.taken_back"},
    "cohort/people/passkeys.py _note": {"passkey.added", "passkey.removed"},
    "cohort/rounds/applications/entry.py settle_request": {"application.asks_granted", "application.asks_refused"},
    "cohort/training/contacts/service.py _note": {"contact.call", "contact.whatsapp"},
    "cohort/training/service.py append_entry": {
        f"milestone.{kind}" for kind in ("handed_in", "confirmed", "sent_back", "waived", "redated", "reopened", "asked", "refused")
    },
}


@pytest.fixture(scope="module")
def whole(built_site: Flask) -> Flask:
    """The site with every module loaded, those of commands too."""
    for module in pkgutil.walk_packages(cohort.__path__, "cohort."):
        if ".migrations" not in module.name:
            import_module(module.name)
    return built_site


def _literals(*names: str) -> tuple[set[str], set[str]]:
    """(the literal first words given to these calls, the places where they are not literal)."""
    words, places = set(), set()
    for path in python_files():
        for name, call, inside in calls_in(path):
            if name not in names:
                continue
            given = call.args[2 if name.endswith("record") else 0]
            if isinstance(given, ast.Constant) and isinstance(given.value, str):
                words.add(given.value)
            else:
                places.add(f"{name_of(path)} {inside}")
    return words, places


def test_every_refusal_has_a_sentence(whole: Flask) -> None:
    codes, places = _literals("DomainError")
    assert places == set(DYNAMIC_CODES)
    known = [each for each in DYNAMIC_CODES.values() if isinstance(each, set)]
    assert codes.union(*known) - set(WORDINGS) == set()


def test_no_sentence_waits_for_a_refusal_that_nobody_raises(whole: Flask) -> None:
    codes, _places = _literals("DomainError")
    known = [each for each in DYNAMIC_CODES.values() if isinstance(each, set)]
    assert set(WORDINGS) - codes.union(*known) == set()


def test_every_act_has_words(whole: Flask) -> None:
    actions, places = _literals("audit.record", "record")
    assert places == set(DYNAMIC_ACTIONS)
    assert actions.union(*DYNAMIC_ACTIONS.values()) - set(ACTIONS) == set()


def test_every_mail_has_its_three_templates_and_every_template_its_mail(whole: Flask) -> None:
    templates = {name for name in whole.jinja_env.list_templates() if name.startswith("email/")} - {"email/layout.html"}
    assert templates == {f"email/{kind}.{ending}" for kind in MAIL_KINDS for ending in ENDINGS}


def test_every_template_is_used_and_every_one_that_is_used_exists(whole: Flask) -> None:
    loader = whole.jinja_env.loader
    assert loader is not None
    known = set(whole.jinja_env.list_templates())
    used = {f"email/{kind}.{ending}" for kind in MAIL_KINDS for ending in ENDINGS}
    for name in known:
        source = loader.get_source(whole.jinja_env, name)[0]
        used |= {each for each in meta.find_referenced_templates(whole.jinja_env.parse(source)) if each}
    for path in python_files():
        used |= {
            node.value for _name, call, _inside in calls_in(path) for node in ast.walk(call)
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value.endswith(".html") and "/" in node.value
        }
    used |= {each for each in known if each.startswith(("gallery/", "security/", "layouts/"))}
    written = "\n".join(path.read_text("utf-8") for path in python_files())
    unused = {each for each in known - used if each not in written}
    assert (unused, used - known) == (set(), set())


def test_every_role_job_and_kind_of_mail_has_words(whole: Flask) -> None:
    assert set(ROLE_NAMES) == set(Role)
    assert {name for name, job in JOBS.items() if not str(job.purpose).endswith(".")} == set()
    assert {name for name, job in JOBS.items() if str(job.title) == name} == set()
    assert {name for name, kind in MAIL_KINDS.items() if str(kind.title) == name} == set()


def test_a_refusal_is_given_days_and_not_their_text() -> None:
    """The sentence writes a day the reader's way; a text made beforehand would stay 2026-12-03."""
    written = {
        f"{name_of(path)}:{node.lineno}" for path in python_files() for what, node, _function in calls_in(path)
        if what.endswith("DomainError") for value in node.keywords if ".isoformat(" in ast.unparse(value)
    }
    assert written == set()
