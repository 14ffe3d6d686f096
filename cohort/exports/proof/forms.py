"""Asks a verifier what shows an export; whether it suffices is decided in the service."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import BooleanField, SelectChoice, SelectField, StringField
from wtforms.validators import InputRequired, Length

from cohort.exports.documents import DOCUMENTS, LEVEL_NAMES, documents_of
from cohort.exports.models import Export


class VerifyForm(FlaskForm):
    """Document and number; the kind of document says how strong the evidence is."""

    document_type = SelectField(_l("Document seen"), [InputRequired(_l("Choose what shows the export."))])
    document_number = StringField(_l("Its number"), [InputRequired(_l("Type the number of the document.")), Length(max=60)])
    is_matched = BooleanField(_l("It matches the customs data"))
    hs_code = StringField(_l("HS code"), [Length(max=15)])

    def offer(self, export: Export) -> VerifyForm:
        """Fill the documents of the export's origin, each with its strength, and what is known already."""
        self.document_type.choices = [SelectChoice("", _l("Choose"))] + [
            SelectChoice(each.code, f"{each.name} – {LEVEL_NAMES[each.level]}") for each in documents_of(export.origin)
        ]
        if not self.is_submitted():
            self.document_type.data = export.document_type or ""
            self.document_number.data = export.document_number or ""
            self.hs_code.data = export.hs_code
        return self

    @property
    def level(self) -> int:
        """The evidence level that document and match give."""
        return 4 if self.is_matched.data else DOCUMENTS[self.document_type.data].level
