"""Holds the look together: every component has its style sheet, its gallery entry and its line in the guide."""

from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
TEMPLATES = ROOT / "templates"
STATIC = ROOT / "static"
COMPONENTS = sorted(path.stem for path in (TEMPLATES / "components").glob("*.html"))
PAGES = sorted(path for path in TEMPLATES.rglob("*.html") if "email" not in path.parts)
SHEETS = sorted((STATIC / "css").rglob("*.css"))
MODULES = sorted((STATIC / "js").glob("*.js"))
GUIDE = (ROOT / "docs" / "look.md").read_text(encoding="utf-8")
OUTSIDE_HOST = re.compile(r"""(?:src|href|url)\s*[=(]\s*["']?(?:https?:)?//""")


def relative(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("name", COMPONENTS)
def test_a_component_has_macro_sheet_gallery_entry_and_guide(name: str) -> None:
    text = (TEMPLATES / "components" / f"{name}.html").read_text(encoding="utf-8")
    assert {
        "macro": re.findall(rf"\{{%-? macro {name}\(", text) != [],
        "sheet": (STATIC / "css" / "components" / f"{name}.css").is_file(),
        "gallery": (TEMPLATES / "gallery" / f"{name}.html").is_file(),
        "guide": f"`{name}(" in GUIDE,
    } == {"macro": True, "sheet": True, "gallery": True, "guide": True}


def test_no_sheet_is_left_without_its_component() -> None:
    assert sorted(path.stem for path in (STATIC / "css" / "components").glob("*.css")) == COMPONENTS


@pytest.mark.parametrize("page", PAGES, ids=relative)
def test_no_inline_style_script_or_handler(page: Path) -> None:
    text = re.sub(r"\{#.*?#\}", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    assert re.findall(r"\sstyle\s*=|<style|\son[a-z]+\s*=\s*[\"']|javascript:", text) == []
    scripts = re.findall(r"<script\b([^>]*)>(.*?)</script>", text, flags=re.DOTALL)
    assert [script for script in scripts if "src=" not in script[0] or script[1].strip()] == []


@pytest.mark.parametrize("page", [*PAGES, *SHEETS, *MODULES], ids=relative)
def test_nothing_is_asked_of_another_host(page: Path) -> None:
    text = page.read_text(encoding="utf-8").replace('xmlns="http://www.w3.org/2000/svg"', "")
    assert OUTSIDE_HOST.findall(text) == []


@pytest.mark.parametrize("path", [*PAGES, *SHEETS, *MODULES], ids=relative)
def test_no_file_is_too_long(path: Path) -> None:
    limit = 150 if path.suffix == ".js" else 300
    assert len(path.read_text(encoding="utf-8").splitlines()) <= limit


@pytest.mark.parametrize("sheet", SHEETS, ids=relative)
def test_a_sheet_stays_in_its_layer_and_names_no_colour(sheet: Path) -> None:
    text = re.sub(r"/\*.*?\*/", "", sheet.read_text(encoding="utf-8"), flags=re.DOTALL)
    outside = re.sub(r"@font-face\s*\{[^}]*\}|@layer [\w, ]+;", "", text).strip()
    assert re.match(r"@layer (tokens|base|layout|components) \{", outside) is not None
    assert outside.count("{") == outside.count("}")
    if sheet.name not in {"tokens.css", "print.css"}:
        assert re.findall(r"#[0-9a-fA-F]{3,8}\b|rgb\(|hsl\(", text) == []


def test_every_token_that_is_used_is_defined() -> None:
    defined = set(re.findall(r"(--[\w-]+):", "\n".join(path.read_text(encoding="utf-8") for path in SHEETS)))
    used = {
        name for path in SHEETS for name in re.findall(r"var\((--[\w-]+)", path.read_text(encoding="utf-8"))
    }
    assert used - defined == set()


def test_the_tokens_are_those_of_the_design() -> None:
    text = (STATIC / "css" / "tokens.css").read_text(encoding="utf-8").split("@media (prefers-color-scheme")[0]
    expected = {
        "ink": "#12262b", "ink-2": "#47595e", "ink-3": "#5f7277", "ground": "#f6f5f1", "paper": "#ffffff",
        "line": "#dfe5e3", "sea": "#0b5563", "sea-2": "#0e7285", "sea-tint": "#e3f0f1", "deep": "#0a3f4a",
        "plum": "#7a2f6b", "plum-tint": "#f4e6f0", "mist": "#b9cfd2", "leaf": "#2b6e44",
        "leaf-tint": "#e4f1e8", "sun": "#8a5a00", "sun-tint": "#fbf0d5", "coral": "#c8431f",
        "coral-tint": "#fbe9e2", "gold": "#e9b44c",
    }  # fmt: skip
    found = dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6});", text))
    assert {name: found.get(name) for name in expected} == expected


