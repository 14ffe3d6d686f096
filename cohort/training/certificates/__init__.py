"""Certificates: frozen when issued, checked by anybody, revocable."""
