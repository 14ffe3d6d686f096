"""Opens the room of firms: one blueprint whose views stand beside what they show; decides nothing itself."""

from __future__ import annotations

from flask import Flask

from cohort.firms import views
from cohort.firms.contacts import views as contacts
from cohort.firms.corrections import views as corrections
from cohort.firms.declarations import views as declarations
from cohort.firms.imports import views as imports

VIEWS = (views, declarations, contacts, corrections, imports)


def init_app(app: Flask) -> None:
    """Register the pages; importing the modules above hung them on the blueprint."""
    app.register_blueprint(views.blueprint)
