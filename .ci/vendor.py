"""Fetch the few files of other projects that the site serves, at exact versions, and record their SHA-256.

It leaves out everything that the site does not use: of the icons only those named here, of the typeface the
two Latin files. Run it to fetch with `npm pack`; `--check` only compares what is there with the record.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import re
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
RECORD = ROOT / "static" / "vendor" / "checksums.json"

# package and version → file in the package → place in the checkout
COPIES: dict[str, dict[str, str]] = {
    "modern-normalize@3.0.1": {
        "modern-normalize.css": "static/vendor/modern-normalize.css",
        "license": "static/vendor/modern-normalize.license.txt",
    },
    "@fontsource-variable/figtree@5.3.0": {
        "files/figtree-latin-wght-normal.woff2": "static/vendor/figtree-latin.woff2",
        "files/figtree-latin-ext-wght-normal.woff2": "static/vendor/figtree-latin-ext.woff2",
        "LICENSE": "static/vendor/figtree.license.txt",
    },
    "lucide-static@1.62.0": {"LICENSE": "static/vendor/lucide.license.txt"},
    "axe-core@4.14.1": {
        "axe.min.js": "tests/vendor/axe.min.js",
        "LICENSE": "tests/vendor/axe.license.txt",
    },
}
SPRITE = "static/vendor/lucide.svg"
ICONS = [
    "arrow-down", "arrow-left", "arrow-right", "arrow-up", "arrow-up-down", "award", "bell",
    "building-2", "calendar", "calendar-check", "camera", "chart-column", "check", "chevron-down",
    "circle-alert", "circle-check", "clock", "copy", "download", "external-link", "eye", "file-text",
    "flag", "history", "house", "inbox", "info", "key-round", "languages", "layout-dashboard", "link",
    "list-checks", "log-out", "mail", "map", "menu", "package", "paperclip", "pencil", "phone", "plus",
    "printer", "scale", "search", "settings", "shield-check", "ship", "trash-2", "triangle-alert",
    "undo-2", "upload", "user", "users", "x",
]


def fetch(package: str, folder: Path) -> Path:
    """Unpack one package into `folder` and return its root; the version is part of the name, never a tag."""
    done = subprocess.run(
        ["npm", "pack", package, "--silent"], cwd=folder, check=True, capture_output=True, text=True
    )
    target = folder / package.replace("/", "_")
    with tarfile.open(folder / done.stdout.strip().splitlines()[-1]) as archive:
        archive.extractall(target, filter="data")
    return target / "package"


def sprite_of(icons_folder: Path) -> str:
    """One SVG with a symbol an icon; stroke and size come from the page's own style sheet."""
    symbols = []
    for name in ICONS:
        text = (icons_folder / f"{name}.svg").read_text(encoding="utf-8")
        start = text.index(">", text.index("<svg")) + 1
        inner = re.sub(r"\s+", " ", text[start : text.rindex("</svg>")]).strip()
        symbols.append(f'<symbol id="{name}" viewBox="0 0 24 24">{inner}</symbol>')
    return '<svg xmlns="http://www.w3.org/2000/svg">\n' + "\n".join(symbols) + "\n</svg>\n"


def copy_all(folder: Path) -> list[str]:
    """Write every vendored file and return their places."""
    places = []
    for package, files in COPIES.items():
        root = fetch(package, folder)
        for source, place in files.items():
            content = (root / source).read_bytes()
            if source.endswith(".css"):  # in the lowest layer, or the reset would beat our own rules
                content = b"@layer reset {\n" + content.rstrip() + b"\n}\n"
            (ROOT / place).parent.mkdir(parents=True, exist_ok=True)
            (ROOT / place).write_bytes(content)
            places.append(place)
        if package.startswith("lucide-static@"):
            (ROOT / SPRITE).write_text(sprite_of(root / "icons"), encoding="utf-8")
            places.append(SPRITE)
    return places


def digest_of(place: str) -> str:
    """SHA-256 of a file of the checkout, as hex."""
    return hashlib.sha256((ROOT / place).read_bytes()).hexdigest()


def faults() -> list[str]:
    """What differs from the record: one line a file, empty when all is as recorded."""
    recorded = json.loads(RECORD.read_text(encoding="utf-8"))["files"]
    lines = []
    for place, expected in recorded.items():
        if not (ROOT / place).is_file():
            lines.append(f"{place}: recorded, but not there")
        elif digest_of(place) != expected:
            lines.append(f"{place}: differs from its recorded SHA-256")
    return lines


def main() -> int:
    """Fetch or check; 0 when every file is as recorded, 1 otherwise."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="only compare with the record, fetch nothing")
    if not parser.parse_args().check:
        with tempfile.TemporaryDirectory() as folder:
            places = copy_all(Path(folder))
        record = {"packages": sorted(COPIES), "files": {place: digest_of(place) for place in sorted(places)}}
        RECORD.write_text(json.dumps(record, indent=2) + "\n", encoding="utf-8")
    found = faults()
    sys.stderr.writelines(line + "\n" for line in found)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
