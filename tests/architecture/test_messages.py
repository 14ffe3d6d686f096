"""Holds that everything the site says is said in Spanish: nothing missing, guessed, stale, or left in English."""

from __future__ import annotations

import importlib.util
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog, Message
from babel.messages.pofile import read_po

from cohort.kit.language import LANGUAGES
from tests.architecture.source import ROOT

CATALOGUE = ROOT / "cohort" / "translations" / "es" / "LC_MESSAGES" / "messages.po"
PLACEHOLDER = re.compile(r"%\(\w+\)[a-z]|%%|\{\w*\}")
# The same in both languages, and why.
SAME = {
    "Error:": "the Spanish word is the same",
    "IFC": "name of an organization",
    "ISO IWA 34": "name of a standard",
    "Incoterm": "name of a standard",
    "No": "the Spanish word is the same",
    "no": "the Spanish word is the same",
    "rural": "the Spanish word is the same",
    "Plan": "the Spanish word is the same",
    "Sector": "the Spanish word is the same",
    "Sello Empresa Mujer (Chile)": "name of a Chilean seal",
    "US$ %(amount)s M": "the sign of a million is the same",
    "WEConnect International": "name of an organization",
    "courier": "the word of the trade in all five countries",
    "micro": "the Spanish word is the same",
}
# Words that give English away; none of them is a Spanish word.
ENGLISH = re.compile(r"\b(the|and|of|with|your|you|this|that|firm|export|exports|draft|log|mail|dashboard|ítem)\b")


@pytest.fixture(scope="module")
def spanish() -> Catalog:
    with CATALOGUE.open("rb") as source:
        return read_po(source, locale="es")


@pytest.fixture(scope="module")
def extracted(tmp_path_factory: pytest.TempPathFactory) -> Catalog:
    spec = importlib.util.spec_from_file_location("ci_messages", ROOT / ".ci" / "messages.py")
    assert spec is not None
    assert spec.loader is not None
    messages = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(messages)
    template: Path = tmp_path_factory.mktemp("extracted") / "messages.pot"
    messages.extract(template)
    with template.open("rb") as source:
        return read_po(source)


def test_catalogue_holds_exactly_what_the_site_says(spanish: Catalog, extracted: Catalog) -> None:
    ours, said = _ids(spanish), _ids(extracted)
    assert (sorted(said - ours), sorted(ours - said)) == ([], []), "run `make messages` and write the Spanish"


def test_every_message_has_its_spanish(spanish: Catalog) -> None:
    assert [message.id for message in _messages(spanish) if message.fuzzy or not all(_forms(message.string))] == []


def test_placeholders_are_kept(spanish: Catalog) -> None:
    assert [
        (english, words)
        for message in _messages(spanish)
        for english, words in zip(_forms(message.id), _forms(message.string), strict=True)
        if set(PLACEHOLDER.findall(english)) != set(PLACEHOLDER.findall(words))
    ] == []


def test_nothing_is_left_in_english(spanish: Catalog) -> None:
    pairs = [
        (english, words)
        for message in _messages(spanish)
        for english, words in zip(_forms(message.id), _forms(message.string), strict=True)
    ]
    same = {english for english, words in pairs if english == words and re.search(r"[A-Za-z]", _bare(english))}
    assert same == set(SAME)
    assert [words for _english, words in pairs if ENGLISH.search(_bare(words))] == []


def test_only_spanish_needs_a_catalogue() -> None:
    assert set(LANGUAGES) == {"en", "es"}
    assert [path.name for path in sorted(CATALOGUE.parents[2].iterdir()) if path.is_dir()] == ["es"]


def _messages(catalogue: Catalog) -> Iterator[Message]:
    return (message for message in catalogue if message.id)


def _forms(words: object) -> tuple[str, ...]:
    return tuple(words) if isinstance(words, tuple | list) else (str(words),)


def _ids(catalogue: Catalog) -> set[tuple[str, ...]]:
    return {_forms(message.id) for message in _messages(catalogue)}


def _bare(words: str) -> str:
    """Leave out placeholders, quoted commands, addresses and file names, which no language changes."""
    return re.sub(r"«[^»]*»|“[^”]*”|/[\w/-]+|\b\w+\.(?:md|csv|json)\b", "", PLACEHOLDER.sub("", words))
