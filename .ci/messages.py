"""Collects the words of the site into the Spanish catalogue and compiles it; says what still lacks Spanish."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

ROOT = Path(__file__).resolve().parents[1]
TRANSLATIONS = ROOT / "cohort" / "translations"
CATALOGUE = TRANSLATIONS / "es" / "LC_MESSAGES" / "messages.po"


def _babel(*words: str) -> None:
    subprocess.run([sys.executable, "-m", "babel.messages.frontend", *words], cwd=ROOT, check=True)


def extract(template: Path) -> None:
    """Write every message of the package and the templates into a template of the catalogue."""
    _babel("-q", "extract", "-F", ".ci/babel.cfg", "-k", "_l", "-k", "lazy_gettext", "--no-location", "--sort-output",
           "--omit-header", "-o", str(template), "cohort", "templates")


def main() -> int:
    """Extract, merge, compile; returns 1 when a message has no Spanish or only a guess."""
    template = TRANSLATIONS / "messages.pot"
    extract(template)
    if not CATALOGUE.exists():
        _babel("-q", "init", "-i", str(template), "-d", str(TRANSLATIONS), "-l", "es")
    else:
        _babel("-q", "update", "-i", str(template), "-d", str(TRANSLATIONS), "-l", "es", "--no-fuzzy-matching",
               "--ignore-obsolete", "--omit-header", "--no-wrap")
    template.unlink()
    with CATALOGUE.open("rb") as source:
        catalogue = read_po(source, locale="es")
    with CATALOGUE.with_suffix(".mo").open("wb") as target:
        write_mo(target, catalogue)
    lacking = [message.id for message in catalogue if message.id and (message.fuzzy or not all(_texts(message.string)))]
    for words in lacking:
        print(f"no Spanish yet: {words!r}")
    return 1 if lacking else 0


def _texts(string: object) -> tuple[str, ...]:
    return tuple(string) if isinstance(string, (tuple, list)) else (str(string),)


if __name__ == "__main__":
    sys.exit(main())
