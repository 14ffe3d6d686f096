"""Reads one row of a file of firms into rows of the register, or says what is wrong with which cell.

It leaves out what needs other rows (duplicates) and the register (known firms): those are the importer's.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

from cohort.firms.facts import plain
from cohort.firms.files.importer import COLUMNS as JUDGED_COLUMNS
from cohort.firms.files.importer import FirmReader, FirmRow
from cohort.firms.imports.mapping import AMOUNTS, PROFILE_COLUMNS, ColumnMap
from cohort.firms.imports.report import Finding
from cohort.firms.judgements import ownership_columns, ownership_note, size_columns, size_note, size_of
from cohort.firms.models import Firm
from cohort.firms.service import e164
from cohort.kit.errors import DomainError
from cohort.kit.tables import Table
from cohort.reference import size_rules
from cohort.rules.parity import OwnershipFacts, ProfileName, judge
from cohort.rules.size import SizeFacts
from cohort.rules.taxid import check_tax_id, is_natural_person, nit_check_digit

_FORMULA_MARK = re.compile("^'(?=[=+@-])")  # what our own downloads put before a text that looks like a formula
EXPONENT = re.compile(r"[0-9]+(?:[.,][0-9]+)?[Ee][+-]?[0-9]+")
_ANSWERS = {"yes": True, "y": True, "true": True, "1": True, "si": True, "s": True,
            "no": False, "n": False, "false": False, "0": False}
_LENGTHS = {name: Firm.__table__.c[name].type.length for name in ("legal_name", "trade_name", "region", "city",  # type: ignore[attr-defined]
            "product", "web_address", "owner_group")}
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s.]{2,}")
_NO_SIZE, _NO_OWNERSHIP = SizeFacts(), OwnershipFacts()


@dataclass
class PreparedFirm:
    """One row, ready to be stored when `faults` is empty; `cells` is the row as it came."""

    row: int
    cells: Mapping[str, str]
    firm: dict[str, Any] = field(default_factory=dict)
    size: dict[str, Any] | None = None
    ownership: dict[str, Any] | None = None
    contact: dict[str, Any] | None = None
    findings: list[Finding] = field(default_factory=list)
    is_digit_computed: bool = False

    @property
    def key(self) -> tuple[str, str]:
        """Country and tax id, empty when the id cannot be read."""
        return self.firm.get("country", ""), self.firm.get("tax_id", "")

    @property
    def has_fault(self) -> bool:
        """Whether a cell cannot be taken."""
        return any(finding.is_fault for finding in self.findings)


class FirmRows:
    """Reads the rows of one table under one mapping; ownership is judged under `profile` as declared `today`."""

    def __init__(self, table: Table, column_map: ColumnMap, profile: ProfileName, today: date) -> None:
        self.table, self.column_map, self.profile, self.today = table, column_map, profile, today
        self.names = column_map.names_in(table.columns)
        for needed in ("country", "tax_id", "legal_name"):
            if needed not in self.names and needed not in column_map.constants:
                raise DomainError("import_column_absent", column=needed)
        has_comma = column_map.decimal_comma
        judged = {name: name for name in JUDGED_COLUMNS}
        self._reader = FirmReader(judged, table.has_decimal_comma if has_comma is None else has_comma)

    @property
    def unknown_columns(self) -> list[str]:
        """Columns of the header that nothing reads."""
        used = set(self.names.values())
        return [name for name in self.table.columns if name and name not in used]

    def __iter__(self) -> Iterator[PreparedFirm]:
        for number, cells in self.table.rows:
            yield self._prepare(PreparedFirm(number, cells), self._ours(cells))

    def _ours(self, cells: Mapping[str, str]) -> dict[str, str]:
        ours = dict(self.column_map.constants)
        for name, written in self.names.items():
            text = _FORMULA_MARK.sub("", cells.get(written, ""))
            renamed = self.column_map.values.get(name)
            if renamed and text:
                text = renamed.get(plain(text), text)
            if text or name not in ours:
                ours[name] = text
        return ours

    def _prepare(self, prepared: PreparedFirm, ours: dict[str, str]) -> PreparedFirm:
        ours["country"] = ours["country"].strip().upper()
        if ours["country"] not in size_rules():
            self._fault(prepared, "country", ours["country"])
            return prepared
        self._tax_id(prepared, ours)
        self._profile(prepared, ours)
        self._contact(prepared, ours)
        row, faults = self._reader.read(prepared.row, ours)
        for fault in faults:
            self._fault(prepared, fault.column, fault.found)
        if row is not None:
            self._judged(prepared, row, ours.get("sector", ""))
        return prepared

    def _tax_id(self, prepared: PreparedFirm, ours: dict[str, str]) -> None:
        digit, typed = ours.get("check_digit", ""), ours["tax_id"]
        if self.column_map.compute_check_digit and ours["country"] == "CO" and not digit and re.fullmatch("[0-9]{1,15}", typed):
            digit, prepared.is_digit_computed = nit_check_digit(typed), True
        checked = check_tax_id(ours["country"], typed, digit)
        is_confirmed = _ANSWERS.get(plain(ours.get("tax_id_confirmed", "")), False)
        if checked.status == "invalid" or (checked.status == "warning" and not is_confirmed):
            code = "tax_id_refused" if checked.status == "invalid" else "tax_id_doubtful"
            self._find(prepared, "tax_id", typed, code, {**checked.params, "note": checked.note_code})
            return
        prepared.firm.update(
            country=ours["country"], tax_id=checked.compact, tax_id_status=checked.status,
            is_natural_person=is_natural_person(ours["country"], checked.compact),
        )

    def _profile(self, prepared: PreparedFirm, ours: dict[str, str]) -> None:
        texts = {name: ours.get(name, "").strip() for name in PROFILE_COLUMNS}
        if not texts["legal_name"]:
            self._fault(prepared, "legal_name", "")
        for name, most in _LENGTHS.items():
            if len(texts[name]) > most:
                self._find(prepared, name, texts[name][:40], "text_too_long", {"most": str(most)})
        facts: dict[str, Any] = {**texts, "founded_on": None, "is_rural": None, "sells_online": None}
        for name in ("is_rural", "sells_online"):
            if texts[name] and plain(texts[name]) not in _ANSWERS:
                self._fault(prepared, name, texts[name])
            facts[name] = _ANSWERS.get(plain(texts[name]))
        if texts["founded_on"]:
            try:
                facts["founded_on"] = date.fromisoformat(texts["founded_on"])
            except ValueError:
                self._fault(prepared, "founded_on", texts["founded_on"])
        prepared.firm.update(facts, sort_name=plain(texts["trade_name"] or texts["legal_name"]))

    def _contact(self, prepared: PreparedFirm, ours: dict[str, str]) -> None:
        name, email = ours.get("contact_name", "").strip(), ours.get("contact_email", "").strip().lower()
        if not name and not email and not ours.get("contact_phone"):
            return
        if not name:
            self._fault(prepared, "contact_name", "")
        if email and not _EMAIL.fullmatch(email):
            self._fault(prepared, "contact_email", email)
        language = ours.get("contact_language", "").strip().lower() or "es"
        if language not in ("es", "en"):
            self._fault(prepared, "contact_language", language)
        try:
            phone = e164(ours["country"], ours.get("contact_phone", ""))
        except DomainError:
            self._fault(prepared, "contact_phone", ours["contact_phone"])
            phone = ""
        prepared.contact = {"name": name, "title": ours.get("contact_title", "").strip(), "email": email,
                            "phone": phone, "language": language, "since_on": self.today}

    def _judged(self, prepared: PreparedFirm, row: FirmRow, sector: str) -> None:
        factors = {name: factor for name, factor in self.column_map.factors.items() if getattr(row.size, name) is not None}
        facts = replace(row.size, **{name: getattr(row.size, name) * factor for name, factor in factors.items()})
        if facts.employees is not None and facts.employees != int(facts.employees):
            self._fault(prepared, "employees", str(facts.employees))
        if facts.sales_year is not None and not 1990 <= facts.sales_year <= self.today.year:
            self._fault(prepared, "sales_year", str(facts.sales_year))
        prepared.firm.update(sector=sector.lower(), size_class="unknown", women_owned="unknown", women_led="unknown")
        if replace(facts, sector=None, sales_year=None) != _NO_SIZE:
            result = size_of(row.country, sector.lower(), facts)
            prepared.size = {**size_columns(row.country, facts), "size_class": result.size_class,
                             "note": size_note(result), "rule_version": result.rule_version}
            prepared.firm["size_class"] = result.size_class
        if row.ownership != _NO_OWNERSHIP:
            judged = judge(row.ownership, self.profile)
            prepared.ownership = {**ownership_columns(row.ownership), "profile": self.profile, "declared_on": self.today,
                                  "women_owned": judged.owned, "women_led": judged.led, "note": ownership_note(judged)}
            prepared.firm.update(women_owned=judged.owned, women_led=judged.led)
        self._exponents(prepared)

    def _exponents(self, prepared: PreparedFirm) -> None:
        for name in AMOUNTS:
            text = prepared.cells.get(self.names.get(name, ""), "")
            if EXPONENT.fullmatch(text):
                self._warn(prepared, name, text, "amount_shortened")

    def _fault(self, prepared: PreparedFirm, column: str, found: str) -> None:
        self._find(prepared, column, found, "cell")

    def _find(
        self, prepared: PreparedFirm, column: str, found: str, code: str, params: Mapping[str, str] | None = None,
        is_fault: bool = True,
    ) -> None:
        written = self.names.get(column, column)
        told = {"ours": column, **(params or {})}
        prepared.findings.append(Finding(prepared.row, written, found, code, told, is_fault))

    def _warn(self, prepared: PreparedFirm, column: str, found: str, code: str) -> None:
        self._find(prepared, column, found, code, is_fault=False)
