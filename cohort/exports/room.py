"""Opens the room of exports: its pages, mail kinds, jobs and words in mails; decides nothing itself."""

from __future__ import annotations

from flask import Flask

from cohort.exports import jobs, site, words
from cohort.exports.entries import new, views
from cohort.exports.flags import views as flags
from cohort.exports.flags import words as flag_words
from cohort.exports.proof import views as proof

# Importing them hung views on the blueprint and put jobs into the registry.
VIEWS, JOBS = (views, new, proof, flags), (jobs.judge_recurrence, jobs.warn_of_lapses, jobs.escalate_exports, jobs.ask_for_rates)


def init_app(app: Flask) -> None:
    """Register the pages; mails say stages and countries by the same words as pages."""
    app.register_blueprint(site.blueprint)
    app.jinja_env.globals.update(export_words=words, recurrence_words=flag_words)
