"""Makes the small PDF that stands for an invoice, a guide or an act; what it would prove is judged elsewhere."""

from __future__ import annotations

from io import BytesIO

from werkzeug.datastructures import FileStorage


def paper(title: str, lines: tuple[str, ...] = ()) -> FileStorage:
    """Return a one-page PDF with a title and lines, as a browser would send it."""
    content = pdf((title, "", *lines, "Documento de muestra: no vale fuera de la demostración."))
    return FileStorage(BytesIO(content), filename="comprobante.pdf", content_type="application/pdf")


def pdf(lines: tuple[str, ...]) -> bytes:
    """Return a whole PDF that shows these lines in one of the fonts that every reader has."""
    shown = " ".join(f"({_escaped(line)}) '" for line in lines)
    stream = f"BT /F1 12 Tf 18 TL 60 760 Td {shown} ET".encode("cp1252", "replace")
    bodies = (
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R /Resources << /Font << /F1 5 0 R >> >> >>",
        b"<< /Length %d >>\nstream\n%s\nendstream" % (len(stream), stream),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>",
    )
    written, places = b"%PDF-1.4\n", []
    for number, body in enumerate(bodies, start=1):
        places.append(len(written))
        written += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    return written + b"xref\n0 6\n0000000000 65535 f \n%strailer\n<< /Size 6 /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (table, len(written))


def _escaped(line: str) -> str:
    return line.replace("\\", "\\\\").replace("(", "\\(").replace(")", "\\)")
