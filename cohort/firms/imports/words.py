"""Words what an import found: what is wrong with a cell and what is expected, in the reader's language."""

from __future__ import annotations

from dataclasses import dataclass

from flask_babel import lazy_gettext as _l

from cohort.firms.files.wording import tax_id_note
from cohort.firms.imports.report import Finding, ImportReport
from cohort.firms.words import language
from cohort.kit.errors import wording
from cohort.kit.tables import TableFault
from cohort.rules.taxid import TaxIdResult

wording("map_unreadable", _l("The mapping file is no TOML: %(reason)s."))
wording("map_unknown", _l("The mapping names “%(name)s”, which is not known here. The known names stand in docs/import.md."))
wording("map_column_absent", _l("The mapping says that %(ours)s stands in column “%(theirs)s”, but the file has no such column."))
wording("import_column_absent", _l("The file has no column “%(column)s”. Expected: a header with country, tax_id and legal_name, or a mapping file that says where they stand."))
wording("import_too_long", _l("The file has more than %(most)s rows, which is too long for a page. Ask the operator to bring it in with the command “cohort import firms”, or split it."))
wording("table_unreadable", _l("%(found)s. Expected: %(expected)s."))

_YES_NO = _l("yes, no or nothing")
_AMOUNT = _l("a number of 0 or more, such as 1200.50")
_SHARE = _l("a percentage from 0 to 100, such as 51 or 33.33")
_PEOPLE = _l("a whole number of people, 0 or more")
EXPECTED = {
    "country": _l("CL, CO, CR, MX or PE"), "legal_name": _l("the name on the tax certificate"),
    "sector": _l("manufacturing, industry, commerce, services, it_services or other"),
    "employees": _PEOPLE, "board_total": _PEOPLE, "board_women": _l("no more women than board members"),
    "sales_year": _l("a past year of four digits, such as 2025"), "founded_on": _l("a day such as 2019-03-31"),
    "contact_name": _l("the person's name"), "contact_email": _l("an address such as name@domain"),
    "contact_phone": _l("+ and 8 to 15 digits"), "contact_language": _l("es or en"),
    **dict.fromkeys(("annual_sales", "fixed_assets", "total_assets"), _AMOUNT),
    **dict.fromkeys(("women_ownership_pct", "woman_legal_rep_pct"), _SHARE),
    **dict.fromkeys(
        ("women_control", "woman_signatory", "independent", "woman_chief_executive", "is_rural", "sells_online"), _YES_NO
    ),
}
_FOUND = {
    "cell": (_l("this cannot be read"), None),
    "text_too_long": (_l("the text is too long"), _l("at most %(most)s characters")),
    "tax_id_refused": (None, _l("the number on the tax certificate, with its check digit")),
    "tax_id_doubtful": (None, _l("somebody compares it; then yes in the column tax_id_confirmed")),
    "country_outside": (_l("this country is not yours to change"), _l("firms of your own countries")),
    "duplicate_conflicting": (_l("the same firm stands in row %(first)s with other values"), _l("one row a firm")),
    "duplicate_exact": (_l("the same as row %(first)s"), _l("one row a firm; this one is left out")),
    "firm_known": (_l("the firm is on the register already"), _l("new firms; this row changes nothing")),
    "check_digits_computed": (
        _l("%(count)s check digits were not given and were computed"), _l("somebody compares some of them with the register")
    ),
    "amount_shortened": (_l("a spreadsheet shortened this amount; its last figures are lost"), _l("the whole amount")),
}
_TABLES = {
    "empty": (_l("the file is empty"), _l("a header row and one row a firm")),
    "no_header": (_l("there is no header row"), _l("a header row with names such as country, tax_id")),
    "no_text": (_l("this is neither text nor a spreadsheet"), _l("a CSV or XLSX file")),
    "old_excel": (_l("this is an old Excel file"), _l("the same saved as .xlsx or CSV")),
    "too_large_unpacked": (_l("the file unpacks to %(bytes)s bytes"), _l("at most %(most)s bytes")),
    "unreadable": (_l("this cannot be read: %(reason)s"), _l("a CSV or XLSX file")),
    "column_twice": (_l("the column “%(column)s” stands twice"), _l("each column once")),
    "row_too_long": (_l("the row has %(cells)s cells"), _l("%(columns)s, as in the header")),
}


@dataclass(frozen=True)
class Line:
    """One finding in words: where, what stands there, what is wrong, what is expected."""

    row: int
    column: str
    found: str
    what: str
    expected: str
    is_fault: bool

    def __str__(self) -> str:
        shown = f" “{self.found}”" if self.found else ""
        return f"row {self.row}, column {self.column}:{shown} {self.what}; expected {self.expected}"


def line_of(finding: Finding) -> Line:
    """Return a finding in the reader's language."""
    what, expected = _FOUND[finding.code]
    if what is None:
        result = TaxIdResult("invalid", "", "", finding.params["note"], finding.params)
        what_text = tax_id_note(result, language())
    elif finding.code == "cell" and not finding.found:
        what_text = str(_l("this is empty"))
    else:
        what_text = str(what) % finding.params
    expected_text = str(EXPECTED.get(finding.params.get("ours", ""), "")) if expected is None else str(expected)
    return Line(finding.row, finding.column, finding.found, what_text, expected_text % finding.params, finding.is_fault)


def lines_of(report: ImportReport) -> list[Line]:
    """Return the findings that were kept, faults first, each in the order of the rows."""
    return [line_of(each) for each in sorted(report.findings, key=lambda finding: not finding.is_fault)]


def table_words(fault: TableFault) -> tuple[str, str]:
    """Return what is wrong with a file that is no table, and what is expected."""
    found, expected = _TABLES[fault.code]
    return str(found) % fault.params, str(expected) % fault.params
