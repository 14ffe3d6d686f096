"""Checks a page as a careful reader would: language, one h1, unique ids, labels, captions, no inline style, tokens."""

from __future__ import annotations

from html.parser import HTMLParser


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.lang, self.h1, self.ids, self.labels = "", 0, [], set()
        self.controls: list[dict[str, str]] = []
        self.tables = self.captions = self.posts = self.tokens = 0
        self.inline: list[str] = []
        self.links: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        facts = {name: value or "" for name, value in attrs}
        if "id" in facts:
            self.ids.append(facts["id"])
        self.inline += [name for name in facts if name == "style" or name.startswith("on")]
        self.lang = facts.get("lang", "") if tag == "html" else self.lang
        self.h1 += tag == "h1"
        self.tables += tag == "table"
        self.captions += tag == "caption"
        self.posts += tag == "form" and facts.get("method", "").lower() == "post"
        self.tokens += facts.get("name") == "csrf_token"
        if tag == "label":
            self.labels.add(facts.get("for", ""))
        if tag == "style" or (tag == "script" and "src" not in facts):
            self.inline.append(tag)
        if tag in {"input", "select", "textarea"} and facts.get("type") not in {"hidden", "submit"}:
            self.controls.append(facts)
        if tag == "a" and facts.get("href", "").startswith("/"):
            self.links.append(facts["href"])


def checked(text: str, language: str = "es") -> list[str]:
    """Assert that a page is well made; return its links within the site."""
    page = _Reader()
    page.feed(text)
    faults = {
        "language": page.lang != language, "one h1": page.h1 != 1,
        "unique ids": len(page.ids) != len(set(page.ids)), "captions": page.tables != page.captions,
        "tokens": page.posts != page.tokens, "inline": page.inline,
        "labels": [each for each in page.controls if "aria-label" not in each and each.get("id") not in page.labels],
    }
    assert {name: fault for name, fault in faults.items() if fault} == {}
    return page.links
