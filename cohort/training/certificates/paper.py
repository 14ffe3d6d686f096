"""Writes a certificate as a page for the file in the firm's language; what it says was frozen at issue."""

from __future__ import annotations

import segno
from flask import render_template

from cohort.firms.words import country_name
from cohort.kit.mail import read_by
from cohort.training.certificates import words
from cohort.training.certificates.models import Certificate


def page_of(certificate: Certificate, address: str) -> str:
    """Return the certificate as HTML for `kit.paper`, with the address of its check page in words and as a QR code."""
    content = certificate.content
    picture = segno.make(address, error="m").svg_data_uri(scale=4, dark="#000", light="#fff", border=0)
    with read_by(content["language"], content["country"]):
        return render_template(
            "training/certificate_paper.html", certificate=certificate, content=content, words=words, address=address,
            language=content["language"], country_name=country_name, picture=picture)
