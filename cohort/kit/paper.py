"""Turns a page into a PDF for the file, tagged for screen readers; what stands on it is its caller's.

WeasyPrint runs in a process of its own, so that a page that takes too long is stopped and no worker carries it.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from flask import current_app
from flask_babel import lazy_gettext as _l

from cohort.kit.errors import DomainError, wording

wording("pdf_unavailable", _l("No PDF can be written on this machine. Print the page with your browser and choose “save as PDF”."), 503)

TIMEOUT_SECONDS = 60.0
STYLE = Path(__file__).with_name("paper.css")


def pdf_of(html: str) -> bytes:
    """Return the PDF/UA of a whole HTML page under the house's style for paper.

    Raises `DomainError("pdf_unavailable")` where WeasyPrint or its system libraries are missing, or when it
    needs more than a minute. The page is read with no network and no file beside it.
    """
    command = [sys.executable, "-m", "weasyprint", "--quiet", "--encoding", "utf-8", "--pdf-variant", "pdf/ua-1",
               "--stylesheet", str(STYLE), "-", "-"]
    try:
        done = subprocess.run(command, input=html.encode(), capture_output=True, timeout=TIMEOUT_SECONDS, check=False)
    except subprocess.TimeoutExpired as error:
        raise DomainError("pdf_unavailable") from error
    if done.returncode or not done.stdout.startswith(b"%PDF"):
        current_app.logger.warning("no PDF: %s", done.stderr.decode(errors="replace")[-500:])
        raise DomainError("pdf_unavailable")
    return done.stdout
