"""Opens the room: its three doors, the words of its acts and its mail; decides nothing itself."""

from __future__ import annotations

from flask import Flask
from flask_babel import lazy_gettext as _l

from cohort.kit.history import name_actions
from cohort.rounds import funnel_views, jobs, reach, site
from cohort.rounds.applications import asked_views as application_questions
from cohort.rounds.applications import colleague_views as application_colleagues
from cohort.rounds.applications import file_views as application_files
from cohort.rounds.applications import staff as application_staff
from cohort.rounds.applications import views as application_views
from cohort.rounds.calls import draft_views
from cohort.rounds.calls import public as call_pages
from cohort.rounds.calls import question_views as call_questions
from cohort.rounds.calls import views as call_views
from cohort.rounds.decisions import act_views, proposal_views, what_if_views
from cohort.rounds.decisions import views as decision_views
from cohort.rounds.decisions.words import reason_text, score_points
from cohort.rounds.drawing import views as drawing_views
from cohort.rounds.reviews import acts as review_acts
from cohort.rounds.reviews import file_views as review_files
from cohort.rounds.reviews import manage as review_pages
from cohort.rounds.reviews import views as own_reviews
from cohort.rounds.scores import views as score_views
from cohort.rounds.screening import views as screening_views
from cohort.rounds.seats import own_views as own_seat_views
from cohort.rounds.seats import views as seat_views

PAGES = (reach, funnel_views, application_staff, application_views, application_questions, application_colleagues, application_files, call_pages, call_views, draft_views, call_questions, decision_views, act_views, proposal_views, what_if_views, drawing_views, score_views, screening_views,
         review_pages, review_acts, own_reviews, review_files, seat_views, own_seat_views,
)
JOBS = (jobs.close_calls, jobs.expire_offers)  # registered when the module is loaded

name_actions({
    "round.created": _l("started the call"), "round.edited": _l("changed the draft"),
    "round.opened": _l("opened the call and sealed its rules"), "round.closed": _l("closed the call and froze its files"),
    "round.addendum": _l("published an addendum"), "round.scored": _l("gave scores"), "round.screened": _l("screened the files"),
    "round.reminded": _l("reminded those who have not sent their application"),
    "round.proposed": _l("proposed a selection"), "round.decided": _l("sealed the selection"),
    "round.chances": _l("published the chances of the draw"), "round.drawn": _l("revealed the seed and drew"),
    "round.concurred": _l("agreed to the selection for a country"), "round.adopted": _l("adopted the selection for a country"),
    "round.published": _l("published the record"),
    "application.begun": _l("began an application"), "application.submitted": _l("sent the application in"),
    "application.file_added": _l("handed a file in"), "application.file_removed": _l("took a file out"),
    "application.withdrawn": _l("withdrew the application"), "application.reopened": _l("took the application up again"),
    "application.finding": _l("settled a check"), "application.asks_granted": _l("let the person act for the firm"),
    "application.asks_refused": _l("did not let the person act for the firm"),
    "review.assigned": _l("gave the file to an evaluator"), "review.ended": _l("ended the assignment"),
    "review.sent": _l("sent the review in"), "review.reopened": _l("re-opened the review"),
    "review.scored": _l("wrote the score of the reviews"), "conflict.declared": _l("declared whether there is a conflict"),
    "conflict.noted": _l("noted a conflict"), "conflict.lifted": _l("lifted a conflict"),
    "round.act": _l("recorded the administrative act"), "round.letters": _l("offered the seats and sent the letters"),
    "round.replaced": _l("called firms into free seats"), "offer.accepted": _l("accepted the seat"),
    "offer.declined": _l("gave the seat back"), "offer.withdrawn": _l("took the seat back"),
    "appeal.filed": _l("filed an appeal"), "appeal.answered": _l("answered the appeal"),
})


def init_app(app: Flask) -> None:
    """Register the doors of staff, of evaluators, of open calls and of applicants."""
    app.jinja_env.globals.update(decision_reason=reason_text, score_points=score_points)  # for mail, which has no view
    for door in (site.staff, site.calls, site.apply, own_reviews.blueprint):
        app.register_blueprint(door)