def luminance(colour: str) -> float:
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    red, green, blue = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def scheme_tokens(scheme: str) -> dict[str, str]:
    light, dark = (STATIC / "css" / "tokens.css").read_text(encoding="utf-8").split("@media (prefers-color-scheme")
    pairs = dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6});", light))
    if scheme == "dark":
        pairs |= dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6});", dark))
    return pairs


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_words_and_marks_have_enough_contrast(scheme: str) -> None:
    token = scheme_tokens(scheme)
    words = [
        *((ink, ground) for ink in ("ink", "ink-2", "ink-3", "sea") for ground in ("ground", "paper")),
        ("plum", "plum-tint"), ("leaf", "leaf-tint"), ("sun", "sun-tint"), ("coral-ink", "coral-tint"),
        ("coral-ink", "paper"), ("coral-ink", "ground"), ("sea", "sea-tint"), ("ink-2", "square"),
        ("on-sea", "sea"), ("on-sea", "sea-press"), ("on-deep", "deep"), ("on-deep", "deep-raised"),
        ("on-deep-2", "deep"), ("on-gold", "gold"), ("ink-3", "row-sun"), ("ink-3", "row-coral"),
        ("ink", "sea-tint"), ("ink", "leaf-tint"), ("ink", "sun-tint"), ("ink", "coral-tint"),
    ]  # fmt: skip
    marks = [
        ("plum", "paper"), ("sea-2", "paper"), ("focus", "ground"), ("focus", "paper"), ("coral", "paper"),
        ("plum", "mist"), ("gold", "deep"), ("sea-2", "square"),
    ]  # fmt: skip
    weak = [
        (ink, ground, round(contrast(token[ink], token[ground]), 2))
        for pairs, least in ((words, 4.5), (marks, 3.0))
        for ink, ground in pairs
        if contrast(token[ink], token[ground]) < least
    ]
    assert weak == []


def test_vendored_files_are_as_recorded() -> None:
    recorded = json.loads((STATIC / "vendor" / "checksums.json").read_text(encoding="utf-8"))["files"]
    found = {place: hashlib.sha256((ROOT / place).read_bytes()).hexdigest() for place in recorded}
    assert found == recorded
    there = {relative(path) for path in (STATIC / "vendor").iterdir() if path.name != "checksums.json"}
    assert there - set(recorded) == set()


def test_every_icon_that_is_named_is_in_the_sprite() -> None:
    sprite = (STATIC / "vendor" / "lucide.svg").read_text(encoding="utf-8")
    drawn = set(re.findall(r'<symbol id="([\w-]+)"', sprite))
    named = {
        name
        for page in PAGES
        for pattern in (r"\b(?:icon|picture)\('([\w-]+)'\)", r"\bicon='([\w-]+)'")
        for name in re.findall(pattern, page.read_text(encoding="utf-8"))
    }
    assert named - drawn == set()


def test_a_first_load_on_a_phone_is_small() -> None:
    names = ("vendor/figtree-latin.woff2", "vendor/lucide.svg", "js/forms.js", "js/photos.js", "icon.svg")
    sheets = sum(path.stat().st_size for path in SHEETS)  # as they are; the site sends them packed
    assert sheets + sum((STATIC / name).stat().st_size for name in names) <= 110 * 1024
