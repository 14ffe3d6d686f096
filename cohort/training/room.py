"""Opens the room of training: its pages, listeners, mail kinds and jobs; decides nothing itself."""

from __future__ import annotations

from flask import Flask

from cohort.training import views
from cohort.training.certificates import views as certificates
from cohort.training.coaching import views as coaching
from cohort.training.contacts import views as contacts
from cohort.training.dates import request_views
from cohort.training.dates import views as dates
from cohort.training.diagnostics import views as diagnostics
from cohort.training.feeds import views as feeds
from cohort.training.leaving import views as leaving
from cohort.training.reminders import jobs
from cohort.training.reminders import views as reminders
from cohort.training.sessions import attendance_views
from cohort.training.sessions import words as session_words

JOBS = (jobs.write_reminders,)  # registered when the module is loaded


def init_app(app: Flask) -> None:
    """Register the pages."""
    app.register_blueprint(views.blueprint)
    app.register_blueprint(contacts.blueprint)
    app.register_blueprint(leaving.blueprint)
    app.register_blueprint(feeds.blueprint)
    app.register_blueprint(reminders.blueprint)
    app.register_blueprint(attendance_views.blueprint)
    app.jinja_env.globals["session_when"] = session_words.when  # for mails
    app.register_blueprint(diagnostics.blueprint)
    app.register_blueprint(coaching.blueprint)
    app.register_blueprint(certificates.blueprint)
    app.register_blueprint(dates.blueprint)
    app.register_blueprint(request_views.blueprint)
