"""Shows every component in its states, in both languages, and a few whole pages, to people who build pages.

The values are samples; no figure here comes from the database. It leaves out how a component is drawn: that is
in `templates/components/` and `static/css/components/`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from functools import partial
from pathlib import Path

from flask import Blueprint, abort, current_app, redirect, render_template, url_for
from flask_babel import force_locale
from werkzeug.wrappers import Response
from wtforms import (
    BooleanField,
    DateField,
    FileField,
    Form,
    RadioField,
    SelectField,
    StringField,
    TextAreaField,
)
from wtforms.fields.choices import SelectChoice
from wtforms.validators import InputRequired, Optional

from cohort.kit.access import public
from cohort.kit.language import LANGUAGES, reader_language
from cohort.kit.navigation import NavEntry

blueprint = Blueprint("gallery", __name__, url_prefix="/gallery")

PAGES = ("overview", "round", "export", "public", "sign_in", "work", "confirm", "printable")


def say(language: str, english: str, spanish: str) -> str:
    """Return the sample text of one language; samples stay out of the catalogues."""
    return spanish if language == "es" else english


@dataclass(frozen=True)
class SamplePage:
    """One page of a long sample list, with the face of a Flask-SQLAlchemy `Pagination`."""

    page: int = 2
    pages: int = 9
    total: int = 412
    has_prev: bool = True
    has_next: bool = True
    prev_num: int = 1
    next_num: int = 3
    shown: tuple[int | None, ...] = field(default=(1, 2, 3, None, 9))

    def iter_pages(self, **_edges: int) -> tuple[int | None, ...]:
        """Return the page numbers that are shown, None for a gap."""
        return self.shown


def _choices(*pairs: tuple[str, str]) -> list[SelectChoice]:
    return [SelectChoice(value, words) for value, words in pairs]


def sample_form(language: str, faulty: bool = False) -> Form:
    """Return a form with a field of every kind, filled in; `faulty` adds two errors."""
    word = partial(say, language)

    class SampleForm(Form):
        destination = RadioField(
            word("Destination", "Destino"),
            choices=_choices(
                ("CO", "Colombia"), ("MX", "México"), ("PE", "Perú"), ("other", word("Other", "Otro"))
            ),
            validators=[InputRequired()],
        )
        sent_on = DateField(word("Day of shipment", "Fecha de envío"), validators=[InputRequired()])
        amount = StringField(word("Value of the goods", "Valor de los productos"), validators=[InputRequired()])
        currency = SelectField(
            word("Currency", "Moneda"), choices=_choices(("CLP", "CLP"), ("USD", "USD"), ("PEN", "PEN"))
        )
        product = StringField(word("Product", "Producto"), validators=[InputRequired()])
        channel = SelectField(
            word("Channel", "Canal"),
            choices=_choices(("ml", "Mercado Libre"), ("own", word("Own store", "Tienda propia"))),
            validators=[InputRequired()],
        )
        note = TextAreaField(word("Note", "Nota"), validators=[Optional()])
        size = RadioField(
            word("Size", "Tamaño"),
            choices=_choices(("micro", "Micro"), ("small", word("Small", "Pequeña"))),
            validators=[InputRequired()],
        )
        agreed = BooleanField(word("I have read the terms", "He leído las bases"))
        proof = FileField(word("Proof", "Comprobante"), validators=[InputRequired()])

    form = SampleForm(
        destination="MX", sent_on=date(2026, 11, 24), amount="480.000", currency="CLP",
        product=word("Alpaca shawls", "Chales de alpaca"), channel="ml", size="micro",
    )
    if faulty:
        form.product.errors = [word("Say what was sold.", "Indique qué se vendió.")]
        form.sent_on.errors = [word("This day lies in the future.", "Esta fecha está en el futuro.")]
    return form


def quarters(states: str) -> list[dict[str, str]]:
    """Return eight sample quarters from a word of v (verified), w (waiting) and n (none)."""
    names = {"v": "verified", "w": "waiting", "n": "none"}
    first = 2024 * 4 + 4 - len(states) + 8 - 1
    return [
        {"name": f"{(first + place) // 4}-Q{(first + place) % 4 + 1}", "state": names[state]}
        for place, state in enumerate(states)
    ]


def _frame(language: str) -> dict[str, object]:
    """Return what the app itself would put in the context of a staff page."""
    word = partial(say, language)
    entries = [
        (word("Overview", "Resumen"), "layout-dashboard", None), (word("Selection rounds", "Rondas"), "list-checks", 1),
        (word("Firms", "Empresas"), "building-2", None), (word("Milestones", "Hitos"), "calendar-check", 7),
        (word("Exports", "Exportaciones"), "ship", None),
        (word("Recurrence flags", "Alertas de recurrencia"), "flag", 4),
        (word("Reports", "Informes"), "chart-column", None),
    ]
    foot = [(word("Scheduled jobs", "Tareas programadas"), "clock"), (word("People & access", "Personas y accesos"), "users")]
    return {
        "locale": language, "home_href": "#", "firm_name": "Hilos del Sur",
        "plan_name": word("Action Plan 2025–2027", "Plan de Acción 2025–2027"),
        "nav": tuple(
            NavEntry(label, "#", icon, count, active=place == 0) for place, (label, icon, count) in enumerate(entries)
        ),
        "nav_admin": tuple(NavEntry(label, "#", icon, None, active=False) for label, icon in foot),
        "account": {
            "name": "Rosa Quispe", "role": word("Programme manager", "Gestora del programa"),
            "href": "#", "sign_out_href": "#",
        },
        "language_options": [
            {"code": code, "label": label, "href": url_for("gallery.show", language=code), "current": code == language}
            for code, label in LANGUAGES.items()
        ],
    }


def _samples(language: str) -> dict[str, object]:
    return {
        **_frame(language),
        "say": partial(say, language), "quarters": quarters, "date": date,
        "at": datetime(2026, 11, 3, 14, 20, tzinfo=UTC), "sample_page": SamplePage(),
        "form": sample_form(language), "faulty_form": sample_form(language, faulty=True),
    }


def component_names(templates: Path) -> list[str]:
    """Return the names of all components, from their files."""
    return sorted(path.stem for path in (templates / "components").glob("*.html"))


def icon_names(static: Path) -> list[str]:
    """Return the names of the sprite's icons."""
    sprite = (static / "vendor" / "lucide.svg").read_text(encoding="utf-8")
    return [part.split('"')[0] for part in sprite.split('<symbol id="')[1:]]


@blueprint.get("/")
@public
def index() -> Response:
    """Lead to the gallery in the reader's language."""
    return redirect(url_for("gallery.show", language=reader_language()))


@blueprint.get("/<language>/")
@public
def show(language: str) -> str:
    """Show every component in one language."""
    if language not in LANGUAGES:
        abort(404)
    web = Path(str(current_app.static_folder)).parent
    with force_locale(language):
        return render_template(
            "gallery/index.html", **_samples(language), names=component_names(web / "templates"),
            icons=icon_names(web / "static"), pages=PAGES,
        )


@blueprint.get("/<language>/pages/<name>")
@public
def page(language: str, name: str) -> str:
    """Show one whole sample page in one language."""
    if language not in LANGUAGES or name not in PAGES:
        abort(404)
    with force_locale(language):
        return render_template(f"gallery/page_{name}.html", **_samples(language))
